"""Keeps a front end's processes running where no systemd does so: under the Windows service.

A process is told to end by the end of its standard input; see `dicom_node.signals`.
"""

import contextlib
import os
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from dicom_node.signals import SUPERVISED

# Seconds: before an ended process is started again, and for it to end by itself.
RESTART, GRACE = 2.0, 10.0
MAX_LOG = 20 << 20


class Supervisor:
    """Runs *commands* (by name) until `stop`; what they write is in ``<name>.log``."""

    def __init__(self, commands: Mapping[str, Sequence[str]], logs: Path) -> None:
        self._logs = logs
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._keep, args=item, name=item[0])
            for item in commands.items()
        ]

    def start(self) -> None:
        self._logs.mkdir(parents=True, exist_ok=True)
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End all processes, and return when they have ended."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _keep(self, name: str, command: Sequence[str]) -> None:
        while not self._stopping.is_set():
            with self._log(name).open("ab") as log:
                self._run(command, log.fileno())
            self._stopping.wait(RESTART)

    def _run(self, command: Sequence[str], log: int) -> None:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            env=os.environ | {SUPERVISED: "1"},
        )
        while process.poll() is None:
            if self._stopping.wait(0.2):
                self._end(process)

    @staticmethod
    def _end(process: "subprocess.Popen[bytes]") -> None:
        if process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.close()
        try:
            process.wait(GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _log(self, name: str) -> Path:
        """The log; the one before it is kept once."""
        path = self._logs / f"{name}.log"
        with contextlib.suppress(OSError):
            if path.stat().st_size > MAX_LOG:
                path.replace(path.with_suffix(".old.log"))
        return path
