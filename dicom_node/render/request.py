"""The messages of a client, checked (docs/architecture.md, "Render")."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dicom_node import strict_json
from dicom_node.dataset.uid import is_uid
from dicom_node.render.batch import Batch, Planes, Turn
from dicom_node.render.view import (
    MAX_SIDE,
    InvalidError,
    centre,
    number,
    numbers,
    orientation,
    pixel,
    size,
    table,
    text,
    whole,
)

MAX_MESSAGE = 96 * 1024
MAX_PANES = 4
MAX_POINTS = 2000
MAX_ANGLES = 360
MAX_TICKET = 65_536
# Of a value of VR LO.
MAX_DESCRIPTION = 64
_MAX_SEQUENCE = 1 << 53


@dataclass(frozen=True, slots=True)
class Open:
    """The first message. ``every``: of so manieth slices only."""

    ticket: str
    study: str
    series: str
    every: int


@dataclass(frozen=True, slots=True)
class Show:
    """A pane's view changed; ``changes`` are for `view.changed`. ``moving``: more will follow."""

    pane: int
    seq: int
    moving: bool
    changes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Act:
    """An operation on what is shown, as the renderer takes it; done in the order of coming."""

    seq: int
    operation: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Save:
    """A batch is to be made of a pane's view with ``changes``, and kept as a series."""

    seq: int
    pane: int
    changes: Mapping[str, Any]
    batch: Batch
    description: str


