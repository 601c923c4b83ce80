"""What readers measured on a study, kept with it as structured reports (private address).

``PUT`` makes one document of all marks of an author on the study, ``GET`` reads the newest of each
author. There is no second copy: what is answered is what the reports say.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, LiteralString
from weakref import WeakValueDictionary

from psycopg.rows import DictRow
from pydicom import config as pydicom_config
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from dicom_node import log
from dicom_node.archive.located import LOCATED, ORDER, Located
from dicom_node.dataset.made import FROM_STUDY, encoded
from dicom_node.dataset.part10 import FileMeta
from dicom_node.dataset.syntax import EXPLICIT_LITTLE
from dicom_node.dataset.uid import is_uid
from dicom_node.dimse.receive import OUT_OF_RESOURCES, SUCCESS, Receiver
from dicom_node.measurements import document, marks, reading
from dicom_node.measurements.document import Author, Before, Picture
from dicom_node.measurements.marks import Mark, MarksError
from dicom_node.measurements.reading import Document
from dicom_node.spool.pending import Pending
from dicom_node.store.base import Readable
from dicom_node.web.access import AccessLog, address_of
from dicom_node.web.auth import Authenticator
from dicom_node.web.catalog import Catalog, scope
from dicom_node.web.metadata import first_value, instance_json
from dicom_node.web.problem import Problem, bad_request, not_found, unavailable
from dicom_node.web.room import Room
from dicom_node.web.ticket import Ticket
from dicom_node.web.uploads import in_time

MAX_BODY = 4 << 20
MAX_DOCUMENT = 8 << 20
# Of a series of another maker, in which each document may be another reader's.
MAX_OF_SERIES = 20
MAX_DOCUMENTS = 100
# Enhanced, Comprehensive, Comprehensive 3D, Extensible SR (PS3.4 table B.5-1).
_REPORTS = [f"1.2.840.10008.5.1.4.1.1.88.{suffix}" for suffix in ("22", "33", "34", "35")]

_STUDY: LiteralString = "SELECT t.hospital FROM archive.study t WHERE "
_PICTURES: LiteralString = """
SELECT i.sop_uid, i.sop_class, s.series_uid, i.frame_count
FROM archive.instance i JOIN archive.series s ON s.id = i.series_id
JOIN archive.study t ON t.id = s.study_id
WHERE t.study_uid = %(study)s AND i.sop_uid = ANY(%(instances)s) AND i.image
"""
# Each series' newest come first.
_REPORTS_OF_STUDY: LiteralString = (
    "t.study_uid = %(study)s AND i.sop_class = ANY(%(reports)s) AND i.size <= %(size)s"
    " AND (%(series)s = '' OR s.series_uid = %(series)s)"
    " ORDER BY s.id, i.received DESC, i.id DESC LIMIT 5000"
)


@dataclass(frozen=True, slots=True)
class Services:
    """What the service is made of that others are, too."""

    catalog: Catalog
    access: AccessLog
    authenticator: Authenticator
    store: Readable
    receiver: Receiver
    room: Room


class Measurements:
    """Reads and keeps the marks of a study. ``zone``: in whose time documents are dated."""

    def __init__(self, services: Services, base: str, zone: tzinfo) -> None:
        self._catalog, self._access = services.catalog, services.access
        self._authenticator = services.authenticator
        self._store = services.store
        self._receiver, self._room = services.receiver, services.room
        self._pending = Pending(services.receiver.spool)
        self._base = base
        self._zone = zone
        # What pydicom warns of would stand in the log, with the value that it warns of.
        pydicom_config.settings.reading_validation_mode = pydicom_config.IGNORE
        pydicom_config.settings.writing_validation_mode = pydicom_config.IGNORE
        # By author and study: what is saved builds upon what was saved before.
        self._saving: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def routes(self, prefix: str) -> list[Route]:
        address = f"{prefix}/studies/{{study}}/measurements"
        return [
            Route(address, self.get, methods=["GET"]),
            Route(address, self.put, methods=["PUT"]),
        ]

    async def clear_away(self) -> None:
        """Forget what waited for the archive, and is there."""
        await asyncio.to_thread(self._pending.clear_away)

    async def get(self, request: Request) -> ASGIApp:
        ticket, study = await self._admitted(request, "view")
        await self._hospital(ticket, study)
        found = await self._newest(study)
        await self._record(request, ticket, study, "metadata")
        mine = document.series_of(study, ticket.subject)
        answer = [_told(one, mine=one.series == mine, anonymous=ticket.anonymous) for one in found]
        return JSONResponse({"documents": answer})

    async def put(self, request: Request) -> ASGIApp:
        ticket, study = await self._admitted(request, "annotate")
        if ticket.anonymous:
            raise Problem(403, "permission_denied", "An anonymous ticket does not measure.")
        hospital = await self._hospital(ticket, study)
        try:
            wanted, base = await asyncio.to_thread(marks.parse, await _body(request))
        except MarksError as error:
            raise bad_request(str(error)) from error
        pictures = await self._pictures(study, wanted)
        await self._record(request, ticket, study, "annotate")
        series = document.series_of(study, ticket.subject)
        async with self._saving.setdefault(series, asyncio.Lock()):
            (before, *_) = [*await self._newest(study, series), None]
            if before is not None and before.marks == wanted:
                return _saved(before.instance, before.saved)
            if base != (before.instance if before else ""):
                raise Problem(
                    409, "conflict", "These measurements were saved elsewhere in the meantime."
                )
            await asyncio.to_thread(self._room.require)
            at = datetime.now(self._zone).replace(microsecond=0)
            made = document.make(
                study,
                await self._about(study),
                Author(ticket.subject, ticket.label),
                wanted,
                pictures,
                Before(before.instance, before.number) if before else Before(),
                at,
            )
            meta = FileMeta(
                str(made.SOPClassUID), str(made.SOPInstanceUID), EXPLICIT_LITTLE.uid,
                ticket.subject[:16], "", address_of(request),
            )  # fmt: skip
            await asyncio.to_thread(self._keep, hospital, study, meta, encoded(made))
        log.get().info("measurements_saved", study_uid=study, marks=len(wanted))
        return _saved(meta.sop_instance, at)

    def _keep(self, hospital: str, study: str, meta: FileMeta, content: bytes) -> None:
        """Have the document in the spool, durably; raise `Problem`."""
        intake = self._receiver.begin(hospital, meta, study)
        try:
            if intake.path:
                self._pending.announce(study, intake.path)
            intake.write([content])
            status, comment = intake.finish()
        except OSError as error:
            log.get().error("measurements_not_saved", error=error.strerror)
            raise unavailable("The measurements could not be saved.") from error
        finally:
            intake.discard()
        if status == OUT_OF_RESOURCES:
            raise Problem(507, "no_room", "The spool's disk has no room.")
        if status != SUCCESS:
            log.get().error("measurements_not_saved", status=f"{status:04X}", comment=comment)
            raise unavailable("The measurements could not be saved.")

    async def _admitted(self, request: Request, permission: str) -> tuple[Ticket, str]:
        ticket = await self._authenticator(request.headers.get("authorization", ""))
        ticket.require(permission)
        study = request.path_params["study"]
        if not is_uid(study):
            raise bad_request("The study in the address is no UID.")
        return ticket, study

    async def _record(self, request: Request, ticket: Ticket, study: str, action: str) -> None:
        await self._access.record(ticket, study, action, address_of(request))

    async def _hospital(self, ticket: Ticket, study: str) -> str:
        """Whose study it is; raise `Problem` 404 when *ticket* does not cover it."""
        condition = scope(ticket)
        condition.add("t.study_uid = %(study)s", study=study)
        rows = await self._catalog.rows(_STUDY + condition.where(), condition.parameters)
        if not rows:
            raise not_found()
        return str(rows[0]["hospital"])

    async def _pictures(self, study: str, wanted: Sequence[Mark]) -> dict[str, Picture]:
        """What *wanted* lies on; raise `Problem` 400 when that is no picture of the study."""
        instances = sorted({mark.instance for mark in wanted})
        rows = await self._catalog.rows(_PICTURES, {"study": study, "instances": instances})
        found = {
            row["sop_uid"]: Picture(
                row["series_uid"], row["sop_uid"], row["sop_class"], row["frame_count"]
            )
            for row in rows
        }
        for at, mark in enumerate(wanted):
            if mark.instance not in found:
                raise bad_request(f"marks[{at}].instance is no picture of this study.")
            if mark.frame > found[mark.instance].frames:
                raise bad_request(f"marks[{at}].frame is not in the picture.")
        return found

    async def _about(self, study: str) -> dict[str, str]:
        """What the study's first picture says of patient and study, by keyword."""
        query = LOCATED + "t.study_uid = %(study)s AND i.image" + ORDER + " LIMIT 1"
        rows = await self._catalog.rows(query, {"study": study})
        if not rows:
            raise not_found()
        said = await asyncio.to_thread(
            instance_json, self._store, Located(**rows[0]), self._base, anon=False
        )
        return {keyword: first_value(said, keyword) for keyword in FROM_STUDY}

    async def _newest(self, study: str, series: str = "") -> list[Document]:
        """The newest document of each author, or of the one whose *series* it is."""
        # First what waits: what is archived between the two questions is then in the index.
        waiting = await asyncio.to_thread(self._pending.read, study)
        parameters = {"study": study, "reports": _REPORTS, "size": MAX_DOCUMENT, "series": series}
        query = LOCATED + _REPORTS_OF_STUDY
        rows = await self._catalog.rows(query, parameters)
        return await asyncio.to_thread(self._read, waiting, rows, series)

    def _read(
        self, waiting: Sequence[bytes], rows: Sequence[DictRow], series: str
    ) -> list[Document]:
        found: dict[tuple[str, str], Document] = {}
        for content in waiting:
            one = self._parsed(content)
            if one is not None and series in ("", one.series):
                found.setdefault(_author(one), one)
        for _series, group in groupby(rows, key=itemgetter("series")):
            for row in islice(group, MAX_OF_SERIES):
                one = self._parsed(self._store.read(row["key"], 0, row["size"]))
                if one is not None:
                    found.setdefault(_author(one), one)
                    if one.is_own:
                        break
        return list(found.values())[:MAX_DOCUMENTS]

    def _parsed(self, content: bytes) -> Document | None:
        try:
            return reading.read(content, self._zone)
        except Exception as error:  # noqa: BLE001 - of no maker's report may the others be lost
            log.get().warning("report_not_understood", error=type(error).__name__)
            return None


