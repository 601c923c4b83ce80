"""What the upload did since its start, for its report."""

import threading
import time

# Seconds over which the speed is measured.
WINDOW = 30.0


class Tally:
    """Counts, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._uploaded = 0
        self._error = ""
        self._refused: dict[str, str] = {}
        self._sent: list[tuple[float, int]] = []

    def uploaded(self, name: str) -> None:
        """The centre has one file more."""
        with self._lock:
            self._uploaded += 1
            self._error = ""
            self._refused.pop(name, None)

    def refused(self, name: str, error: str) -> None:
        """The centre does not take this file for now."""
        with self._lock:
            self._refused[name] = error
            self._error = ""

    def sent(self, size: int) -> None:
        """So many bytes went over the line."""
        with self._lock:
            now = time.monotonic()
            if self._sent and now - self._sent[-1][0] < 1:
                self._sent[-1] = self._sent[-1][0], self._sent[-1][1] + size
            else:
                self._sent.append((now, size))
            while self._sent[0][0] < now - WINDOW:
                self._sent.pop(0)

    def failed(self, error: str) -> bool:
        """Why nothing goes on now, or nothing; True when that is news."""
        with self._lock:
            new, self._error = error != self._error, error
            return new

    def report(self) -> dict[str, int | str]:
        with self._lock:
            since = time.monotonic() - WINDOW
            size = sum(size for at, size in self._sent if at >= since)
            return {
                "uploaded": self._uploaded,
                "bytes_per_second": round(size / WINDOW),
                "error": self._error or self._refusals(),
            }

    def _refusals(self) -> str:
        if not self._refused:
            return ""
        name, error = next(iter(self._refused.items()))
        return f"{len(self._refused)} not taken by the centre, such as {name}: {error}"
