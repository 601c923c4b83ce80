"""How a process is told to end."""

import signal

_ENDING = (signal.SIGTERM, signal.SIGINT)


def hold() -> None:
    """Keep SIGTERM and SIGINT for `wait`; to be called before any thread is started.

    A handler would run between two instructions of whatever the main thread does, and may find a
    lock taken that it needs.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)


def wait() -> None:
    """Return when the process is to end."""
    signal.sigwait(_ENDING)
