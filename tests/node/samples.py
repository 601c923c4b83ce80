"""Data sets made for tests, and the real images that ship inside the pydicom wheel."""

import itertools
from typing import Any

import numpy as np
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset

from dicom_node.dataset.syntax import EXPLICIT_LITTLE

from .sender import Message

CT, MR, US, SC = (f"1.2.840.10008.5.1.4.1.1.{suffix}" for suffix in ("2", "4", "6.1", "7"))
SR = "1.2.840.10008.5.1.4.1.1.88.11"
ROOT = "1.2.826.0.1.3680043.10.9999"
_numbers = itertools.count(1)


def uid() -> str:
    """A UID that no other call returns."""
    return f"{ROOT}.{next(_numbers)}"


def image(**values: Any) -> Dataset:
    """A small CT slice of a study and series of its own, with *values* by keyword over it."""
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID, dataset.SOPInstanceUID = CT, uid()
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = uid(), uid()
    dataset.StudyDate, dataset.StudyTime = "20261120", "093100"
    dataset.Modality, dataset.BodyPartExamined = "CT", "CHEST"
    dataset.PatientName, dataset.PatientID = "Wang^XiaoDong=王^小东", "P100"
    dataset.PatientBirthDate, dataset.PatientSex = "19570301", "M"
    dataset.AccessionNumber, dataset.StudyID = "A1", "1"
    dataset.StudyDescription, dataset.SeriesDescription = "胸部平扫", "LUNG 1mm"
    dataset.SeriesNumber, dataset.InstanceNumber = 2, 1
    dataset.ImagePositionPatient, dataset.PixelSpacing = [0, 0, 0], [0.7, 0.7]
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns = 16, 16
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.PixelRepresentation = 0
    dataset.WindowCenter, dataset.WindowWidth = "100", "200"
    dataset.PixelData = np.arange(256, dtype="<u2").tobytes()
    for keyword, value in values.items():
        if value is None:
            delattr(dataset, keyword)
        else:
            setattr(dataset, keyword, value)
    return dataset


def encoded(dataset: Dataset, *, implicit: bool = False, little: bool = True) -> bytes:
    stream = DicomBytesIO()
    stream.is_implicit_VR, stream.is_little_endian = implicit, little
    write_dataset(stream, dataset)
    return stream.getvalue()


def message(dataset: Dataset) -> Message:
    """*dataset* as explicit little endian."""
    return Message(
        str(dataset.SOPClassUID),
        str(dataset.SOPInstanceUID),
        EXPLICIT_LITTLE.uid,
        encoded(dataset),
    )


def slices(count: int, **values: Any) -> list[Dataset]:
    """*count* images of one series."""
    study, series = values.pop("StudyInstanceUID", uid()), values.pop("SeriesInstanceUID", uid())
    return [
        image(StudyInstanceUID=study, SeriesInstanceUID=series, InstanceNumber=number, **values)
        for number in range(1, count + 1)
    ]


def address(dataset: Dataset) -> str:
    return (
        f"/studies/{dataset.StudyInstanceUID}/series/{dataset.SeriesInstanceUID}"
        f"/instances/{dataset.SOPInstanceUID}"
    )
