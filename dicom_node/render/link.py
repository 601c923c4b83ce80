"""Messages between the gateway and its workers: a JSON object and bytes, over a socket pair."""

import asyncio
import json
import select
import socket
import struct
from collections.abc import Iterator
from typing import Any

_HEAD = struct.Struct("<II")
_CHUNK = 1 << 18
# Both are the node's own: more can only be a defect.
MAX_BODY = 1 << 28


def packed(document: dict[str, Any], body: bytes = b"") -> bytes:
    text = json.dumps(document, separators=(",", ":")).encode()
    return _HEAD.pack(len(text), len(body)) + text + body


class Link:
    """A worker's end, without a thread: it looks for messages between two pieces of work."""

    def __init__(self, line: socket.socket) -> None:
        self._socket = line
        self._socket.setblocking(True)
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)
        self._buffer = bytearray()

    def send(self, document: dict[str, Any], body: bytes = b"") -> None:
        """Raises OSError when the gateway has gone."""
        self._socket.sendall(packed(document, body))

    def waiting(self, seconds: float | None) -> Iterator[dict[str, Any]]:
        """The messages that are there, after at most so long; raise EOFError without a gateway."""
        timeout = None if seconds is None else max(0, int(seconds * 1000))
        while self._poll.poll(timeout):
            timeout = 0
            data = self._socket.recv(_CHUNK)
            if not data:
                raise EOFError
            self._buffer += data
        while (message := self._next()) is not None:
            yield message

    def _next(self) -> dict[str, Any] | None:
        if len(self._buffer) < _HEAD.size:
            return None
        length, body = _HEAD.unpack_from(self._buffer)
        end = _HEAD.size + length + body
        if len(self._buffer) < end:
            return None
        message: dict[str, Any] = json.loads(self._buffer[_HEAD.size : _HEAD.size + length])
        del self._buffer[:end]
        return message


async def received(stream: asyncio.StreamReader) -> tuple[dict[str, Any], bytes]:
    """The gateway's end: the next message; raise `asyncio.IncompleteReadError` at the end."""
    length, size = _HEAD.unpack(await stream.readexactly(_HEAD.size))
    if length > MAX_BODY or size > MAX_BODY:
        raise ValueError("a message of a worker is too long")
    document: dict[str, Any] = json.loads(await stream.readexactly(length))
    return document, await stream.readexactly(size)
