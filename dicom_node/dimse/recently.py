"""What was said lately, so that it is not said again and again."""

import threading
import time

MAX_REMEMBERED = 1024


class Recently:
    """Remembers keys for *interval* seconds; of more keys than it can hold, none is new."""

    def __init__(self, interval: float) -> None:
        self.interval = interval
        self._at: dict[tuple[str, ...], float] = {}
        self._lock = threading.Lock()

    def is_new(self, key: tuple[str, ...]) -> bool:
        """Whether *key* was not met within the interval; it is remembered then."""
        now = time.monotonic()
        with self._lock:
            if now - self._at.get(key, -self.interval) < self.interval:
                return False
            if len(self._at) >= MAX_REMEMBERED:
                oldest = min(self._at, key=lambda known: self._at[known])
                if now - self._at[oldest] < self.interval:
                    return False
                del self._at[oldest]
            self._at[key] = now
            return True
