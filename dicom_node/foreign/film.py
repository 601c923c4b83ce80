"""What an MP4 file (ISO/IEC 14496-12) says of its film: read, not decoded."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from dicom_node.dataset.frames import MAX_FRAMES
from dicom_node.foreign.error import ForeignError

H264_41, H264_42 = "1.2.840.10008.1.2.4.102", "1.2.840.10008.1.2.4.104"
HEVC_MAIN = "1.2.840.10008.1.2.4.107"
_CONTAINERS = frozenset((b"moov", b"trak", b"mdia", b"minf", b"stbl"))
_MAX_BOXES = 20_000
_MAX_MOOV = 64 << 20
_MAX_DEPTH = 8
_MAX_TRACKS = 64


@dataclass(frozen=True, slots=True)
class Film:
    rows: int
    columns: int
    frames: int
    # Milliseconds a frame, in the mean.
    frame_time: float
    syntax: str


@dataclass(frozen=True, slots=True)
class _Box:
    kind: bytes
    path: tuple[bytes, ...]
    body: bytes


def read(file: BinaryIO, size: int) -> Film:
    """The film's one picture track; raise `ForeignError`."""
    moov = _movie_box(file, size)
    tracks = [track for track in _tracks(moov) if track.get(b"hdlr", b"")[8:12] == b"vide"]
    if len(tracks) != 1:
        raise ForeignError("the film has no picture track, or several")
    try:
        return _film(tracks[0])
    except ForeignError:
        raise
    except (KeyError, IndexError, ValueError, struct.error) as error:
        raise ForeignError("the film's header is incomplete") from error


def _film(track: dict[bytes, bytes]) -> Film:
    header, samples = track[b"mdhd"], track[b"stsz"]
    layout, at = (">LQ", 20) if header[0] else (">LL", 12)
    scale, duration = struct.unpack_from(layout, header, at)
    (frames,) = struct.unpack_from(">L", samples, 8)
    entry = track[b"stsd"][8:]
    kind = entry[4:8]
    columns, rows = struct.unpack_from(">HH", entry, 32)
    if not (frames and duration and scale and rows and columns):
        raise ForeignError("the film has no pictures, or is cut into fragments")
    if frames > MAX_FRAMES:
        raise ForeignError("the film has too many pictures")
    return Film(rows, columns, frames, 1000 * duration / scale / frames, _syntax(kind, entry))


def _syntax(kind: bytes, entry: bytes) -> str:
    """PS3.5 sections A.4.6 to A.4.11: which profile and level a transfer syntax stands for."""
    if kind in (b"avc1", b"avc3"):
        at = entry.index(b"avcC") + 4
        profile, level = entry[at + 1], entry[at + 3]
        if profile in (66, 77, 100) and level <= 41:
            return H264_41
        if profile in (66, 77, 100) and level <= 42:
            return H264_42
        raise ForeignError("the film's H.264 profile or level is above High Profile, level 4.2")
    if kind in (b"hvc1", b"hev1"):
        at = entry.index(b"hvcC") + 4
        profile, level = entry[at + 1] & 0x1F, entry[at + 12]
        if profile == 1 and level <= 153:
            return HEVC_MAIN
        raise ForeignError("the film's HEVC profile or level is above Main, level 5.1")
    raise ForeignError("the film is neither H.264 nor HEVC: convert it to H.264 in MP4")


def _movie_box(file: BinaryIO, size: int) -> bytes:
    position = 0
    for number in range(_MAX_BOXES):
        file.seek(position)
        head = file.read(16)
        if len(head) < 8:
            break
        length, kind = struct.unpack_from(">L4s", head)
        start = 8
        if length == 1 and len(head) == 16:
            (length,), start = struct.unpack_from(">Q", head, 8), 16
        length = length or size - position
        if length < start or position + length > size or (number == 0 and kind != b"ftyp"):
            break
        if kind == b"moov":
            if length > _MAX_MOOV:
                break
            file.seek(position + start)
            return file.read(length - start)
        position += length
    raise ForeignError("the file is no MP4, or it is cut off")


def _tracks(moov: bytes) -> list[dict[bytes, bytes]]:
    tracks: list[dict[bytes, bytes]] = []
    for box in _boxes(moov, ()):
        if box.kind == b"trak":
            if len(tracks) == _MAX_TRACKS:
                raise ForeignError("the film has too many tracks")
            tracks.append({})
        elif b"trak" in box.path and box.kind not in _CONTAINERS:
            tracks[-1].setdefault(box.kind, box.body)
    return tracks


def _boxes(data: bytes, path: tuple[bytes, ...]) -> Iterator[_Box]:
    position = 0
    while position + 8 <= len(data):
        length, kind = struct.unpack_from(">L4s", data, position)
        if length < 8 or position + length > len(data):
            return
        body = data[position + 8 : position + length]
        yield _Box(kind, path, body)
        if kind in _CONTAINERS and len(path) < _MAX_DEPTH:
            yield from _boxes(body, (*path, kind))
        position += length
