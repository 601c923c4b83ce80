"""What is said of a foreign file, as DICOM JSON (PS3.18 annex F): checked, one by one."""

from collections.abc import Mapping
from typing import Any

from pydicom import config
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.valuerep import validate_value

from dicom_node.dataset.uid import is_uid
from dicom_node.foreign.error import ForeignError

# What whoever hands in a file may say of it. What describes its bytes, the node finds itself.
ALLOWED = (
    "SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID",
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "IssuerOfPatientID",
    "StudyDate", "StudyTime", "StudyID", "StudyDescription", "AccessionNumber",
    "ReferringPhysicianName", "Modality", "SeriesNumber", "SeriesDescription", "SeriesDate",
    "SeriesTime", "BodyPartExamined", "Laterality", "InstitutionName", "Manufacturer",
    "ManufacturerModelName", "OperatorsName", "InstanceNumber", "ContentDate", "ContentTime",
    "AcquisitionDateTime", "DocumentTitle", "ImageComments",
)  # fmt: skip
REQUIRED = ("StudyInstanceUID", "PatientID", "PatientName")
_UIDS = frozenset(keyword for keyword in ALLOWED if keyword.endswith("UID"))
_TAGS = {f"{tag_for_keyword(keyword):08X}": keyword for keyword in ALLOWED}
_MAX_TEXT = 1024


def read(metadata: Mapping[str, Any]) -> Dataset:
    """The allowed attributes of one instance; raise `ForeignError` by the name of the wrong one.

    Attributes that are not allowed are passed over: the node's own are put in their place.
    """
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    for tag, keyword in _TAGS.items():
        element = metadata.get(tag)
        if element is None:
            continue
        value = _value(keyword, element)
        if value:
            setattr(dataset, keyword, value)
    for keyword in REQUIRED:
        if keyword not in dataset:
            raise ForeignError(f"{keyword} is missing")
    return dataset


def _value(keyword: str, element: Any) -> str:
    values = element.get("Value", []) if isinstance(element, Mapping) else None
    if not isinstance(values, list) or len(values) > 1:
        raise ForeignError(f"{keyword} is not a single value")
    text = _text(values[0]) if values and values[0] is not None else ""
    if text is None or len(text) > _MAX_TEXT or "\\" in text or not text.isprintable():
        raise ForeignError(f"{keyword} holds what it must not")
    vr = dictionary_VR(keyword)
    if keyword in _UIDS and text and not is_uid(text):
        raise ForeignError(f"{keyword} is no UID")
    try:
        validate_value(vr, text, config.RAISE)
    except ValueError as error:
        raise ForeignError(f"{keyword} is no {vr} (PS3.5 section 6.2)") from error
    return text


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, Mapping):
        parts = [value.get(name, "") for name in ("Alphabetic", "Ideographic", "Phonetic")]
        if all(isinstance(part, str) and "=" not in part for part in parts):
            return "=".join(parts).rstrip("=")
    return None
