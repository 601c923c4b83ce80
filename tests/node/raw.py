"""A DICOM peer that keeps to no rule: PDUs (PS3.8 section 9.3) written by hand."""

import socket
import struct

from .samples import CT

CONTEXT = 1


def associate_request(calling: str = "CT_A", kind: str = CT, longest: int = 16384) -> bytes:
    body = struct.pack(">HH", 1, 0) + b"YUNYING".ljust(16) + calling.encode().ljust(16) + bytes(32)
    body += _item(0x10, b"1.2.840.10008.3.1.1.1")
    syntaxes = _item(0x30, kind.encode()) + _item(0x40, b"1.2.840.10008.1.2.1")
    body += _item(0x20, bytes((CONTEXT, 0, 0, 0)) + syntaxes)
    body += _item(0x50, _item(0x51, struct.pack(">L", longest)) + _item(0x52, b"1.2.3"))
    return struct.pack(">BBL", 1, 0, len(body)) + body


def _item(kind: int, content: bytes) -> bytes:
    return struct.pack(">BBH", kind, 0, len(content)) + content


def connect(port: int, request: bytes = b"") -> socket.socket:
    """An association; raise ConnectionError when it is not accepted."""
    connection = socket.create_connection(("127.0.0.1", port), 20)
    connection.sendall(request or associate_request())
    kind, _body = pdu(connection)
    if kind != 2:
        connection.close()
        raise ConnectionRefusedError(f"PDU type {kind}")
    return connection


def pdu(connection: socket.socket) -> tuple[int, bytes]:
    """The next PDU: its type and what follows its length."""
    kind, length = struct.unpack(">BxL", _exactly(connection, 6))
    return kind, _exactly(connection, length)


def status(connection: socket.socket) -> int:
    """The status of the next answer, which may come in any number of PDUs."""
    command, control = b"", 0
    while not control & 2:
        kind, body = pdu(connection)
        if kind != 4:
            raise ConnectionAbortedError(f"PDU type {kind}")
        control = body[5]
        command += body[6:]
    position = 0
    while position < len(command):
        _group, element, length = struct.unpack_from("<HHL", command, position)
        if element == 0x0900:
            return int.from_bytes(command[position + 8 : position + 10], "little")
        position += 8 + length
    raise AssertionError("an answer without status")


def _exactly(connection: socket.socket, count: int) -> bytes:
    received = b""
    while len(received) < count:
        part = connection.recv(count - len(received))
        if not part:
            raise ConnectionError("the peer closed")
        received += part
    return received


def fragment(
    content: bytes, *, command: bool = False, last: bool = False, context: int = CONTEXT
) -> bytes:
    """One presentation data value."""
    return struct.pack(">LBB", len(content) + 2, context, command | last << 1) + content


def p_data(*fragments: bytes) -> bytes:
    """One P-DATA-TF."""
    body = b"".join(fragments)
    return struct.pack(">BBL", 4, 0, len(body)) + body


def data(content: bytes, *, command: bool = False, last: bool = False) -> bytes:
    """One P-DATA-TF with one fragment."""
    return p_data(fragment(content, command=command, last=last))


def store_request(number: int = 1, sop: str = "1.2.3.4", kind: str = CT) -> bytes:
    """The command of a C-STORE whose data set follows."""
    return data(store_command(number, sop, kind), command=True, last=True)


def store_command(number: int = 1, sop: str = "1.2.3.4", kind: str = CT) -> bytes:
    elements = [
        (0x0002, _uid(kind)), (0x0100, b"\1\0"), (0x0110, struct.pack("<H", number)),
        (0x0700, b"\0\0"), (0x0800, b"\0\0"), (0x1000, _uid(sop)),
    ]  # fmt: skip
    body = b"".join(struct.pack("<HHL", 0, tag, len(v)) + v for tag, v in elements)
    group = struct.pack("<HHLL", 0, 0, 4, len(body))
    return group + body


ABORT = struct.pack(">BBLBBBB", 7, 0, 4, 0, 0, 0, 0)
RELEASE = struct.pack(">BBLL", 5, 0, 4, 0)


def _uid(text: str) -> bytes:
    return text.encode() + b"\0" * (len(text) % 2)
