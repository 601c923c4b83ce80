"""Values of single elements, read leniently: what cannot be read is absent, never invented."""

import struct
from collections.abc import Sequence

from dicom_node.dataset.elements import Buffer, Element
from dicom_node.dataset.syntax import Syntax

MAX_VALUE = 1 << 20
INTEGERS = {"US": "H", "SS": "h", "UL": "L", "SL": "l", "UV": "Q", "SV": "q"}
_INT32 = 1 << 31


def raw(data: Buffer, element: Element, limit: int = MAX_VALUE) -> bytes:
    """The value bytes of *element*, at most *limit*."""
    return bytes(data[element.value : element.value + min(element.length, limit)])


def string(data: Buffer, element: Element) -> str:
    """An ASCII value without padding."""
    return raw(data, element, 1024).decode("ascii", "replace").strip(" \0")


def strings(data: Buffer, element: Element) -> Sequence[str]:
    return [part.strip(" \0") for part in string(data, element).split("\\")]


def integer(data: Buffer, element: Element, syntax: Syntax) -> int | None:
    """The first value as a number of 32 bits, from a binary VR or from digits; else None."""
    code = INTEGERS.get(element.vr)
    if code is not None:
        layout = struct.Struct(("<" if syntax.little else ">") + code)
        if element.length < layout.size:
            return None
        number = int(layout.unpack_from(data, element.value)[0])
    else:
        try:
            number = int(string(data, element).split("\\")[0])
        except ValueError:
            return None
    return number if -_INT32 <= number < _INT32 else None
