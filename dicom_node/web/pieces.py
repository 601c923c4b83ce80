"""Responses made of pieces: bytes, and spans of stored objects read while they are sent."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from starlette.types import Receive, Scope, Send

from dicom_node import log
from dicom_node.store.base import Store
from dicom_node.web.problem import unavailable

CHUNK = 512 * 1024


@dataclass(frozen=True, slots=True)
class Span:
    """``length`` bytes of the object ``key`` from ``offset``."""

    key: str
    offset: int
    length: int


Piece = bytes | Span


class Reader:
    """Reads spans, with one object open at a time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._key = ""
        self._stream: BinaryIO | None = None

    def open(self, key: str) -> BinaryIO:
        """Open *key*, closing what was open; raise `Problem` 503 when it is not there."""
        if self._stream is not None and self._key == key:
            return self._stream
        self.close()
        try:
            self._stream = self._store.open(key)
        except OSError as error:
            log.get().error("object_missing", key=key, error=error.strerror)
            raise unavailable("The stored object cannot be read.") from error
        self._key = key
        return self._stream

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    async def chunks(self, piece: Piece) -> AsyncIterator[bytes]:
        if isinstance(piece, bytes):
            yield piece
            return
        stream = self.open(piece.key)
        offset, end = piece.offset, piece.offset + piece.length
        while offset < end:
            chunk = await _read(stream.fileno(), offset, min(CHUNK, end - offset))
            yield chunk
            offset += len(chunk)

    async def read(self, span: Span) -> bytes:
        """A whole span."""
        return b"".join([chunk async for chunk in self.chunks(span)])


class PiecesResponse:
    """An ASGI response of known length that joins nothing."""

    def __init__(
        self,
        store: Store,
        pieces: Sequence[Piece],
        media_type: str,
        headers: Sequence[tuple[str, str]] = (),
    ) -> None:
        self.reader = Reader(store)
        self.pieces = pieces
        length = sum(len(p) if isinstance(p, bytes) else p.length for p in pieces)
        named = [("content-type", media_type), ("content-length", str(length)), *headers]
        self.headers = [(name.encode(), value.encode("latin-1")) for name, value in named]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.ensure_future(_disconnected(receive))
        try:
            first = next((piece for piece in self.pieces if isinstance(piece, Span)), None)
            if first is not None:
                self.reader.open(first.key)
            await send({"type": "http.response.start", "status": 200, "headers": self.headers})
            if scope["method"] != "HEAD":
                for piece in self.pieces:
                    async for chunk in self.reader.chunks(piece):
                        # Bytes in memory are read and sent without a pause: others want theirs too.
                        await asyncio.sleep(0)
                        if gone.done():
                            return
                        body = {"type": "http.response.body", "body": chunk, "more_body": True}
                        await send(body)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            gone.cancel()
            self.reader.close()


async def _disconnected(receive: Receive) -> None:
    """Return when the client has gone; what is sent to it then is read from disk for nobody."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _read(descriptor: int, offset: int, length: int) -> bytes:
    """Read *length* bytes: at once when they are in memory, else in a thread."""
    buffer = bytearray(length)
    try:
        count = os.preadv(descriptor, [buffer], offset, os.RWF_NOWAIT)
    except OSError:
        count = 0  # not in memory, or a file system that cannot tell
    if count == length:
        return bytes(buffer)
    return await asyncio.to_thread(_read_all, descriptor, offset, length)


def _read_all(descriptor: int, offset: int, length: int) -> bytes:
    parts = []
    while length:
        part = os.pread(descriptor, length, offset)
        if not part:
            raise EOFError("a stored object is shorter than the index says")
        parts.append(part)
        offset += len(part)
        length -= len(part)
    return b"".join(parts)
