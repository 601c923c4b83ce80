"""The workers as the gateway sees them: which study is whose, and what happens when one is lost."""

import asyncio
import contextlib
import multiprocessing
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dicom_node import log
from dicom_node.render import worker
from dicom_node.render.link import packed, received

# Seconds without a sign of life: nothing that a worker does at once takes so long.
SILENCE = 20.0
# A volume whose worker was lost so often within so many seconds is not drawn again.
_LOST, _WITHIN = 3, 120.0
_PAUSE = 0.5

Listener = Callable[[dict[str, Any], bytes], None]


class Worker:
    """One process, started anew whenever it ends."""

    def __init__(self, memory: int, lost: Callable[["Worker"], None]) -> None:
        self._memory = memory
        self._lost = lost
        self._writer: asyncio.StreamWriter | None = None
        self._process: Any = None
        self.listeners: dict[int, Listener] = {}
        self._heard = time.monotonic()
        self.ready = False

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def send(self, document: dict[str, Any]) -> None:
        """Lost without a word when the process is: the session is told that."""
        if self._writer is not None:
            self._writer.write(packed(document))

    async def keep(self) -> None:
        """Run until cancelled."""
        try:
            while True:
                await self._run()
                log.get().error("worker_lost", sessions=len(self.listeners))
                self._lost(self)
                await asyncio.sleep(_PAUSE)
        finally:
            self._end()

    async def _run(self) -> None:
        ours, theirs = socket.socketpair()
        context = multiprocessing.get_context("spawn")
        self._process = context.Process(
            target=worker.main, args=(theirs, self._memory), daemon=True
        )
        self._process.start()
        theirs.close()
        reader, self._writer = await asyncio.open_connection(sock=ours)
        self._heard = time.monotonic()
        watching = asyncio.create_task(self._watch())
        try:
            while True:
                message, body = await received(reader)
                self._heard = time.monotonic()
                self._dispatch(message, body)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            watching.cancel()
            self._end()

    def _dispatch(self, message: dict[str, Any], body: bytes) -> None:
        if message["is"] == "ready":
            self.ready = True
            for each in list(self.listeners.values()):
                each(message, b"")
            return
        listener = self.listeners.get(message.get("session", -1))
        if listener is not None:
            listener(message, body)

    async def _watch(self) -> None:
        """End a process that gives no sign of life."""
        while True:
            await asyncio.sleep(1)
            if time.monotonic() - self._heard > SILENCE:
                self._process.kill()

    def _end(self) -> None:
        self.ready = False
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        if self._process is not None:
            with contextlib.suppress(ValueError):
                self._process.kill()
                self._process.join()


class Crew:
    """All workers. A volume is drawn by one of them, as long as somebody looks at it."""

    def __init__(self, count: int, memory: int, lost: Callable[[int], None]) -> None:
        """*lost* hears the number of each session whose worker was lost."""
        self._tell = lost
        self.workers = [Worker(memory, self._on_lost) for _ in range(count)]
        self._tasks: list[asyncio.Task[None]] = []
        self._of: dict[Path, Worker] = {}
        self._users: dict[int, Path] = {}
        self._losses: dict[Path, list[float]] = {}

    def start(self) -> None:
        self._tasks = [asyncio.create_task(one.keep()) for one in self.workers]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def assign(self, session: int, place: Path, listener: Listener) -> Worker:
        """The worker of a volume, whoever has fewest sessions when nobody draws it yet."""
        chosen = self._of.get(place)
        if chosen is None:
            chosen = self._of[place] = min(self.workers, key=lambda one: len(one.listeners))
        chosen.listeners[session] = listener
        self._users[session] = place
        return chosen

    def release(self, session: int) -> None:
        place = self._users.pop(session, None)
        if place is None:
            return
        owner = self._of[place]
        owner.listeners.pop(session, None)
        owner.send({"do": "close", "session": session})
        if place not in self._users.values():
            del self._of[place]

    def is_deadly(self, place: Path) -> bool:
        """Whether workers are lost over this volume again and again."""
        return len(self._recent(place)) >= _LOST

    def _recent(self, place: Path) -> list[float]:
        since = time.monotonic() - _WITHIN
        return [at for at in self._losses.get(place, []) if at > since]

    def _on_lost(self, lost: Worker) -> None:
        now = time.monotonic()
        for place, owner in self._of.items():
            if owner is lost:
                self._losses[place] = [*self._recent(place), now]
        for session in list(lost.listeners):
            self._tell(session)
