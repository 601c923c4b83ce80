"""What the pictures of a stored instance say of their place and of their values."""

import math
import mmap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydicom import dcmread
from pydicom.dataset import Dataset

from dicom_node.archive.located import Located
from dicom_node.dataset.elements import Element, collect
from dicom_node.dataset.syntax import SYNTAXES, Syntax
from dicom_node.dataset.values import integer, string, strings
from dicom_node.render.plan import Slice
from dicom_node.store.base import Readable
from dicom_node.web.metadata import readable

_GREY = ("MONOCHROME1", "MONOCHROME2")
# Of which an absent Rescale Type means HU (PS3.3 section C.8.2.1).
_CT_IMAGE = frozenset(f"1.2.840.10008.5.1.4.1.1.2{suffix}" for suffix in ("", ".1", ".2"))
_PET_UNITS = {"BQML": "Bq/ml", "CNTS": "cnts", "GML": "g/ml"}

_TAGS = {
    "modality": 0x00080060, "position": 0x00200032, "orientation": 0x00200037,
    "reference": 0x00200052, "samples": 0x00280002, "photometric": 0x00280004,
    "spacing": 0x00280030, "allocated": 0x00280100, "stored": 0x00280101, "high_bit": 0x00280102,
    "signed": 0x00280103, "center": 0x00281050, "width": 0x00281051, "intercept": 0x00281052,
    "slope": 0x00281053, "rescale_type": 0x00281054, "lut": 0x00283000, "units": 0x00541001,
}  # fmt: skip
_WANTED = frozenset(_TAGS.values())


@dataclass(frozen=True, slots=True, eq=False)
class Encoding:
    """How grey values are stored (PS3.5 section 8.1.1)."""

    allocated: int
    stored: int
    high_bit: int
    signed: bool
    table: bool

    @property
    def plain(self) -> bool:
        """Whether a value is its lowest bits, and what it stands for a linear function of it."""
        return (
            self.allocated in (8, 16)
            and 1 <= self.stored <= self.allocated
            and self.high_bit == self.stored - 1
            and not self.table
        )


@dataclass(frozen=True, slots=True, eq=False)
class Header:
    """One picture: ``frame`` of ``instance``, from 1; ``window`` is (center, width) or None."""

    instance: Located
    frame: int
    slice: Slice
    encoding: Encoding
    slope: float
    intercept: float
    unit: str
    window: tuple[float, float] | None
    inverted: bool


def read(store: Readable, instance: Located) -> list[Header]:
    """One header a frame; raise `UnreadableError`, or OSError when the object is not there."""
    if instance.frames > 1:
        return list(_of_frames(store, instance))
    with (
        store.open(instance.key) as stream,
        mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as file,
    ):
        data, start, syntax = readable(file, instance)
        found, _any = collect(data, start, len(data), syntax, _WANTED)
        return [_header(instance, 1, _Elements(data, found, syntax))]


class _Elements:
    """The values of a data set's own level."""

    def __init__(self, data: Any, found: dict[int, Element], syntax: Syntax) -> None:
        self._data = data
        self._found = found
        self._syntax = syntax

    def texts(self, name: str) -> Sequence[str]:
        element = self._found.get(_TAGS[name])
        return strings(self._data, element) if element else ()

    def text(self, name: str) -> str:
        element = self._found.get(_TAGS[name])
        return string(self._data, element).split("\\")[0].strip() if element else ""

    def whole(self, name: str) -> int | None:
        element = self._found.get(_TAGS[name])
        return integer(self._data, element, self._syntax) if element else None

    def has(self, name: str) -> bool:
        return _TAGS[name] in self._found


class _Frame:
    """The values of one frame: of its functional groups, the shared ones, and the data set."""

    def __init__(self, groups: Sequence[Dataset]) -> None:
        self._groups = groups

    def _value(self, name: str) -> Any:
        for group in self._groups:
            element = group.get(_TAGS[name])
            if element is not None and element.value is not None:
                return element.value
        return None

    def texts(self, name: str) -> Sequence[str]:
        value = self._value(name)
        if value is None:
            return ()
        several = not isinstance(value, str | int | float) and hasattr(value, "__iter__")
        return [str(part) for part in (value if several else (value,))]

    def text(self, name: str) -> str:
        return next(iter(self.texts(name)), "").strip()

    def whole(self, name: str) -> int | None:
        value = self._value(name)
        return value if isinstance(value, int) else None

    def has(self, name: str) -> bool:
        return self._value(name) is not None


def _of_frames(store: Readable, instance: Located) -> Iterator[Header]:
    with store.open(instance.key) as stream:
        dataset = dcmread(stream, force=True, stop_before_pixels=True)
    shared = _groups(dataset, "SharedFunctionalGroupsSequence", 0)
    for frame in range(1, instance.frames + 1):
        own = _groups(dataset, "PerFrameFunctionalGroupsSequence", frame - 1)
        yield _header(instance, frame, _Frame([*own, *shared, dataset]))


def _groups(dataset: Dataset, keyword: str, number: int) -> list[Dataset]:
    """The items of the functional groups' sequences (PS3.3 section C.7.6.16)."""
    groups = dataset.get(keyword) or []
    if number >= len(groups):
        return []
    return [
        item
        for element in groups[number]
        if element.VR == "SQ" and not element.tag.is_private
        for item in list(element.value)[:1]
    ]


def _header(instance: Located, frame: int, values: "_Elements | _Frame") -> Header:
    samples = values.whole("samples")
    photometric = values.text("photometric")
    video = SYNTAXES[instance.syntax].codec == "video"
    place = Slice(
        rows=instance.rows or 0,
        columns=instance.columns or 0,
        grey=(samples or 1) == 1 and photometric in _GREY and not video,
        spacing=_numbers(values.texts("spacing"), 2),
        orientation=_numbers(values.texts("orientation"), 6),
        position=_numbers(values.texts("position"), 3),
        reference=values.text("reference"),
    )
    allocated = values.whole("allocated") or 0
    stored = values.whole("stored") or allocated
    high_bit = values.whole("high_bit")
    encoding = Encoding(
        allocated,
        stored,
        stored - 1 if high_bit is None else high_bit,
        values.whole("signed") == 1,
        values.has("lut"),
    )
    slope, intercept = _first(values.texts("slope")), _first(values.texts("intercept"))
    center, width = _first(values.texts("center")), _first(values.texts("width"))
    return Header(
        instance, frame, place, encoding,
        1.0 if slope is None else slope,
        0.0 if intercept is None else intercept,
        _unit(instance, values.text, rescaled=slope is not None and intercept is not None),
        None if center is None or width is None or width < 1 else (center, width),
        inverted=photometric == "MONOCHROME1",
    )  # fmt: skip


def _unit(instance: Located, text: Callable[[str], str], *, rescaled: bool) -> str:
    """Of the values after rescaling, empty when the file does not give one; as the viewer's."""
    if text("modality") == "CT" and rescaled:
        kind = text("rescale_type")
        stated = kind == "HU" or (kind == "" and instance.sop_class in _CT_IMAGE)
        return "HU" if stated else ""
    return _PET_UNITS.get(text("units"), "") if text("modality") == "PT" else ""


def _numbers(texts: Sequence[str], count: int) -> tuple[float, ...] | None:
    values = [_number(text) for text in texts[:count]]
    found = tuple(value for value in values if value is not None)
    return found if len(found) == count else None


def _first(texts: Sequence[str]) -> float | None:
    return _number(texts[0]) if texts else None


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
