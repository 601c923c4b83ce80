"""The directory of a File-set (PS3.3 annex F, PS3.10 section 8): what lies in which file."""

import re
import struct
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset

from dicom_node.dataset import part10
from dicom_node.dataset.syntax import EXPLICIT_LITTLE

MEDIA_STORAGE_DIRECTORY = "1.2.840.10008.1.3.10"
_STORAGE = "1.2.840.10008.5.1.4.1.1."
# Directory Record Types (PS3.3 table F.4-1) of what is no image, by how the SOP class goes on.
_TYPES = (
    (re.compile(r"9\."), "WAVEFORM"),
    (re.compile(r"104\."), "ENCAP DOC"),
    (re.compile(r"88\.59$"), "KEY OBJECT DOC"),
    (re.compile(r"88\."), "SR DOCUMENT"),
    (re.compile(r"11\."), "PRESENTATION"),
    (re.compile(r"481\.3$"), "RT STRUCTURE SET"),
    (re.compile(r"481\.[58]$"), "RT PLAN"),
    (re.compile(r"66$"), "RAW DATA"),
    (re.compile(r"66\.1$"), "REGISTRATION"),
    (re.compile(r"66\.2$"), "FIDUCIAL"),
)
# Keys of such records (PS3.3 section F.5) that the index does not hold.
KEYS = (
    "ContentDate", "ContentTime", "CompletionFlag", "VerificationFlag", "VerificationDateTime",
    "ConceptNameCodeSequence", "DocumentTitle", "MIMETypeOfEncapsulatedDocument",
    "PresentationCreationDate", "PresentationCreationTime", "ContentLabel", "ContentDescription",
    "ContentCreatorName", "StructureSetLabel", "StructureSetDate", "StructureSetTime",
    "RTPlanLabel", "RTPlanDate", "RTPlanTime",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One file: its File ID, the attributes of its levels by keyword, and keys of its own."""

    file_id: Sequence[str]
    patient: dict[str, Any]
    study: dict[str, Any]
    series: dict[str, Any]
    instance: dict[str, Any]
    keys: Dataset | None = None


def record_type(sop_class: str, *, image: bool) -> str:
    """The Directory Record Type, or nothing: then the directory does not name the file."""
    if image:
        return "IMAGE"
    leaf = sop_class.removeprefix(_STORAGE)
    if leaf == sop_class:
        return ""
    return next((name for pattern, name in _TYPES if pattern.match(leaf)), "")


class _Record:
    """One directory record, encoded, and those below it."""

    def __init__(self, kind: str, attributes: Dataset) -> None:
        head = Dataset()
        head.OffsetOfTheNextDirectoryRecord = 0
        head.RecordInUseFlag = 0xFFFF
        head.OffsetOfReferencedLowerLevelDirectoryEntity = 0
        head.DirectoryRecordType = kind
        head.SpecificCharacterSet = "ISO_IR 192"
        head.update(attributes)
        self.body = bytearray(_encoded(head))
        self.below: list[_Record] = []
        self.offset = 0

    def flat(self) -> Iterable["_Record"]:
        yield self
        for record in self.below:
            yield from record.flat()

    def point(self, following: int) -> None:
        """Fill in the two offsets; both lie at fixed places at the record's beginning."""
        struct.pack_into("<L", self.body, 8, following)
        struct.pack_into("<L", self.body, 30, self.below[0].offset if self.below else 0)


def write(entries: Iterable[Entry]) -> bytes:
    """The DICOMDIR file of *entries*, which come in the order patient, study, series."""
    roots = _tree(entries)
    uid = f"2.25.{uuid.uuid4().int}"
    meta = part10.encode(part10.FileMeta(MEDIA_STORAGE_DIRECTORY, uid, EXPLICIT_LITTLE.uid))
    head = Dataset()
    head.FileSetID = "YUNYING"
    head.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity = 0
    head.OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity = 0
    head.FileSetConsistencyFlag = 0
    records = [record for root in roots for record in root.flat()]
    position = len(meta) + len(_encoded(head)) + 12  # tag, VR and length of the sequence
    size = 0
    for record in records:
        record.offset = position + size
        size += 8 + len(record.body)
    _point(roots)
    if roots:
        head.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity = roots[0].offset
        head.OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity = roots[-1].offset
    sequence = struct.pack("<HH2sHL", 0x0004, 0x1220, b"SQ", 0, size)
    items = (
        struct.pack("<HHL", 0xFFFE, 0xE000, len(record.body)) + record.body for record in records
    )
    return b"".join((meta, _encoded(head), sequence, *items))


def _point(siblings: Sequence[_Record]) -> None:
    offsets = [record.offset for record in siblings[1:]]
    for record, following in zip(siblings, [*offsets, 0], strict=False):
        record.point(following)
        _point(record.below)


def _tree(entries: Iterable[Entry]) -> list[_Record]:
    roots: list[_Record] = []
    path: list[tuple[tuple[Any, ...], list[_Record]]] = []
    for entry in entries:
        levels = (
            ("PATIENT", entry.patient, "PatientID"),
            ("STUDY", entry.study, "StudyInstanceUID"),
            ("SERIES", entry.series, "SeriesInstanceUID"),
        )
        siblings, wanted = roots, tuple[Any, ...]()
        for depth, (kind, attributes, key) in enumerate(levels):
            wanted = (*wanted, attributes.get(key))
            if depth >= len(path) or path[depth][0] != wanted:
                del path[depth:]
                record = _Record(kind, _dataset(attributes))
                siblings.append(record)
                path.append((wanted, record.below))
            siblings = path[depth][1]
        siblings.append(_leaf(entry))
    return roots


def _leaf(entry: Entry) -> _Record:
    attributes = _dataset(entry.instance)
    attributes.ReferencedFileID = list(entry.file_id)
    kind = str(attributes.pop("DirectoryRecordType").value)
    if entry.keys is not None:
        attributes.update(entry.keys)
    return _Record(kind, attributes)


def _dataset(values: dict[str, Any]) -> Dataset:
    found = Dataset()
    for keyword, value in values.items():
        setattr(found, keyword, _text(value))
    return found


def _text(value: Any) -> Any:
    if isinstance(value, date):
        return value.strftime("%Y%m%d")
    if isinstance(value, time):
        return value.strftime("%H%M%S")
    return "" if value is None else value


def _encoded(dataset: Dataset) -> bytes:
    stream = DicomBytesIO()
    stream.is_implicit_VR, stream.is_little_endian = False, True
    write_dataset(stream, dataset, parent_encoding="utf8")
    return stream.getvalue()
