"""STOW-RS of metadata and bulk data (PS3.18 section 10.5.2): files that are no DICOM yet.

The first part is ``application/dicom+json``, a list with one data set a file; each names its file
by the Content-Location of a later part, as BulkDataURI of its pixel data or its document.
"""

import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from dicom_node import log
from dicom_node.dataset.part10 import FileMeta
from dicom_node.dimse.receive import CANNOT_UNDERSTAND, OUT_OF_RESOURCES
from dicom_node.foreign import attributes
from dicom_node.foreign.error import ForeignError
from dicom_node.foreign.instance import File, Made, make
from dicom_node.web.inbox import Begin, Outcome
from dicom_node.web.parts import BodyError, Parts, media_type

DICOM_JSON = "application/dicom+json"
MAX_METADATA = 4 << 20
MAX_FILES = 100
# Pixel Data, Encapsulated Document.
_BULK = ("7FE00010", "00420011")


@dataclass(slots=True)
class _Part:
    media_type: str
    location: str
    stream: BinaryIO
    size: int = 0


class HandedIn:
    """Takes a body piece by piece; the files lie in unnamed files until it has come as a whole."""

    def __init__(
        self,
        begin: Begin,
        directory: Path,
        max_size: int,
        max_pixels: int,
        boundary: str,
        has_room: Callable[[], bool],
    ) -> None:
        self.outcomes: list[Outcome] = []
        self._begin = begin
        self._directory = directory
        self._max_size = max_size
        self._max_pixels = max_pixels
        self._has_room = has_room
        self._parts: list[_Part] = []
        self._taken = 0
        self._body = Parts(boundary, opening=self._open, begin=self._begin_file, data=self._on_data)

    def write(self, data: bytes) -> None:
        """Raises `BodyError`."""
        self._body.write(data)

    def finish(self) -> None:
        """All has come: make and store each instance; raises `BodyError` when nothing can be."""
        self._body.finish()
        datasets = self._datasets()
        files = {part.location: part for part in self._parts[1:]}
        for metadata in datasets:
            self.outcomes.append(self._store(metadata, files))

    def discard(self) -> None:
        for part in self._parts:
            part.stream.close()
        self._parts.clear()

    def _datasets(self) -> list[Any]:
        if not self._parts or self._parts[0].media_type != DICOM_JSON:
            raise BodyError(f"The first part is not {DICOM_JSON}.")
        first = self._parts[0]
        first.stream.seek(0)
        try:
            found = json.loads(first.stream.read())
        except (ValueError, RecursionError) as error:
            raise BodyError("The metadata is no JSON.") from error
        found = found if isinstance(found, list) else [found]
        if len(found) > MAX_FILES:
            raise BodyError(f"The metadata holds more than {MAX_FILES} data sets.")
        return found

    def _store(self, metadata: Any, files: dict[str, _Part]) -> Outcome:
        meta = FileMeta()
        if not self._has_room():
            return Outcome(meta, OUT_OF_RESOURCES, "the disk has no room", None)
        try:
            made = self._made(metadata, files)
            meta = FileMeta(made.sop_class, made.sop_instance, made.syntax)
            intake = self._begin(meta)
            try:
                for piece in made.pieces:
                    intake.write([piece])
                status, comment = intake.finish()
            finally:
                intake.discard()
        except ForeignError as error:
            log.get().warning("not_made_into_dicom", reason=str(error))
            return Outcome(meta, CANNOT_UNDERSTAND, str(error), None)
        return Outcome(meta, status, comment, intake.identity)

    def _made(self, metadata: Any, files: dict[str, _Part]) -> Made:
        if not isinstance(metadata, Mapping):
            raise ForeignError("a data set of the metadata is no object")
        dataset = attributes.read(metadata)
        named = [metadata[tag] for tag in _BULK if tag in metadata]
        addresses = [one.get("BulkDataURI") for one in named if isinstance(one, Mapping)]
        part = files.pop(str(addresses[0]), None) if len(addresses) == 1 and addresses[0] else None
        if part is None:
            raise ForeignError("BulkDataURI names no file that no other data set has named")
        part.stream.seek(0)
        file = File(part.stream, part.size, part.media_type)
        return make(dataset, file, self._max_pixels)

    def _open(self) -> None:
        if len(self._parts) > MAX_FILES:
            raise BodyError(f"The body has more than {MAX_FILES} files.")

    def _begin_file(self, headers: Mapping[bytes, str]) -> None:
        stream = tempfile.TemporaryFile(dir=self._directory)  # noqa: SIM115 - closed by discard
        location = headers.get(b"content-location", "")
        self._parts.append(_Part(media_type(headers), location, stream))

    def _on_data(self, data: bytes) -> None:
        part = self._parts[-1]
        part.size += len(data)
        if part.size > (MAX_METADATA if len(self._parts) == 1 else self._max_size):
            raise BodyError("A part is larger than the node takes.")
        self._taken += len(data)
        if self._taken > self._max_size:
            raise BodyError("The files together are larger than one instance may be.")
        part.stream.write(data)
