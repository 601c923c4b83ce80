"""Instances as a DICOM File-set in one ZIP archive (PS3.18 section 8.7.3.6, PS3.10 annex V).

The archive is written while it is sent, stored and not compressed: images are compressed already
where that helps, and whoever downloads waits for the line, not for the processor.
"""

import asyncio
import struct
import zipfile
import zlib
from collections.abc import AsyncIterator, Sequence
from io import RawIOBase
from typing import Any, LiteralString

import pydicom
from psycopg.rows import DictRow
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from starlette.responses import StreamingResponse

from dicom_node import log
from dicom_node.archive.located import Located
from dicom_node.dataset.elements import UnreadableError
from dicom_node.store.base import Readable
from dicom_node.web import dicomdir, wado
from dicom_node.web.catalog import Catalog
from dicom_node.web.pieces import Piece, Reader, Span
from dicom_node.web.problem import Problem, bad_request, withheld

ZIP = "application/zip"
# Of one archive: the directory is made in memory.
MAX_INSTANCES = 20_000
_BROKEN = (
    InvalidDicomError, ValueError, KeyError, EOFError, NotImplementedError, OSError, struct.error,
    zlib.error,
)  # fmt: skip
# A date that every reader of ZIP archives takes: nothing of a file's own time is told.
_MOMENT = (1980, 1, 1, 0, 0, 0)

_ATTRIBUTES: LiteralString = """
SELECT i.id, t.patient_name AS "PatientName", t.patient_id AS "PatientID",
    t.study_date AS "StudyDate", t.study_time AS "StudyTime",
    t.description AS "StudyDescription", t.study_uid AS "StudyInstanceUID",
    t.study_id AS "StudyID", t.accession_number AS "AccessionNumber",
    s.modality AS "Modality", s.series_uid AS "SeriesInstanceUID", s.number AS "SeriesNumber",
    i.number AS "InstanceNumber"
FROM archive.instance i JOIN archive.series s ON s.id = i.series_id
JOIN archive.study t ON t.id = s.study_id WHERE i.id = ANY(%(ids)s)
"""
_PATIENT = ("PatientName", "PatientID")
_STUDY = (
    "StudyDate", "StudyTime", "StudyDescription", "StudyInstanceUID", "StudyID", "AccessionNumber",
)  # fmt: skip
_SERIES = ("Modality", "SeriesInstanceUID", "SeriesNumber")
# What an anonymous File-set's directory tells beside UIDs and numbers.
_ANONYMOUS = frozenset(("StudyDate", "StudyInstanceUID", "SeriesInstanceUID", "SeriesNumber"))


class _Sink(RawIOBase):
    """Where the archive is written to, and what was written taken away from."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken


async def answer(
    store: Readable, catalog: Catalog, found: Sequence[Located], *, anon: bool
) -> StreamingResponse:
    """All of *found*; under an anonymous ticket without what may say whose it is.

    Raises `Problem` 400 when there are too many, 403 when nothing is left, 503 when the first
    object cannot be read.
    """
    if len(found) > MAX_INSTANCES:
        raise bad_request(f"More than {MAX_INSTANCES} instances: download series by series.")
    files = await _files(store, found, anon=anon)
    rows = await catalog.rows(_ATTRIBUTES, {"ids": [instance.id for instance, _, _ in files]})
    by_id = {row["id"]: row for row in rows}
    entries = await asyncio.to_thread(
        lambda: [
            entry
            for instance, file_id, _ in files
            if (entry := _entry(store, instance, file_id, by_id[instance.id], anon=anon))
        ]
    )
    directory = await asyncio.to_thread(dicomdir.write, entries)
    reader = Reader(store)
    first = next((piece for piece in files[0][2] if isinstance(piece, Span)), None)
    if first is not None:
        # Before the status goes out, so that this mishap can still be told.
        await reader.prepare(first)
    body = _archive(reader, directory, [(file_id, pieces) for _, file_id, pieces in files])
    return StreamingResponse(body, media_type=ZIP, headers=headers(found))


def headers(found: Sequence[Located]) -> dict[str, str]:
    """Of the archive of *found*, by its study; what stands there may be read as a file's name."""
    return {"Content-Disposition": f'attachment; filename="{found[0].study}.zip"'}


