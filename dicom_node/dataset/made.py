"""Data sets that the node makes itself, as bytes."""

from collections.abc import Mapping

from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset

# What is taken from the study as it is archived: modules Patient and General Study.
FROM_STUDY = (
    "PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex", "StudyDate",
    "StudyTime", "StudyID", "StudyDescription", "AccessionNumber", "ReferringPhysicianName",
)  # fmt: skip
_TYPE_2 = frozenset(FROM_STUDY) - {"IssuerOfPatientID", "StudyDescription"}


def belong(dataset: Dataset, study: str, about: Mapping[str, str]) -> None:
    """Make it one of *study*, of which *about* holds `FROM_STUDY` by keyword."""
    dataset.StudyInstanceUID = study
    for keyword in FROM_STUDY:
        if about.get(keyword) or keyword in _TYPE_2:
            setattr(dataset, keyword, about.get(keyword, ""))


def encoded(dataset: Dataset) -> bytes:
    """*dataset*, whose text is in UTF-8, in explicit VR little endian."""
    stream = DicomBytesIO()
    stream.is_implicit_VR, stream.is_little_endian = False, True
    write_dataset(stream, dataset, parent_encoding="utf8")
    return stream.getvalue()


def code(value: str, scheme: str, meaning: str) -> Dataset:
    """An item of a sequence of coded concepts (PS3.3 section 8.8)."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def person(name: str) -> str:
    """*name* as a PN value (PS3.5 section 6.2.1), whatever it holds."""
    plain = "".join(" " if letter in "^=\\" else letter for letter in name if letter.isprintable())
    plain = " ".join(plain.split())[:64]
    return plain if plain.isascii() else f"={plain}"
