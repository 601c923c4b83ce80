"""Frames in High-Throughput JPEG 2000 (ISO/IEC 15444-15), for slow lines: lossless, made once.

All frames of a series lie in one file as the items of encapsulated pixel data do (PS3.5 section
A.4), so that they are found and sent like those of a stored object. A list beside it says whose
they are; it is written last, and without it there are none.
"""

import json
import mmap
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

import numpy as np

from dicom_node.archive.located import Located
from dicom_node.dataset.frames import pack
from dicom_node.dataset.syntax import EXPLICIT_LITTLE, IMPLICIT_LITTLE
from dicom_node.store.base import Readable
from dicom_node.web import accept
from dicom_node.web.derived import Derived

LOSSLESS = "1.2.840.10008.1.2.4.201"
MEDIA_TYPE = "image/jphc"
# To be changed when frames are to be made in another way: what is kept is then not used any more.
EDITION = 1
# What saves less than a fifth is not worth another copy.
WORTH = 0.8
_FROM = frozenset((EXPLICIT_LITTLE.uid, IMPLICIT_LITTLE.uid))
_GREY = frozenset(("MONOCHROME1", "MONOCHROME2"))
_ITEM = b"\xfe\xff\x00\xe0"

Attributes = Mapping[str, Mapping[str, Any]]


class NotTheSameError(Exception):
    """A compressed frame does not give back the pixels that it was made of."""


@dataclass(frozen=True, slots=True)
class _Pixels:
    """How grey values are stored (PS3.5 section 8.1.1), and between which they lie."""

    rows: int
    columns: int
    dtype: np.dtype[Any]
    lowest: int
    highest: int


def asked_for(header: str) -> bool:
    """Whether it is what an Accept *header* wants most."""
    first = accept.parse(header)[0]
    return first.syntax == LOSSLESS or first.part == MEDIA_TYPE


def of(derived: Derived, instances: Sequence[Located]) -> list[Located]:
    """*instances*, all of one series, each in HTJ2K where that was made."""
    first = instances[0]
    text = derived.get(f"{first.study}/{_list_name(first.series)}")
    if text is None:
        return list(instances)
    kept = json.loads(text)
    key = derived.key(f"{first.study}/{kept['file']}")
    made: dict[str, tuple[int, list[int]]] = {}
    position = 0
    for sop, lengths in kept["instances"]:
        made[sop] = position + 8, lengths
        position += sum(lengths) + 8 * len(lengths)
    return [
        replace(
            instance, syntax=LOSSLESS, key=key, size=position, location="local",
            pixel_offset=made[instance.sop][0], frame_length=None,
            fragment_lengths=pack(made[instance.sop][1]), frame_starts=None,
        )
        if instance.sop in made else instance
        for instance in instances
    ]  # fmt: skip


def make(
    store: Readable, derived: Derived, instances: Sequence[Located], metadata: Sequence[Attributes]
) -> int:
    """Compress *instances*, all of one series, with these *metadata*; return how many it is for.

    Each frame is decoded again and compared. Raises `NotTheSameError`, OSError.
    """
    first = instances[0]
    prefix = f"{first.series}-htj2k-"
    name = f"{prefix}{secrets.token_hex(4)}.frames"
    made: list[tuple[str, list[int]]] = []
    with derived.writing(f"{first.study}/{name}") as file:
        for instance, attributes in zip(instances, metadata, strict=True):
            pixels = _pixels(instance, attributes)
            lengths = _append(file, store, instance, pixels) if pixels is not None else []
            if lengths:
                made.append((instance.sop, lengths))
    text = json.dumps({"file": name, "instances": made}, separators=(",", ":"))
    listed = f"{first.study}/{_list_name(first.series)}"
    with derived.writing(listed) as file:
        file.write(text.encode())
    derived.forget_others(f"{first.study}/{prefix}", listed, f"{first.study}/{name}")
    return len(made)


def _list_name(series: str) -> str:
    return f"{series}-htj2k-{EDITION}.json"


def _pixels(instance: Located, attributes: Attributes) -> _Pixels | None:
    """None for what is not compressed here: colour, and what is compressed already."""
    allocated = _value(attributes, "00280100")
    signed = _value(attributes, "00280103") == 1
    if (
        instance.syntax not in _FROM
        or not (instance.image and instance.frame_length and instance.rows and instance.columns)
        or allocated not in (8, 16)
        or _value(attributes, "00280002") != 1
        or _value(attributes, "00280004") not in _GREY
    ):
        return None
    stored = _value(attributes, "00280101")
    if not isinstance(stored, int) or not 1 <= stored <= allocated:
        return None
    if _value(attributes, "00280102") != stored - 1:
        return None
    dtype = np.dtype(f"<{'i' if signed else 'u'}{allocated // 8}")
    lowest, highest = (
        (-(1 << stored - 1), (1 << stored - 1) - 1) if signed else (0, (1 << stored) - 1)
    )
    return _Pixels(instance.rows, instance.columns, dtype, lowest, highest)


def _value(attributes: Attributes, tag: str) -> Any:
    values = attributes.get(tag, {}).get("Value", [])
    return values[0] if values else None


def _append(file: BinaryIO, store: Readable, instance: Located, pixels: _Pixels) -> list[int]:
    """Write an instance's frames as items; return their lengths, none when it is left out."""
    begin = file.tell()
    lengths: list[int] = []
    with (
        store.open(instance.key) as stream,
        mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        for number in range(1, instance.frames + 1):
            encoded = _encode(content, instance.spans(number)[0], pixels)
            if encoded is None:
                break
            file.write(_ITEM + len(encoded).to_bytes(4, "little") + encoded)
            lengths.append(len(encoded))
    size = instance.frames * (instance.frame_length or 0)
    if len(lengths) < instance.frames or sum(lengths) > size * WORTH:
        file.seek(begin)
        file.truncate()
        return []
    return lengths


def _encode(content: mmap.mmap, span: tuple[int, int], pixels: _Pixels) -> bytes | None:
    """One frame; None when bits that hold no pixel are in use (PS3.5 section 8.1.1)."""
    # It takes memory, in a process that may never need it.
    import imagecodecs  # noqa: PLC0415

    offset, length = span
    count = pixels.rows * pixels.columns
    if length < count * pixels.dtype.itemsize:
        return None
    raw = content[offset : offset + count * pixels.dtype.itemsize]
    frame = np.frombuffer(raw, pixels.dtype).reshape(pixels.rows, pixels.columns)
    if frame.min() < pixels.lowest or frame.max() > pixels.highest:
        return None
    encoded = bytes(imagecodecs.htj2k_encode(frame, reversible=True))
    if not np.array_equal(imagecodecs.htj2k_decode(encoded), frame):
        raise NotTheSameError
    return encoded + bytes(len(encoded) % 2)