async def _files(
    store: Readable, found: Sequence[Located], *, anon: bool
) -> list[tuple[Located, tuple[str, ...], Sequence[Piece]]]:
    """Each instance with its File ID (PS3.10 section 8.2: components of eight characters)."""
    series: dict[str, int] = {}
    files: list[tuple[Located, tuple[str, ...], Sequence[Piece]]] = []
    for instance in found:
        try:
            pieces = await wado.file_of(store, instance, anon=anon)
        except (Problem, UnreadableError) as error:
            if isinstance(error, Problem) and error.code not in ("withheld", "not_found"):
                raise
            # One that cannot be made anonymous must not keep the others back.
            log.get().info("not_in_archive", sop_instance=instance.sop, error=type(error).__name__)
            continue
        number = series.setdefault(instance.series, len(series) + 1)
        file_id = ("DICOM", f"SE{number:06d}", f"IM{len(files) + 1:06d}")
        files.append((instance, file_id, pieces))
    if not files:
        raise withheld()
    return files


def _entry(
    store: Readable, instance: Located, file_id: tuple[str, ...], row: DictRow, *, anon: bool
) -> dicomdir.Entry | None:
    kind = dicomdir.record_type(instance.sop_class, image=instance.image)
    if not kind:
        return None

    def told(keywords: Sequence[str]) -> dict[str, Any]:
        return {
            keyword: None if anon and keyword not in _ANONYMOUS else row[keyword]
            for keyword in keywords
        }

    values = {
        "DirectoryRecordType": kind,
        "ReferencedSOPClassUIDInFile": instance.sop_class,
        "ReferencedSOPInstanceUIDInFile": instance.sop,
        "ReferencedTransferSyntaxUIDInFile": wado.written_syntax(instance, anon=anon),
        "InstanceNumber": row["InstanceNumber"],
    }
    series = told(_SERIES) | {"Modality": row["Modality"]}
    keys = None if instance.image or anon else _keys(store, instance)
    return dicomdir.Entry(file_id, told(_PATIENT), told(_STUDY), series, values, keys)


def _keys(store: Readable, instance: Located) -> Dataset | None:
    try:
        with store.open(instance.key) as stream:
            read = pydicom.dcmread(
                stream, stop_before_pixels=True, specific_tags=list(dicomdir.KEYS)
            )
            read.decode()
    except _BROKEN as error:
        # Its file is in the set all the same.
        log.get().warning("not_in_directory", sop_instance=instance.sop, error=str(error)[:200])
        return None
    keys = Dataset()
    for keyword in dicomdir.KEYS:
        if keyword in read:
            keys[keyword] = read[keyword]
    return keys


async def _archive(
    reader: Reader, directory: bytes, files: Sequence[tuple[Sequence[str], Sequence[Piece]]]
) -> AsyncIterator[bytes]:
    sink = _Sink()
    try:
        with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr(zipfile.ZipInfo("DICOMDIR", _MOMENT), directory)
            for file_id, pieces in files:
                size = sum(len(p) if isinstance(p, bytes) else p.length for p in pieces)
                entry = zipfile.ZipInfo("/".join(file_id), _MOMENT)
                with archive.open(entry, "w", force_zip64=size >= zipfile.ZIP64_LIMIT) as file:
                    for piece in pieces:
                        async for chunk in reader.chunks(piece):
                            # What lies in the page cache comes without waiting; others wait.
                            await asyncio.sleep(0)
                            file.write(chunk)
                            yield sink.take()
        yield sink.take()
    finally:
        reader.close()
