"""Marks as a structured report: PS3.16 TID 1500, PS3.3 section A.35.13 (Comprehensive 3D SR)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydicom.dataset import Dataset

from dicom_node import VERSION
from dicom_node.dataset.made import belong, code, person
from dicom_node.dataset.uid import derived
from dicom_node.measurements import codes
from dicom_node.measurements.codes import Code
from dicom_node.measurements.marks import Mark, Number, Part, Point

SOP_CLASS = "1.2.840.10008.5.1.4.1.1.88.34"
# Behind whatever a device or a workstation numbers.
SERIES_NUMBER = 9001
DESCRIPTION = "测量 Measurements"
KIND_PREFIX = "YunYing:"


@dataclass(frozen=True, slots=True)
class Picture:
    """An instance that marks lie on."""

    series: str
    instance: str
    sop_class: str
    frames: int


@dataclass(frozen=True, slots=True)
class Author:
    """``subject`` is the ticket's, ``name`` what it says to show of it."""

    subject: str
    name: str


@dataclass(frozen=True, slots=True)
class Before:
    """The author's document that this one takes the place of; ``number`` 0: there is none."""

    instance: str = ""
    number: int = 0


def series_of(study: str, subject: str) -> str:
    """All documents of one author on one study are a series."""
    return derived("measurements", f"{study} {subject}")


def make(
    study: str,
    about: Mapping[str, Any],
    author: Author,
    marks: Sequence[Mark],
    pictures: Mapping[str, Picture],
    before: Before,
    at: datetime,
) -> Dataset:
    """The document of *marks*; *about* is the study as archived, by keyword, *at* local time.

    The UID is derived from the marks and the document before: what is saved again after a change
    and back is a document of its own, and what is sent twice is one.
    """
    document = Dataset()
    document.SpecificCharacterSet = "ISO_IR 192"
    document.TimezoneOffsetFromUTC = at.strftime("%z")
    belong(document, study, about)
    document.SeriesInstanceUID = series_of(study, author.subject)
    document.SOPClassUID = SOP_CLASS
    said = f"{document.SeriesInstanceUID} {before.instance} {[mark.json() for mark in marks]}"
    document.SOPInstanceUID = derived("measurement document", said)
    document.Modality = "SR"
    document.SeriesNumber, document.InstanceNumber = SERIES_NUMBER, before.number + 1
    document.SeriesDescription = DESCRIPTION
    document.ReferencedPerformedProcedureStepSequence = []
    document.PerformedProcedureCodeSequence = []
    document.Manufacturer, document.ManufacturerModelName = "YunYing", "YunYing viewer"
    document.DeviceSerialNumber, document.SoftwareVersions = "1", VERSION
    document.ContentDate = at.strftime("%Y%m%d")
    document.ContentTime = at.strftime("%H%M%S.%f")
    document.CompletionFlag, document.VerificationFlag = "COMPLETE", "UNVERIFIED"
    if before.instance:
        document.PredecessorDocumentsSequence = [
            _hierarchy(study, {document.SeriesInstanceUID: {before.instance: SOP_CLASS}})
        ]
    referenced: dict[str, dict[str, str]] = {}
    for mark in marks:
        picture = pictures[mark.instance]
        referenced.setdefault(picture.series, {})[picture.instance] = picture.sop_class
    if referenced:
        document.CurrentRequestedProcedureEvidenceSequence = [_hierarchy(study, referenced)]
    document.CodingSchemeIdentificationSequence = [_scheme()]
    _root(document, author, marks, pictures)
    return document


def _root(
    document: Dataset, author: Author, marks: Sequence[Mark], pictures: Mapping[str, Picture]
) -> None:
    document.ValueType = "CONTAINER"
    document.ConceptNameCodeSequence = [_code(codes.REPORT)]
    document.ContinuityOfContent = "SEPARATE"
    template = Dataset()
    template.MappingResource, template.TemplateIdentifier = "DCMR", "1500"
    document.ContentTemplateSequence = [template]
    chinese = any(not mark.text.isascii() for mark in marks)
    measurements = _item("CONTAINS", "CONTAINER", codes.MEASUREMENTS)
    measurements.ContinuityOfContent = "SEPARATE"
    if marks:
        measurements.ContentSequence = [_group(mark, pictures[mark.instance]) for mark in marks]
    observer = _item("HAS OBS CONTEXT", "PNAME", codes.OBSERVER_NAME)
    observer.PersonName = person(author.name)
    document.ContentSequence = [
        _coded("HAS CONCEPT MOD", codes.LANGUAGE, codes.CHINESE if chinese else codes.ENGLISH),
        _coded("HAS OBS CONTEXT", codes.OBSERVER_TYPE, codes.PERSON),
        observer,
        _text("HAS OBS CONTEXT", codes.OBSERVER_LOGIN, author.subject),
        _coded("HAS CONCEPT MOD", codes.PROCEDURE, codes.IMAGING),
        measurements,
    ]


