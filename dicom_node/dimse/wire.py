"""What the direct data plane reads and writes on the wire, without a copy or a data set object.

PDUs after DICOM PS3.8 section 9.3, C-STORE commands after PS3.7 section 9.3.1.
"""

import struct
from dataclasses import dataclass

from dicom_node.dataset.uid import is_uid

P_DATA, A_RELEASE_RQ, A_ABORT = 0x04, 0x05, 0x07
PDU_HEADER = struct.Struct(">BxL")
PDV_HEADER = struct.Struct(">LBB")
# Message control header, PS3.8 annex E.2.
IS_COMMAND, IS_LAST = 0x01, 0x02

# The command set of a C-STORE has some 200 bytes (PS3.7 section 9.3.1).
MAX_COMMAND = 65_536
C_STORE_RQ, C_STORE_RSP = 0x0001, 0x8001
NO_DATA_SET = 0x0101
_ELEMENT = struct.Struct("<HHL")
_SHORT = struct.Struct("<H")
_CLASS, _FIELD, _MESSAGE, _ANSWERED, _DATA_SET, _STATUS, _COMMENT, _INSTANCE = (
    0x0002, 0x0100, 0x0110, 0x0120, 0x0800, 0x0900, 0x0902, 0x1000,
)  # fmt: skip


class WireError(Exception):
    """The peer does not keep to the standard; the message says in what."""


@dataclass(frozen=True, slots=True)
class StoreRequest:
    """A C-STORE request; the UIDs as sent, whatever they are."""

    message: int
    sop_class: str
    sop_instance: str


def store_request(command: memoryview) -> StoreRequest | None:
    """Read a command set; None when it is anything but a C-STORE request with a data set."""
    values: dict[int, bytes] = {}
    position = 0
    while position < len(command):
        if position + _ELEMENT.size > len(command):
            return None
        group, element, length = _ELEMENT.unpack_from(command, position)
        position += _ELEMENT.size
        if group or position + length > len(command) or element in values:
            return None
        values[element] = bytes(command[position : position + length])
        position += length
    try:
        (field,) = _SHORT.unpack(values[_FIELD])
        (data_set,) = _SHORT.unpack(values[_DATA_SET])
        (message,) = _SHORT.unpack(values[_MESSAGE])
        if field != C_STORE_RQ or data_set == NO_DATA_SET:
            return None
        return StoreRequest(message, _text(values[_CLASS]), _text(values[_INSTANCE]))
    except (KeyError, struct.error):
        return None


def _text(value: bytes) -> str:
    return value.decode("ascii", "replace").strip(" \0")


def store_response(
    request: StoreRequest, context: int, status: int, comment: str, longest: int
) -> bytes:
    """The C-STORE response as P-DATA-TF PDUs; *longest* is the peer's maximum, 0 for any."""
    elements = [
        (_CLASS, _uid(request.sop_class)),
        (_FIELD, _SHORT.pack(C_STORE_RSP)),
        (_ANSWERED, _SHORT.pack(request.message)),
        (_DATA_SET, _SHORT.pack(NO_DATA_SET)),
        (_STATUS, _SHORT.pack(status)),
        # LO: 64 characters.
        (_COMMENT, _padded(comment[:64].encode("ascii", "replace"), b" ")),
        (_INSTANCE, _uid(request.sop_instance)),
    ]
    body = b"".join(
        _ELEMENT.pack(0, element, len(value)) + value for element, value in elements if value
    )
    command = _ELEMENT.pack(0, 0, 4) + struct.pack("<L", len(body)) + body
    size = max(longest - PDV_HEADER.size, 1) if longest else len(command)
    return b"".join(
        PDU_HEADER.pack(P_DATA, len(piece) + PDV_HEADER.size)
        + PDV_HEADER.pack(
            len(piece) + 2,
            context,
            IS_COMMAND | (IS_LAST if start + size >= len(command) else 0),
        )
        + piece
        for start in range(0, len(command), size)
        for piece in (command[start : start + size],)
    )


def _uid(text: str) -> bytes:
    return _padded(text.encode("ascii"), b"\0") if is_uid(text) else b""


def _padded(value: bytes, padding: bytes) -> bytes:
    return value + padding * (len(value) % 2)
