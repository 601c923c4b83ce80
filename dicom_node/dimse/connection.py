"""A peer's connection: bounded in what it reads and how long it waits, and read ahead."""

import contextlib
import socket
import time
from typing import Any

from pynetdicom.transport import AssociationSocket

READ_SIZE = 1 << 20
# Whoever waits for a peer looks up this often whether something else is to be done (seconds).
SLICE = 1.0


# Linux alone has it.
_QUICKACK = getattr(socket, "TCP_QUICKACK", None)
# Of pynetdicom's state machine: to be closed, what the peer sends is of no interest any more.
ENDED = "Sta13"


class ClosedError(Exception):
    """The peer closed the connection."""


class PatienceError(Exception):
    """The peer was slower than agreed."""


class Connection(AssociationSocket):  # type: ignore[misc]
    """A socket with one buffer, in which the direct data plane looks ahead.

    ``longest`` is the length of the longest PDU, ``first_deadline`` the moment by which the peer
    must have said who it is; ``deaf`` has nothing more read of it. What lies unread in the buffer
    (``buffer[start:end]``) is what `recv` returns first: the stock code never notices who has read
    before it.
    """

    longest: int
    first_deadline: float
    deaf = False

    def __init__(self, association: Any, client_socket: socket.socket) -> None:
        super().__init__(association, client_socket=client_socket)
        self.start = self.end = 0
        self.buffer = memoryview(b"")

    @property
    def ready(self) -> bool:
        """Whether there is something to read, and it is to be read.

        Not of a peer that has been told of the end: each six bytes that it sends on would be taken
        for a PDU, answered with an abort, and logged.
        """
        if self.deaf or self.assoc.dul.state_machine.current_state == ENDED:
            return False
        return self.start < self.end or bool(super().ready)

    def recv(self, nr_bytes: int) -> bytearray:
        """Read *nr_bytes*; fewer when the peer closed or stated more than the agreed maximum.

        Raises TimeoutError when they are not there in time, however many bytes came before.
        """
        if nr_bytes > self.longest:
            return bytearray()
        connection: socket.socket = self.socket
        patience: float = self.assoc.network_timeout
        deadline = self.first_deadline if self.assoc.silent else time.monotonic() + patience
        received = bytearray(nr_bytes)
        view = memoryview(received)
        ahead = min(nr_bytes, self.end - self.start)
        view[:ahead] = self.buffer[self.start : self.start + ahead]
        self.start += ahead
        view = view[ahead:]
        while view:
            connection.settimeout(max(deadline - time.monotonic(), 0.001))
            count = connection.recv_into(view[:READ_SIZE])
            if not count:
                return received[: nr_bytes - len(view)]
            view = view[count:]
        connection.settimeout(patience)
        _acknowledge_at_once(connection)
        return received

    def look_ahead(self) -> None:
        """Have a buffer, and a socket that waits in slices."""
        if not self.buffer:
            self.buffer = memoryview(bytearray(READ_SIZE))
        self.socket.settimeout(SLICE)

    def read(self) -> bool:
        """Read what is there into the buffer; False when nothing came within a slice of time.

        There must be room in the buffer. Raises `ClosedError`, OSError.
        """
        connection: socket.socket = self.socket
        try:
            count = connection.recv_into(self.buffer[self.end :])
        except TimeoutError:
            return False
        if not count:
            raise ClosedError
        self.end += count
        _acknowledge_at_once(connection)
        return True

    def rewind(self) -> None:
        """Make room: what is unread moves to the buffer's beginning."""
        unread = bytes(self.buffer[self.start : self.end])
        self.buffer[: len(unread)] = unread
        self.start, self.end = 0, len(unread)

    def forget(self) -> None:
        """Give the buffer back: the connection is of no use any more."""
        self.buffer, self.start, self.end = memoryview(b""), 0, 0

    def answer(self, message: bytes, deadline: float) -> None:
        """Send all of *message*; raise `PatienceError` when the peer does not take it in time."""
        rest = memoryview(message)
        while rest:
            with contextlib.suppress(TimeoutError):
                rest = rest[self.socket.send(rest) :]
            if rest and time.monotonic() > deadline:
                raise PatienceError


def _acknowledge_at_once(connection: socket.socket) -> None:
    # A sender with Nagle's algorithm waits for our delayed ACK, 40 ms an instance. The kernel
    # forgets this option, so it is set again after each read.
    if _QUICKACK is not None:
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)
