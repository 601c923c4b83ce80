"""WADO-RS retrieval of frames and whole instances (PS3.18 section 10.4): bytes as they lie."""

import asyncio
import mmap
from collections.abc import Sequence

from dicom_node.archive.located import Located
from dicom_node.dataset import part10
from dicom_node.dataset.elements import MAX_INFLATED, UnreadableError
from dicom_node.dataset.syntax import (
    DEFLATED,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    SYNTAXES,
)
from dicom_node.store.base import Readable
from dicom_node.web import accept, anonymous, codestream
from dicom_node.web.metadata import readable
from dicom_node.web.multipart import Multipart
from dicom_node.web.pieces import Piece, PiecesResponse, Reader, Span
from dicom_node.web.problem import bad_request, not_found, unsupported, withheld

OCTETS, DICOM = "application/octet-stream", "application/dicom"
MAX_FRAMES = 1000
# Native pixel data of these is the same bytes.
_LITTLE_NATIVE = frozenset((EXPLICIT_LITTLE.uid, IMPLICIT_LITTLE.uid, DEFLATED.uid))


def frame_numbers(text: str) -> list[int]:
    """A list of frames, from 1, as in the address."""
    parts = text.split(",")
    if len(parts) > MAX_FRAMES:
        raise bad_request(f"More than {MAX_FRAMES} frames.")
    if not all(part.isascii() and part.isdigit() and len(part) <= 7 for part in parts):
        raise bad_request("The list of frames holds something else than numbers.")
    return [int(part) for part in parts]


async def frames(
    store: Readable,
    instance: Located,
    numbers: Sequence[int],
    header: str,
    base: str,
    *,
    anon: bool,
) -> PiecesResponse:
    """The stored bytes of *numbers*, one part a frame, or one frame bare when so accepted."""
    bodies = [_frame_spans(instance, number) for number in numbers]
    if anon and SYNTAXES[instance.syntax].encapsulated:
        await _require_silence(store, instance, numbers)
    pieces: list[list[Piece]]
    if instance.syntax == DEFLATED.uid:
        if sum(length for spans in bodies for _offset, length in spans) > MAX_INFLATED:
            raise bad_request("So many frames of a deflated instance are not served at once.")
        pieces = await asyncio.to_thread(_inflated, store, instance, bodies)
    else:
        pieces = [[Span(instance.key, *span) for span in spans] for spans in bodies]
    offers = [OCTETS, *filter(None, [SYNTAXES[instance.syntax].media_type])]
    bare, kind, syntax = _choose(
        accept.parse(header), offers, instance.syntax, single=len(numbers) == 1
    )
    media_type = f"{kind}; transfer-syntax={syntax}"
    if bare:
        return PiecesResponse(store, pieces[0], media_type)
    multipart = Multipart(kind)
    address = _address(base, instance)
    parts = [
        ((("Content-Type", media_type), ("Content-Location", f"{address}/frames/{number}")), body)
        for number, body in zip(numbers, pieces, strict=True)
    ]
    return PiecesResponse(
        store, multipart.assemble(parts), f"{multipart.media_type}; transfer-syntax={syntax}"
    )


def _frame_spans(instance: Located, number: int) -> list[tuple[int, int]]:
    try:
        return instance.spans(number)
    except LookupError as error:
        raise not_found() from error


def _choose(
    ranges: Sequence[accept.MediaRange], offers: Sequence[str], stored: str, *, single: bool
) -> tuple[bool, str, str]:
    """Whether to answer bare, as which of *offers*, and which transfer syntax to name.

    Raises `Problem` 406.
    """
    for entry in ranges:
        media_type = next(filter(entry.admits, offers), None)
        same = entry.syntax in ("*", stored)
        if media_type is None or not (same or {entry.syntax, stored} <= _LITTLE_NATIVE):
            continue
        bare = single and not entry.multipart and entry.name != "*/*"
        if bare or entry.multipart or entry.name == "*/*":
            return bare, media_type, stored if same else entry.syntax
    raise unsupported(f"The data is stored as {stored}, which is not among what is accepted.")


def _inflated(
    store: Readable, instance: Located, bodies: Sequence[Sequence[tuple[int, int]]]
) -> list[list[Piece]]:
    with (
        store.open(instance.key) as stream,
        mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as file,
    ):
        data, _start, _syntax = readable(file, instance)
        return [[bytes(data[at : at + length]) for at, length in spans] for spans in bodies]


async def _require_silence(store: Readable, instance: Located, numbers: Sequence[int]) -> None:
    """Raise `Problem` 403 when a frame may carry text; RLE has no room for any."""
    if SYNTAXES[instance.syntax].codec == "rle":
        return
    reader = Reader(store)
    try:
        for number in numbers:
            spans = _frame_spans(instance, number)
            parts = [await reader.read(Span(instance.key, *span)) for span in spans]
            if await asyncio.to_thread(codestream.speaks, b"".join(parts)):
                raise withheld()
    finally:
        reader.close()


async def instances(
    store: Readable, found: Sequence[Located], header: str, base: str, *, anon: bool
) -> PiecesResponse:
    """Whole files, one part an instance, or one bare when so accepted."""
    single, ranges = len(found) == 1, accept.parse(header)
    bodies: list[Sequence[Piece]] = []
    for instance in found:
        bare, _type, _syntax = _choose(ranges, [DICOM], instance.syntax, single=single)
        bodies.append(await file_of(store, instance, anon=anon))
    if bare:
        return PiecesResponse(store, bodies[0], DICOM)
    multipart = Multipart(DICOM)
    parts = [
        (
            (
                ("Content-Type", f"{DICOM}; transfer-syntax={instance.syntax}"),
                ("Content-Location", _address(base, instance)),
            ),
            body,
        )
        for instance, body in zip(found, bodies, strict=True)
    ]
    return PiecesResponse(store, multipart.assemble(parts), multipart.media_type)


async def file_of(store: Readable, instance: Located, *, anon: bool) -> Sequence[Piece]:
    """An instance's file; raise `Problem` 403 when it may say whose it is, and must not."""
    if not anon:
        return [Span(instance.key, 0, instance.size)]
    if SYNTAXES[instance.syntax].encapsulated:
        await _require_silence(store, instance, range(1, instance.frames + 1))
    return await asyncio.to_thread(_anonymised, store, instance)


def written_syntax(instance: Located, *, anon: bool) -> str:
    """The transfer syntax of `file_of`."""
    inflated = anon and instance.syntax == DEFLATED.uid
    return EXPLICIT_LITTLE.uid if inflated else instance.syntax


def _anonymised(store: Readable, instance: Located) -> list[Piece]:
    """A file with new group 2, the allowed elements, and the pixel data where it lies."""
    deflated = instance.syntax == DEFLATED.uid
    written = written_syntax(instance, anon=True)
    meta = part10.FileMeta(instance.sop_class, instance.sop, written)
    with (
        store.open(instance.key) as stream,
        mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as file,
    ):
        data, start, syntax = readable(file, instance)
        head = part10.encode(meta)
        head += anonymous.rewrite_file(data, start, len(data), syntax)
        span = anonymous.pixel_span(data, start, syntax)
        if span is None:
            raise UnreadableError("an image without pixel data")
        begin, end = span
        if deflated:
            return [head, bytes(data[begin:end])]
    return [head, Span(instance.key, begin, end - begin)]


def _address(base: str, instance: Located) -> str:
    return f"{base}/studies/{instance.study}/series/{instance.series}/instances/{instance.sop}"
