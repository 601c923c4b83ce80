"""Data sets written anew for anonymous tickets: by allow-list, never by removing what is known."""

import re
import struct

from pydicom.datadict import dictionary_VR

from dicom_node.dataset.elements import (
    ITEM,
    MAX_DEPTH,
    PIXEL_TAGS,
    Buffer,
    Element,
    UnreadableError,
    inner_syntax,
    items,
    walk,
)
from dicom_node.dataset.syntax import Syntax
from dicom_node.dataset.uid import is_uid
from dicom_node.web.allowed import EMPTIED, REQUIRED, TAGS

_LONG = frozenset(("OB", "OW", "SQ", "UN"))
_FORM = {
    "CS": re.compile(rb"[A-Z0-9 _\\]*\0?"),
    "DS": re.compile(rb"[0-9+\-.eE \\]*\0?"),
    "IS": re.compile(rb"[0-9+\- \\]*\0?"),
    "DA": re.compile(rb"(?:[0-9]{8} ?)?"),
    # Defined terms of Rescale Type and Modality LUT Type (PS3.3 section C.11.1.1.2).
    "LO": re.compile(rb"(?:OD|HU|US|MGML|Z_EFF|ED|EDW|HU_MOD|PCT)? ?"),
}
_BINARY = frozenset(("AT", "FD", "FL", "OB", "OW", "SL", "SS", "UL", "US"))
_MAX_VALUE = 1 << 20


def rewrite(data: Buffer, start: int, end: int, syntax: Syntax) -> bytes:
    """The allowed elements between *start* and *end*, without pixel data, in *syntax*."""
    return _joined(_level(data, (start, end), syntax, syntax, 0))


def rewrite_file(data: Buffer, start: int, end: int, syntax: Syntax) -> bytes:
    """The same, with the empty elements that a file needs to be an image by the standard."""
    written = _level(data, (start, end), syntax, syntax, 0)
    there = {element.tag for element in walk(data, start, end, syntax)}
    for tag in (REQUIRED | EMPTIED & there) - written.keys():
        written[tag] = _header(tag, dictionary_VR(tag), 0, syntax)
    return _joined(written)


def _joined(written: dict[int, bytes]) -> bytes:
    return b"".join(written[tag] for tag in sorted(written))


def _level(
    data: Buffer, span: tuple[int, int], source: Syntax, target: Syntax, depth: int
) -> dict[int, bytes]:
    if depth > MAX_DEPTH:
        raise UnreadableError(f"sequences nested deeper than {MAX_DEPTH}")
    written: dict[int, bytes] = {}
    for element in walk(data, *span, source):
        if element.tag not in TAGS or element.tag in written:
            continue
        vr = _allowed_vr(element)
        if vr == "SQ":
            try:
                value = _sequence(data, element, source, target, depth)
            except UnreadableError:
                continue
        elif vr and element.length <= _MAX_VALUE and not element.undefined:
            value = bytes(data[element.value : element.value + element.length])
            if not _is_well_formed(vr, value):
                continue
        else:
            continue
        written[element.tag] = _header(element.tag, vr, len(value), target) + value
    return written


def _allowed_vr(element: Element) -> str:
    """The element's VR when the dictionary agrees with it, else nothing: then it is left out."""
    return element.vr if element.vr in dictionary_VR(element.tag).split(" or ") else ""


def _sequence(data: Buffer, element: Element, source: Syntax, target: Syntax, depth: int) -> bytes:
    inner = inner_syntax(element, source)
    parts = []
    for span in items(data, element, source):
        item = _joined(_level(data, span, inner, target, depth + 1))
        parts.append(_header(ITEM, "", len(item), target) + item)
    return b"".join(parts)


def _is_well_formed(vr: str, value: bytes) -> bool:
    """Whether *value* is what its VR says, and so cannot be a name in the wrong place."""
    if vr in _BINARY:
        return True
    if vr == "UI":
        uids = value.decode("ascii", "replace").rstrip("\0 ")
        return all(is_uid(uid) for uid in uids.split("\\")) or not uids
    form = _FORM.get(vr)
    return form is not None and form.fullmatch(value) is not None


def _header(tag: int, vr: str, length: int, syntax: Syntax) -> bytes:
    order = "<" if syntax.little else ">"
    group, element = tag >> 16, tag & 0xFFFF
    if not syntax.explicit or not vr:
        return struct.pack(f"{order}HHL", group, element, length)
    if vr in _LONG:
        return struct.pack(f"{order}HH2sHL", group, element, vr.encode(), 0, length)
    return struct.pack(f"{order}HH2sH", group, element, vr.encode(), length)


def pixel_span(data: Buffer, start: int, syntax: Syntax) -> tuple[int, int] | None:
    """Where the pixel data element lies, header included."""
    for element in walk(data, start, len(data), syntax):
        if element.tag in PIXEL_TAGS:
            return element.start, element.end
    return None
