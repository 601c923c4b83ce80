"""How a process is told to end.

On Windows, which has no signals to wait for: Ctrl+C or Ctrl+Break; and under the service, which has
no console, by the end of standard input.
"""

import os
import signal
import sys
import threading

from dicom_node import log

_ENDING = (signal.SIGTERM, signal.SIGINT)
# Set by whoever keeps the other end of standard input, and closes it to end this process.
SUPERVISED = "YUNYING_SUPERVISED"
# sysexits.h: an internal software error.
THREAD_FAILED = 70
_ended = threading.Event()


def hold(*more: signal.Signals) -> None:
    """Keep SIGTERM, SIGINT and *more* for `wait`; to be called before any thread is started.

    A handler would run between two instructions of whatever the main thread does, and may find a
    lock taken that it needs.
    """
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, (*_ENDING, *more))
        return
    for name in ("SIGINT", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: _ended.set())
    if os.environ.get(SUPERVISED):
        set_when_input_ends(_ended)


def end() -> None:
    """End this process as if it were told to: whatever supervises it starts it again."""
    if hasattr(signal, "pthread_sigmask"):
        os.kill(os.getpid(), signal.SIGTERM)
    else:
        _ended.set()


def end_with_threads() -> None:
    """End the process when one of its threads fails: the supervisor starts it whole again."""
    threading.excepthook = _end


def _end(arguments: threading.ExceptHookArgs) -> None:
    log.get().critical("thread_failed", exc_info=arguments.exc_value)
    os._exit(THREAD_FAILED)


def wait(*more: signal.Signals) -> int:
    """Return when the process is to end, with the signal that says so."""
    if hasattr(signal, "sigwait"):
        return signal.sigwait((*_ENDING, *more))
    # In slices: a handler runs between two of them.
    while not _ended.wait(0.5):
        pass
    return signal.SIGINT


def set_when_input_ends(event: threading.Event) -> None:
    """Set *event*, from a daemon thread, once whoever holds the other end of our input is gone.

    Not read by ``sys.stdin``, whose lock the thread would hold when the interpreter ends.
    """

    def read() -> None:
        while os.read(sys.stdin.fileno(), 1024):
            pass
        event.set()

    threading.Thread(target=read, name="input", daemon=True).start()
