"""Structured reports by TID 1500 as marks: our own whole, others' as far as their shapes are known.

What is read comes from anywhere: nothing in it is taken on trust, and what is not understood is
left out, never guessed.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from io import BytesIO

from pydicom import dcmread
from pydicom.dataset import Dataset

from dicom_node.dataset import text
from dicom_node.dataset.uid import derived, is_uid
from dicom_node.measurements import codes
from dicom_node.measurements.document import KIND_PREFIX, series_of
from dicom_node.measurements.marks import (
    CLOSED_PATH,
    KINDS,
    MAX_COORDINATE,
    MAX_MARKS,
    MAX_NUMBERS,
    MAX_POINTS,
    MAX_TEXT,
    Kind,
    Mark,
    Number,
    Point,
    longer_axis_first,
)

MAX_DEPTH = 16


@dataclass(frozen=True, slots=True)
class Document:
    """``subject`` is the ticket's of whoever saved it here, empty in the documents of others."""

    instance: str
    series: str
    number: int
    author: str
    subject: str
    saved: datetime | None
    marks: tuple[Mark, ...]
    study: str

    @property
    def is_own(self) -> bool:
        """Whether it was saved here, and not by another maker's program."""
        return bool(self.subject) and self.series == series_of(self.study, self.subject)


@dataclass(slots=True)
class _Figure:
    graphic: str
    points: list[Point]
    region: bool
    instance: str
    frame: int


@dataclass(slots=True)
class _Group:
    figures: list[_Figure] = field(default_factory=list)
    numbers: dict[str, Number] = field(default_factory=dict)
    label: str = ""
    tracking: str = ""
    comment: str = ""


def read(content: bytes, zone: tzinfo) -> Document | None:
    """The document in a Part 10 file; None when it is none by TID 1500.

    Raises whatever pydicom does of a file that it cannot read.
    """
    dataset = dcmread(BytesIO(content), force=True)
    if _concept(dataset) != codes.REPORT.key:
        return None
    author = subject = ""
    groups: list[Dataset] = []
    for item in _content(dataset):
        concept = _concept(item)
        if concept == codes.OBSERVER_NAME.key:
            author = author or text.display_name(text.clean(str(item.get("PersonName", ""))))
        elif concept == codes.OBSERVER_LOGIN.key:
            subject = subject or text.line(text.clean(str(item.get("TextValue", ""))), "LO")
        elif concept == codes.MEASUREMENTS.key:
            groups += [part for part in _content(item) if _concept(part) == codes.GROUP.key]
    marks = [
        mark
        for at, group in enumerate(groups[:MAX_MARKS])
        if (mark := _mark(_group(group), f"{dataset.get('SOPInstanceUID', '')} {at}"))
    ]
    return Document(
        str(dataset.get("SOPInstanceUID", "")),
        str(dataset.get("SeriesInstanceUID", "")),
        int(dataset.get("InstanceNumber") or 0),
        author[:64],
        subject,
        _saved(dataset, zone),
        tuple(marks),
        str(dataset.get("StudyInstanceUID", "")),
    )


def _content(item: Dataset) -> Sequence[Dataset]:
    return item.get("ContentSequence") or []


def _key(sequence: Sequence[Dataset] | None) -> tuple[str, str] | None:
    if not sequence:
        return None
    return str(sequence[0].get("CodeValue", "")), str(sequence[0].get("CodingSchemeDesignator", ""))


def _concept(item: Dataset) -> tuple[str, str] | None:
    return _key(item.get("ConceptNameCodeSequence"))


def _saved(dataset: Dataset, zone: tzinfo) -> datetime | None:
    day = text.parse_date(str(dataset.get("ContentDate", "")))
    clock = text.parse_time(str(dataset.get("ContentTime", "")))
    if day is None or clock is None:
        return None
    offset = str(dataset.get("TimezoneOffsetFromUTC", ""))
    if len(offset) == 5 and offset[0] in "+-" and offset[1:].isdecimal():
        span = timedelta(hours=int(offset[1:3]), minutes=int(offset[3:]))
        if span < timedelta(days=1):
            zone = timezone(-span if offset[0] == "-" else span)
    return datetime.combine(day, clock, zone).astimezone(UTC)


def _group(group: Dataset) -> _Group:
    found = _Group()
    for item in _walk(group, 0):
        match item.get("ValueType"):
            case "SCOORD":
                if figure := _figure(item):
                    found.figures.append(figure)
            case "NUM":
                number = _number(item)
                if number and len(found.numbers) < MAX_NUMBERS:
                    found.numbers.setdefault(number.name, number)
            case "TEXT":
                value = text.line(text.clean(str(item.get("TextValue", ""))), "")[:MAX_TEXT]
                if _concept(item) == codes.TRACKING.key:
                    found.label = value
                elif _concept(item) == codes.COMMENT.key:
                    found.comment = found.comment or value
            case "UIDREF" if _concept(item) == codes.TRACKING_UID.key:
                found.tracking = str(item.get("UID", ""))
            case "CODE" if _concept(item) == codes.FINDING.key:
                meaning = item.get("ConceptCodeSequence") or [Dataset()]
                value = text.line(text.clean(str(meaning[0].get("CodeMeaning", ""))), "LO")
                found.comment = found.comment or value
    return found