def _author(one: Document) -> tuple[str, str]:
    return one.series, "" if one.is_own else one.author


def _told(one: Document, *, mine: bool, anonymous: bool) -> dict[str, Any]:
    """A document as the viewer gets it; under an anonymous ticket without whose words it holds."""
    if anonymous:
        shown = [replace(mark, text="") for mark in one.marks if mark.kind != "text"]
        return {"document": "", "author": "", "mine": False, "saved": None,
                "marks": [mark.json() for mark in shown]}  # fmt: skip
    return {
        "document": one.instance,
        "author": one.author,
        "mine": mine,
        "saved": _time(one.saved),
        "marks": [mark.json() for mark in one.marks],
    }


def _saved(instance: str, at: datetime | None) -> Response:
    return JSONResponse({"document": instance, "saved": _time(at)})


def _time(at: datetime | None) -> str | None:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


async def _body(request: Request) -> bytes:
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise Problem(415, "bad_request", "Content-Type must be application/json.")
    body = bytearray()
    try:
        async for piece in in_time(request):
            body += piece
            if len(body) > MAX_BODY:
                raise Problem(413, "bad_request", "The measurements are larger than 4 MiB.")
    except (ClientDisconnect, TimeoutError) as error:
        raise Problem(408, "bad_request", "The body ended early.") from error
    return bytes(body)
