"""Marks on pictures, as the viewer hands them in and gets them back: checked, one by one."""

import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dicom_node import strict_json
from dicom_node.dataset import text
from dicom_node.dataset.uid import is_uid
from dicom_node.measurements.codes import ALLOWED

MAX_MARKS = 1000
MAX_POINTS = 5000
MAX_ALL_POINTS = 100_000
MAX_NUMBERS = 12
MAX_TEXT = 200
# Pixels; no picture is larger, and a mark begins in the picture.
MAX_COORDINATE = 1e6

Point = tuple[float, float]


class MarksError(Exception):
    """The marks are not taken; the text names the field."""


@dataclass(frozen=True, slots=True)
class Part:
    """A figure of a mark (PS3.3 section C.18.6.1.1), and the number that is read off it.

    ``count`` None: as many points as were drawn. ``number`` empty: the figure encloses a region.
    """

    graphic: str
    count: int | None
    number: str


@dataclass(frozen=True, slots=True)
class Kind:
    """The points of all its parts follow each other. What is ``closed`` encloses a region."""

    parts: tuple[Part, ...]
    least: int
    text: bool = False

    @property
    def most(self) -> int:
        counts = [part.count for part in self.parts]
        return MAX_POINTS if None in counts else sum(count or 0 for count in counts)


_LINE, _POINT = ("POLYLINE", 2), ("POINT", 1)
KINDS = {
    "length": Kind((Part(*_LINE, "length"),), 2),
    "width": Kind((Part(*_LINE, "length"), Part(*_LINE, "width")), 4),
    "angle": Kind((Part("POLYLINE", 3, "angle"),), 3),
    "cobb": Kind((Part(*_LINE, "cobb"), Part(*_LINE, "cobb")), 4),
    "probe": Kind((Part(*_POINT, "value"),), 1),
    "ellipse": Kind((Part("ELLIPSE", 4, ""),), 4),
    "rectangle": Kind((Part("POLYLINE", 4, ""),), 4),
    "freehand": Kind((Part("POLYLINE", None, ""),), 3),
    "path": Kind((Part("POLYLINE", None, "path"),), 2),
    "ratio": Kind(
        (
            Part(*_LINE, "ratio"),
            Part(*_POINT, "right"),
            Part(*_POINT, "left"),
            Part(*_LINE, "thorax"),
        ),
        6,
    ),
    "text": Kind((Part(*_POINT, "text"),), 1, text=True),
    "arrow": Kind((Part(*_LINE, "text"),), 2, text=True),
}
CLOSED_PATH = Kind((Part("POLYLINE", None, ""),), 3)


@dataclass(frozen=True, slots=True)
class Number:
    """``name`` and ``unit`` as in docs/architecture.md."""

    name: str
    value: float
    unit: str


@dataclass(frozen=True, slots=True)
class Mark:
    """Points are columns and rows as DICOM counts them: the first pixel reaches from 0 to 1.

    Of an ellipse they are the ends of the longer axis, then those of the shorter one.
    """

    kind: str
    tracking: str
    instance: str
    frame: int
    points: tuple[Point, ...]
    closed: bool = False
    text: str = ""
    numbers: tuple[Number, ...] = ()

    @property
    def shape(self) -> Kind:
        return CLOSED_PATH if self.closed else KINDS[self.kind]

    def json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "tracking": self.tracking,
            "instance": self.instance,
            "frame": self.frame,
            "points": [list(point) for point in self.points],
            "closed": self.closed,
            "text": self.text,
            "numbers": [
                {"name": one.name, "value": one.value, "unit": one.unit} for one in self.numbers
            ],
        }


def parse(body: bytes) -> tuple[tuple[Mark, ...], str]:
    """The marks of a request, and the document that they follow; raise `MarksError`."""
    try:
        document = strict_json.loads(body)
    except ValueError as error:
        raise MarksError("The body is no JSON.") from error
    if not isinstance(document, dict) or not isinstance(document.get("marks"), list):
        raise MarksError("marks is missing, or no list.")
    base = document.get("base", "")
    if not isinstance(base, str) or (base and not is_uid(base)):
        raise MarksError("base is no UID.")
    items = document["marks"]
    if len(items) > MAX_MARKS:
        raise MarksError(f"There are more than {MAX_MARKS} marks.")
    marks = tuple(_mark(item, f"marks[{at}]") for at, item in enumerate(items))
    if sum(len(mark.points) for mark in marks) > MAX_ALL_POINTS:
        raise MarksError(f"The marks have more than {MAX_ALL_POINTS} points.")
    if len({mark.tracking for mark in marks}) < len(marks):
        raise MarksError("Two marks have one tracking.")
    return marks, base


