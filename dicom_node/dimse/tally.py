"""What the receiver did since its start, for its report."""

import threading
from datetime import UTC, datetime
from typing import Any


class Tally:
    """Counts, from any thread. Devices are those that the portal knows, so they are not endless."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._received = self._rejected = 0
        self._devices: dict[str, tuple[datetime, int]] = {}

    def received(self, ae_title: str) -> None:
        """An instance was acknowledged; *ae_title* is empty for a sender that is not known."""
        with self._lock:
            self._received += 1
            if ae_title:
                _, count = self._devices.get(ae_title, (None, 0))
                self._devices[ae_title] = datetime.now(UTC), count + 1

    def rejected(self) -> None:
        """An association was rejected."""
        with self._lock:
            self._rejected += 1

    def report(self) -> dict[str, Any]:
        with self._lock:
            devices = [
                {
                    "ae_title": title,
                    "last_received": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
                    "instances": count,
                }
                for title, (at, count) in sorted(self._devices.items())
            ]
            return {
                "received": self._received, "rejected": self._rejected, "devices": devices,
            }  # fmt: skip
