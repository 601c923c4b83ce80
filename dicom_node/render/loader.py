"""Processes that make volumes of stored series: decoders meet hostile data there.

They may crash, hang or eat memory without harm to anyone else.
"""

import asyncio
import multiprocessing
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from dicom_node import log
from dicom_node.archive.located import Located
from dicom_node.config import Config
from dicom_node.dataset.elements import UnreadableError
from dicom_node.render.bounds import bound
from dicom_node.render.cache import Volumes
from dicom_node.render.plan import RefusedError

# Seconds without a slice before a loader is taken for lost: the slowest decoders need one for each.
SILENCE = 60
_TOLD = 0.1

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Job:
    instances: Sequence[Located]
    place: Path
    every: int


@dataclass(frozen=True)
class Outcome:
    """``refused``: of `RefusedError`, empty when the volume is there."""

    refused: str = ""
    every: int = 1
    error: str = ""


def main(line: Connection, config: Config, memory: int) -> None:
    """Make what is asked for until the gateway has gone."""
    bound(memory)
    # Imported before the first volume is asked for.
    from dicom_node.render.volume import build  # noqa: PLC0415
    from dicom_node.store.stores import FollowingStores  # noqa: PLC0415

    store = FollowingStores(config)
    volumes = Volumes(config.store.path, config.render.cache_size)
    while True:
        try:
            job: Job = line.recv()
        except EOFError:
            return
        try:
            with volumes.making(job.place) as directory:
                build(
                    store, job.instances, directory, job.every, config.render.max_voxels,
                    lambda done, total: line.send((done, total)),
                )  # fmt: skip
            volumes.bound(but=job.place)
            outcome = Outcome()
        except RefusedError as refusal:
            outcome = Outcome(refusal.reason, refusal.every)
        except (OSError, UnreadableError, MemoryError) as error:
            outcome = Outcome(error=f"{type(error).__name__}: {str(error)[:200]}")
        line.send(outcome)


class _Loader:
    def __init__(self, config: Config) -> None:
        context = multiprocessing.get_context("spawn")
        self.line, theirs = context.Pipe()
        self.process = context.Process(
            target=main, args=(theirs, config, config.render.memory), daemon=True
        )
        self.process.start()
        theirs.close()

    def drive(self, job: Job, tell: Progress) -> Outcome:
        """Runs in a thread; raises EOFError when the process is lost."""
        self.line.send(job)
        while self.line.poll(SILENCE):
            answer = self.line.recv()
            if isinstance(answer, Outcome):
                return answer
            tell(*answer)
        raise EOFError

    def end(self) -> None:
        self.process.kill()
        self.process.join()
        self.line.close()


class Loaders:
    """So many loaders as there are cores; the same volume is made once for all who ask."""

    def __init__(self, config: Config, count: int) -> None:
        self._config = config
        self._all = [_Loader(config) for _ in range(count)]
        self._free: asyncio.Queue[_Loader] = asyncio.Queue()
        for loader in self._all:
            self._free.put_nowait(loader)
        self._running: dict[Path, tuple[asyncio.Task[Outcome], list[Progress]]] = {}

    async def make(self, job: Job, progress: Progress) -> Outcome:
        """Return when the volume is there, or why not; *progress* hears slices done and all."""
        if job.place not in self._running:
            task = asyncio.create_task(self._make(job))
            self._running[job.place] = task, []
        task, listeners = self._running[job.place]
        listeners.append(progress)
        try:
            return await asyncio.shield(task)
        finally:
            listeners.remove(progress)

    async def _make(self, job: Job) -> Outcome:
        loader = await self._free.get()
        loop = asyncio.get_running_loop()

        def tell(done: int, total: int) -> None:
            loop.call_soon_threadsafe(self._tell, job.place, done, total)

        try:
            return await asyncio.to_thread(loader.drive, job, tell)
        except (EOFError, OSError):
            log.get().error("loader_lost", study=job.instances[0].study)
            self._all.remove(loader)
            loader.end()
            loader = _Loader(self._config)
            self._all.append(loader)
            return Outcome(refused="undecodable")
        finally:
            self._running.pop(job.place, None)
            self._free.put_nowait(loader)

    def _tell(self, place: Path, done: int, total: int) -> None:
        _task, listeners = self._running.get(place, (None, []))
        for listener in listeners:
            listener(done, total)

    def close(self) -> None:
        for loader in self._all:
            loader.end()
