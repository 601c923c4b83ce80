"""Batches that are drawn in the background and kept as a series of their study.

A batch outlives the session that asked for it: readers close a page that works. It has a session of
its own at the worker, which draws for it when nobody waits, and draws on after a worker was lost.
"""

import asyncio
import contextlib
import json
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, LiteralString
from zoneinfo import ZoneInfo

from pydicom import config as pydicom_config

from dicom_node import log
from dicom_node.archive.located import Located
from dicom_node.config import Config
from dicom_node.dataset.part10 import FileMeta, encode
from dicom_node.dataset.syntax import EXPLICIT_LITTLE
from dicom_node.dataset.uid import derived
from dicom_node.render.capture import (
    FIRST_NUMBER,
    FROM_SOURCE,
    SOP_CLASS,
    Captures,
    Order,
    Scale,
    description,
)
from dicom_node.render.view import View
from dicom_node.spool import bundle
from dicom_node.spool.bundle import Bundle
from dicom_node.spool.durable import NO_SPACE
from dicom_node.spool.spool import Spool
from dicom_node.store.stores import FollowingStores
from dicom_node.web.metadata import first_value, instance_json
from dicom_node.web.problem import Problem, not_found, unavailable
from dicom_node.web.room import Room
from dicom_node.web.ticket import Ticket

if TYPE_CHECKING:
    from dicom_node.render.gateway import Gateway

PERMISSION = "annotate"
MOST_WAITING, MOST_OF_ONE = 32, 4
_REMEMBERED = 1000
_HOSPITAL: LiteralString = "SELECT hospital FROM archive.study WHERE study_uid = %(study)s"
_SAVED: LiteralString = """
SELECT count(*) AS instances FROM archive.instance i JOIN archive.series s ON s.id = i.series_id
WHERE s.series_uid = %(series)s
"""
_LAST: LiteralString = """
SELECT max(s.number) AS number FROM archive.series s JOIN archive.study t ON t.id = s.study_id
WHERE t.study_uid = %(study)s AND s.number BETWEEN %(first)s AND 9999
"""

Listener = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, eq=False)
class Wanted:
    """A series of ``views``; ``cuts`` were made before them, ``spacing`` as in `capture.Order`."""

    ticket: Ticket
    address: str
    sources: Sequence[Located]
    place: Path
    unit: str
    views: Sequence[View]
    cuts: Sequence[dict[str, Any]]
    spacing: float | None
    description: str

    @property
    def series(self) -> str:
        """The same again, of the same reader, is the same series."""
        said = [
            self.ticket.subject, self.place.name, [view.as_json() for view in self.views],
            self.cuts, self.description,
        ]  # fmt: skip
        return derived("reformatted series", json.dumps(said))


@dataclass(eq=False)
class Saving:
    """A batch on its way; ``seq`` of each listener is that of its own message."""

    wanted: Wanted
    series: str
    done: int = 0
    committing: bool = False
    listeners: dict[Hashable, Listener] = field(default_factory=dict)
    task: "asyncio.Task[None] | None" = None

    def tell(self, kind: str, **content: Any) -> None:
        for listener in list(self.listeners.values()):
            listener({"type": kind, "series": self.series, **content})

    def tell_progress(self) -> None:
        self.tell("saving", done=self.done, total=len(self.wanted.views))


