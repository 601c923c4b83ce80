"""The ASGI application: addresses, headers that every answer carries, limits on every request."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from zoneinfo import ZoneInfo

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dicom_node.config import Config
from dicom_node.dataset.elements import UnreadableError
from dicom_node.dimse.receive import Receiver
from dicom_node.spool.quarantine import Quarantine
from dicom_node.spool.spool import Spool
from dicom_node.store import stores
from dicom_node.web import catalog, failures
from dicom_node.web.auth import Authenticator
from dicom_node.web.measurements import Measurements, Services
from dicom_node.web.problem import Problem
from dicom_node.web.render import Renderer
from dicom_node.web.room import Room
from dicom_node.web.service import Service
from dicom_node.web.stow import Stow
from dicom_node.web.uploads import Uploads

PREFIX = "/dicom-web"
MAX_HEADERS = 80 * 1024
MAX_TARGET = 16 * 1024
POOL_SIZE = 8

_HEADERS = {
    # The viewer keeps nothing beyond its tab, and a revoked share must not live on in a cache.
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_VARY = "Authorization, Accept, Accept-Encoding, Origin"


class Edge:
    """Limits, security headers and CORS around the application."""

    def __init__(self, app: ASGIApp, origin: str) -> None:
        self.app = app
        self.origin = origin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        admitted = headers.get("origin") == self.origin

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add(MutableHeaders(scope=message), admitted=admitted)
            await send(message)

        answer = self._refusal(scope) or (
            self._preflight(admitted=admitted) if scope["method"] == "OPTIONS" else self.app
        )
        await answer(scope, receive, send_with_headers)

    def _add(self, headers: MutableHeaders, *, admitted: bool) -> None:
        for name, value in _HEADERS.items():
            headers[name] = value
        headers["Vary"] = _VARY
        if admitted:
            headers["Access-Control-Allow-Origin"] = self.origin
            headers["Access-Control-Expose-Headers"] = "Content-Type, Warning, WWW-Authenticate"
            headers["Cross-Origin-Resource-Policy"] = "cross-origin"

    def _refusal(self, scope: Scope) -> ASGIApp | None:
        size = sum(len(name) + len(value) for name, value in scope["headers"])
        if size > MAX_HEADERS:
            return failures.response(
                Problem(431, "bad_request", "The request headers are too long.")
            )
        if len(scope["query_string"]) + len(scope["path"]) > MAX_TARGET:
            return failures.response(Problem(414, "bad_request", "The address is too long."))
        return None

    def _preflight(self, *, admitted: bool) -> ASGIApp:
        headers = {"Allow": "GET, HEAD, OPTIONS"}
        if admitted:
            headers["Access-Control-Allow-Methods"] = "GET, HEAD, OPTIONS"
            headers["Access-Control-Allow-Headers"] = "Authorization, Accept"
            headers["Access-Control-Max-Age"] = "600"
        return Response(status_code=204, headers=headers)


def create(config: Config) -> Starlette:
    """The application, not yet connected to anything; it starts whatever is away."""
    pool = catalog.connections(config.index.dsn, POOL_SIZE)
    authenticator = Authenticator(config.tickets.public_key_file, config.redis.url)
    renderer = Renderer(config.web)
    store = stores.FollowingStores(config)
    service = Service(config, store, pool, authenticator, renderer)
    spool = Spool(config.spool.path)
    room = Room(spool, config.portal.cache_file)
    limit = config.dicom.max_instance
    uploads = Uploads(spool, room, pool, authenticator, limit)
    receiver = Receiver(spool, Quarantine(config.quarantine.path))
    stow = Stow(receiver, room, authenticator, limit, config.web.max_pixels, service.base)
    measurements = Measurements(
        Services(service.catalog, service.access, authenticator, store, receiver, room),
        service.base,
        ZoneInfo(config.archive.time_zone),
    )

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await pool.open(wait=False)
        renderer.warm_up()
        clearing = asyncio.create_task(uploads.clear_away())
        await measurements.clear_away()
        yield
        clearing.cancel()
        renderer.close()
        await authenticator.revocations.close()
        await pool.close(timeout=1)

    return Starlette(
        routes=[
            *routes(service),
            *uploads.routes(PREFIX),
            *stow.routes(PREFIX),
            *measurements.routes(PREFIX),
        ],
        middleware=[Middleware(Edge, origin=config.web.origin)],
        exception_handlers={
            Problem: failures.handle,
            UnreadableError: failures.handle_unreadable,
            OSError: failures.handle_unreadable,
            404: failures.handle_no_route,
            405: failures.handle_method,
        },
        lifespan=lifespan,
    )


def routes(service: Service) -> list[Route]:
    study, series = f"{PREFIX}/studies/{{study}}", "/series/{series}"
    instance = f"{study}{series}/instances/{{sop}}"
    table = [
        (f"{PREFIX}/healthz", healthz),
        ("/frames/ticket", service.ticket),
        ("/frames/studies/{study}/series/{series}", service.places),
        (f"{PREFIX}/wado", service.uri),
        (f"{PREFIX}/studies", service.search),
        (f"{PREFIX}/series", service.search),
        (f"{PREFIX}/instances", service.search),
        (f"{study}/series", service.search),
        (f"{study}/instances", service.search),
        (f"{study}{series}/instances", service.search),
        (f"{study}/overview", service.overview),
        (f"{study}/metadata", service.metadata),
        (f"{study}{series}/metadata", service.metadata),
        (f"{instance}/metadata", service.metadata),
        (f"{study}/thumbnail", service.thumbnail),
        (f"{study}{series}/thumbnail", service.thumbnail),
        (f"{instance}/thumbnail", service.thumbnail),
        (f"{study}/rendered", service.album),
        (f"{study}{series}/rendered", service.album),
        (f"{instance}/rendered", service.rendered),
        (f"{instance}/frames/{{frames}}/rendered", service.rendered),
        (f"{instance}/frames/{{frames}}", service.frames),
        (f"{instance}/bulkdata/{{path:path}}", service.bulk),
        (study, service.instances),
        (f"{study}{series}", service.instances),
        (instance, service.instances),
    ]
    return [Route(path, endpoint, methods=["GET"]) for path, endpoint in table]


async def healthz(_request: Request) -> Response:
    """Alive; says nothing about anything else."""
    return JSONResponse({"status": "ok"})