@dataclass(frozen=True, slots=True)
class Cancel:
    """The batch that would become this series is not wanted any more."""

    series: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A frame has reached the screen: another one may be sent."""

    number: int


@dataclass(frozen=True, slots=True)
class Renew:
    ticket: str


@dataclass(frozen=True, slots=True)
class Hide:
    """A pane is gone."""

    pane: int


Request = Open | Show | Act | Save | Cancel | Shown | Renew | Hide


def parse(raw: str | bytes) -> Request:
    """Raise `InvalidError`, whose text names the field."""
    if isinstance(raw, bytes):
        raise InvalidError("a message is JSON text")
    try:
        document = strict_json.loads(raw)
    except ValueError as error:
        raise InvalidError("a message is JSON text") from error
    if not isinstance(document, dict):
        raise InvalidError("a message is a JSON object")
    kind = document.pop("type", None)
    reader = _KINDS.get(kind) if isinstance(kind, str) else None
    if reader is None:
        raise InvalidError(f"type: is not one of {', '.join(_KINDS)}")
    return reader(document)


def _take(document: dict[str, Any], required: tuple[str, ...], **optional: Any) -> list[Any]:
    for name in document:
        if name not in required and name not in optional:
            raise InvalidError(f"{name[:32]!a}: no such field")
    for name in required:
        if name not in document:
            raise InvalidError(f"{name}: is missing")
    return [document[name] for name in required] + [
        document.get(name, default) for name, default in optional.items()
    ]


def _ticket(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= MAX_TICKET:
        raise InvalidError("ticket: is no ticket")
    return value


def _uid(name: str, value: Any) -> str:
    if not isinstance(value, str) or not is_uid(value):
        raise InvalidError(f"{name}: is no UID")
    return value


def _sequence(value: Any) -> int:
    return whole("seq", value, 0, _MAX_SEQUENCE)


def _pane(value: Any) -> int:
    return whole("pane", value, 0, MAX_PANES - 1)


def _open(document: dict[str, Any]) -> Open:
    ticket, study, series, every = _take(document, ("ticket", "study", "series"), every=1)
    return Open(
        _ticket(ticket), _uid("study", study), _uid("series", series), whole("every", every, 1, 64)
    )


def _show(document: dict[str, Any]) -> Show:
    pane, seq = _pane(document.pop("pane", 0)), _sequence(document.pop("seq", 0))
    moving = document.pop("moving", False)
    if not isinstance(moving, bool):
        raise InvalidError("moving: is not true or false")
    return Show(pane, seq, moving, document)


def _cut(document: dict[str, Any]) -> Act:
    seq, outline, of_size, facing, middle, step, take = _take(
        document, ("seq", "outline", "size", "orientation", "centre", "pixel"), take="inside"
    )
    if not isinstance(outline, list) or not 3 <= len(outline) <= MAX_POINTS:
        raise InvalidError(f"outline: is not a list of 3 to {MAX_POINTS} points")
    right, down = orientation("orientation", facing)
    operation = {
        "name": "cut",
        "outline": [numbers("outline", point, 2, -MAX_SIDE, 2 * MAX_SIDE) for point in outline],
        "size": size("size", of_size),
        "right": right,
        "down": down,
        "centre": centre("centre", middle),
        "pixel": pixel("pixel", step),
        "outside": text("take", take, ("inside", "outside")) == "outside",
    }
    return Act(_sequence(seq), operation)


def _plain(name: str) -> Callable[[dict[str, Any]], Act]:
    def read(document: dict[str, Any]) -> Act:
        (seq,) = _take(document, ("seq",))
        return Act(_sequence(seq), {"name": name})

    return read


def _sweep(document: dict[str, Any]) -> Act:
    seq, about, step, pane, turn = _take(document, ("seq", "about", "step"), pane=0, range=360)
    found = _turn("", about, step, turn)
    operation = {
        "name": "sweep", "pane": _pane(pane), "about": found.about, "step": found.step,
        "range": found.turn,
    }  # fmt: skip
    return Act(_sequence(seq), operation)


def _turn(name: str, about: Any, step: Any, turn: Any) -> Turn:
    axis = text(f"{name}about", about, ("vertical", "horizontal"))
    between = number(f"{name}step", step, 0.5, 180)
    through = number(f"{name}range", turn, 0.5, 360)
    if through / between > MAX_ANGLES:
        raise InvalidError(f"{name}step: makes more than {MAX_ANGLES} images")
    return Turn(axis, between, through)


def _save(document: dict[str, Any]) -> Save:
    seq, planes, turn, pane, changes, words = _take(
        document, ("seq",), planes=None, turn=None, pane=0, view={}, description=""
    )
    if (planes is None) == (turn is None):
        raise InvalidError("planes: either planes or turn is wanted")
    if not isinstance(changes, dict):
        raise InvalidError("view: is not an object")
    batch: Batch
    if planes is None:
        batch = _turn("turn.", *table("turn", turn, "about", "step", "range"))
    else:
        spacing, reach = table("planes", planes, "spacing", "range")
        batch = Planes(number("planes.spacing", spacing, 0.05, 1000), _reach(reach))
    return Save(_sequence(seq), _pane(pane), changes, batch, _description(words))


def _reach(value: Any) -> tuple[float, float] | None:
    if value is None:
        return None
    first, last = numbers("planes.range", value, 2, -1e5, 1e5)
    if first > last:
        raise InvalidError("planes.range: ends before it begins")
    return first, last


def _description(value: Any) -> str:
    if not isinstance(value, str) or len(value) > MAX_DESCRIPTION:
        raise InvalidError(f"description: is not text of at most {MAX_DESCRIPTION} characters")
    if not value.isprintable() or "\\" in value:
        raise InvalidError("description: holds what no series description may")
    return value.strip()


def _cancel(document: dict[str, Any]) -> Cancel:
    (series,) = _take(document, ("series",))
    return Cancel(_uid("series", series))


def _probe(document: dict[str, Any]) -> Act:
    seq, point, pane = _take(document, ("seq", "point"), pane=0)
    return Act(
        _sequence(seq),
        {"name": "probe", "pane": _pane(pane), "point": numbers("point", point, 3, -1e5, 1e5)},
    )


def _pick(document: dict[str, Any]) -> Act:
    seq, at, pane = _take(document, ("seq", "at"), pane=0)
    return Act(
        _sequence(seq),
        {"name": "pick", "pane": _pane(pane), "at": numbers("at", at, 2, -MAX_SIDE, 2 * MAX_SIDE)},
    )


def _shown(document: dict[str, Any]) -> Shown:
    (count,) = _take(document, ("number",))
    return Shown(whole("number", count, 0, _MAX_SEQUENCE))


def _renew(document: dict[str, Any]) -> Renew:
    (ticket,) = _take(document, ("ticket",))
    return Renew(_ticket(ticket))


def _hide(document: dict[str, Any]) -> Hide:
    (pane,) = _take(document, ("pane",))
    return Hide(_pane(pane))


_KINDS: dict[str, Callable[[dict[str, Any]], Request]] = {
    "open": _open,
    "view": _show,
    "cut": _cut,
    "background": _plain("background"),
    "undo": _plain("undo"),
    "reset": _plain("reset"),
    "sweep": _sweep,
    "stop": _plain("stop"),
    "save": _save,
    "cancel": _cancel,
    "probe": _probe,
    "pick": _pick,
    "shown": _shown,
    "ticket": _renew,
    "hide": _hide,
}