def _group(mark: Mark, picture: Picture) -> Dataset:
    """TID 1410 for a region, TID 1501 for what is read off lines and points."""
    group = _item("CONTAINS", "CONTAINER", codes.GROUP)
    group.ContinuityOfContent = "SEPARATE"
    tracking = _item("HAS OBS CONTEXT", "UIDREF", codes.TRACKING_UID)
    tracking.UID = mark.tracking
    content = [_text("HAS OBS CONTEXT", codes.TRACKING, KIND_PREFIX + mark.kind), tracking]
    numbers = {number.name: _number(number) for number in mark.numbers}
    if mark.text:
        numbers["text"] = _text("CONTAINS", codes.COMMENT, mark.text)
    points = list(mark.points)
    placed: set[str] = set()
    for part in mark.shape.parts:
        own = points if part.count is None else points[: part.count]
        points = points[len(own) :]
        # A point of a picture in colour has three values.
        name = "red" if part.number == "value" and "red" in numbers else part.number
        holder = numbers.get(name)
        if holder is None:
            content.append(_figure(part, own, mark, picture, "CONTAINS"))
            continue
        inferred = _figure(part, own, mark, picture, "INFERRED FROM")
        holder.ContentSequence = [*holder.get("ContentSequence", []), inferred]
        if name not in placed:
            placed.add(name)
            content.append(holder)
    group.ContentSequence = [
        *content,
        *(item for name, item in numbers.items() if name not in placed),
    ]
    return group


def _figure(
    part: Part, points: Sequence[Point], mark: Mark, picture: Picture, relation: str
) -> Dataset:
    region = not part.number
    figure = _item(relation, "SCOORD", codes.REGION if region else codes.SOURCE)
    figure.GraphicType = part.graphic
    if region and part.graphic == "POLYLINE":
        points = [*points, points[0]]
    figure.GraphicData = [value for point in points for value in point]
    image = Dataset()
    image.RelationshipType, image.ValueType = "SELECTED FROM", "IMAGE"
    reference = _reference(picture.instance, picture.sop_class)
    if picture.frames > 1:
        reference.ReferencedFrameNumber = mark.frame
    image.ReferencedSOPSequence = [reference]
    figure.ContentSequence = [image]
    return figure


def _number(number: Number) -> Dataset:
    concept, *derivations = codes.concepts(number.name, number.unit)
    item = _item("CONTAINS", "NUM", concept)
    measured = Dataset()
    # A DS has 16 characters; the whole of the number stands beside it (PS3.3 table C.18.1-1).
    measured.NumericValue = f"{number.value:.9g}"
    measured.FloatingPointValue = number.value
    measured.MeasurementUnitsCodeSequence = [_code(codes.UNITS[number.unit])]
    item.MeasuredValueSequence = [measured]
    if derivations:
        item.ContentSequence = [_coded("HAS CONCEPT MOD", codes.DERIVATION, derivations[0])]
    return item


def _item(relation: str, value_type: str, concept: Code) -> Dataset:
    item = Dataset()
    item.RelationshipType, item.ValueType = relation, value_type
    item.ConceptNameCodeSequence = [_code(concept)]
    return item


def _coded(relation: str, concept: Code, value: Code) -> Dataset:
    item = _item(relation, "CODE", concept)
    item.ConceptCodeSequence = [_code(value)]
    return item


def _text(relation: str, concept: Code, text: str) -> Dataset:
    item = _item(relation, "TEXT", concept)
    item.TextValue = text
    return item


def _code(concept: Code) -> Dataset:
    return code(concept.value, concept.scheme, concept.meaning)


def _scheme() -> Dataset:
    item = Dataset()
    item.CodingSchemeDesignator = codes.OWN
    item.CodingSchemeName = "YunYing measurements"
    return item


def _reference(instance: str, sop_class: str) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, instance
    return item


def _hierarchy(study: str, series: Mapping[str, Mapping[str, str]]) -> Dataset:
    item = Dataset()
    item.StudyInstanceUID = study
    item.ReferencedSeriesSequence = []
    for uid, instances in series.items():
        one = Dataset()
        one.SeriesInstanceUID = uid
        one.ReferencedSOPSequence = [
            _reference(instance, sop_class) for instance, sop_class in instances.items()
        ]
        item.ReferencedSeriesSequence.append(one)
    return item
