"""What the index keeps of an instance, read from its file."""

import hashlib
import mmap
import os
import struct
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from functools import lru_cache
from pathlib import Path

from dicom_node.archive.withholding import Clues, may_show_a_name
from dicom_node.dataset import text
from dicom_node.dataset.elements import (
    PIXEL_DATA,
    PIXEL_TAGS,
    Buffer,
    Element,
    UnreadableError,
    collect,
    inflate,
    true_syntax,
)
from dicom_node.dataset.frames import MAX_FRAMES, Fragments, native_length, read_fragments
from dicom_node.dataset.identity import SERIES, SOP_CLASS, SOP_INSTANCE, STUDY, Identity
from dicom_node.dataset.part10 import FileMeta, decode
from dicom_node.dataset.syntax import SYNTAXES, Syntax
from dicom_node.dataset.uid import is_uid
from dicom_node.dataset.values import integer, raw, string

EXTENDED_OFFSET_TABLE = 0x7FE00001
_OVERLAY_BIT_POSITIONS = frozenset(0x60000102 + (group << 17) for group in range(16))
_WANTED = PIXEL_TAGS | _OVERLAY_BIT_POSITIONS | {EXTENDED_OFFSET_TABLE, SOP_CLASS, SOP_INSTANCE}
_WANTED |= {STUDY, SERIES, 0x00080005, 0x00080008, 0x00080020, 0x00080021, 0x00080030, 0x00080031}
_WANTED |= {0x00080050, 0x00080060, 0x00080090, 0x00081010, 0x00081030, 0x0008103E, 0x00100010}
_WANTED |= {0x00100020, 0x00100030, 0x00100040, 0x00180015, 0x00200010, 0x00200011, 0x00200013}
_WANTED |= {0x00200060, 0x00280002, 0x00280004, 0x00280008, 0x00280010, 0x00280011, 0x00280100}
_WANTED |= {0x00280301}
_REMEMBERED = 256
_HEAD = 1 << 15
_CHUNK = 1 << 17
_local = threading.local()


@dataclass(frozen=True, slots=True)
class Pixels:
    """Where the frames lie; all None and 0 when there are none."""

    frames: int = 0
    offset: int | None = None
    length: int | None = None
    fragments: Fragments | None = None


@dataclass(frozen=True, slots=True)
class Scanned:
    """One instance as it goes into the index. Sizes and offsets in bytes."""

    identity: Identity
    meta: FileMeta
    digest: bytes
    size: int
    dataset_offset: int
    study: Mapping[str, str | date | time | None]
    series: Mapping[str, str | int | date | time | None]
    number: int | None
    rows: int | None
    columns: int | None
    pixels: Pixels
    image: bool
    withheld: bool


class _Header:
    """The elements of the top level that are looked at, by tag."""

    def __init__(self, data: Buffer, start: int, end: int, syntax: Syntax) -> None:
        self.data = data
        self.syntax = syntax
        self.elements, anything = collect(data, start, end, syntax, _WANTED)
        if not anything:
            raise UnreadableError("the data set is empty")
        charset = self.elements.get(0x00080005)
        self.codecs = _codecs(raw(data, charset, 1024)) if charset else ()

    def is_within(self, length: int) -> bool:
        """Whether all values but native pixels lie in the first *length* bytes."""
        return all(
            element.end <= length or (element.tag in PIXEL_TAGS and not element.undefined)
            for element in self.elements.values()
        )

    def text(self, tag: int, vr: str) -> str:
        element = self.elements.get(tag)
        if element is None:
            return ""
        value = raw(self.data, element)
        read = _line if len(value) <= _REMEMBERED else _line.__wrapped__
        return read(value, vr, self.codecs)

    def code(self, tag: int) -> str:
        """The first value of a code string, in capitals."""
        return self.text(tag, "LO").split("\\")[0].strip().upper()[:16]

    def integer(self, tag: int) -> int | None:
        element = self.elements.get(tag)
        return integer(self.data, element, self.syntax) if element else None

    def uid(self, tag: int) -> str:
        element = self.elements.get(tag)
        found = string(self.data, element) if element else ""
        return found if is_uid(found) else ""


@lru_cache(maxsize=4096)
def _line(value: bytes, vr: str, codecs: text.Encodings) -> str:
    """Most values are those of the instance before."""
    return text.line(text.decode(value.rstrip(b"\0 "), codecs, person=vr == "PN"), vr)


@lru_cache(maxsize=256)
def _codecs(value: bytes) -> text.Encodings:
    return text.encodings(
        [part.strip(" \0") for part in value.decode("ascii", "replace").split("\\")]
    )


def scan(path: Path) -> Scanned:
    """Read *path*, all of it once for the digest; raise `UnreadableError`, or OSError."""
    with path.open("rb", buffering=0) as stream:
        return _scan(stream.fileno())


def _scan(descriptor: int) -> Scanned:
    size = os.fstat(descriptor).st_size
    # Read, not mapped: a disk that fails is then an error of this file, not of the process.
    head = os.pread(descriptor, _HEAD, 0)
    try:
        return _look(descriptor, head, size)
    except (UnreadableError, struct.error, _BeyondError):
        with _mapped(descriptor) as file:
            return _look(descriptor, file, size)


class _BeyondError(Exception):
    """What is looked for lies beyond the part of the file that was read."""


