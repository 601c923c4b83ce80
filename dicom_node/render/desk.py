"""Who wants which picture of a worker, and what it does next.

What moves goes first, who has waited longest before others; between two rounds of it one part of a
fine picture is made, so that nobody who has stopped waits for ever for those who go on.
"""

import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from dicom_node import log
from dicom_node.render import encode, pick, space
from dicom_node.render.capture import Scale
from dicom_node.render.cutting import Cutting
from dicom_node.render.scene import Picture, Raying, Scene
from dicom_node.render.shelf import Cut, Shelf, Uncut
from dicom_node.render.view import View

# Seconds: after which a picture that moved is at rest, in which all that move get a picture, and
# for how long a pane that had input counts as moving.
REST = 0.15
ROUND = 0.075
ACTIVE = 0.5
_LEAST_BUDGET = 0.006

Send = Callable[[dict[str, Any], bytes], None]


@dataclass(eq=False)
class Pane:
    view: View
    seq: int = 0
    # The gateway's number of what is to be shown; it comes back with each picture of it.
    turn: int = 0
    # When the picture that is due was asked for; None when there is none due.
    asked: float | None = None
    # When it was last told to change, and from when on a fine picture is to be made.
    changed: float = 0.0
    fine_from: float | None = None
    fine: Iterator[Picture | None] | None = None


@dataclass(eq=False)
class Sweep:
    """Pictures at set angles; each is made once the one before has left."""

    pane: int
    seq: int
    views: list[tuple[float, View]]
    index: int = 0
    free: bool = True
    fine: Iterator[Picture | None] | None = None


@dataclass(eq=False)
class Capture:
    """A picture that is to be kept, whole and with its values."""

    index: int
    view: View
    parts: Iterator[Any] | None = None


@dataclass(eq=False)
class Session:
    id: int
    place: Path
    scene: Scene
    panes: dict[int, Pane] = field(default_factory=dict)
    # What there is to do in the order of coming; the first may have been begun.
    acts: deque[dict[str, Any]] = field(default_factory=deque)
    acting: Iterator[None] | None = None
    cutting: Cutting | None = None
    sweep: Sweep | None = None
    capture: Capture | None = None


