"""Looks at the receiver from beside it, since a process that is frozen cannot look at itself.

A process of its own, small and without a DICOM library, that the receiver starts. It asks C-ECHO
over a socket, as a modality would; after three failures it tells the receiver to end, kills it when
that does not help, and whatever supervises the receiver starts it again.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from dicom_node import log, signals
from dicom_node.dimse.echo import NoEchoError, echo
from dicom_node.dimse.life import Life

TRIES = 3
# Seconds: for one C-ECHO, and between being told to end and being killed.
PATIENCE, GRACE = 5.0, 2.0
# Tells the receiver that it is stuck; its exit code then. Windows knows one way to end a process.
STUCK: signal.Signals = getattr(signal, "SIGUSR1", signal.SIGTERM)
KILL: signal.Signals = getattr(signal, "SIGKILL", signal.SIGTERM)
EXIT_STUCK = 75
_gone = threading.Event()


def start(host: str, port: int, ae_title: str, interval: float, life: Path) -> None:
    """Keep a watchdog over this process, in a daemon thread."""
    command = [
        sys.executable, "-m", "dicom_node.dimse.watchdog",
        "127.0.0.1" if host in ("", "0.0.0.0") else host,  # noqa: S104
        str(port), ae_title, str(interval), str(life),
    ]  # fmt: skip

    def keep() -> None:
        while True:
            with subprocess.Popen(command, stdin=subprocess.PIPE) as watchdog:
                watchdog.wait()
            log.get().warning("watchdog_ended", code=watchdog.returncode)
            time.sleep(interval)

    threading.Thread(target=keep, name="watchdog", daemon=True).start()


def watch(host: str, port: int, ae_title: str, interval: float, life: Path) -> None:
    """Watch the parent until it has gone, or has been ended."""
    watched, failures = os.getppid(), 0
    # The parent closes its end of our standard input by ending.
    signals.set_when_input_ends(_gone)
    while not _gone.wait(interval):
        try:
            echo(host, port, ae_title, PATIENCE)
            failures = 0
        except NoEchoError as error:
            failures += 1
            log.get().warning("no_echo", reason=str(error), tries=failures)
            if failures == TRIES:
                log.get().critical("alarm", what="the receiver is stuck and is ended")
                Life(life).blame(f"stuck: {error}")
                _end(watched)
                return


def _end(process: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, STUCK)
        if not _gone.wait(GRACE) and os.getppid() == process:
            os.kill(process, KILL)


if __name__ == "__main__":
    log.configure("receive")
    watch(sys.argv[1], int(sys.argv[2]), sys.argv[3], float(sys.argv[4]), Path(sys.argv[5]))
