"""Responses made of pieces: bytes, and spans of stored objects read while they are sent."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO

from starlette.types import Receive, Scope, Send

from dicom_node import log
from dicom_node.store.base import Readable
from dicom_node.web.problem import Problem, unavailable

CHUNK = 512 * 1024


@dataclass(frozen=True, slots=True)
class Span:
    """``length`` bytes of the object ``key`` from ``offset``."""

    key: str
    offset: int
    length: int


Piece = bytes | Span


class Reader:
    """Reads spans: of the one object that is open, or from afar when it is not on this machine."""

    def __init__(self, store: Readable) -> None:
        self._store = store
        self._key = ""
        self._stream: BinaryIO | None = None
        self._ahead: tuple[Span, bytes] | None = None

    async def prepare(self, span: Span) -> None:
        """Read from afar what is sent first; raise `Problem` 503 when the object is not there."""
        if self._near(span.key) is None:
            first = replace(span, length=min(CHUNK, span.length))
            self._ahead = first, await self._from_afar(first)

    def _near(self, key: str) -> BinaryIO | None:
        if self._stream is None or self._key != key:
            self.close()
            try:
                self._stream, self._key = self._store.near(key), key
            except OSError as error:
                raise _missing(key, error) from error
        return self._stream

    async def _from_afar(self, span: Span) -> bytes:
        if self._ahead is not None and self._ahead[0] == span:
            return self._ahead[1]
        try:
            return await asyncio.to_thread(self._store.read, span.key, span.offset, span.length)
        except OSError as error:
            raise _missing(span.key, error) from error

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    async def chunks(self, piece: Piece) -> AsyncIterator[bytes]:
        if isinstance(piece, bytes):
            yield piece
            return
        stream = self._near(piece.key)
        offset, end = piece.offset, piece.offset + piece.length
        while offset < end:
            length = min(CHUNK, end - offset)
            if stream is None:
                chunk = await self._from_afar(Span(piece.key, offset, length))
            else:
                chunk = await _read(stream.fileno(), offset, length)
            yield chunk
            offset += len(chunk)

    async def read(self, span: Span) -> bytes:
        """A whole span."""
        return b"".join([chunk async for chunk in self.chunks(span)])


class PiecesResponse:
    """An ASGI response of known length that joins nothing."""

    def __init__(
        self,
        store: Readable,
        pieces: Sequence[Piece],
        media_type: str,
        headers: Sequence[tuple[str, str]] = (),
        status: int = 200,
    ) -> None:
        self.status = status
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
                await self.reader.prepare(first)
            await send(
                {"type": "http.response.start", "status": self.status, "headers": self.headers}
            )
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


def _missing(key: str, error: OSError) -> Problem:
    log.get().error("object_missing", key=key, error=str(error)[:300])
    return unavailable("The stored object cannot be read.")


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
