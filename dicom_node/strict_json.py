"""JSON as RFC 8259 has it: Python's own reader also takes NaN and Infinity."""

import json
from typing import Any


def loads(text: str | bytes) -> Any:
    """Raises ValueError, also for what is nested too deeply."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
