"""No more bytes a second than allowed, over all threads together."""

import threading
import time
from collections.abc import Callable

# Seconds for which unused bandwidth is kept.
BURST = 1.0


class Pace:
    """Whoever is about to send asks; *rate* says how many bytes a second (0: any) at this moment.

    Time is measured by a clock that nobody sets: only the rate goes by the time of day.
    """

    def __init__(self, rate: Callable[[], int]) -> None:
        self._rate = rate
        self._lock = threading.Lock()
        self._free_at = 0.0

    def wait_for(self, size: int, stopping: threading.Event) -> None:
        """Return when *size* bytes may be sent, or when it is time to end."""
        rate = self._rate()
        if not rate:
            return
        with self._lock:
            now = time.monotonic()
            # A debt of bytes is paid by time; what was not used is worth no more than a second.
            self._free_at = max(self._free_at, now - BURST) + size / rate
            pause = self._free_at - now
        if pause > 0:
            stopping.wait(pause)
