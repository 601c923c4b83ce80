"""A front end's upload: ``HEAD`` tells how far a file has come, ``PATCH`` goes on with it.

An id is one file's for ever: to send it again, in part or as a whole, changes nothing.
"""

import asyncio
import base64
import binascii
import re
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from dicom_node import ident, log
from dicom_node.spool.partial import (
    BusyError,
    DifferentError,
    Partial,
    clear_away,
    is_same,
    size_of,
)
from dicom_node.spool.spool import Spool
from dicom_node.web.auth import Authenticator
from dicom_node.web.problem import Problem, bad_request
from dicom_node.web.room import Room
from dicom_node.web.ticket import Ticket

# Of one request: what is lost at most when a proxy on the way kept all of it back.
MAX_BODY = 64 << 20
PIECE = 1 << 20
# Seconds without a byte; then the line is taken for cut, and the file is free for another try.
PATIENCE = 30.0
FORGOTTEN = 7 * 86_400.0
CLEARING = 3600.0
_DIGEST = re.compile(r"\bsha-256=:([A-Za-z0-9+/]{43}=):")
# Behind it no calendar goes: an id that is later was made by nobody's clock.
LATEST_YEAR = 2200


class Uploads:
    """Takes files into the spool of the one hospital that the ticket is for."""

    def __init__(
        self,
        spool: Spool,
        room: Room,
        pool: AsyncConnectionPool,
        authenticator: Authenticator,
        max_size: int,
    ) -> None:
        self._spool = spool
        self._room = room
        self._pool = pool
        self._authenticator = authenticator
        self._max_size = max_size

    def routes(self, prefix: str) -> list[Route]:
        address = f"{prefix}/uploads/{{id}}"
        return [
            Route(address, self.head, methods=["HEAD"]),
            Route(address, self.patch, methods=["PATCH"]),
        ]

    async def clear_away(self) -> None:
        """Clear away what was given up, for ever."""
        while True:
            for name in await asyncio.to_thread(clear_away, self._spool, FORGOTTEN):
                log.get().warning("upload_forgotten", file=name)
            await asyncio.sleep(CLEARING)

    async def head(self, request: Request) -> ASGIApp:
        hospital, name = await self._admitted(request)
        if (self._spool.root / hospital / f"{name}.dcm").exists() or await self._archived(name):
            return Response(status_code=204)
        size = await asyncio.to_thread(size_of, self._spool, hospital, name)
        return Response(status_code=200, headers={"Upload-Offset": str(size)})

    async def patch(self, request: Request) -> ASGIApp:
        hospital, name = await self._admitted(request)
        start, length, total = self._sizes(request)
        digest = _digest(request)
        path = self._spool.root / hospital / f"{name}.dcm"
        if await self._held(path, name, digest):
            return Response(status_code=204)
        await asyncio.to_thread(self._room.require)
        try:
            partial = await asyncio.to_thread(Partial, self._spool, hospital, name)
        except BusyError as error:
            raise Problem(423, "busy", "This file is being uploaded already.") from error
        try:
            if partial.size > total:
                partial.discard()
                raise _digest_differs()
            if start != partial.size:
                raise _conflict("The upload goes on at another offset.", partial.size)
            await self._append(request, partial, length)
            if partial.size < total:
                return Response(status_code=202, headers={"Upload-Offset": str(partial.size)})
            await self._commit(partial, digest)
        finally:
            partial.close()
        log.get().info("uploaded", spool_id=name, hospital=hospital, size=total)
        return Response(status_code=204)

    async def _held(self, path: Path, name: str, digest: bytes) -> bool:
        """Whether it is here already; raise `Problem` 409 when it is not the same.

        First the spool, then the ledger: the archive process writes into the one before it removes
        from the other.
        """
        same = await asyncio.to_thread(is_same, path, digest)
        if same is None:
            return await self._archived(name)
        if not same:
            log.get().error("upload_differs", spool_id=name)
            raise Problem(409, "conflict", "Another file has come under this id.")
        return True

    async def _admitted(self, request: Request) -> tuple[str, str]:
        ticket = await self._authenticator(request.headers.get("authorization", ""))
        name = request.path_params["id"]
        if not ident.is_valid(name):
            raise bad_request("The id in the address is none.")
        try:
            known_year = ident.time_of(name).year < LATEST_YEAR
        except (ValueError, OverflowError, OSError):
            known_year = False
        if not known_year:
            raise bad_request("The id's time is not of this world: look at the front end's clock.")
        return hospital_of(ticket), name

    async def _archived(self, name: str) -> bool:
        try:
            async with self._pool.connection() as connection:
                found = await connection.execute(
                    "SELECT 1 FROM archive.arrival WHERE spool_id = %s", (name,)
                )
                return await found.fetchone() is not None
        except (psycopg.Error, PoolTimeout):
            # A file that comes again is recognised by the archive process: nothing needs to wait.
            return False

    def _sizes(self, request: Request) -> tuple[int, int, int]:
        """Where the body begins, how long it is, and how long the whole file is."""
        start, total = (_number(request, name) for name in ("Upload-Offset", "Upload-Length"))
        if "content-length" not in request.headers:
            raise Problem(411, "bad_request", "Content-Length is missing.")
        length = _number(request, "Content-Length")
        if total > self._max_size or length > MAX_BODY:
            raise Problem(413, "bad_request", "The file, or this piece of it, is too large.")
        # A piece of nothing at the very end has the digest looked at, which a crash prevented.
        if not total or start + length > total or not (length or start == total):
            raise bad_request("The piece is empty, or does not lie within the file.")
        return start, length, total

    async def _append(self, request: Request, partial: Partial, length: int) -> None:
        """Write what comes; whatever came before the line was cut is kept."""
        waiting = bytearray()
        received = 0
        try:
            async for chunk in in_time(request):
                received += len(chunk)
                if received > length:
                    raise bad_request("The body is longer than was said.")
                waiting += chunk
                if len(waiting) >= PIECE:
                    await asyncio.to_thread(partial.append, bytes(waiting))
                    waiting.clear()
        except (ClientDisconnect, TimeoutError) as error:
            await asyncio.to_thread(partial.append, bytes(waiting))
            raise Problem(408, "bad_request", "The body ended early.") from error
        await asyncio.to_thread(partial.append, bytes(waiting))
        if received < length:
            raise bad_request("The body is shorter than was said.")

    async def _commit(self, partial: Partial, digest: bytes) -> None:
        try:
            await asyncio.to_thread(partial.commit, digest)
        except DifferentError as error:
            raise _digest_differs() from error


