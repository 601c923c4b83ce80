"""File meta information (DICOM PS3.10 section 7.1): written by the node, read from any file."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from dicom_node.dataset.elements import Buffer, UnreadableError, header
from dicom_node.dataset.syntax import EXPLICIT_LITTLE

IMPLEMENTATION_UID = "2.25.254866811270341237016428352396263720257"
IMPLEMENTATION_NAME = "YUNYING_01"
PREAMBLE = bytes(128) + b"DICM"


@dataclass(frozen=True, slots=True)
class FileMeta:
    """What group 2 of a stored file says; absent text is empty."""

    sop_class: str = ""
    sop_instance: str = ""
    syntax: str = ""
    calling_ae: str = ""
    called_ae: str = ""
    address: str = ""


_FIELDS = {
    0x00020002: "sop_class",
    0x00020003: "sop_instance",
    0x00020010: "syntax",
    0x00020016: "calling_ae",
    0x00020018: "called_ae",
    0x00020026: "address",
}


def encode(meta: FileMeta) -> bytes:
    """Preamble and group 2 as they precede the data set in a file."""
    body = b"".join(
        (
            _long(0x0001, b"OB", b"\x00\x01"),
            _short(0x0002, b"UI", meta.sop_class),
            _short(0x0003, b"UI", meta.sop_instance),
            _short(0x0010, b"UI", meta.syntax),
            _short(0x0012, b"UI", IMPLEMENTATION_UID),
            _short(0x0013, b"SH", IMPLEMENTATION_NAME),
            _short(0x0016, b"AE", meta.calling_ae),
            _short(0x0018, b"AE", meta.called_ae),
            _long(0x0026, b"UR", _padded(meta.address, b" ")) if meta.address else b"",
        )
    )
    return PREAMBLE + struct.pack("<HH2sHL", 2, 0, b"UL", 4, len(body)) + body


def _padded(text: str, padding: bytes) -> bytes:
    value = text.encode("ascii", "replace")
    return value + padding * (len(value) % 2)


def _short(element: int, vr: bytes, text: str) -> bytes:
    if not text:
        return b""
    value = _padded(text, b"\0" if vr == b"UI" else b" ")
    return struct.pack("<HH2sH", 2, element, vr, len(value)) + value


def _long(element: int, vr: bytes, value: bytes) -> bytes:
    return struct.pack("<HH2sHL", 2, element, vr, 0, len(value)) + value


def decode(data: Buffer, fields: Mapping[int, str] = _FIELDS) -> tuple[FileMeta, int]:
    """Read group 2 and return it with the data set's offset; the group length is not trusted."""
    start = 132 if bytes(data[128:132]) == b"DICM" else 0
    position, end = start, len(data)
    values: dict[str, str] = {}
    while position + 8 <= end and data[position : position + 2] == b"\x02\x00":
        element = header(data, position, end, EXPLICIT_LITTLE)
        position = element.value + element.length
        if position > end:
            raise UnreadableError(
                f"file meta information: {element.keyword} is longer than the file"
            )
        if element.tag in fields:
            text = bytes(data[element.value : position]).decode("ascii", "replace")
            values[fields[element.tag]] = "".join(filter(str.isprintable, text)).strip()
    if start and not values:
        raise UnreadableError("file meta information is missing")
    return FileMeta(**values), position
