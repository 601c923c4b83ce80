"""What a benchmark found, and whether it became worse than what is kept in expected.json."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

EXPECTED = Path(__file__).with_name("expected.json")
# A figure may be so much worse before it is a regression.
TOLERANCE = 1.25


@dataclass(frozen=True)
class Result:
    """``tables`` are for people. ``figures`` are compared: each the less the better.

    They are ratios to a peer, or to other work, of the same minutes, so that they hardly depend on
    the machine.
    """

    tables: dict[str, list[dict[str, object]]]
    figures: dict[str, float] = field(default_factory=dict)


def record(figures: dict[str, float]) -> None:
    """Keep *figures*, and of what was kept the others."""
    kept: dict[str, float] = json.loads(EXPECTED.read_text(encoding="utf-8"))
    kept |= {name: round(value, 3) for name, value in figures.items()}
    EXPECTED.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def regressions(figures: dict[str, float]) -> list[str]:
    """One sentence a figure that is 25 % worse than the one kept; a figure not kept is one too."""
    expected: dict[str, float] = json.loads(EXPECTED.read_text(encoding="utf-8"))
    found = []
    for name, value in figures.items():
        if name not in expected:
            found.append(f"{name}: {value:.3g}, and {EXPECTED.name} holds none")
        elif value > expected[name] * TOLERANCE:
            found.append(f"{name}: {value:.3g}, was {expected[name]:.3g}")
    return found
