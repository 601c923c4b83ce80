"""A bounded reader of encoded data sets (DICOM PS3.5 section 7).

It looks at headers only, never copies a value, never recurses while it skips, and either returns or
raises `UnreadableError`; the time it takes is bounded by the length of the data.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from mmap import mmap

from pydicom.datadict import dictionary_VR

from dicom_node.dataset.syntax import IMPLICIT_LITTLE, Syntax

Buffer = bytes | bytearray | memoryview | mmap

UNDEFINED = 0xFFFFFFFF
PIXEL_DATA = 0x7FE00010
PIXEL_TAGS = frozenset((PIXEL_DATA, 0x7FE00008, 0x7FE00009))
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
MAX_DEPTH = 64
# Of one level, and of one sequence or encapsulated pixel data: more is nobody's image, and to hold
# as many would take all memory.
MAX_ELEMENTS = 65_536
MAX_ITEMS = 1 << 20
MAX_INFLATED = 256 << 20

_LONG = frozenset((b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV"))
_LONG |= frozenset((b"UC", b"UN", b"UR", b"UT", b"UV"))
_SHORT = frozenset((b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO"))
_SHORT |= frozenset((b"LT", b"PN", b"SH", b"SL", b"SS", b"ST", b"TM", b"UI", b"UL", b"US"))
_LITTLE = (struct.Struct("<HH2sH"), struct.Struct("<L"))
_BIG = (struct.Struct(">HH2sH"), struct.Struct(">L"))


class UnreadableError(Exception):
    """The bytes are no data set in the transfer syntax given; the message says where and why."""


@dataclass(slots=True)
class Element:
    """Where one element lies: its header at ``start``, its value ``data[value:value + length]``.

    ``undefined`` says that the length was given as undefined: then the value holds items, and
    ``end`` lies behind the delimiter.
    """

    tag: int
    vr: str
    start: int
    value: int
    length: int
    end: int
    undefined: bool = False

    @property
    def keyword(self) -> str:
        return f"({self.tag >> 16:04X},{self.tag & 0xFFFF:04X})"


@lru_cache(maxsize=8192)
def known_vr(tag: int) -> str:
    """The data dictionary's VR for *tag*, ``UN`` when it has none or the tag is private."""
    if tag & 0xFFFF == 0:
        return "UL"
    if tag >> 16 & 1:
        return "LO" if 0x10 <= tag & 0xFFFF <= 0xFF else "UN"
    try:
        vr = dictionary_VR(tag)
    except KeyError:
        return "UN"
    return vr.split(" or ")[0]


def header(data: Buffer, position: int, end: int, syntax: Syntax) -> Element:
    """Read the element header at *position*; ``length`` is as stated, perhaps `UNDEFINED`."""
    words, long = _LITTLE if syntax.little else _BIG
    if position + 8 > end:
        raise UnreadableError(f"the data ends within an element header at byte {position}")
    group, element, vr, length = words.unpack_from(data, position)
    tag = group << 16 | element
    if group == 0xFFFE:
        (length,) = long.unpack_from(data, position + 4)
        return Element(tag, "", position, position + 8, length, 0)
    if syntax.explicit:
        if vr in _LONG:
            if position + 12 > end:
                raise UnreadableError(f"the data ends within an element header at byte {position}")
            (length,) = long.unpack_from(data, position + 8)
            return Element(tag, vr.decode("ascii"), position, position + 12, length, 0)
        if vr.isalpha() and vr.isupper():
            return Element(tag, vr.decode("ascii"), position, position + 8, length, 0)
    (length,) = long.unpack_from(data, position + 4)
    return Element(tag, known_vr(tag), position, position + 8, length, 0)


def walk(data: Buffer, position: int, end: int, syntax: Syntax) -> Iterator[Element]:
    """Yield the elements of one level between *position* and *end*, sequences unopened."""
    left = MAX_ELEMENTS
    while position + 8 <= end:
        if not left:
            raise UnreadableError(f"there are more than {MAX_ELEMENTS} elements on one level")
        left -= 1
        element = header(data, position, end, syntax)
        if element.tag in (ITEM, ITEM_END, SEQUENCE_END):
            # A stray delimiter belongs to nothing; senders leave them behind.
            position = element.value
            continue
        if element.length == UNDEFINED:
            element.undefined = True
            element.end = _skip_items(data, element, end, syntax)
            at_delimiter = element.end - 8 >= element.value and not _open_ended(
                data, element.end, syntax
            )
            element.length = element.end - element.value - (8 if at_delimiter else 0)
        else:
            element.end = element.value + element.length
            if element.end > end:
                raise UnreadableError(
                    f"{element.keyword} says {element.length} bytes, {end - element.value} are left"
                )
        yield element
        position = element.end


def collect(
    data: Buffer, position: int, end: int, syntax: Syntax, wanted: frozenset[int]
) -> tuple[dict[int, Element], bool]:
    """The first element of each *wanted* tag of one level, and whether there is any element at all.

    Goes over everything as `walk` does, with the same errors, in a fraction of the time.
    """
    if not (syntax.explicit and syntax.little):
        return _collect_slowly(data, position, end, syntax, wanted)
    found: dict[int, Element] = {}
    begin, left = position, MAX_ELEMENTS
    unpack, unpack_long = (layout.unpack_from for layout in _LITTLE)
    while position + 8 <= end:
        group, number, vr, length = unpack(data, position)
        value = position + 8
        if vr in _LONG and position + 12 <= end:
            (length,) = unpack_long(data, value)
            value += 4
        elif vr not in _SHORT:
            length = UNDEFINED
        if not left:
            raise UnreadableError(f"there are more than {MAX_ELEMENTS} elements on one level")
        left -= 1
        stop = value + length
        tag = group << 16 | number
        if length == UNDEFINED or group == 0xFFFE or stop > end:
            # What is rare or wrong is looked at with care.
            element = next(walk(data, position, end, syntax), None)
            if element is None:
                break
            tag, stop = element.tag, element.end
            if tag in wanted:
                found.setdefault(tag, element)
        elif tag in wanted and tag not in found:
            found[tag] = Element(tag, vr.decode("ascii"), position, value, length, stop)
        position = stop
    return found, position > begin


