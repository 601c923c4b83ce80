"""Takes from a Python process what Windows does not have, before anything is imported."""

import os
import select
import signal
import socket
import sys

for module, names in {
    os: ("fdatasync", "writev", "pwrite", "O_DIRECTORY", "O_CLOEXEC", "posix_fallocate"),
    signal: ("pthread_sigmask", "sigwait", "SIGUSR1"),
    socket: ("TCP_QUICKACK",),
}.items():
    for name in names:
        if hasattr(module, name):
            delattr(module, name)
sys.modules["fcntl"] = None  # type: ignore[assignment]
_real = select.select


def _sockets_only(*arguments):
    """Windows waits for sockets alone."""
    for one in [*arguments[0], *arguments[1]]:
        if not isinstance(one, int | socket.socket) or (
            isinstance(one, int) and not _is_socket(one)
        ):
            raise OSError(10038, "not a socket")
    return _real(*arguments)


def _is_socket(number: int) -> bool:
    import stat  # noqa: PLC0415

    return stat.S_ISSOCK(os.fstat(number).st_mode)


select.select = _sockets_only
