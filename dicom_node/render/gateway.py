"""Where readers connect: one WebSocket a session, before workers that draw."""

import asyncio
import http
import itertools
import json
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response
from websockets.typing import Origin

from dicom_node import log
from dicom_node.archive.located import Located
from dicom_node.config import Config
from dicom_node.render.admission import Admission
from dicom_node.render.cache import DESCRIPTION, Volumes
from dicom_node.render.client import Client
from dicom_node.render.crew import Crew
from dicom_node.render.loader import Job, Loaders, Outcome, Progress
from dicom_node.render.request import MAX_MESSAGE
from dicom_node.render.saving import Savings
from dicom_node.web import catalog
from dicom_node.web.access import AccessLog
from dicom_node.web.auth import Authenticator
from dicom_node.web.catalog import Catalog

PREFIX = "/render"
# Seconds: a reader that is not there any more is noticed after their sum.
PING, PONG = 10, 15
MOST_CONNECTIONS = 512
_POOL_SIZE = 4


class Gateway:
    """What the sessions share."""

    def __init__(self, config: Config) -> None:
        settings = config.render
        self._config = config
        self._pool = catalog.connections(config.index.dsn, _POOL_SIZE)
        count = settings.workers or os.cpu_count() or 1
        self.catalog = Catalog(self._pool)
        self.access = AccessLog(self._pool)
        self.authenticator = Authenticator(config.tickets.public_key_file, config.redis.url)
        self.admission = Admission(settings.sessions, settings.reserve)
        self.volumes = Volumes(config.store.path, settings.cache_size)
        self.crew = Crew(count, settings.memory, self._lost)
        self._count = count
        self._loaders: Loaders | None = None
        self._clients: dict[int, Client] = {}
        self._numbers = itertools.count(1)
        self.savings = Savings(self, config, count)

    def report(self) -> dict[str, Any]:
        """What the portal is told."""
        return {"sessions": self.admission.inside, "waiting": self.admission.waiting}

    async def serve(self, until: asyncio.Event) -> None:
        """Serve until the event is set."""
        # Below, it writes what is said, and so tickets.
        logging.getLogger("websockets").setLevel(logging.WARNING)
        await self._pool.open(wait=False)
        self.volumes.clear()
        self.savings.go_on()
        self._loaders = Loaders(self._config, self._count)
        self.crew.start()
        settings = self._config.render
        try:
            async with self._listen(settings.host, settings.port):
                log.get().info("listening", port=settings.port, workers=self._count)
                await until.wait()
        finally:
            await self.savings.close()
            await self.crew.close()
            self._loaders.close()
            await self.authenticator.revocations.close()
            await self._pool.close(timeout=1)

    def _listen(self, host: str, port: int) -> Any:
        return serve(
            self._handle,
            host,
            port,
            # Programs send no Origin; a page must be ours.
            origins=[Origin(self._config.web.origin), None],
            process_request=_before,
            compression=None,
            server_header=None,
            open_timeout=10,
            ping_interval=PING,
            ping_timeout=PONG,
            close_timeout=2,
            max_size=MAX_MESSAGE,
            max_queue=16,
        )

    async def _handle(self, connection: ServerConnection) -> None:
        if len(self._clients) >= MOST_CONNECTIONS:
            await connection.close(1013)
            return
        number = self.next_number()
        client = self._clients[number] = Client(self, connection, number, _address(connection))
        try:
            await client.run()
        finally:
            del self._clients[number]

    def next_number(self) -> int:
        """Of a session at a worker."""
        return next(self._numbers)

    def _lost(self, session: int) -> None:
        client = self._clients.get(session)
        if client is not None:
            client.lost()

    async def volume(
        self, instances: Sequence[Located], every: int, progress: Progress
    ) -> tuple[Outcome, dict[str, Any] | None]:
        """Have the volume of a series; what it says of itself, or None and why."""
        place = self.volumes.place(instances, every)
        outcome = Outcome()
        if not await asyncio.to_thread(self.volumes.has, place):
            if self._loaders is None:
                return Outcome(error="not started"), None
            outcome = await self._loaders.make(Job(instances, place, every), progress)
        if outcome.refused:
            return outcome, None
        if outcome.error:
            log.get().error("volume_not_made", error=outcome.error)
            return outcome, None
        return outcome, await asyncio.to_thread(_description, place)


def _description(place: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads((place / DESCRIPTION).read_bytes())
    except (OSError, ValueError):
        return None
    return found


def _address(connection: ServerConnection) -> str:
    """Whose session it is, as the web server before us says."""
    forwarded = connection.request.headers.get("X-Forwarded-For", "") if connection.request else ""
    peer = connection.remote_address
    return forwarded.rpartition(",")[2].strip()[:64] or (peer[0] if peer else "")


def _before(_connection: ServerConnection, request: Request) -> Response | None:
    path = request.path.partition("?")[0].rstrip("/")
    if path == PREFIX:
        return None
    if path == f"{PREFIX}/healthz":
        return _answer(http.HTTPStatus.OK, {"status": "ok"})
    return _answer(http.HTTPStatus.NOT_FOUND, {"error": "not_found"})


def _answer(status: http.HTTPStatus, document: dict[str, str]) -> Response:
    body = json.dumps(document).encode()
    headers = Headers(
        {
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "Cache-Control": "no-store",
            "Connection": "close",
        }
    )
    return Response(status, status.phrase, headers, body)