class Desk:
    """A worker's sessions. *send* tells the gateway; *clock* gives seconds."""

    def __init__(
        self, shelf: Shelf, send: Send, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._shelf = shelf
        self._send = send
        self._clock = clock
        self._sessions: dict[int, Session] = {}
        self._since_fine = 0
        self._turn = 0

    def take(self, message: dict[str, Any]) -> None:
        """Do what the gateway says, or note that it is to be done."""
        session = self._sessions.get(message["session"])
        if message["do"] == "open":
            self._guarded(message["session"], lambda: self._open(message))
        elif session is None:
            return
        elif message["do"] == "show":
            self._show(session, message)
        elif message["do"] == "act":
            session.acts.append(message)
        elif message["do"] == "next" and session.sweep is not None:
            session.sweep.free = True
        elif message["do"] == "capture":
            session.capture = Capture(message["index"], View.from_json(message["view"]))
        elif message["do"] == "hide":
            session.panes.pop(message["pane"], None)
        elif message["do"] == "close":
            del self._sessions[session.id]
            self._shelf.forget(session.id)

    def pause(self) -> float | None:
        """Seconds until there is something to do; None when nobody waits for anything."""
        now = self._clock()
        if self._acting() or self._moving() or self._fine(now):
            return 0
        due = [pane.fine_from for _, pane in self._panes() if pane.fine_from is not None]
        if any(session.capture is not None for session in self._sessions.values()):
            due += [max(pane.changed for _, pane in self._panes()) + ACTIVE]
        return max(0.0, min(due) - now) if due else None

    def work(self) -> None:
        """Do a part of what was asked for, and make one picture, or one part of a fine one."""
        for session in self._acting():
            self._guarded(session.id, _bound(self._act_on, session))
        moving, fine = self._moving(), self._fine(self._clock())
        if moving and (self._since_fine < len(moving) or not fine):
            session, number, pane = min(moving, key=lambda one: one[2].asked or 0.0)
            self._since_fine += 1
            self._guarded(session.id, lambda: self._move(session, number, pane))
        elif fine:
            self._since_fine = 0
            self._turn += 1
            session, step = fine[self._turn % len(fine)]
            self._guarded(session.id, step)

    def _guarded(self, session: int, work: Callable[[], None]) -> None:
        try:
            work()
        except ConnectionError:
            raise  # the gateway has gone
        except Exception as error:  # noqa: BLE001 - one session's mishap is not another's
            log.get().error("not_rendered", error=type(error).__name__, detail=str(error)[:200])
            self._sessions.pop(session, None)
            self._shelf.forget(session)
            self._send({"is": "failed", "session": session}, b"")

    def _panes(self) -> Iterator[tuple[Session, Pane]]:
        for session in self._sessions.values():
            for pane in session.panes.values():
                yield session, pane

    def _acting(self) -> list[Session]:
        return [session for session in self._sessions.values() if session.acts]

    def _moving(self) -> list[tuple[Session, int, Pane]]:
        return [
            (session, number, pane)
            for session in self._sessions.values()
            for number, pane in session.panes.items()
            if pane.asked is not None
        ]

    def _fine(self, now: float) -> list[tuple[Session, Callable[[], None]]]:
        """What there is to do for those at rest; sweeps only when nobody else is.

        Captures only when, besides, nobody has moved anything just now.
        """
        found: list[tuple[Session, Callable[[], None]]] = []
        for session in self._sessions.values():
            for number, pane in session.panes.items():
                due = pane.fine_from is not None and pane.fine_from <= now and pane.asked is None
                if due or pane.fine is not None:
                    found.append((session, _bound(self._refine, session, number, pane)))
        if not found:
            for session in self._unchanging():
                if session.sweep is not None and session.sweep.free:
                    found.append((session, _bound(self._sweep_on, session, session.sweep)))
        if not found and self._untouched_since(now - ACTIVE):
            for session in self._unchanging():
                if session.capture is not None:
                    found.append((session, _bound(self._capture_on, session, session.capture)))
        return found

    def _unchanging(self) -> list[Session]:
        """Those in which no cut is under way, of which a picture would show a part."""
        return [session for session in self._sessions.values() if not session.acts]

    def _untouched_since(self, time: float) -> bool:
        return all(pane.changed <= time for _, pane in self._panes())

    def _open(self, message: dict[str, Any]) -> None:
        place = Path(message["place"])
        used = {session.place for session in self._sessions.values()} | {place}
        scene = self._shelf.scene(place, used)
        self._sessions[message["session"]] = Session(message["session"], place, scene)
        self._send({"is": "opened", "session": message["session"]}, b"")

    def _show(self, session: Session, message: dict[str, Any]) -> None:
        view, now = View.from_json(message["view"]), self._clock()
        pane = session.panes.setdefault(message["pane"], Pane(view))
        pane.view, pane.changed = view, now
        pane.seq, pane.turn = message["seq"], message["turn"]
        pane.asked = now if pane.asked is None else pane.asked
        pane.fine, pane.fine_from = None, now + (REST if message["moving"] else 0)
        if session.sweep is not None and session.sweep.pane == message["pane"]:
            session.sweep = None

    def _move(self, session: Session, number: int, pane: Pane) -> None:
        now = self._clock()
        active = sum(now - other.changed < ACTIVE for _, other in self._panes())
        budget = max(_LEAST_BUDGET, ROUND / max(1, active))
        pane.asked = None
        picture = session.scene.moving(pane.view, self._raying(session), budget)
        self._frame(session, number, pane.view, pane.seq, picture, pane.turn)

    def _refine(self, session: Session, number: int, pane: Pane) -> None:
        if pane.fine is None:
            pane.fine = session.scene.resting(pane.view, self._raying(session))
            pane.fine_from = None
        picture = next(pane.fine)
        if picture is None:
            return
        if picture.sharp:
            pane.fine = None
        self._frame(session, number, pane.view, pane.seq, picture, pane.turn)

    def _sweep_on(self, session: Session, sweep: Sweep) -> None:
        degrees, view = sweep.views[sweep.index]
        if sweep.fine is None:
            sweep.fine = session.scene.resting(view, self._raying(session))
        picture = next(sweep.fine)
        if picture is None or not picture.sharp:
            return
        about = {"index": sweep.index, "count": len(sweep.views), "degrees": degrees}
        sweep.index, sweep.free, sweep.fine = sweep.index + 1, False, None
        if sweep.index == len(sweep.views):
            session.sweep = None
        self._frame(session, sweep.pane, view, sweep.seq, picture, 0, sweep=about)

    def _capture_on(self, session: Session, capture: Capture) -> None:
        view, scene = capture.view, session.scene
        if capture.parts is None:
            grey = view.mode == "mpr"
            raying = self._raying(session)
            capture.parts = scene.values(view) if grey else scene.volume_rendering(view, raying)
        found = next(capture.parts)
        if found is None:
            return
        session.capture = None
        message = {"is": "captured", "session": session.id, "index": capture.index}
        scale = None
        pixels: NDArray[Any]
        if isinstance(found, Picture):
            pixels = found.pixels
        else:
            of_volume = Scale.of(scene.volume)
            pixels, scale = of_volume.stored(found), asdict(of_volume)
        self._send({**message, "scale": scale, "shape": pixels.shape[:2]}, pixels.tobytes())

    def _frame(
        self, session: Session, pane: int, view: View, seq: int, picture: Picture, turn: int,
        **more: Any,
    ) -> None:  # fmt: skip
        lossless = view.lossless and picture.sharp
        form = encode.PNG if lossless else encode.JPEG
        quality = encode.RESTING_QUALITY if picture.sharp else encode.MOVING_QUALITY
        body = encode.encode(picture.pixels, form, quality)
        about = {"pane": pane, "seq": seq, "format": form, **session.scene.place(view, picture)}
        message = {"is": "frame", "session": session.id, "turn": turn, "frame": about | more}
        self._send(message, body)

    def _raying(self, session: Session) -> Raying:
        if session.cutting is None:
            return Uncut(self._shelf, session.place, session.scene)
        return Cut(self._shelf, session.id, session.cutting)

    def _act_on(self, session: Session) -> None:
        """What takes long is done in parts; all else at once."""
        if session.acting is None:
            session.acting = self._act(session, session.acts[0])
        with contextlib.suppress(StopIteration):
            next(session.acting)
            return
        session.acting = None
        session.acts.popleft()

    def _act(self, session: Session, message: dict[str, Any]) -> Iterator[None]:
        operation, seq = message["operation"], message["seq"]
        match operation["name"]:
            case "cut" | "background" | "undo" | "reset":
                yield from self._cut(session, operation, seq)
            case "sweep":
                session.sweep = self._sweep(session, operation, seq)
            case "stop":
                session.sweep = None
            case "probe":
                self._answer(session, seq, type="value", value=self._probe(session, operation))
            case _:
                self._answer(session, seq, type="point", point=self._pick(session, operation))

    def _answer(self, session: Session, seq: int, **content: Any) -> None:
        answer = {"seq": seq, **content}
        self._send({"is": "answer", "session": session.id, "answer": answer}, b"")

    def _cut(self, session: Session, operation: dict[str, Any], seq: int) -> Iterator[None]:
        scene = session.scene
        if session.cutting is None:
            session.cutting = Cutting(scene.volume, scene.fine_level(), scene.coarse_level())
        taken = 0
        if operation["name"] == "undo":
            session.cutting.undo()
        elif operation["name"] == "reset":
            session.cutting.reset()
        else:
            taken = yield from session.cutting.applying(operation)
        count = session.cutting.count
        if count:
            Cut(self._shelf, session.id, session.cutting).changed()
        else:
            session.cutting = None
            self._shelf.forget(session.id)
        self._answer(session, seq, type="cuts", count=count, taken=taken)
        now = self._clock()
        for pane in session.panes.values():
            if pane.view.mode == "vr":
                pane.asked, pane.fine, pane.fine_from = now, None, now

    def _sweep(self, session: Session, operation: dict[str, Any], seq: int) -> Sweep | None:
        pane = session.panes.get(operation["pane"])
        if pane is None:
            return None
        views = []
        for degrees in space.batch_angles(operation["step"], operation["range"]):
            axes = space.turned_axes(pane.view.axes, operation["about"], degrees)
            right, down = tuple(axes.right.tolist()), tuple(axes.down.tolist())
            views.append((degrees, replace(pane.view, right=right, down=down)))
        return Sweep(operation["pane"], seq, views)

    def _probe(self, session: Session, operation: dict[str, Any]) -> float | None:
        pane = session.panes.get(operation["pane"])
        if pane is None:
            return None
        return session.scene.value(pane.view, tuple(operation["point"]))

    def _pick(self, session: Session, operation: dict[str, Any]) -> list[float] | None:
        pane = session.panes.get(operation["pane"])
        if pane is None:
            return None
        view, scene = pane.view, session.scene
        level = self._raying(session).fine().level
        camera = view.camera(scene.grid)
        point = pick.surface(level, scene.transfer(view), camera, view.size, operation["at"])
        return None if point is None else point.tolist()


def _bound(step: Callable[..., None], *arguments: Any) -> Callable[[], None]:
    return lambda: step(*arguments)
