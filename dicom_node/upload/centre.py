"""The centre's upload routes: how far a file has come, and what is still to come."""

import base64
import contextlib
import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import httpx

from dicom_node.portal import Portal

ADDRESS = "/dicom-web/uploads/"
# A request carries no more than this: a line that breaks loses little, and a proxy keeps it all.
MAX_BODY = 32 << 20
PIECE = 32 << 10
# Below this a file is sent without asking first whether a part of it is there already.
SMALL = 1 << 20
# A ticket is renewed when so much of its life is over.
RENEWED_AFTER = 0.6
TIMEOUT = httpx.Timeout(60, connect=10)
# How often the centre may ask to go on elsewhere, before the file is put off.
ROUNDS = 3
_BEGIN_ELSEWHERE = (httpx.codes.CONFLICT, httpx.codes.UNPROCESSABLE_ENTITY)


class AwayError(Exception):
    """The centre, or the way to it, does not work now; it is tried again, whatever the file."""


class RefusedError(Exception):
    """The centre does not take this one file; the others are none the worse."""


class BusyError(Exception):
    """The centre is still at an earlier try of this file, whose line broke."""


class Tickets:
    """The front end's ticket, kept as long as it is good, for all threads."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._lock = threading.Lock()
        self._ticket = ""
        self._renewed_at = 0.0

    def current(self) -> str:
        """Raises `PortalError`."""
        with self._lock:
            if not self._ticket or time.monotonic() >= self._renewed_at:
                self._ticket, life = self._portal.ticket()
                self._renewed_at = time.monotonic() + life * RENEWED_AFTER
            return self._ticket

    def forget(self, ticket: str) -> None:
        """The centre does not accept *ticket* any more."""
        with self._lock:
            if self._ticket == ticket:
                self._ticket = ""


class Centre:
    """Uploads files, from any thread. *allow* is called before so many bytes are sent."""

    def __init__(self, url: str, tickets: Tickets, allow: Callable[[int], None]) -> None:
        self._tickets = tickets
        self._allow = allow
        # The centre is a configured machine: no proxy of the environment between.
        self._client = httpx.Client(base_url=url, timeout=TIMEOUT, trust_env=False)

    def close(self) -> None:
        self._client.close()

    def upload(self, name: str, path: Path, *, begun: bool) -> int:
        """Bring *path* to the centre as *name*, and return how many bytes went over the line.

        *begun*: a part of it may be there. When it returns, the centre has it, durably.
        Raises `AwayError`, `BusyError`, `RefusedError`, `PortalError`, and OSError about the file.
        """
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").digest()
            size = stream.tell()
            sent = 0
            offset = self._offset(name) if begun or size > SMALL else 0
            troubles = 0
            while offset is not None:
                offset = min(offset, size)
                # Also when nothing is missing: the centre did not live to look at the digest.
                length = min(size - offset, MAX_BODY)
                answer = self._patch(name, stream, offset, length, size, digest)
                offset, sent = self._next(answer), sent + length
                troubles += answer.status_code in _BEGIN_ELSEWHERE
                if troubles > ROUNDS:
                    raise RefusedError("the centre finds other bytes than were sent")
            return sent

    def _offset(self, name: str) -> int | None:
        """How much of it is there; None: all."""
        answer = self._send("HEAD", name, None, {})
        if answer.status_code == httpx.codes.NO_CONTENT:
            return None
        if answer.status_code != httpx.codes.OK:
            raise _error(answer)
        return _offset_of(answer)

    def _patch(
        self, name: str, stream: BinaryIO, offset: int, length: int, size: int, digest: bytes
    ) -> httpx.Response:
        headers = {
            "Upload-Offset": str(offset),
            "Upload-Length": str(size),
            "Content-Length": str(length),
            "Content-Type": "application/offset+octet-stream",
            "Repr-Digest": f"sha-256=:{base64.b64encode(digest).decode()}:",
        }
        return self._send("PATCH", name, lambda: self._body(stream, offset, length), headers)

    def _body(self, stream: BinaryIO, offset: int, length: int) -> Iterator[bytes]:
        stream.seek(offset)
        while length:
            piece = stream.read(min(PIECE, length))
            if not piece:
                raise RefusedError("the file in the spool became shorter")
            self._allow(len(piece))
            yield piece
            length -= len(piece)

    def _send(
        self,
        method: str,
        name: str,
        body: Callable[[], Iterator[bytes]] | None,
        headers: dict[str, str],
    ) -> httpx.Response:
        for attempt in range(2):
            ticket = self._tickets.current()
            headers["Authorization"] = f"Bearer {ticket}"
            try:
                answer = self._client.request(
                    method, ADDRESS + name, content=body() if body else None, headers=headers
                )
            except httpx.HTTPError as error:
                raise AwayError(f"not reached: {type(error).__name__}: {error}") from error
            if answer.status_code != httpx.codes.UNAUTHORIZED or attempt:
                return answer
            self._tickets.forget(ticket)
        raise AssertionError

    def _next(self, answer: httpx.Response) -> int | None:
        match answer.status_code:
            case httpx.codes.NO_CONTENT:
                return None
            case httpx.codes.ACCEPTED:
                return _offset_of(answer)
            case httpx.codes.CONFLICT if "Upload-Offset" in answer.headers:
                return _offset_of(answer)
            case httpx.codes.UNPROCESSABLE_ENTITY:
                return 0
        raise _error(answer)


def _offset_of(answer: httpx.Response) -> int:
    text = answer.headers.get("Upload-Offset", "")
    if not text.isdecimal():
        raise AwayError("an answer without Upload-Offset: is the centre's address right?")
    return int(text)


def _error(answer: httpx.Response) -> Exception:
    """What an answer that is no success means: for this file, or for all."""
    text = f"HTTP {answer.status_code}"
    with contextlib.suppress(ValueError, KeyError, TypeError):
        text = f"{text}: {str(answer.json()['message'])[:200]}"
    if answer.status_code == httpx.codes.LOCKED:
        return BusyError(text)
    about_the_file = (httpx.codes.BAD_REQUEST, httpx.codes.CONFLICT, 413)
    return RefusedError(text) if answer.status_code in about_the_file else AwayError(text)
