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
# Until the first: a machine that starts everything at once is slow.
STARTING = 120.0
# A volume whose worker was lost so often within so many seconds is not drawn again.
_LOST, _WITHIN = 3, 120.0
# Seconds: between two starts of a process that ends at once, and until the next spare one is
# started, so that it does not slow down what the last one is needed for.
_PAUSE, _LATER = 0.5, 5.0

Listener = Callable[[dict[str, Any], bytes], None]


class Spare:
    """A process that has everything imported, which takes seconds, for when one is lost."""

    def __init__(self, memory: int) -> None:
        self._memory = memory
        self._kept: tuple[Any, socket.socket] | None = None

    def take(self) -> tuple[Any, socket.socket]:
        """A process, and our end of its line."""
        asyncio.get_running_loop().call_later(_LATER, self._keep)
        kept, self._kept = self._kept, None
        if kept is not None and kept[0].is_alive():
            return kept
        return self._start()

    def _keep(self) -> None:
        if self._kept is None:
            self._kept = self._start()

    def _start(self) -> tuple[Any, socket.socket]:
        ours, theirs = socket.socketpair()
        context = multiprocessing.get_context("spawn")
        process = context.Process(target=worker.main, args=(theirs, self._memory), daemon=True)
        process.start()
        theirs.close()
        return process, ours

    def close(self) -> None:
        if self._kept is not None:
            self._kept[0].kill()
            self._kept[0].join()


class Worker:
    """One process, replaced whenever it ends."""

    def __init__(self, spare: Spare, lost: Callable[["Worker"], None]) -> None:
        self._spare = spare
        self._lost = lost
        self._writer: asyncio.StreamWriter | None = None
        self._process: Any = None
        self.listeners: dict[int, Listener] = {}
        self._heard = time.monotonic()
        self.ready = False

    def send(self, document: dict[str, Any]) -> None:
        """Lost without a word when the process is: the session is told that."""
        if self._writer is not None:
            self._writer.write(packed(document))

    async def keep(self) -> None:
        """Run until cancelled."""
        try:
            while True:
                begin = time.monotonic()
                await self._run()
                log.get().error("worker_lost", sessions=len(self.listeners))
                self._lost(self)
                await asyncio.sleep(max(0.0, begin + _PAUSE - time.monotonic()))
        finally:
            self._end()

    async def _run(self) -> None:
        self._process, ours = self._spare.take()
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
            if time.monotonic() - self._heard > (SILENCE if self.ready else STARTING):
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
        self._spare = Spare(memory)
        self.workers = [Worker(self._spare, self._on_lost) for _ in range(count)]
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
        self._spare.close()

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