def _digest_differs() -> Problem:
    return Problem(422, "digest", "The bytes that came are not those of the digest.")


def hospital_of(ticket: Ticket) -> str:
    """The one hospital that a ticket stores for; raise `Problem` 403."""
    ticket.require("store")
    if ticket.hospitals is None or len(ticket.hospitals) != 1 or "*" in ticket.hospitals:
        raise Problem(403, "permission_denied", "To store needs a ticket for one hospital.")
    (code,) = ticket.hospitals
    return code


async def in_time(request: Request) -> AsyncIterator[bytes]:
    """The body as it comes; raises TimeoutError when it stops for too long."""
    stream = request.stream()
    while True:
        try:
            yield await asyncio.wait_for(anext(stream), PATIENCE)
        except StopAsyncIteration:
            return


def _number(request: Request, name: str) -> int:
    text = request.headers.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise bad_request(f"{name} is missing, or no number.")
    return int(text)


def _digest(request: Request) -> bytes:
    found = _DIGEST.search(request.headers.get("repr-digest", ""))
    if found is None:
        raise bad_request("Repr-Digest with sha-256 is missing.")
    try:
        return base64.b64decode(found[1], validate=True)
    except binascii.Error as error:
        raise bad_request("Repr-Digest cannot be read.") from error


def _conflict(message: str, offset: int) -> Problem:
    return Problem(409, "offset", message, {"Upload-Offset": str(offset)})