def _mark(item: Any, place: str) -> Mark:
    if not isinstance(item, Mapping):
        raise MarksError(f"{place} is no object.")
    kind, closed = item.get("kind"), item.get("closed", False)
    if not isinstance(kind, str) or kind not in KINDS:
        raise MarksError(f"{place}.kind is none of {', '.join(KINDS)}.")
    if not isinstance(closed, bool) or (closed and kind != "path"):
        raise MarksError(f"{place}.closed is not for this kind.")
    for name in ("tracking", "instance"):
        if not isinstance(item.get(name), str) or not is_uid(item[name]):
            raise MarksError(f"{place}.{name} is no UID.")
    frame = item.get("frame", 1)
    if not isinstance(frame, int) or isinstance(frame, bool) or not 1 <= frame < 1 << 31:
        raise MarksError(f"{place}.frame is no frame number.")
    shape = CLOSED_PATH if closed else KINDS[kind]
    points = _points(item.get("points"), shape, f"{place}.points")
    return Mark(
        kind,
        item["tracking"],
        item["instance"],
        frame,
        longer_axis_first(points) if kind == "ellipse" else points,
        closed,
        _text(item.get("text", ""), shape, f"{place}.text"),
        _numbers(item.get("numbers", []), f"{place}.numbers"),
    )


def _points(values: Any, shape: Kind, place: str) -> tuple[Point, ...]:
    if not isinstance(values, list) or not shape.least <= len(values) <= shape.most:
        raise MarksError(f"{place} is no list of {shape.least} to {shape.most} points.")
    points = []
    for value in values:
        if not isinstance(value, list) or len(value) != 2:
            raise MarksError(f"{place} holds what is no column and row.")
        column, row = (_finite(part, place) for part in value)
        if max(abs(column), abs(row)) > MAX_COORDINATE:
            raise MarksError(f"{place} holds a point far outside of any picture.")
        points.append((single(column), single(row)))
    return tuple(points)


def _finite(value: Any, place: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise MarksError(f"{place} holds what is no number.")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise MarksError(f"{place} holds a number that is not finite.")
    return number


def single(value: float) -> float:
    """*value* as Graphic Data holds it, in single precision."""
    (kept,) = struct.unpack("<f", struct.pack("<f", value))
    return float(kept)


def longer_axis_first(points: Sequence[Point]) -> tuple[Point, ...]:
    """PS3.3 section C.18.6.1.2: an ellipse begins with the ends of its major axis."""
    a, b, c, d = points
    return (a, b, c, d) if math.dist(a, b) >= math.dist(c, d) else (c, d, a, b)


def _text(value: Any, shape: Kind, place: str) -> str:
    if not isinstance(value, str) or len(value) > MAX_TEXT or not value.isprintable():
        raise MarksError(f"{place} is no line of at most {MAX_TEXT} characters.")
    # As it will be read again.
    kept = text.line(text.clean(value), "")
    if bool(kept) != shape.text:
        raise MarksError(f"{place} is {'missing' if shape.text else 'not for this kind'}.")
    return kept


def _numbers(values: Any, place: str) -> tuple[Number, ...]:
    if not isinstance(values, list) or len(values) > MAX_NUMBERS:
        raise MarksError(f"{place} is no list of at most {MAX_NUMBERS}.")
    numbers = []
    for value in values:
        if not isinstance(value, Mapping):
            raise MarksError(f"{place} holds what is no object.")
        name, unit = value.get("name"), value.get("unit")
        if not isinstance(name, str) or name not in ALLOWED:
            raise MarksError(f"{place} holds an unknown name.")
        if not isinstance(unit, str) or unit not in ALLOWED[name]:
            raise MarksError(f"{place} holds a unit that is none of {name}.")
        numbers.append(Number(name, _finite(value.get("value"), place), unit))
    if len({number.name for number in numbers}) < len(numbers):
        raise MarksError(f"{place} holds a name twice.")
    return tuple(numbers)