def _walk(item: Dataset, depth: int) -> Iterator[Dataset]:
    """The items below *item*, in the order of the document."""
    if depth < MAX_DEPTH:
        for inner in _content(item):
            yield inner
            yield from _walk(inner, depth + 1)


def _figure(item: Dataset) -> _Figure | None:
    data = item.get("GraphicData")
    values = [float(value) for value in (data if data is not None else ())]
    usable = all(math.isfinite(value) and abs(value) <= MAX_COORDINATE for value in values)
    if not values or len(values) % 2 or len(values) > 2 * (MAX_POINTS + 1) or not usable:
        return None
    for inner in _content(item):
        for reference in inner.get("ReferencedSOPSequence") or []:
            instance = str(reference.get("ReferencedSOPInstanceUID", ""))
            frame = reference.get("ReferencedFrameNumber") or 1
            if is_uid(instance) and isinstance(frame, int) and frame >= 1:
                points = list(zip(values[::2], values[1::2], strict=True))
                region = _concept(item) == codes.REGION.key
                graphic = str(item.get("GraphicType", ""))
                return _Figure(graphic, points, region, instance, int(frame))
    return None


def _number(item: Dataset) -> Number | None:
    measured = item.get("MeasuredValueSequence")
    concept = _concept(item)
    if not measured or concept is None:
        return None
    derivation = None
    for inner in _content(item):
        if _concept(inner) == codes.DERIVATION.key:
            derivation = _key(inner.get("ConceptCodeSequence"))
    name = codes.name_of(concept, derivation)
    unit = codes.unit_of(_key(measured[0].get("MeasurementUnitsCodeSequence")) or ("", ""), name)
    value = measured[0].get("FloatingPointValue", measured[0].get("NumericValue"))
    if not name or unit is None or unit not in codes.ALLOWED[name] or value is None:
        return None
    number = float(value)
    return Number(name, number, unit) if math.isfinite(number) else None


def _mark(group: _Group, fallback: str) -> Mark | None:
    figures = group.figures
    if len({(figure.instance, figure.frame) for figure in figures}) != 1:
        return None
    kind, closed = _own_kind(group) or _kind_by_shape(group)
    if not kind:
        return None
    points = [point for figure in figures for point in _corners(figure, kind, closed=closed)]
    shape = CLOSED_PATH if closed else KINDS[kind]
    if not shape.least <= len(points) <= shape.most or (shape.text and not group.comment):
        return None
    return Mark(
        kind,
        group.tracking if is_uid(group.tracking) else derived("mark", fallback),
        figures[0].instance,
        figures[0].frame,
        longer_axis_first(points) if kind == "ellipse" else tuple(points),
        closed,
        group.comment if shape.text else "",
        tuple(group.numbers.values()),
    )


def _own_kind(group: _Group) -> tuple[str, bool] | None:
    """What the viewer wrote that drew it, when the figures are those of its kind."""
    kind = group.label.removeprefix(KIND_PREFIX)
    if kind == group.label or kind not in KINDS:
        return None
    closed = kind == "path" and group.figures[0].region
    shape: Kind = CLOSED_PATH if closed else KINDS[kind]
    drawn = [figure.graphic for figure in group.figures]
    return (kind, closed) if drawn == [part.graphic for part in shape.parts] else None


_LINE = ("POLYLINE", 2)
# What others draw, by graphic type and number of points; the first that fits.
_SHAPES: tuple[tuple[str, Callable[[_Group], bool]], ...] = (
    ("width", lambda group: _drawn(group) == [_LINE, _LINE] and _has(group, "length", "width")),
    ("", lambda group: len(group.figures) != 1),
    ("text", lambda group: _drawn(group) == [("POINT", 1)] and _is_comment(group)),
    ("probe", lambda group: _drawn(group) == [("POINT", 1)]),
    ("ellipse", lambda group: _drawn(group) in ([("ELLIPSE", 4)], [("CIRCLE", 2)])),
    ("arrow", lambda group: _drawn(group) == [_LINE] and _is_comment(group)),
    ("length", lambda group: _drawn(group) == [_LINE]),
    ("angle", lambda group: _drawn(group) == [("POLYLINE", 3)] and _has(group, "angle")),
    ("freehand", lambda group: _is_outline(group.figures[0])),
    ("path", lambda group: group.figures[0].graphic == "POLYLINE"),
)


def _kind_by_shape(group: _Group) -> tuple[str, bool]:
    return next((kind for kind, fits in _SHAPES if fits(group)), ""), False


def _drawn(group: _Group) -> list[tuple[str, int]]:
    return [(figure.graphic, len(figure.points)) for figure in group.figures]


def _has(group: _Group, *names: str) -> bool:
    return group.numbers.keys() >= set(names)


def _is_comment(group: _Group) -> bool:
    return bool(group.comment) and not group.numbers


def _is_outline(figure: _Figure) -> bool:
    points = figure.points
    return figure.graphic == "POLYLINE" and len(points) > 3 and points[0] == points[-1]


def _corners(figure: _Figure, kind: str, *, closed: bool) -> list[Point]:
    points = figure.points
    if figure.graphic == "CIRCLE" and len(points) == 2:
        (x, y), edge = points
        reach = math.dist(points[0], edge)
        return [(x, y - reach), (x, y + reach), (x - reach, y), (x + reach, y)]
    outline = closed or kind in ("rectangle", "freehand")
    if outline and len(points) > 1 and points[0] == points[-1]:
        return points[:-1]
    return points
