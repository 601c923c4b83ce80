"""A C-STORE sender with TCP_NODELAY, as most modalities are: PDUs by hand, files as they lie.

Run as a process: ``python -m benchmarks.nodelay PORT CALLING FILE…``; 0 when all were accepted.
"""

from __future__ import annotations

import socket
import struct
import sys
from dataclasses import dataclass
from pathlib import Path

PDU = 131072


@dataclass(frozen=True)
class Meta:
    """What the command and the association need to know of a file; the data set's offset."""

    sop_class: str
    sop_instance: str
    syntax: str
    start: int


def main() -> int:
    port, calling, files = int(sys.argv[1]), sys.argv[2], [Path(name) for name in sys.argv[3:]]
    first = _meta(files[0].read_bytes())
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(_associate(calling, first))
        longest = _accepted(connection)
        for number, path in enumerate(files, 1):
            content = path.read_bytes()
            meta = _meta(content)
            connection.sendall(_command(number % 65536, meta))
            size = min(longest, PDU) - 6
            for at in range(meta.start, len(content), size):
                piece = content[at : at + size]
                control = 2 if at + size >= len(content) else 0
                connection.sendall(_pdv(len(piece), control) + piece)
            _kind, answer = _pdu(connection)
            if struct.pack("<HHLH", 0, 0x0900, 2, 0) not in answer:
                print(f"{path}: not accepted", file=sys.stderr)
                return 1
        connection.sendall(struct.pack(">BBLL", 5, 0, 4, 0))
        _pdu(connection)
    return 0


def _meta(content: bytes) -> Meta:
    """Read group 2 without any DICOM library, whose import would be measured too."""
    at, values = 132, {}
    while content[at : at + 2] == b"\2\0":
        element, vr, length = struct.unpack_from("<2xH2sH", content, at)
        at += 8
        if vr == b"OB":
            (length,) = struct.unpack_from("<L", content, at)
            at += 4
        values[element] = content[at : at + length].decode("ascii", "replace").strip("\0 ")
        at += length
    return Meta(values[2], values[3], values[0x10], at)


def _associate(calling: str, meta: Meta) -> bytes:
    syntaxes = _item(0x30, meta.sop_class.encode()) + _item(0x40, meta.syntax.encode())
    user = _item(0x51, struct.pack(">L", PDU)) + _item(0x52, b"2.25.1")
    body = (
        struct.pack(">HH", 1, 0) + b"YUNYING".ljust(16) + calling.encode().ljust(16) + bytes(32)
        + _item(0x10, b"1.2.840.10008.3.1.1.1")
        + _item(0x20, bytes((1, 0, 0, 0)) + syntaxes)
        + _item(0x50, user)
    )  # fmt: skip
    return struct.pack(">BBL", 1, 0, len(body)) + body


def _item(kind: int, content: bytes) -> bytes:
    return struct.pack(">BBH", kind, 0, len(content)) + content


def _accepted(connection: socket.socket) -> int:
    """The peer's maximum PDU length, out of A-ASSOCIATE-AC."""
    kind, body = _pdu(connection)
    if kind != 2:
        raise ConnectionRefusedError(f"PDU of type {kind}")
    at = body.rindex(b"\x51\x00\x00\x04") + 4
    return int.from_bytes(body[at : at + 4], "big") or PDU


def _command(number: int, meta: Meta) -> bytes:
    elements = (
        (0x0002, _uid(meta.sop_class)), (0x0100, b"\1\0"), (0x0110, struct.pack("<H", number)),
        (0x0700, b"\0\0"), (0x0800, b"\0\0"), (0x1000, _uid(meta.sop_instance)),
    )  # fmt: skip
    body = b"".join(struct.pack("<HHL", 0, tag, len(v)) + v for tag, v in elements)
    command = struct.pack("<HHLL", 0, 0, 4, len(body)) + body
    return _pdv(len(command), 3) + command


def _uid(text: str) -> bytes:
    return text.encode() + b"\0" * (len(text) % 2)


def _pdv(size: int, control: int) -> bytes:
    return struct.pack(">BBLLBB", 4, 0, size + 6, size + 2, 1, control)


def _pdu(connection: socket.socket) -> tuple[int, bytes]:
    kind, length = struct.unpack(">BxL", _exactly(connection, 6))
    return kind, _exactly(connection, length)


def _exactly(connection: socket.socket, count: int) -> bytes:
    received = b""
    while len(received) < count:
        # A peer with Nagle's algorithm would wait for our acknowledgement.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        part = connection.recv(count - len(received))
        if not part:
            raise ConnectionError("the peer closed")
        received += part
    return received


if __name__ == "__main__":
    sys.exit(main())
