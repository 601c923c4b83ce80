"""How often the receiver had to start again, and why: kept over its own end."""

import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path

# A run that ends sooner than this was no run; the longest wait before the next one (seconds).
SHORT, LONGEST_WAIT = 5.0, 5.0
UNKNOWN = "killed or crashed"


@dataclass
class _Kept:
    restarts: int = 0
    last_exit: str = ""
    ended: bool = True
    reason: str = ""
    started: float = 0.0
    seen: float = 0.0
    short_runs: int = 0


class Life:
    """The file *path*, which is written by one process at a time and may be lost."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept = _Kept()

    def begin(self) -> float:
        """Note a start; return how many seconds to wait first, when short runs repeat."""
        before, now = self._read(), time.time()
        if before.ended:
            self._kept = _Kept(ended=False, started=now)
        else:
            short = before.seen - before.started < SHORT
            self._kept = _Kept(
                restarts=before.restarts + 1,
                last_exit=before.reason or UNKNOWN,
                ended=False,
                started=now,
                short_runs=before.short_runs + 1 if short else 0,
            )
        self._write(self._kept)
        return min(2.0 ** max(self._kept.short_runs - 1, 0) - 1, LONGEST_WAIT)

    def go_on(self) -> None:
        """Note that the process lives."""
        self._kept.seen = time.time()
        self._write(self._kept)

    def end(self) -> None:
        """Note that the process ends because it was asked to."""
        self._kept.ended = True
        self._write(self._kept)

    def blame(self, reason: str) -> None:
        """Note why the process is about to be ended, from beside it."""
        kept = self._read()
        kept.reason, kept.seen = reason, time.time()
        self._write(kept)

    def report(self) -> dict[str, int | str]:
        return {"restarts": self._kept.restarts, "last_exit": self._kept.last_exit}

    def _read(self) -> _Kept:
        try:
            return _Kept(**json.loads(self._path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return _Kept()

    def _write(self, kept: _Kept) -> None:
        part = self._path.with_suffix(f".{os.getpid()}.new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(json.dumps(asdict(kept)), encoding="utf-8")
            part.replace(self._path)
        except OSError:
            # A full disk: the receiver has better things to do than to count its starts.
            part.unlink(missing_ok=True)