class Savings:
    """All batches; as many at once as there are workers."""

    def __init__(self, gateway: "Gateway", config: Config, workers: int) -> None:
        self._gateway = gateway
        self._spool = Spool(config.spool.path)
        self._room = Room(self._spool, config.portal.cache_file)
        self._store = FollowingStores(config)
        self._zone = ZoneInfo(config.archive.time_zone)
        self._base = f"{config.web.origin}/dicom-web"
        self._turn = asyncio.Semaphore(workers)
        self._all: dict[str, Saving] = {}
        # Until they are in the index: how many images of a series, and the last number of a study.
        self._saved: OrderedDict[str, int] = OrderedDict()
        self._numbers: OrderedDict[str, int] = OrderedDict()
        # What pydicom warns of would stand in the log, with the value that it warns of.
        pydicom_config.settings.reading_validation_mode = pydicom_config.IGNORE
        pydicom_config.settings.writing_validation_mode = pydicom_config.IGNORE

    def go_on(self) -> None:
        """At a start: see to what was interrupted."""
        bundle.go_on(self._spool)

    async def close(self) -> None:
        tasks = [one.task for one in self._all.values() if one.task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def save(self, wanted: Wanted, owner: Hashable, listener: Listener) -> None:
        """Begin, or join what has begun; *listener* hears how it goes, until `leave`."""
        series = wanted.series
        saving = self._all.get(series)
        if saving is None:
            own = sum(one.wanted.ticket.subject == wanted.ticket.subject
                      for one in self._all.values())  # fmt: skip
            if len(self._all) >= MOST_WAITING or own >= MOST_OF_ONE:
                raise Problem(503, "overloaded", "Too many batches wait to be drawn; try later.")
            saving = self._all[series] = Saving(wanted, series)
            saving.task = asyncio.create_task(self._run(saving))
        saving.listeners[owner] = listener
        saving.tell_progress()

    def join(self, ticket: Ticket, place: Path, owner: Hashable, listener: Listener) -> None:
        """Hear of what this reader has begun before, of the same volume."""
        for saving in self._all.values():
            if saving.wanted.ticket.subject == ticket.subject and saving.wanted.place == place:
                saving.listeners[owner] = listener
                saving.tell_progress()

    def leave(self, owner: Hashable) -> None:
        for saving in self._all.values():
            saving.listeners.pop(owner, None)

    def cancel(self, ticket: Ticket, series: str = "") -> None:
        """Give up a series that this reader began, or all; what is saved already stays."""
        for saving in self._all.values():
            mine = saving.wanted.ticket.subject == ticket.subject
            if mine and series in ("", saving.series) and not saving.committing and saving.task:
                saving.task.cancel()

    async def _run(self, saving: Saving) -> None:
        try:
            count = await self._keep(saving)
            _remember(self._saved, saving.series, count)
            log.get().info("batch_saved", series_uid=saving.series, images=count)
            saving.tell("saved", count=count)
        except Problem as problem:
            log.get().warning("batch_not_saved", series_uid=saving.series, code=problem.code)
            saving.tell("unsaved", code=problem.code, message=problem.message)
        except asyncio.CancelledError:
            saving.tell("unsaved", code="cancelled", message="The batch was given up.")
        finally:
            del self._all[saving.series]

    async def _keep(self, saving: Saving) -> int:
        wanted = saving.wanted
        study = wanted.sources[0].study
        known = await self._count(saving.series)
        if known:
            return known
        await self._gateway.access.record(wanted.ticket, study, PERMISSION, wanted.address)
        async with self._turn:
            captures = await self._captures(saving)
            hospital = await self._hospital(study)
            with _disk():
                made = await asyncio.to_thread(Bundle, self._spool, hospital)
            try:
                await self._draw(saving, captures, made)
                # What was deleted meanwhile must not come back.
                await self._gateway.catalog.located(wanted.ticket, study, wanted.sources[0].series)
                saving.committing = True
                with _disk():
                    await asyncio.to_thread(made.commit)
            finally:
                await asyncio.shield(asyncio.to_thread(made.discard))
        return len(wanted.views)

    async def _count(self, series: str) -> int:
        """How many instances of it are kept already."""
        rows = await self._gateway.catalog.rows(_SAVED, {"series": series})
        return int(rows[0]["instances"]) or self._saved.get(series, 0)

    async def _number(self, study: str) -> int:
        """The next of the study's series."""
        rows = await self._gateway.catalog.rows(_LAST, {"study": study, "first": FIRST_NUMBER})
        last = rows[0]["number"] or FIRST_NUMBER - 1
        number = max(int(last), self._numbers.get(study, 0)) + 1
        _remember(self._numbers, study, number)
        return number

    async def _hospital(self, study: str) -> str:
        rows = await self._gateway.catalog.rows(_HOSPITAL, {"study": study})
        if not rows:
            raise not_found()
        return str(rows[0]["hospital"])

    async def _captures(self, saving: Saving) -> Captures:
        wanted = saving.wanted
        first = wanted.sources[0]
        try:
            said = await asyncio.to_thread(
                instance_json, self._store, first, self._base, anon=False
            )
        except OSError as error:
            raise unavailable("The stored objects cannot be read.") from error
        order = Order(
            saving.series,
            await self._number(first.study),
            wanted.description or description(wanted.views[0]),
            wanted.ticket.label,
            wanted.spacing,
            datetime.now(self._zone).replace(microsecond=0),
        )
        about = {keyword: first_value(said, keyword) for keyword in FROM_SOURCE}
        view = wanted.views[0]
        return await asyncio.to_thread(Captures, order, view, wanted.sources, about, wanted.unit)

    async def _draw(self, saving: Saving, captures: Captures, made: Bundle) -> None:
        wanted = saving.wanted
        drawn: asyncio.Queue[tuple[dict[str, Any], bytes]] = asyncio.Queue()
        number = self._gateway.next_number()

        def hear(message: dict[str, Any], body: bytes) -> None:
            drawn.put_nowait((message, body))

        crew = self._gateway.crew
        worker = crew.assign(number, wanted.place, hear)
        if worker.ready:
            hear({"is": "ready"}, b"")
        try:
            while saving.done < len(wanted.views):
                message, body = await drawn.get()
                match message["is"]:
                    case "ready":
                        if crew.is_deadly(wanted.place):
                            raise unavailable("The series cannot be drawn.")
                        worker.send({"do": "open", "session": number, "place": str(wanted.place)})
                        for cut in wanted.cuts:
                            worker.send(
                                {"do": "act", "session": number, "seq": -1, "operation": cut}
                            )
                    case "failed":
                        raise Problem(500, "failed", "The picture could not be made.")
                    case "captured" if message["index"] == saving.done:
                        await asyncio.to_thread(self._write, saving, captures, made, message, body)
                        saving.done += 1
                        saving.tell_progress()
                    case _:
                        continue
                if saving.done < len(wanted.views):
                    view = wanted.views[saving.done].as_json()
                    worker.send(
                        {"do": "capture", "session": number, "index": saving.done, "view": view}
                    )
        finally:
            crew.release(number)

    def _write(
        self, saving: Saving, captures: Captures, made: Bundle, message: dict[str, Any], body: bytes
    ) -> None:
        self._room.require()
        ticket, index = saving.wanted.ticket, saving.done
        scale = None if message["scale"] is None else Scale(**message["scale"])
        rows, columns = message["shape"]
        pieces = captures.instance(index, saving.wanted.views[index], scale, (rows, columns), body)
        meta = FileMeta(
            SOP_CLASS, captures.instance_uid(index), EXPLICIT_LITTLE.uid, ticket.subject[:16], "",
            saving.wanted.address,
        )  # fmt: skip
        with _disk():
            made.add([encode(meta), *pieces])


def _remember(table: OrderedDict[str, int], key: str, value: int) -> None:
    table[key] = value
    if len(table) > _REMEMBERED:
        table.popitem(last=False)


@contextlib.contextmanager
def _disk() -> Any:
    """Errors of the disk as the reader is told of them."""
    try:
        yield
    except OSError as error:
        log.get().error("batch_not_written", error=error.strerror)
        if error.errno in NO_SPACE:
            raise Problem(507, "no_room", "The spool's disk has no room.") from error
        raise unavailable("The batch could not be written.") from error
