"""Compressed frames that may say whose picture they are: in comments, or where no pixels are."""

import re

# What encoders sign with. Any other comment may say whose picture it is.
_ENCODER = re.compile(
    rb"(?:Created by (?:GDCM/)?OpenJPEG version [\d.]+|Kakadu-v?[\d.]+(?:[a-z]\d*)?"
    rb"|OpenJPH Ver [\d.]+|(?:Creator: )?JasPer Version [\d.]+|Lavc[\d.]*"
    rb"|LEAD Technologies Inc\. V[\d.]+|MITRA_DICOM_STANDARD)?[\0\s]*"
)
# Application segments that hold numbers only: (marker, how it begins, how long it may be).
_APPLICATIONS = (
    (0xE0, b"JFIF\0", 14),
    (0xE0, b"LJIF\0", 14),
    (0xE0, b"", 0),
    (0xEE, b"Adobe", 12),
    (0xE8, b"mrfx", 5),  # HP's colour transform in JPEG-LS
    (0xE8, b"SPIFF\0", 32),
    (0xE8, b"\0\0\0\1", 6),  # SPIFF: the end of its directory
)
_STANDALONE = frozenset((0x01, *range(0xD0, 0xD8)))
# Within a scan 0xFF is followed by stuffing (JPEG: zero, JPEG-LS: a byte below 0x80) or RSTn.
_MARKER = re.compile(rb"\xff+[\x80-\xcf\xd8-\xfe]")
_END = 0xD9
_START_OF_SCAN = 0xDA
_PADDING = b"\0\xff\n\r "
_TILE_PART, _DATA, _END_OF_STREAM, _COMMENT = 0xFF90, 0xFF93, 0xFFD9, 0xFF64


def speaks(frame: bytes) -> bool:
    """Whether a compressed frame carries text, or something unknown that may be text.

    JPEG and JPEG-LS (ISO 10918-1 annex B, ISO 14495-1 annex C), JPEG 2000 (ISO 15444-1 annex A).
    """
    if frame.startswith(b"\xff\xd8"):
        return _jpeg_speaks(frame)
    if frame.startswith(b"\xff\x4f"):
        return _jpeg_2000_speaks(frame)
    return True


def _jpeg_speaks(frame: bytes) -> bool:
    position = 2
    while position + 4 <= len(frame):
        if frame[position] != 0xFF:
            return True
        marker = frame[position + 1]
        if marker == 0xFF or marker in _STANDALONE:
            position += 1 if marker == 0xFF else 2
            continue
        if marker == _END:
            break
        length = int.from_bytes(frame[position + 2 : position + 4], "big")
        payload = frame[position + 4 : position + 2 + length]
        if marker == 0xFE and not _ENCODER.fullmatch(payload):
            return True
        if 0xE0 <= marker <= 0xEF and not _is_known_application(marker, payload):
            return True
        position += 2 + max(length, 2)
        if marker == _START_OF_SCAN:
            found = _MARKER.search(frame, position)
            if found is None:
                return False  # cut short: pixels to the end
            position = found.end() - 2
    is_end = frame[position : position + 2] == b"\xff\xd9"
    return not is_end or _is_more_than_padding(frame, position + 2)


def _is_more_than_padding(frame: bytes, position: int) -> bool:
    return bool(frame[position:].strip(_PADDING))


def _is_known_application(marker: int, payload: bytes) -> bool:
    return any(
        marker == known and payload.startswith(begin) and len(payload) <= longest
        for known, begin, longest in _APPLICATIONS
    )


def _jpeg_2000_speaks(frame: bytes) -> bool:
    position, tile_part_end, tile_parts = 2, 0, 0
    while position + 2 <= len(frame):
        marker = int.from_bytes(frame[position : position + 2], "big")
        if marker == _END_OF_STREAM:
            return _is_more_than_padding(frame, position + 2)
        if marker == _DATA:
            # A tile-part of length zero goes on to the end; its packets hold no marker.
            position = tile_part_end or frame.find(b"\xff\xd9", position)
            if position < 0:
                return False  # cut short: pixels to the end
            continue
        length = int.from_bytes(frame[position + 2 : position + 4], "big")
        if marker < 0xFF00 or length < 2:
            return True
        if marker == _COMMENT and not _ENCODER.fullmatch(
            frame[position + 6 : position + 2 + length]
        ):
            return True
        if marker == _TILE_PART:
            tile_parts += 1
            size = int.from_bytes(frame[position + 6 : position + 10], "big")
            if size and size < 14:
                return True
            tile_part_end = position + size if size else 0
        position += 2 + length
    return not tile_parts
