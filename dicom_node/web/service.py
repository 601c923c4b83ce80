"""The addresses of the DICOMweb service, each a few lines between a ticket and an answer."""

import asyncio
import gzip
import json
import re
from typing import Any

from psycopg_pool import AsyncConnectionPool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp

from dicom_node.archive.located import Located
from dicom_node.config import Config
from dicom_node.dataset.elements import PIXEL_DATA
from dicom_node.dataset.uid import is_uid
from dicom_node.store.base import Readable
from dicom_node.web import (
    accept,
    bulk,
    fileset,
    htj2k,
    metadata,
    pictures,
    places,
    qido,
    query,
    uri,
    video,
    wado,
)
from dicom_node.web.access import AccessLog, address_of
from dicom_node.web.auth import Authenticator
from dicom_node.web.catalog import Catalog
from dicom_node.web.derived import Derived
from dicom_node.web.overview import overview
from dicom_node.web.pictures import Pictures
from dicom_node.web.problem import bad_request, not_found, unsupported, withheld
from dicom_node.web.render import Renderer, options
from dicom_node.web.ticket import Ticket

DICOM_JSON = "application/dicom+json"
_GZIP_FROM = 1024


class Service:
    """One method an address; what they need is given once."""

    def __init__(
        self,
        config: Config,
        store: Readable,
        pool: AsyncConnectionPool,
        authenticator: Authenticator,
        renderer: Renderer,
    ) -> None:
        self.store = store
        self.catalog = Catalog(pool)
        self.access = AccessLog(pool)
        self.authenticator = authenticator
        self.derived = Derived(config.store.path)
        self.base = f"{config.web.origin}/dicom-web"
        self.pictures = Pictures(config.web, store, self.derived, renderer, self.base)

    async def _ticket(self, request: Request, permission: str) -> Ticket:
        ticket = await self.authenticator(request.headers.get("authorization", ""))
        ticket.require(permission)
        return ticket

    async def _record(self, request: Request, ticket: Ticket, study: str, action: str) -> None:
        await self.access.record(ticket, study, action, address_of(request))

    async def _located(self, request: Request, ticket: Ticket) -> list[Located]:
        uids = {name: _uid(request, name) for name in request.path_params if name in _UID_NAMES}
        return await self.catalog.located(ticket, **uids)

    async def search(self, request: Request) -> ASGIApp:
        ticket = await self._ticket(request, "view")
        level = request.url.path.rstrip("/").rsplit("/", 1)[1]
        parsed = query.parse(level, request.query_params.multi_items(), ticket)
        if "study" in request.path_params:
            parsed.condition.add("t.study_uid = %(in_study)s", in_study=_uid(request, "study"))
        if "series" in request.path_params:
            parsed.condition.add("s.series_uid = %(in_series)s", in_series=_uid(request, "series"))
        found, more = await qido.search(self.catalog, ticket, level, parsed, self.base)
        # A study that the ticket does not reach is not named in its hospital's log.
        study = request.path_params.get("study", "") if found else ""
        await self._record(request, ticket, study, "search")
        headers = {}
        if parsed.ignored:
            names = ", ".join(sorted(set(parsed.ignored)))
            headers["Warning"] = f'299 yunying "The following were not matched: {names}"'
        elif more:
            headers["Warning"] = '299 yunying "There are more results; ask with offset."'
        return _json(request, found, DICOM_JSON, headers)

    async def overview(self, request: Request) -> ASGIApp:
        ticket = await self._ticket(request, "view")
        study = _uid(request, "study")
        found = await overview(self.catalog, ticket, study)
        await self._record(request, ticket, study, "metadata")
        return _json(request, found, "application/json", {})

    async def metadata(self, request: Request) -> ASGIApp:
        ticket = await self._ticket(request, "view")
        found = await self._located(request, ticket)
        if accept.best(request.headers.get("accept", ""), (DICOM_JSON, "application/json")) is None:
            raise unsupported("Metadata is served as application/dicom+json only.")
        await self._record(request, ticket, found[0].study, "metadata")
        if "sop" in request.path_params:
            one = await asyncio.to_thread(
                metadata.instance_json, self.store, found[0], self.base, anon=ticket.anonymous
            )
            return _json(request, [one], DICOM_JSON, {})
        groups: dict[str, list[Located]] = {}
        for instance in found:
            groups.setdefault(instance.series, []).append(instance)
        documents = [
            await asyncio.to_thread(
                metadata.series_json,
                self.store, self.derived, group, self.base, anon=ticket.anonymous,
            )
            for group in groups.values()
        ]  # fmt: skip
        if len(documents) == 1 and _accepts_gzip(request):
            return Response(
                documents[0], media_type=DICOM_JSON, headers={"Content-Encoding": "gzip"}
            )
        arrays = [gzip.decompress(document)[1:-1] for document in documents]
        return _bytes(request, b"[" + b",".join(arrays) + b"]", DICOM_JSON, {})

    async def frames(self, request: Request) -> ASGIApp:
        ticket = await self._ticket(request, "view")
        numbers = wado.frame_numbers(request.path_params["frames"])
        instance = (await self._located(request, ticket))[0]
        return await self._frames(request, ticket, instance, numbers)

    async def _frames(
        self, request: Request, ticket: Ticket, instance: Located, numbers: list[int]
    ) -> ASGIApp:
        if not instance.frames:
            raise pictures.not_an_image()
        header = request.headers.get("accept", "")
        if htj2k.asked_for(header):
            (instance,) = await asyncio.to_thread(htj2k.of, self.derived, [instance])
        answer = await wado.frames(
            self.store, instance, numbers, header, self.base, anon=ticket.anonymous
        )
        await self._record(request, ticket, instance.study, "frames")
        return answer

    async def ticket(self, request: Request) -> ASGIApp:
        """204 when the ticket admits to view now; for the web server before us."""
        await self._ticket(request, "view")
        return Response(status_code=204)

    async def places(self, request: Request) -> ASGIApp:
        """Where the frames of a series lie; for the web server before us."""
        ticket = await self._ticket(request, "view")
        found = await self._located(request, ticket)
        if "htj2k" in request.query_params:
            found = await asyncio.to_thread(htj2k.of, self.derived, found)
        text = await asyncio.to_thread("".join, places.lines(found, anon=ticket.anonymous))
        await self._record(request, ticket, found[0].study, "frames")
        return PlainTextResponse(text)

    async def instances(self, request: Request) -> ASGIApp:
        ticket = await self._ticket(request, "download")
        found = await self._located(request, ticket)
        header = request.headers.get("accept", "")
        if accept.best(header, (wado.DICOM, fileset.ZIP)) == fileset.ZIP:
            if request.method == "HEAD":
                return Response(headers=fileset.headers(found), media_type=fileset.ZIP)
            archive = await fileset.answer(self.store, self.catalog, found, anon=ticket.anonymous)
            await self._record(request, ticket, found[0].study, "instance")
            return archive
        return await self._whole(request, ticket, found, header)

    async def _whole(
        self, request: Request, ticket: Ticket, found: list[Located], header: str
    ) -> ASGIApp:
        answer = await wado.instances(self.store, found, header, self.base, anon=ticket.anonymous)
        await self._record(request, ticket, found[0].study, "instance")
        return answer

    async def bulk(self, request: Request) -> ASGIApp:
        ticket = await self._ticket(request, "view")
        path = bulk.parse_path(request.path_params["path"])
        instance = (await self._located(request, ticket))[0]
        if path == [PIXEL_DATA]:
            numbers = list(range(1, instance.frames + 1))
            return await self._frames(request, ticket, instance, numbers)
        if ticket.anonymous:
            raise not_found()
        pieces = await asyncio.to_thread(bulk.value, self.store, instance, path)
        await self._record(request, ticket, instance.study, "metadata")
        return bulk.answer(self.store, pieces, request.headers.get("accept", ""))

    async def rendered(self, request: Request) -> ASGIApp:
        ticket = await self._ticket(request, "view")
        numbers = wado.frame_numbers(request.path_params.get("frames", "1"))
        if len(numbers) != 1:
            raise bad_request("Only one frame is rendered at a time.")
        instance = (await self._located(request, ticket))[0]
        if video.is_video(instance):
            return await self._video(request, ticket, instance)
        return await self._drawn(request, ticket, instance, numbers[0], thumbnail=False)

    async def _video(self, request: Request, ticket: Ticket, instance: Located) -> ASGIApp:
        if ticket.anonymous:
            # Names may be in its pictures and in its sound, and nothing looks there.
            raise withheld()
        answer = await video.answer(
            self.store,
            instance,
            request.headers.get("accept", ""),
            request.headers.get("range", ""),
        )
        await self._record(request, ticket, instance.study, "rendered")
        return answer

    async def album(self, request: Request) -> ASGIApp:
        ticket = await self._ticket(request, "view")
        found = await self._located(request, ticket)
        kind = pictures.media_type(request.headers.get("accept", ""))
        answer = await self.pictures.album(found, kind, request.query_params)
        await self._record(request, ticket, found[0].study, "rendered")
        return answer

    async def thumbnail(self, request: Request) -> ASGIApp:
        ticket = await self._ticket(request, "view")
        found = await self._located(request, ticket)
        images = [instance for instance in found if instance.image]
        if not images:
            raise pictures.not_an_image()
        series = [instance for instance in images if instance.series == images[0].series]
        instance = series[len(series) // 2]
        frame = 1 + instance.frames // 2 if instance.frames > 1 else 1
        return await self._drawn(request, ticket, instance, frame, thumbnail=True)

    async def _drawn(
        self, request: Request, ticket: Ticket, instance: Located, frame: int, *, thumbnail: bool
    ) -> ASGIApp:
        kind = pictures.media_type(request.headers.get("accept", ""))
        drawing = options(
            await self.pictures.drawing(instance, frame, kind),
            request.query_params,
            thumbnail=thumbnail,
        )
        await self._record(request, ticket, instance.study, "rendered")
        keep = thumbnail and not request.url.query
        return await self.pictures.answer(instance, drawing, keep=keep)

    async def uri(self, request: Request) -> ASGIApp:
        """WADO-URI: what is answered, and so which right it takes, is in the query."""
        ticket = await self.authenticator(request.headers.get("authorization", ""))
        if "download" not in ticket.permissions:
            ticket.require("view")
        asked = uri.parse(request.query_params.multi_items())
        found = await self.catalog.located(ticket, asked.study, asked.series, asked.sop)
        instance = found[0]
        kind = asked.media_type(request.headers.get("accept", ""), instance)
        if kind == wado.DICOM:
            ticket.require("download")
            return await self._whole(request, ticket, found, asked.accepted)
        ticket.require("view")
        drawing = await self.pictures.drawing(instance, asked.frame_of(instance), kind)
        await self._record(request, ticket, instance.study, "rendered")
        return await self.pictures.answer(instance, asked.described(drawing))


_UID_NAMES = frozenset(("study", "series", "sop"))


def _uid(request: Request, name: str) -> str:
    value: str = request.path_params[name]
    if not is_uid(value):
        raise bad_request(f"The {name} in the address is no UID.")
    return value


def _accepts_gzip(request: Request) -> bool:
    header = request.headers.get("accept-encoding", "")
    return re.search(r"\bgzip\b(?!\s*;\s*q=0(?:\.0*)?(?:,|$))", header) is not None


def _json(request: Request, document: Any, media_type: str, headers: dict[str, str]) -> Response:
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return _bytes(request, text.encode("utf-8", "replace"), media_type, headers)


def _bytes(request: Request, body: bytes, media_type: str, headers: dict[str, str]) -> Response:
    if len(body) >= _GZIP_FROM and _accepts_gzip(request):
        body, headers = gzip.compress(body, 1), headers | {"Content-Encoding": "gzip"}
    return Response(body, media_type=media_type, headers=headers)
