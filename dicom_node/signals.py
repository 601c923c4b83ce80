"""How a process is told to end."""

import signal

_ENDING = (signal.SIGTERM, signal.SIGINT)


def hold(*more: signal.Signals) -> None:
    """Keep SIGTERM, SIGINT and *more* for `wait`; to be called before any thread is started.

    A handler would run between two instructions of whatever the main thread does, and may find a
    lock taken that it needs.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, (*_ENDING, *more))


def wait(*more: signal.Signals) -> int:
    """Return when the process is to end, with the signal that says so."""
    return signal.sigwait((*_ENDING, *more))
