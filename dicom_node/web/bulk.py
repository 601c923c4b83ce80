"""Values too large for metadata (PS3.18 section 10.4.1.1.5), found by their path."""

import mmap
import re
from collections.abc import Sequence

from dicom_node.archive.located import Located
from dicom_node.dataset.elements import UnreadableError
from dicom_node.dataset.jsonmodel import find
from dicom_node.store.base import Readable
from dicom_node.web import accept
from dicom_node.web.metadata import readable
from dicom_node.web.multipart import Multipart
from dicom_node.web.pieces import Piece, PiecesResponse, Span
from dicom_node.web.problem import bad_request, not_found, unsupported

OCTETS = "application/octet-stream"
_PATH = re.compile(r"[0-9A-F]{8}(?:/[0-9]{1,6}/[0-9A-F]{8}){0,32}")


def parse_path(text: str) -> list[int]:
    """``TAG`` or ``TAG/item/TAG…``, items from 0."""
    if not _PATH.fullmatch(text):
        raise bad_request("The address names no element.")
    return [int(part, 10 if number % 2 else 16) for number, part in enumerate(text.split("/"))]


def value(store: Readable, instance: Located, path: Sequence[int]) -> Piece:
    """The value at *path*, where it lies."""
    with (
        store.open(instance.key) as stream,
        mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as file,
    ):
        data, start, syntax = readable(file, instance)
        try:
            element = find(data, start, syntax, path)
        except (LookupError, UnreadableError) as error:
            raise not_found() from error
        if data is not file:
            return bytes(data[element.value : element.value + element.length])
    return Span(instance.key, element.value, element.length)


def answer(store: Readable, piece: Piece, header: str) -> PiecesResponse:
    """Bare octets when so accepted, else one part."""
    for entry in accept.parse(header):
        if entry.admits(OCTETS) and not entry.multipart and entry.name == OCTETS:
            return PiecesResponse(store, [piece], OCTETS)
        if entry.admits(OCTETS):
            multipart = Multipart(OCTETS)
            parts = [((("Content-Type", OCTETS),), [piece])]
            return PiecesResponse(store, multipart.assemble(parts), multipart.media_type)
    raise unsupported("Bulk data is served as application/octet-stream only.")
