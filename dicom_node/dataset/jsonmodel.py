"""The DICOM JSON model (PS3.18 annex F) of a data set, whatever its bytes hold.

A value that its VR does not allow is left out: no number is invented, no element stops the rest.
"""

import base64
import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from dicom_node.dataset import text
from dicom_node.dataset.elements import (
    MAX_DEPTH,
    PIXEL_TAGS,
    Buffer,
    Element,
    UnreadableError,
    inner_syntax,
    items,
    known_vr,
    walk,
)
from dicom_node.dataset.syntax import IMPLICIT_LITTLE, Syntax
from dicom_node.dataset.values import INTEGERS, raw, strings

INLINE_LIMIT = 65_536
MAX_VALUES = 65_536
_FLOATS = {"FL": "f", "FD": "d"}
_BINARY = frozenset(("OB", "OD", "OF", "OL", "OV", "OW", "UN"))
_TEXT = frozenset(("LO", "SH", "UC", "LT", "ST", "UT", "PN"))
_SINGLE = frozenset(("LT", "ST", "UT", "UR"))
_PERSON = ("Alphabetic", "Ideographic", "Phonetic")


@dataclass(frozen=True, slots=True)
class _Level:
    """How one level of a data set is read: ``path`` leads to it, ``depth`` counts from 0."""

    syntax: Syntax
    codecs: text.Encodings = ()
    path: str = ""
    depth: int = 0


class JsonModel:
    """Converts one data set. ``bulk`` is the address below which a value is found by its path."""

    def __init__(self, data: Buffer, syntax: Syntax, bulk: str) -> None:
        self.data = data
        self.syntax = syntax
        self.bulk = bulk

    def convert(self, start: int, end: int) -> dict[str, Any]:
        """The elements between *start* and *end*."""
        return self._convert(start, end, _Level(self.syntax))

    def _convert(self, start: int, end: int, level: _Level) -> dict[str, Any]:
        if level.depth > MAX_DEPTH:
            raise UnreadableError(f"sequences nested deeper than {MAX_DEPTH}")
        result: dict[str, Any] = {}
        for element in walk(self.data, start, end, level.syntax):
            tag = element.tag
            if tag == 0x00080005:
                level = replace(level, codecs=text.encodings(strings(self.data, element)))
            if tag >> 16 < 8 or tag & 0xFFFF == 0:
                continue
            name = f"{tag:08X}"
            converted = self._element(element, replace(level, path=f"{level.path}{name}"))
            if converted is not None:
                result.setdefault(name, converted)
        if "00080005" in result:
            # Everything here is UTF-8 now.
            result["00080005"] = {"vr": "CS", "Value": ["ISO_IR 192"]}
        return dict(sorted(result.items()))

    def _element(self, element: Element, level: _Level) -> dict[str, Any] | None:
        vr = element.vr
        if element.tag in PIXEL_TAGS:
            return {"vr": vr, "BulkDataURI": f"{self.bulk}/{level.path}"}
        if element.undefined and vr in ("SQ", "UN"):
            return self._sequence(element, level)
        if element.undefined:
            return None
        if vr == "UN" and (known := known_vr(element.tag)) not in ("UN", "SQ"):
            vr, level = known, replace(level, syntax=IMPLICIT_LITTLE)
        if vr == "SQ":
            return self._sequence(element, level)
        if vr in _BINARY:
            return self._binary(element, vr, level.path)
        values = self._values(element, vr, level)
        while values and values[-1] is None:
            values.pop()
        return {"vr": vr, "Value": values} if values else {"vr": vr}

    def _sequence(self, element: Element, level: _Level) -> dict[str, Any]:
        inner = replace(level, syntax=inner_syntax(element, level.syntax), depth=level.depth + 1)
        try:
            values = [
                self._convert(start, end, replace(inner, path=f"{level.path}/{number}/"))
                for number, (start, end) in enumerate(items(self.data, element, level.syntax))
            ]
        except UnreadableError:
            values = []
        return {"vr": "SQ", "Value": values} if values else {"vr": "SQ"}

    def _binary(self, element: Element, vr: str, path: str) -> dict[str, Any]:
        if element.length > INLINE_LIMIT:
            return {"vr": vr, "BulkDataURI": f"{self.bulk}/{path}"}
        value = raw(self.data, element)
        return {"vr": vr, "InlineBinary": base64.b64encode(value).decode()} if value else {"vr": vr}

    def _values(self, element: Element, vr: str, level: _Level) -> list[Any]:
        order = "<" if level.syntax.little else ">"
        if vr in INTEGERS or vr in _FLOATS:
            return _numbers(raw(self.data, element), order + (INTEGERS | _FLOATS)[vr])
        if vr == "AT":
            numbers = _numbers(raw(self.data, element), order + "H")
            pairs = zip(numbers[::2], numbers[1::2], strict=False)
            return [f"{group:04X}{item:04X}" for group, item in pairs]
        value = raw(self.data, element).rstrip(b"\0 ")
        decoded = text.decode(value, level.codecs if vr in _TEXT else (), person=vr == "PN")
        if vr in _SINGLE:
            return [decoded] if decoded else []
        parts = [part.strip(" ") or None for part in decoded.split("\\")[:MAX_VALUES]]
        if vr == "PN":
            return [_person(part) for part in parts]
        if vr in ("DS", "IS"):
            return [_decimal(part, whole=vr == "IS") for part in parts]
        return list(parts)


def _numbers(value: bytes, layout: str) -> list[int | float | None]:
    single = struct.Struct(layout)
    whole = len(value) // single.size * single.size
    return [_finite(number) for (number,) in single.iter_unpack(value[:whole])]


def _finite(number: float) -> int | float | None:
    return number if math.isfinite(number) else None


def _decimal(part: str | None, *, whole: bool) -> int | float | None:
    if part is None or len(part) > 64 or "_" in part or not part.isascii():
        return None
    try:
        return int(part) if whole else _finite(float(part))
    except ValueError:
        return None


def _person(part: str | None) -> dict[str, str] | None:
    if part is None:
        return None
    groups: Sequence[str] = part.split("=")
    found = {name: group for name, group in zip(_PERSON, groups, strict=False) if group}
    return found or None


def find(data: Buffer, start: int, syntax: Syntax, path: Sequence[int]) -> Element:
    """The element at *path* (tag, item number, tag, …); raise LookupError when it is not there."""
    end = len(data)
    for position in range(0, len(path), 2):
        element = next((e for e in walk(data, start, end, syntax) if e.tag == path[position]), None)
        if element is None:
            raise LookupError("no such element")
        if position + 1 == len(path):
            return element
        spans = list(items(data, element, syntax))
        syntax = inner_syntax(element, syntax)
        start, end = spans[path[position + 1]]
    raise LookupError("a path ends with a tag")
