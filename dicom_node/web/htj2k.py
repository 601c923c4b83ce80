"""Frames in High-Throughput JPEG 2000 (ISO/IEC 15444-15), for slow lines: lossless, made once.

All frames of a series lie in one file as the items of encapsulated pixel data do (PS3.5 section
A.4), so that they are found and sent like those of a stored object. A list beside it says whose
they are; it is written last, and without it there are none.
"""

import json
import mmap
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

import numpy as np

from dicom_node.archive.located import Located
from dicom_node.dataset.elements import UnreadableError, collect, true_syntax
from dicom_node.dataset.frames import pack
from dicom_node.dataset.syntax import EXPLICIT_LITTLE, IMPLICIT_LITTLE, SYNTAXES
from dicom_node.dataset.values import integer, string
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

_SAMPLES, _PHOTOMETRIC, _ALLOCATED = 0x00280002, 0x00280004, 0x00280100
_STORED, _HIGH_BIT, _SIGNED = 0x00280101, 0x00280102, 0x00280103
_WANTED = frozenset((_SAMPLES, _PHOTOMETRIC, _ALLOCATED, _STORED, _HIGH_BIT, _SIGNED))


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
    name, kept = _kept(derived, instances[0])
    # An instance that comes again after its study was disposed of has another id.
    made: dict[int, tuple[int, list[int]]] = {}
    position = 0
    for number, lengths in kept:
        made[number] = position + 8, lengths
        position += sum(lengths) + 8 * len(lengths)
    return [
        replace(
            instance, syntax=LOSSLESS, key=derived.key(name), size=position, location="local",
            pixel_offset=made[instance.id][0], frame_length=None,
            fragment_lengths=pack(made[instance.id][1]), frame_starts=None,
        )
        if made.get(instance.id, (0, []))[1]
        else instance
        for instance in instances
    ]  # fmt: skip


def is_made(derived: Derived, instances: Sequence[Located]) -> bool:
    """Whether each of *instances*, all of one series, was looked at already."""
    _name, kept = _kept(derived, instances[0])
    return {instance.id for instance in instances} <= {number for number, _lengths in kept}


def make(store: Readable, derived: Derived, instances: Sequence[Located]) -> int:
    """Compress *instances*, all of one series; return how many were worth it.

    Each frame is decoded again and compared. Raises `NotTheSameError`, and OSError about the disk.
    """
    first = instances[0]
    name = f"{first.study}/{_prefix(first.series)}{secrets.token_hex(4)}.frames"
    made: list[tuple[int, list[int]]] = []
    with derived.writing(name) as file:
        for instance in instances:
            made.append((instance.id, _append(file, store, instance)))
    listed = _list_name(first)
    text = json.dumps({"file": name, "instances": made}, separators=(",", ":"))
    with derived.writing(listed) as file:
        file.write(text.encode())
    derived.forget_others(f"{first.study}/{_prefix(first.series)}", listed, name)
    return sum(bool(lengths) for _number, lengths in made)


def forget(derived: Derived, study: str, series: str) -> None:
    """Delete the copies of a series."""
    derived.forget_others(f"{study}/{_prefix(series)}")


def _kept(derived: Derived, instance: Located) -> tuple[str, list[tuple[int, list[int]]]]:
    """The file with the copies of the series, and the lengths of each instance's frames."""
    text = derived.get(_list_name(instance))
    if text is None:
        return "", []
    kept = json.loads(text)
    return kept["file"], kept["instances"]


def _prefix(series: str) -> str:
    return f"{series}-htj2k-"


def _list_name(instance: Located) -> str:
    return f"{instance.study}/{_prefix(instance.series)}{EDITION}.json"


def _append(file: BinaryIO, store: Readable, instance: Located) -> list[int]:
    """Write an instance's frames as items; return their lengths, none when it is left out."""
    begin = file.tell()
    lengths: list[int] = []
    # Whatever is wrong with a stored object is told when it is verified, and to its readers.
    for encoded in _frames(store, instance):
        file.write(_ITEM + len(encoded).to_bytes(4, "little") + encoded)
        lengths.append(len(encoded))
    size = instance.frames * (instance.frame_length or 0)
    if len(lengths) < instance.frames or sum(lengths) > size * WORTH:
        file.seek(begin)
        file.truncate()
        return []
    return lengths


def _frames(store: Readable, instance: Located) -> Iterator[bytes]:
    """The compressed frames; they end early where one cannot be compressed."""
    if not (instance.image and instance.frame_length) or instance.syntax not in _FROM:
        return
    try:
        with (
            store.open(instance.key) as stream,
            mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content,
        ):
            pixels = _pixels(content, instance)
            for number in range(1, instance.frames + 1):
                frame = _frame(content, instance.spans(number)[0], pixels) if pixels else None
                if frame is None:
                    return
                yield _encode(frame)
    except (FileNotFoundError, ValueError, UnreadableError):
        return


def _pixels(content: mmap.mmap, instance: Located) -> _Pixels | None:
    """None for what is not compressed here: colour, and what has an unusual depth."""
    start = instance.dataset_offset
    syntax = true_syntax(content, start, SYNTAXES[instance.syntax])
    found, _any = collect(content, start, len(content), syntax, _WANTED)
    if not found.keys() >= _WANTED or not (instance.rows and instance.columns):
        return None
    allocated, stored, high_bit, signed, samples = (
        integer(content, found[tag], syntax)
        for tag in (_ALLOCATED, _STORED, _HIGH_BIT, _SIGNED, _SAMPLES)
    )
    if (
        samples != 1
        or string(content, found[_PHOTOMETRIC]) not in _GREY
        or allocated not in (8, 16)
        or stored is None
        or not 1 <= stored <= allocated
        or high_bit != stored - 1
    ):
        return None
    dtype = np.dtype(f"<{'i' if signed else 'u'}{allocated // 8}")
    lowest = -(1 << stored - 1) if signed else 0
    return _Pixels(instance.rows, instance.columns, dtype, lowest, lowest + (1 << stored) - 1)


def _frame(
    content: mmap.mmap, span: tuple[int, int], pixels: _Pixels
) -> np.ndarray[Any, Any] | None:
    """None when it is cut short, or bits that hold no pixel are in use (PS3.5 section 8.1.1)."""
    offset, length = span
    size = pixels.rows * pixels.columns * pixels.dtype.itemsize
    raw = content[offset : offset + min(length, size)]
    if len(raw) < size:
        return None
    frame = np.frombuffer(raw, pixels.dtype).reshape(pixels.rows, pixels.columns)
    return frame if frame.min() >= pixels.lowest and frame.max() <= pixels.highest else None


def _encode(frame: np.ndarray[Any, Any]) -> bytes:
    # It takes memory, in a process that may never need it.
    import imagecodecs  # noqa: PLC0415

    encoded = bytes(imagecodecs.htj2k_encode(frame, reversible=True))
    if not np.array_equal(imagecodecs.htj2k_decode(encoded), frame):
        raise NotTheSameError
    return encoded + bytes(len(encoded) % 2)
