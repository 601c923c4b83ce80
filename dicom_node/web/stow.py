"""STOW-RS (PS3.18 section 10.5): what comes goes the same way as a C-STORE."""

import asyncio
import re
from collections.abc import Sequence
from typing import Any

from python_multipart.multipart import parse_options_header
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from dicom_node import log
from dicom_node.dataset.part10 import FileMeta
from dicom_node.dataset.uid import is_uid
from dicom_node.dimse.receive import Intake, Receiver
from dicom_node.web.access import address_of
from dicom_node.web.auth import Authenticator
from dicom_node.web.handed_in import DICOM_JSON, HandedIn
from dicom_node.web.inbox import DICOM, Body, Outcome
from dicom_node.web.parts import BodyError
from dicom_node.web.problem import Problem, bad_request
from dicom_node.web.room import Room
from dicom_node.web.ticket import Ticket
from dicom_node.web.uploads import PIECE, hospital_of, in_time

MULTIPART = "multipart/related"
MAX_REASONS = 5
_BOUNDARY = re.compile(r"[ -~]{1,70}")


class Stow:
    """Stores for the one hospital that the ticket is for."""

    def __init__(
        self,
        receiver: Receiver,
        room: Room,
        authenticator: Authenticator,
        max_instance: int,
        max_pixels: int,
        base: str,
    ) -> None:
        self._receiver = receiver
        self._room = room
        self._authenticator = authenticator
        self._max_instance = max_instance
        self._max_pixels = max_pixels
        self._base = base

    def routes(self, prefix: str) -> list[Route]:
        return [
            Route(f"{prefix}/studies", self.store, methods=["POST"]),
            Route(f"{prefix}/studies/{{study}}", self.store, methods=["POST"]),
        ]

    async def store(self, request: Request) -> ASGIApp:
        ticket = await self._authenticator(request.headers.get("authorization", ""))
        hospital = hospital_of(ticket)
        study = request.path_params.get("study", "")
        if study and not is_uid(study):
            raise bad_request("The study in the address is no UID.")
        part_type, boundary = _boundary(request.headers.get("content-type", ""))
        await asyncio.to_thread(self._room.require)
        address = address_of(request)

        def begin(meta: FileMeta) -> Intake:
            # Who sends is whom the ticket names, whatever the file says of its way before.
            sender = FileMeta(
                meta.sop_class, meta.sop_instance, meta.syntax, _sender(ticket), "", address
            )
            return self._receiver.begin(hospital, sender, study)

        body: Body | HandedIn
        if part_type == DICOM_JSON:
            directory = self._receiver.spool.root
            body = HandedIn(
                begin, directory, self._max_instance, self._max_pixels, boundary, self._room.is_left
            )
        else:
            body = Body(begin, self._max_instance, boundary)
        try:
            await _fill(request, body)
        finally:
            await asyncio.to_thread(body.discard)
        return self._answer(body.outcomes, hospital)

    def _answer(self, outcomes: Sequence[Outcome], hospital: str) -> Response:
        if not outcomes:
            raise bad_request("The body holds no instance.")
        stored = sum(outcome.stored for outcome in outcomes)
        status = 200 if stored == len(outcomes) else 202 if stored else 409
        log.get().info("stowed", hospital=hospital, stored=stored, failed=len(outcomes) - stored)
        document = response_document(outcomes, self._base)
        return JSONResponse(document, status, _warnings(outcomes), media_type=DICOM_JSON)


async def _fill(request: Request, body: Body | HandedIn) -> None:
    """Give *body* what comes; what ended before a mishap is stored, and is safe to send again."""
    waiting = bytearray()
    try:
        async for chunk in in_time(request):
            waiting += chunk
            if len(waiting) >= PIECE:
                await asyncio.to_thread(body.write, bytes(waiting))
                waiting.clear()
        await asyncio.to_thread(body.write, bytes(waiting))
        await asyncio.to_thread(body.finish)
    except (ClientDisconnect, TimeoutError) as error:
        raise Problem(408, "bad_request", "The body ended early.") from error
    except BodyError as error:
        raise bad_request(str(error)) from error


def _sender(ticket: Ticket) -> str:
    """What stands for a calling AE title, which has 16 characters."""
    return ticket.subject[:16]


def _boundary(header: str) -> tuple[str, str]:
    """Type and boundary of the parts, no boundary for a single one; raise `Problem` 415 or 400."""
    kind, parameters = parse_options_header(header)
    name = kind.decode("latin-1").lower()
    if name == DICOM:
        return DICOM, ""
    part = parameters.get(b"type", DICOM.encode()).decode("latin-1").lower()
    if name != MULTIPART or part not in (DICOM, DICOM_JSON):
        raise Problem(
            415,
            "bad_request",
            'Content-Type must be multipart/related; type="application/dicom"'
            ' or "application/dicom+json".',
        )
    boundary = parameters.get(b"boundary", b"").decode("latin-1")
    if not _BOUNDARY.fullmatch(boundary):
        raise bad_request("The boundary is missing, or none (RFC 2046 section 5.1.1).")
    return part, str(boundary)


def response_document(outcomes: Sequence[Outcome], base: str) -> dict[str, Any]:
    """The Store Instances Response Module (PS3.18 table I.1-1) as DICOM JSON."""
    document: dict[str, Any] = {}
    studies = {
        outcome.identity.completed("", outcome.sop_instance).study
        for outcome in outcomes
        if outcome.stored and outcome.identity is not None
    }
    if len(studies) == 1:
        document["00081190"] = _value("UR", f"{base}/studies/{studies.pop()}")
    failed = [_failed(outcome) for outcome in outcomes if not outcome.stored]
    stored = [_stored(outcome, base) for outcome in outcomes if outcome.stored]
    if failed:
        document["00081198"] = {"vr": "SQ", "Value": failed}
    if stored:
        document["00081199"] = {"vr": "SQ", "Value": stored}
    return document


def _warnings(outcomes: Sequence[Outcome]) -> dict[str, str]:
    """Why something was not stored, in words: the response document holds but a number."""
    reasons = dict.fromkeys(outcome.comment for outcome in outcomes if outcome.comment)
    text = "; ".join(list(reasons)[:MAX_REASONS]).replace('"', "'")
    return {"Warning": f'299 yunying "{text}"'} if text.isascii() and text else {}


def _referenced(outcome: Outcome) -> dict[str, Any]:
    return {
        tag: _value("UI", uid)
        for tag, uid in (("00081150", outcome.sop_class), ("00081155", outcome.sop_instance))
        if is_uid(uid)
    }


def _stored(outcome: Outcome, base: str) -> dict[str, Any]:
    item = _referenced(outcome)
    if outcome.identity is not None:
        found = outcome.identity.completed(outcome.sop_class, outcome.sop_instance)
        url = f"{base}/studies/{found.study}/series/{found.series}/instances/{found.sop_instance}"
        item["00081190"] = _value("UR", url)
    return item


def _failed(outcome: Outcome) -> dict[str, Any]:
    # 0008,1197 Failure Reason; 0000,0902 belongs to a command, so the comment goes to the log.
    log.get().warning("not_stowed", status=f"{outcome.status:04X}", comment=outcome.comment)
    return _referenced(outcome) | {"00081197": _value("US", outcome.status)}


def _value(vr: str, value: Any) -> dict[str, Any]:
    return {"vr": vr, "Value": [value]}
