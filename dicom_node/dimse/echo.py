"""A C-ECHO by hand (PS3.7 section 9.3.5): what the watchdog asks without any DICOM library."""

import socket
import struct
import time

VERIFICATION, IMPLICIT_LITTLE = b"1.2.840.10008.1.1", b"1.2.840.10008.1.2"
APPLICATION_CONTEXT = b"1.2.840.10008.3.1.1.1"
ASSOCIATE_AC, ASSOCIATE_RJ, P_DATA = 2, 3, 4
RELEASE = struct.pack(">BBLL", 5, 0, 4, 0)


class NoEchoError(Exception):
    """The peer does not answer as a living SCP does; the message says what was missing."""


def echo(host: str, port: int, ae_title: str, timeout: float) -> None:
    """Verify the SCP *ae_title*, under its own title; raise `NoEchoError` after *timeout* s.

    A rejection is an answer: whoever rejects is alive.
    """
    deadline = time.monotonic() + timeout
    try:
        with socket.create_connection((host, port), timeout) as connection:
            connection.sendall(_associate(ae_title))
            kind, _body = _pdu(connection, deadline)
            if kind == ASSOCIATE_RJ:
                return
            if kind != ASSOCIATE_AC:
                raise NoEchoError(f"PDU of type {kind} in answer to an association request")
            connection.sendall(_echo_request())
            kind, body = _pdu(connection, deadline)
            # The status is the last element of a C-ECHO response, or followed by none of interest.
            if kind != P_DATA or struct.pack("<HHLH", 0, 0x0900, 2, 0) not in body:
                raise NoEchoError("C-ECHO was not answered with success")
            connection.sendall(RELEASE)
            _pdu(connection, deadline)
    except OSError as error:
        raise NoEchoError(f"{type(error).__name__}: {error}") from error


def _associate(ae_title: str) -> bytes:
    title = ae_title.encode("ascii").ljust(16)
    syntaxes = _item(0x30, VERIFICATION) + _item(0x40, IMPLICIT_LITTLE)
    user = _item(0x51, struct.pack(">L", 16384)) + _item(0x52, b"2.25.1")
    body = (
        struct.pack(">HH", 1, 0) + title + title + bytes(32)
        + _item(0x10, APPLICATION_CONTEXT)
        + _item(0x20, bytes((1, 0, 0, 0)) + syntaxes)
        + _item(0x50, user)
    )  # fmt: skip
    return struct.pack(">BBL", 1, 0, len(body)) + body


def _item(kind: int, content: bytes) -> bytes:
    return struct.pack(">BBH", kind, 0, len(content)) + content


def _echo_request() -> bytes:
    elements = (
        (0x0002, VERIFICATION + b"\0"),
        (0x0100, struct.pack("<H", 0x0030)),
        (0x0110, struct.pack("<H", 1)),
        (0x0800, struct.pack("<H", 0x0101)),
    )
    body = b"".join(struct.pack("<HHL", 0, tag, len(v)) + v for tag, v in elements)
    command = struct.pack("<HHLL", 0, 0, 4, len(body)) + body
    value = struct.pack(">LBB", len(command) + 2, 1, 3) + command
    return struct.pack(">BBL", P_DATA, 0, len(value)) + value


def _pdu(connection: socket.socket, deadline: float) -> tuple[int, bytes]:
    kind, length = struct.unpack(">BxL", _exactly(connection, 6, deadline))
    if length > 1 << 20:
        raise NoEchoError(f"a PDU of {length} bytes")
    return kind, _exactly(connection, length, deadline)


def _exactly(connection: socket.socket, count: int, deadline: float) -> bytes:
    received = b""
    while len(received) < count:
        connection.settimeout(max(deadline - time.monotonic(), 0.001))
        part = connection.recv(count - len(received))
        if not part:
            raise NoEchoError("the connection was closed")
        received += part
    return received
