"""Videos as they are stored (PS3.18 section 8.7.4, rendered video media types): no transcoding."""

import re

from starlette.types import ASGIApp

from dicom_node.archive.located import Located
from dicom_node.dataset.syntax import SYNTAXES
from dicom_node.store.base import Readable
from dicom_node.web import accept
from dicom_node.web.pieces import Piece, PiecesResponse, Reader, Span
from dicom_node.web.problem import Problem, not_found, unsupported

MP4, TRANSPORT, MPEG = "video/mp4", "video/mp2t", "video/mpeg"
H264, H265 = "video/h264", "video/h265"
_HEVC = frozenset(("1.2.840.10008.1.2.4.107", "1.2.840.10008.1.2.4.108"))
_MPEG2 = frozenset(("1.2.840.10008.1.2.4.100", "1.2.840.10008.1.2.4.101"))
# Two packets of a transport stream (ISO/IEC 13818-1) and the sync byte of the third.
_LOOK = 188 * 2 + 1
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def is_video(instance: Located) -> bool:
    return SYNTAXES[instance.syntax].codec == "video"


def container(head: bytes, syntax: str) -> str:
    """The media type of what begins with *head*.

    PS3.5 sections A.4.5 to A.4.9 leave the container to the sender: an MP4 file (ISO/IEC 14496-14),
    a transport stream, or the bare stream of the codec.
    """
    if head[4:8] == b"ftyp":
        return MP4
    if len(head) >= _LOOK and head[0] == head[188] == head[376] == 0x47:
        return TRANSPORT
    if syntax in _MPEG2:
        return MPEG
    return H265 if syntax in _HEVC else H264


async def answer(store: Readable, instance: Located, accepted: str, asked: str) -> ASGIApp:
    """The video, or what a Range header *asked* for of it; its media type is what its bytes are.

    Raises `Problem` 404 without any bytes, 406 when the media type is not *accepted*, 416 when the
    range lies outside.
    """
    try:
        spans = [Span(instance.key, *span) for span in instance.spans(1)]
    except LookupError as error:
        raise not_found() from error
    if not spans:
        raise not_found()
    reader = Reader(store)
    try:
        first = spans[0]
        head = await reader.read(Span(first.key, first.offset, min(first.length, _LOOK)))
    finally:
        reader.close()
    media_type = container(head, instance.syntax)
    if accept.best(accepted, [media_type]) is None:
        raise unsupported(f"The video is {media_type}, which is not among what is accepted.")
    total = sum(span.length for span in spans)
    span = _span(asked, total)
    if span is None:
        return PiecesResponse(store, spans, media_type, [("accept-ranges", "bytes")])
    start, end = span
    headers = [("accept-ranges", "bytes"), ("content-range", f"bytes {start}-{end - 1}/{total}")]
    return PiecesResponse(store, cut(spans, start, end), media_type, headers, status=206)


def _span(asked: str, total: int) -> tuple[int, int] | None:
    """Begin and end of a single byte range (RFC 9110 section 14.1.2); others are passed over."""
    found = _RANGE.fullmatch(asked.strip())
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:
        start, end = max(0, total - int(found[2])), total
    else:
        start = int(found[1])
        end = min(int(found[2]) + 1, total) if found[2] else total
        if found[2] and int(found[2]) < start:
            return None
    if start >= end:
        raise Problem(
            416, "bad_request", "The range lies outside.", {"Content-Range": f"bytes */{total}"}
        )
    return start, end


def cut(spans: list[Span], start: int, end: int) -> list[Piece]:
    """The bytes from *start* to *end* of *spans* joined."""
    pieces: list[Piece] = []
    position = 0
    for span in spans:
        first, last = max(start - position, 0), min(end - position, span.length)
        if first < last:
            pieces.append(Span(span.key, span.offset + first, last - first))
        position += span.length
    return pieces
