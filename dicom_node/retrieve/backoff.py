"""Whoever failed is let be: for 5 s, and for twice as long each time, up to 10 min."""

import time
from collections.abc import Hashable

FIRST, LONGEST = 5.0, 600.0


class Backoff:
    """Pauses by key."""

    def __init__(self) -> None:
        self._pauses: dict[Hashable, tuple[float, float]] = {}

    def __contains__(self, key: Hashable) -> bool:
        """Whether *key* failed the last time."""
        return key in self._pauses

    def is_due(self, key: Hashable) -> bool:
        due, _pause = self._pauses.get(key, (0.0, 0.0))
        return time.monotonic() >= due

    def failed(self, key: Hashable) -> float:
        """Put *key* off, and return for how many seconds."""
        _due, pause = self._pauses.get(key, (0.0, 0.0))
        pause = min(max(FIRST, pause * 2), LONGEST)
        self._pauses[key] = (time.monotonic() + pause, pause)
        return pause

    def succeeded(self, key: Hashable) -> None:
        self._pauses.pop(key, None)
