"""A DICOM peer that keeps to no rule: PDUs (PS3.8 section 9.3) written by hand."""

import socket
import struct

from .samples import CT

CONTEXT = 1


def associate_request(calling: str = "CT_A", kind: str = CT) -> bytes:
    body = struct.pack(">HH", 1, 0) + b"YUNYING".ljust(16) + calling.encode().ljust(16) + bytes(32)
    body += _item(0x10, b"1.2.840.10008.3.1.1.1")
    syntaxes = _item(0x30, kind.encode()) + _item(0x40, b"1.2.840.10008.1.2.1")
    body += _item(0x20, bytes((CONTEXT, 0, 0, 0)) + syntaxes)
    body += _item(0x50, _item(0x51, struct.pack(">L", 16384)) + _item(0x52, b"1.2.3"))
    return struct.pack(">BBL", 1, 0, len(body)) + body


def _item(kind: int, content: bytes) -> bytes:
    return struct.pack(">BBH", kind, 0, len(content)) + content


def connect(port: int) -> socket.socket:
    """An association; raise ConnectionError when it is not accepted."""
    connection = socket.create_connection(("127.0.0.1", port), 20)
    connection.sendall(associate_request())
    kind, length = struct.unpack(">BxL", _exactly(connection, 6))
    _exactly(connection, length)
    if kind != 2:
        connection.close()
        raise ConnectionRefusedError(f"PDU type {kind}")
    return connection


def _exactly(connection: socket.socket, count: int) -> bytes:
    received = b""
    while len(received) < count:
        part = connection.recv(count - len(received))
        if not part:
            raise ConnectionError("the peer closed")
        received += part
    return received


def data(content: bytes, *, command: bool = False, last: bool = False) -> bytes:
    """One P-DATA-TF with one fragment."""
    flags = command | last << 1
    fragment = struct.pack(">LBB", len(content) + 2, CONTEXT, flags) + content
    return struct.pack(">BBL", 4, 0, len(fragment)) + fragment


def store_request(number: int = 1, sop: str = "1.2.3.4", kind: str = CT) -> bytes:
    """The command of a C-STORE whose data set follows."""
    elements = [
        (0x0002, _uid(kind)), (0x0100, b"\1\0"), (0x0110, struct.pack("<H", number)),
        (0x0700, b"\0\0"), (0x0800, b"\0\0"), (0x1000, _uid(sop)),
    ]  # fmt: skip
    body = b"".join(struct.pack("<HHL", 0, tag, len(v)) + v for tag, v in elements)
    group = struct.pack("<HHLL", 0, 0, 4, len(body))
    return data(group + body, command=True, last=True)


def _uid(text: str) -> bytes:
    return text.encode() + b"\0" * (len(text) % 2)