def _look(descriptor: int, file: Buffer, size: int) -> Scanned:
    """Look at *file*, which may be only the beginning of all *size* bytes."""
    meta, start = decode(file)
    syntax = SYNTAXES.get(meta.syntax)
    if syntax is None:
        raise UnreadableError(f"transfer syntax {meta.syntax!r} is not known")
    whole = len(file) == size
    if syntax.deflated and not whole:
        raise _BeyondError
    data: Buffer = inflate(file, start) if syntax.deflated else file
    position, end = (0, len(data)) if syntax.deflated else (start, size)
    header = _Header(data, position, end, true_syntax(data, position, syntax))
    if not whole and not header.is_within(len(data)):
        raise _BeyondError
    return _scanned(
        header, meta, syntax, digest=digest_of(descriptor, start), size=size, start=start
    )


def digest_of(descriptor: int, start: int) -> bytes:
    """SHA-256 of an open file from *start* to its end."""
    digest, buffer = hashlib.sha256(), _buffer()
    while count := os.preadv(descriptor, [buffer], start):
        digest.update(buffer[:count])
        start += count
    return digest.digest()


def _buffer() -> memoryview:
    """This thread's own, small enough to stay in the processor's cache between read and digest."""
    found: memoryview | None = getattr(_local, "buffer", None)
    if found is None:
        found = _local.buffer = memoryview(bytearray(_CHUNK))
    return found


def _mapped(descriptor: int) -> mmap.mmap:
    try:
        return mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ)
    except ValueError as error:
        raise UnreadableError("the file is empty") from error


def _scanned(
    header: _Header, meta: FileMeta, syntax: Syntax, *, digest: bytes, size: int, start: int
) -> Scanned:
    identity = Identity(*map(header.uid, (SOP_CLASS, SOP_INSTANCE, STUDY, SERIES)))
    identity = identity.completed(meta.sop_class, meta.sop_instance)
    rows, columns = header.integer(0x00280010), header.integer(0x00280011)
    pixels = _pixels(header, syntax, rows, columns)
    clues = _clues(header, identity.sop_class, syntax)
    image = pixels.frames > 0 and bool(rows and columns) and clues.modality != "SEG"
    return Scanned(
        identity=identity,
        meta=meta,
        digest=digest,
        size=size,
        dataset_offset=start,
        study=_study(header),
        series=_series(header),
        number=header.integer(0x00200013),
        rows=rows,
        columns=columns,
        pixels=pixels,
        image=image,
        withheld=not image or may_show_a_name(clues),
    )


def _study(header: _Header) -> dict[str, str | date | time | None]:
    return {
        "patient_id": header.text(0x00100020, "LO"),
        "patient_name": header.text(0x00100010, "PN"),
        "birth_date": text.parse_date(header.text(0x00100030, "LO")),
        "sex": header.code(0x00100040),
        "accession_number": header.text(0x00080050, "SH"),
        "study_id": header.text(0x00200010, "SH"),
        "study_date": text.parse_date(header.text(0x00080020, "LO")),
        "study_time": text.parse_time(header.text(0x00080030, "LO")),
        "description": header.text(0x00081030, "LO"),
        "referring_physician": header.text(0x00080090, "PN"),
        "station_name": header.text(0x00081010, "SH"),
    }


def _series(header: _Header) -> dict[str, str | int | date | time | None]:
    return {
        "number": header.integer(0x00200011),
        "modality": header.code(0x00080060),
        "description": header.text(0x0008103E, "LO"),
        "body_part": header.code(0x00180015),
        "laterality": header.code(0x00200060),
        "series_date": text.parse_date(header.text(0x00080021, "LO")),
        "series_time": text.parse_time(header.text(0x00080031, "LO")),
    }


def _pixels(header: _Header, syntax: Syntax, rows: int | None, columns: int | None) -> Pixels:
    element = next((header.elements[tag] for tag in PIXEL_TAGS if tag in header.elements), None)
    if element is None or not rows or not columns:
        return Pixels()
    stated = header.integer(0x00280008)
    frames = 1 if stated is None else stated
    if not 0 < frames <= MAX_FRAMES:
        return Pixels()
    if element.undefined:
        fragments = read_fragments(
            header.data, element, header.syntax, frames, _extended_offsets(header)
        )
        return Pixels(frames if fragments.lengths else 0, fragments.first, None, fragments)
    if syntax.encapsulated or element.tag != PIXEL_DATA:
        return Pixels()
    return _native(header, element, frames, rows, columns)


def _native(header: _Header, element: Element, frames: int, rows: int, columns: int) -> Pixels:
    try:
        length = native_length(
            rows,
            columns,
            header.integer(0x00280002) or 1,
            header.integer(0x00280100) or 0,
            header.code(0x00280004),
        )
    except UnreadableError:
        return Pixels()
    # Wrong is worse than missing: a frame that is not all there is not served.
    present = min(frames, element.length // length)
    return Pixels(present, element.value, length)


def _extended_offsets(header: _Header) -> list[int]:
    element = header.elements.get(EXTENDED_OFFSET_TABLE)
    if element is None or element.length % 8:
        return []
    table = memoryview(header.data)[element.value : element.value + element.length]
    return list(table.cast("Q"))


def _clues(header: _Header, sop_class: str, syntax: Syntax) -> Clues:
    return Clues(
        sop_class=sop_class,
        modality=header.code(0x00080060),
        burned_in=header.code(0x00280301),
        colour=(header.integer(0x00280002) or 1) > 1 or header.code(0x00280004).startswith("PAL"),
        video=syntax.codec == "video",
        image_type=tuple(header.text(0x00080008, "LO").upper().split("\\")),
        overlay_in_pixels=any(
            header.integer(tag) not in (0, None)
            for tag in _OVERLAY_BIT_POSITIONS & header.elements.keys()
        ),
    )