def _collect_slowly(
    data: Buffer, position: int, end: int, syntax: Syntax, wanted: frozenset[int]
) -> tuple[dict[int, Element], bool]:
    found: dict[int, Element] = {}
    anything = False
    for element in walk(data, position, end, syntax):
        anything = True
        if element.tag in wanted:
            found.setdefault(element.tag, element)
    return found, anything


def _open_ended(data: Buffer, end: int, syntax: Syntax) -> bool:
    words, _ = _LITTLE if syntax.little else _BIG
    group, element, _vr, _length = words.unpack_from(data, end - 8)
    return bool(group << 16 | element != SEQUENCE_END)


def _skip_items(data: Buffer, opener: Element, end: int, syntax: Syntax) -> int:
    """The position behind the items of *opener*, whose length is undefined."""
    stack = [(True, _inner(opener, syntax))]
    position = opener.value
    while stack:
        in_sequence, inner = stack[-1]
        if position == end and len(stack) == 1 and opener.tag in PIXEL_TAGS:
            return position  # fragments without a delimiter at the very end: nothing is missing
        element = header(data, position, end, inner)
        if element.tag == (SEQUENCE_END if in_sequence else ITEM_END):
            stack.pop()
            position = element.value
        elif in_sequence and element.tag != ITEM:
            raise UnreadableError(f"{opener.keyword}: {element.keyword} where an item should begin")
        elif element.length == UNDEFINED:
            if len(stack) >= 2 * MAX_DEPTH:
                raise UnreadableError(f"{opener.keyword}: sequences nested deeper than {MAX_DEPTH}")
            stack.append((not in_sequence, inner if in_sequence else _inner(element, inner)))
            position = element.value
        else:
            position = element.value + element.length
            if position > end:
                raise UnreadableError(f"{opener.keyword}: an item says more bytes than are left")
    return position


def _inner(element: Element, syntax: Syntax) -> Syntax:
    # PS3.5 section 6.2.2: UN of undefined length is encoded as implicit little endian.
    return IMPLICIT_LITTLE if element.vr == "UN" else syntax


def items(data: Buffer, sequence: Element, syntax: Syntax) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of each item of *sequence*; for fragments, of each fragment."""
    inner = _inner(sequence, syntax)
    position, end = sequence.value, sequence.value + sequence.length
    left = MAX_ITEMS
    while position + 8 <= end:
        if not left:
            raise UnreadableError(f"{sequence.keyword} has more than {MAX_ITEMS} items")
        left -= 1
        item = header(data, position, end, inner)
        if item.tag == SEQUENCE_END:
            return
        if item.tag != ITEM:
            raise UnreadableError(f"{sequence.keyword}: {item.keyword} where an item should begin")
        if item.length == UNDEFINED:
            position = _skip_item(data, sequence, item.value, end, inner)
            yield item.value, position - 8
        else:
            position = item.value + item.length
            if position > end:
                raise UnreadableError(f"{sequence.keyword}: an item says more bytes than are left")
            yield item.value, position


def _skip_item(data: Buffer, sequence: Element, position: int, end: int, inner: Syntax) -> int:
    while True:
        element = header(data, position, end, inner)
        if element.tag == ITEM_END:
            return element.value
        if element.length == UNDEFINED:
            position = _skip_items(data, element, end, inner)
        else:
            position = element.value + element.length
        if position > end:
            raise UnreadableError(f"{sequence.keyword}: an item says more bytes than are left")


def inner_syntax(element: Element, syntax: Syntax) -> Syntax:
    """The syntax in which the items of *element* are encoded."""
    return _inner(element, syntax)


def true_syntax(data: Buffer, start: int, syntax: Syntax) -> Syntax:
    """*syntax*, or implicit little endian when an explicit one is declared but not there."""
    if not syntax.explicit or syntax.deflated or len(data) < start + 8:
        return syntax
    vr = bytes(data[start + 4 : start + 6])
    if vr.isalpha() and vr.isupper():
        return syntax
    group, element = struct.unpack_from("<HH", data, start)
    (length,) = struct.unpack_from("<L", data, start + 4)
    plausible = known_vr(group << 16 | element) != "UN" and start + 8 + length <= len(data)
    return IMPLICIT_LITTLE if plausible else syntax


def inflate(data: Buffer, start: int, limit: int = MAX_INFLATED) -> bytes:
    """The data set of a deflated file (PS3.5 annex A.5), at most *limit* bytes of it."""
    decompressor = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        inflated = decompressor.decompress(memoryview(data)[start:], limit)
    except zlib.error as error:
        raise UnreadableError(f"the deflated data set cannot be inflated: {error}") from error
    if not decompressor.eof:
        reason = "is cut short" if len(inflated) < limit else f"inflates past {limit} bytes"
        raise UnreadableError(f"the deflated data set {reason}")
    return inflated
