"""What a process tells the portal of itself every few seconds (docs/architecture.md)."""

import platform
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from dicom_node import VERSION, log
from dicom_node.portal import Portal, PortalError

INTERVAL = 10.0


class Reporter:
    """Sends what *collect* returns, as the report of *process*, until the process ends."""

    def __init__(
        self,
        portal: Portal,
        process: str,
        collect: Callable[[], dict[str, Any]],
        interval: float = INTERVAL,
    ) -> None:
        self._portal = portal
        self._process = process
        self._collect = collect
        self._interval = interval
        self._about = {
            "started": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "version": VERSION,
            "host": platform.node(),
        }

    def start(self) -> None:
        threading.Thread(target=self._run, name="report", daemon=True).start()

    def _run(self) -> None:
        failing = False
        while True:
            try:
                self._portal.report(self._process, self._about | self._collect())
                failing = False
            except (PortalError, OSError) as error:
                if not failing:
                    log.get().warning("report_not_sent", error=str(error))
                failing = True
            time.sleep(self._interval)
