"""Where the frames lie in a file, so that a frame is read without decoding (PS3.5 annex A.4)."""

import struct
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from dicom_node.dataset.elements import Buffer, Element, UnreadableError, items
from dicom_node.dataset.syntax import Syntax

MAX_FRAMES = 1_000_000
_JPEG_STARTS = (b"\xff\xd8\xff", b"\xff\x4f\xff\x51")


@dataclass(frozen=True, slots=True)
class Fragments:
    """Encapsulated pixel data: fragments one behind the other, 8 bytes of header before each.

    ``first`` is the offset of the first fragment's value in the file, ``lengths`` are bytes,
    ``starts`` the index of each frame's first fragment, or None when no assignment is certain.
    """

    first: int
    lengths: Sequence[int]
    starts: Sequence[int] | None

    def parts(self, frame: int) -> list[tuple[int, int]]:
        """(offset, length) of each fragment of *frame*, which counts from 0."""
        if self.starts is None:
            raise LookupError("the fragments cannot be assigned to frames")
        begin = self.starts[frame]
        last = self.starts[frame + 1] if frame + 1 < len(self.starts) else len(self.lengths)
        offset = self.first + sum(self.lengths[:begin]) + 8 * begin
        found = []
        for length in self.lengths[begin:last]:
            found.append((offset, length))
            offset += length + 8
        return found


def read_fragments(
    data: Buffer, pixels: Element, syntax: Syntax, frames: int, extended: Sequence[int] = ()
) -> Fragments:
    """Read the fragments of *pixels* and assign them to *frames* frames."""
    spans = list(items(data, pixels, syntax))
    if not spans:
        return Fragments(0, (), None)
    (table_start, table_end), spans = spans[0], spans[1:]
    if not spans:
        return Fragments(0, (), None)
    count = (table_end - table_start) // 4
    table = struct.unpack_from(f"<{count}L", data, table_start)
    lengths = array("L", (end - start for start, end in spans))
    starts = _assign(data, spans, frames, extended or table, syntax)
    return Fragments(spans[0][0], lengths, starts)


def _assign(
    data: Buffer,
    spans: Sequence[tuple[int, int]],
    frames: int,
    table: Sequence[int],
    syntax: Syntax,
) -> Sequence[int] | None:
    if frames == 1 or syntax.codec == "video":
        return (0,)
    if len(spans) == frames:
        return range(frames)
    first = spans[0][0]
    if len(table) == frames:
        by_offset = {start - first: number for number, (start, _end) in enumerate(spans)}
        starts = [by_offset.get(offset) for offset in table]
        if starts[0] == 0 and _increasing(starts):
            return [start for start in starts if start is not None]
    begins = [
        number
        for number, (start, _end) in enumerate(spans)
        if bytes(data[start : start + 4]).startswith(_JPEG_STARTS)
    ]
    return begins if len(begins) == frames and begins[0] == 0 else None


def _increasing(numbers: Sequence[int | None]) -> bool:
    return all(a is not None and b is not None and a < b for a, b in pairwise(numbers))


def pack(numbers: Sequence[int]) -> bytes:
    """Numbers below 2**32 as little-endian bytes, for the index."""
    return struct.pack(f"<{len(numbers)}L", *numbers)


def unpack(data: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(data) // 4}L", data)


def native_length(rows: int, columns: int, samples: int, bits: int, photometric: str) -> int:
    """Bytes of one native frame (PS3.5 section 8); raise `UnreadableError` when not whole."""
    bits_total = rows * columns * samples * bits
    if photometric == "YBR_FULL_422" and samples == 3:
        bits_total = bits_total * 2 // 3
    if bits_total <= 0 or bits_total % 8:
        raise UnreadableError("a frame is no whole number of bytes")
    return bits_total // 8
