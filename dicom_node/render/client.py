"""One reader's session: from the ticket to the last frame (docs/architecture.md, "Render")."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from dicom_node import log
from dicom_node.archive.located import Located
from dicom_node.render import about, batch, outbox, request, saving
from dicom_node.render.batch import Planes
from dicom_node.render.outbox import Outbox
from dicom_node.render.plan import REFUSALS
from dicom_node.render.request import Act, Cancel, Hide, Open, Renew, Save, Show, Shown
from dicom_node.render.saving import Wanted
from dicom_node.render.space import Grid
from dicom_node.render.transfer import presets_for
from dicom_node.render.view import InvalidError, View, changed
from dicom_node.web.problem import Problem, bad_request, unavailable
from dicom_node.web.ticket import Ticket

if TYPE_CHECKING:
    from dicom_node.render.gateway import Gateway

PERMISSION = "render"
# Seconds: for the first message, and between two looks at the ticket.
FIRST, LOOK = 10.0, 1.0
# Messages a second, and how many may come at once; a mouse sends 125.
RATE, BURST = 200.0, 400.0
_MOST_ACTS = 64
_MOST_ERRORS = 100
_CUTS = frozenset(("cut", "background", "undo", "reset"))
# What ends a session ends its batches too when it is the right that has gone.
_NOT_ALLOWED = frozenset((401, 403))
_POLICY, _LATER, _FAILED = 1008, 1013, 1011


@dataclass(eq=False)
class Pane:
    """``turn`` of the view that the worker was given last; ``due`` when it knows an older one."""

    view: View
    seq: int = 0
    moving: bool = False
    turn: int = 0
    due: bool = False
    drawing: bool = False


class Client:
    """Reads, forwards what is newest, and sends what the line takes."""

    def __init__(
        self, gateway: "Gateway", connection: ServerConnection, number: int, address: str
    ) -> None:
        self._gateway = gateway
        self._connection = connection
        self._number = number
        self._address = address
        self._token = ""
        self._ticket: Ticket | None = None
        self._opened = asyncio.Event()
        self._presets: list[str] = []
        self._window = (0.0, 1.0)
        self._inverted = False
        self._panes: dict[int, Pane] = {}
        self._turn = 0
        self._cuts: list[dict[str, Any]] = []
        self._acts: deque[tuple[int, dict[str, Any]]] = deque()
        self._outbox = Outbox(
            connection.send, self._left,
            lambda: self._fail(Problem(429, "flood", "Answers are not taken.")),
        )  # fmt: skip
        self._allowance, self._counted = BURST, time.monotonic()
        self._errors = 0
        self._worker: Any = None
        self._instances: list[Located] = []
        self._description: dict[str, Any] = {}
        self._study = self._series = ""
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        """Until the reader goes, or something ends it; never raises."""
        try:
            async with asyncio.timeout(FIRST):
                first = request.parse(await self._connection.recv())
            if not isinstance(first, Open):
                raise bad_request("The first message is not open.")
            await self._serve(first)
        except TimeoutError:
            await self._end(bad_request("No open came."))
        except InvalidError as error:
            await self._end(bad_request(str(error)))
        except Problem as problem:
            if problem.status in _NOT_ALLOWED and self._ticket is not None:
                self._gateway.savings.cancel(self._ticket)
            await self._end(problem)
        except ConnectionClosed:
            pass
        finally:
            self._gateway.savings.leave(self._number)

    async def _serve(self, asked: Open) -> None:
        self._study, self._series = asked.study, asked.series
        self._ticket = await self._checked(asked.ticket)
        self._token = asked.ticket
        works = self._read(), self._outbox.empty(), self._watch(), self._open(asked), self._failed
        tasks = [asyncio.ensure_future(work) for work in works]
        try:
            pending = set(tasks)
            while pending:
                done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._gateway.crew.release(self._number)

    async def _end(self, problem: Problem) -> None:
        code = {503: _LATER, 500: _FAILED}.get(problem.status, _POLICY)
        error = {"type": "error", "code": problem.code, "message": problem.message}
        with contextlib.suppress(ConnectionClosed, TimeoutError):
            async with asyncio.timeout(2):
                await self._connection.send(outbox.text(error))
            await self._connection.close(code)

    async def _checked(self, token: str) -> Ticket:
        ticket = await self._gateway.authenticator(f"Bearer {token}")
        ticket.require(PERMISSION)
        return ticket

    async def _watch(self) -> None:
        """Raise `Problem` when the ticket has expired, or was revoked."""
        while True:
            await asyncio.sleep(LOOK)
            await self._checked(self._token)

    # What the reader sends

    async def _read(self) -> None:
        while True:
            raw = await self._connection.recv()
            self._count()
            try:
                await self._obey(request.parse(raw))
            except InvalidError as error:
                self._errors += 1
                if self._errors > _MOST_ERRORS:
                    raise bad_request("Too many messages that are none.") from error
                self._say({"type": "error", "code": "bad_request", "message": str(error)})

    def _count(self) -> None:
        now = time.monotonic()
        self._allowance = min(BURST, self._allowance + (now - self._counted) * RATE) - 1
        self._counted = now
        if self._allowance < 0:
            raise Problem(429, "flood", f"More than {RATE:g} messages a second.")

    async def _obey(self, asked: request.Request) -> None:
        match asked:
            case Shown(number):
                self._outbox.shown(number)
            case Renew(token):
                await self._renew(token)
            case Open():
                raise InvalidError("type: it is open already")
            case _ if not self._opened.is_set():
                raise InvalidError("type: the series is not open yet")
            case Show():
                self._show(asked)
            case Hide(pane):
                self._panes.pop(pane, None)
                self._tell({"do": "hide", "pane": pane})
            case Act(seq, operation):
                self._act(seq, operation)
            case Save():
                self._save(asked)
            case Cancel(series):
                self._gateway.savings.cancel(self._allowed(), series)

    async def _renew(self, token: str) -> None:
        ticket, before = await self._checked(token), self._ticket
        if before is None or (ticket.subject, ticket.anonymous) != (
            before.subject, before.anonymous,
        ):  # fmt: skip
            raise Problem(403, "permission_denied", "The ticket is another reader's.")
        await self._gateway.catalog.located(ticket, self._study, self._series)
        self._ticket, self._token = ticket, token

    def _changed(self, number: int, changes: Mapping[str, Any]) -> View:
        pane = self._panes.get(number)
        before = View("mpr", window=self._window, inverted=self._inverted, preset=self._presets[0])
        return changed(pane.view if pane else before, changes, self._presets)

    def _save(self, asked: Save) -> None:
        view = self._changed(asked.pane, asked.changes)
        views = batch.views(view, Grid.from_json(self._description["grids"][0]), asked.batch)
        try:
            ticket = self._allowed()
            ticket.require(saving.PERMISSION)
            if ticket.anonymous:
                raise Problem(403, "permission_denied", "An anonymous ticket saves nothing.")
            wanted = Wanted(
                ticket, self._address, self._instances, self._place, self._description["unit"],
                views, tuple(self._cuts) if view.mode == "vr" else (),
                asked.batch.spacing if isinstance(asked.batch, Planes) else None,
                asked.description,
            )  # fmt: skip
            self._gateway.savings.save(
                wanted, self._number, lambda told: self._hear_of_saving({**told, "seq": asked.seq})
            )
        except Problem as problem:
            self._say({
                "type": "unsaved", "seq": asked.seq, "series": "",
                "code": problem.code, "message": problem.message,
            })  # fmt: skip

    def _hear_of_saving(self, message: dict[str, Any]) -> None:
        self._say(message, ("saving", message["series"]))

    def _allowed(self) -> Ticket:
        if self._ticket is None:
            raise unavailable("The ticket is not checked.")
        return self._ticket

    def _show(self, asked: Show) -> None:
        view = self._changed(asked.pane, asked.changes)
        pane = self._panes.get(asked.pane)
        if pane is None:
            pane = self._panes[asked.pane] = Pane(view)
        pane.view, pane.seq, pane.moving, pane.due = view, asked.seq, asked.moving, True
        self._forward(asked.pane)

    def _forward(self, number: int) -> None:
        """Give the worker what is newest, once it has drawn, and we have sent, what was before."""
        pane = self._panes.get(number)
        if pane is None or not pane.due or pane.drawing or ("frame", number) in self._outbox:
            return
        self._turn += 1
        pane.turn, pane.due, pane.drawing = self._turn, False, True
        self._tell({
            "do": "show", "pane": number, "seq": pane.seq, "turn": pane.turn,
            "moving": pane.moving, "view": pane.view.as_json(),
        })  # fmt: skip

    def _act(self, seq: int, operation: dict[str, Any]) -> None:
        if len(self._acts) >= _MOST_ACTS:
            raise InvalidError("type: too many operations wait to be done")
        if operation["name"] in _CUTS:
            self._acts.append((seq, operation))
        self._tell({"do": "act", "seq": seq, "operation": operation})

    def _tell(self, message: dict[str, Any]) -> None:
        if self._worker is not None:
            self._worker.send({**message, "session": self._number})

    # Opening

    async def _open(self, asked: Open) -> None:
        gateway, ticket = self._gateway, self._allowed()
        instances = [
            one
            for one in await gateway.catalog.located(ticket, asked.study, asked.series)
            if one.image
        ]
        if not instances:
            self._refuse("few", 1)
        waiting = gateway.admission.queue()
        try:
            await self._wait(waiting)
            # On record before anything is seen, or nothing is.
            await gateway.access.record(ticket, asked.study, "rendered", self._address)
            description = await self._volume(instances, asked.every)
            self._instances, self._description = instances, description
            self._presets = presets_for(description["unit"])
            self._inverted = description["inverted"]
            self._window = about.window(description)
            place = gateway.volumes.place(instances, asked.every)
            self._worker = gateway.crew.assign(self._number, place, self._hear)
            self._place = place
            if self._worker.ready:
                self._attach()
            await self._opened.wait()
            log.get().info("session_open", session=self._number)
            self._say(about.opened(description, self._presets))
            gateway.savings.join(ticket, place, self._number, self._hear_of_saving)
            await asyncio.Event().wait()
        finally:
            waiting.leave()

    async def _wait(self, waiting: Any) -> None:
        told = -1
        while not waiting.enter():
            if waiting.before != told:
                told = waiting.before
                self._say({"type": "busy", "before": told})
            await waiting.wait()

    async def _volume(self, instances: list[Located], every: int) -> dict[str, Any]:
        def progress(done: int, total: int) -> None:
            self._say({"type": "loading", "done": done, "total": total}, "loading")

        outcome, description = await self._gateway.volume(instances, every, progress)
        self._outbox.withdraw("loading")
        if outcome.refused:
            self._refuse(outcome.refused, outcome.every)
        if description is None:
            raise unavailable("The stored objects cannot be read, or there is no room.")
        return description

    def _refuse(self, reason: str, every: int) -> None:
        message = REFUSALS[reason]
        if reason == "large":
            message = f"{message[:-1]}: every {every}. slice would fit."
        raise Problem(422, f"refused_{reason}", message)

    # What the worker tells

    def _attach(self) -> None:
        """Bring a worker that knows nothing to where the session is."""
        if self._gateway.crew.is_deadly(self._place):
            self._fail(unavailable("The series cannot be drawn."))
            return
        self._tell({"do": "open", "place": str(self._place)})
        for operation in self._cuts:
            self._tell({"do": "act", "seq": -1, "operation": operation})
        for seq, operation in self._acts:
            self._tell({"do": "act", "seq": seq, "operation": operation})
        for number, pane in self._panes.items():
            pane.due, pane.drawing = True, False
            self._forward(number)

    def lost(self) -> None:
        """The worker has gone; another one comes."""
        self._say({"type": "lost"}, "lost")

    def _hear(self, message: dict[str, Any], body: bytes) -> None:
        match message["is"]:
            case "ready":
                self._attach()
            case "opened":
                self._opened.set()
            case "frame":
                self._take(message, body)
            case "answer":
                self._answered(message["answer"])
            case "failed":
                self._fail(Problem(500, "failed", "The picture could not be made."))

    def _take(self, message: dict[str, Any], body: bytes) -> None:
        frame = message["frame"]
        pane = self._panes.get(frame["pane"])
        if pane is None:
            return
        if "sweep" in frame:
            self._outbox.frame(("sweep", frame["sweep"]["index"]), frame, body)
            return
        if message["turn"] == pane.turn:
            pane.drawing = False
        self._outbox.frame(("frame", frame["pane"]), frame, body)

    def _answered(self, answer: dict[str, Any]) -> None:
        if answer["type"] == "cuts":
            if answer["seq"] < 0:
                return
            _seq, operation = self._acts.popleft()
            if operation["name"] == "undo":
                self._cuts = self._cuts[:-1]
            elif operation["name"] == "reset":
                self._cuts = []
            elif answer["taken"]:
                self._cuts.append(operation)
        self._say(answer)

    def _fail(self, problem: Problem) -> None:
        if not self._failed.done():
            self._failed.set_exception(problem)

    # What the reader is sent

    def _say(self, message: dict[str, Any], key: Hashable = None) -> None:
        self._outbox.say(message, key)

    def _left(self, header: dict[str, Any]) -> None:
        if "sweep" in header:
            self._tell({"do": "next"})
        else:
            self._forward(header["pane"])
