"""The demonstration's studies: a generated thorax, and real images of the pydicom package.

The real images keep their pixels as they are; who they belong to is invented here.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    CTImageStorage,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
)
from thorax import Grid, thorax


@dataclass(frozen=True)
class Person:
    """Who is examined; the name in the form that DICOM PS3.5 section 6.2.1.2 gives."""

    identifier: str
    alphabetic: str
    ideographic: str
    sex: str
    birth: dt.date

    @property
    def name(self) -> str:
        return f"{self.alphabetic}={self.ideographic}"


WANG = Person("YY0001", "Wang^Xiaodong", "王^小东", "M", dt.date(1957, 3, 1))
LI = Person("P100002", "Li^Xiumei", "李^秀梅", "F", dt.date(1963, 11, 12))
ZHANG = Person("P100003", "Zhang^Wei", "张^伟", "M", dt.date(1984, 6, 23))
CHEN = Person("P100004", "Chen^Jing", "陈^静", "F", dt.date(1990, 9, 5))
ZHAO = Person("Z200001", "Zhao^Guohua", "赵^国华", "M", dt.date(1949, 1, 30))
SUN = Person("Z200002", "Sun^Lili", "孙^丽丽", "F", dt.date(1978, 4, 17))


@dataclass(frozen=True)
class Study:
    """One examination on one device, ``days`` before the day of the demonstration."""

    device: str
    person: Person
    number: str
    description: str
    body_part: str
    days: int
    time: str
    hospital: str = "云溪市人民医院"

    def header(self, today: dt.date) -> Dataset:
        """What every instance of the study says of itself."""
        day = today - dt.timedelta(days=self.days)
        header = Dataset()
        header.SpecificCharacterSet = "ISO_IR 192"
        header.StudyInstanceUID = uid(self.number, day)
        header.StudyDate = header.SeriesDate = header.ContentDate = f"{day:%Y%m%d}"
        header.StudyTime = header.SeriesTime = header.ContentTime = self.time
        header.AccessionNumber = header.StudyID = self.number
        header.StudyDescription = self.description
        header.BodyPartExamined = self.body_part
        header.InstitutionName = self.hospital
        header.StationName = self.device
        header.ReferringPhysicianName = "刘^明"
        header.PatientName = self.person.name
        header.PatientID = self.person.identifier
        header.PatientSex = self.person.sex
        header.PatientBirthDate = f"{self.person.birth:%Y%m%d}"
        header.PatientAge = f"{(day - self.person.birth).days // 365:03d}Y"
        return header


CHEST_CT = Study("CT_A", WANG, "CT26110001", "胸部平扫", "CHEST", 0, "093100")
CHEST_CT_BEFORE = Study("CT_A", WANG, "CT26050188", "胸部平扫", "CHEST", 186, "101500")
CHEST_CT_OTHER = Study(
    "CT_B", ZHAO, "ZCT2611007", "胸部平扫", "CHEST", 1, "142000", "云溪市中医医院"
)
CHEST_DX = Study("DX_A", LI, "DX26110042", "胸部正位", "CHEST", 0, "084500")
CHEST_DX_OTHER = Study(
    "DX_B", SUN, "ZDX2611019", "胸部正位", "CHEST", 2, "110000", "云溪市中医医院"
)
ABDOMEN_MR = Study("MR_A", ZHANG, "MR26110015", "上腹部平扫", "ABDOMEN", 1, "153000")
ABDOMEN_US = Study("US_A", CHEN, "US26110077", "腹部超声", "ABDOMEN", 0, "102000")
REAL = (
    (ABDOMEN_MR, ("examples_overlay.dcm",)),
    (ABDOMEN_US, ("examples_rgb_color.dcm", "examples_ybr_color.dcm", "examples_palette.dcm")),
)


def write_all(directory: Path, today: dt.date) -> int:
    """Write ``directory/<AE title>/*.dcm``; the number of files."""
    fine = thorax(Grid(512, 0.72, 120, 2.5), seed=1)
    written = write_ct(directory, CHEST_CT, today, fine, Grid(512, 0.72, 120, 2.5), series=2)
    pairs = fine.reshape(60, 2, 512, 512).mean(1).astype(np.int16)
    written += write_ct(directory, CHEST_CT, today, pairs, Grid(512, 0.72, 60, 5.0), series=3)
    before = Grid(512, 0.72, 60, 5.0)
    written += write_ct(
        directory,
        CHEST_CT_BEFORE,
        today,
        thorax(before, seed=2, nodule_scale=0.6),
        before,
        series=2,
    )
    other = Grid(512, 0.68, 60, 5.0)
    written += write_ct(
        directory, CHEST_CT_OTHER, today, thorax(other, seed=3, nodule_scale=0), other, series=2
    )
    projection = radiograph(fine, Grid(512, 0.72, 120, 2.5))
    for study in (CHEST_DX, CHEST_DX_OTHER):
        written += write_dx(directory, study, today, projection)
    for study, names in REAL:
        for position, name in enumerate(names, 1):
            written += write_real(directory, study, today, name, position)
    return written


def write_ct(
    directory: Path,
    study: Study,
    today: dt.date,
    volume: NDArray[np.int16],
    grid: Grid,
    series: int,
) -> int:
    """One CT series (PS3.3 A.3) from HU of shape (slices, rows, columns), head first supine."""
    for index, pixels in enumerate(volume):
        ds = study.header(today)
        ds.SOPClassUID = CTImageStorage
        ds.Modality = "CT"
        ds.Manufacturer, ds.ManufacturerModelName = "云影", "Thorax phantom"
        ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        ds.SeriesNumber, ds.SeriesDescription = series, f"胸部 {grid.step:g} mm"
        ds.SeriesInstanceUID = uid(ds.StudyInstanceUID, series)
        ds.FrameOfReferenceUID = uid(ds.StudyInstanceUID, "frame")
        ds.InstanceNumber = len(volume) - index  # numbered from head to feet
        ds.SOPInstanceUID = uid(ds.SeriesInstanceUID, index)
        ds.PatientPosition = "HFS"
        ds.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        ds.ImagePositionPatient = [f"{grid.first:.3f}", f"{grid.first:.3f}", f"{grid.z(index):.3f}"]
        ds.SliceLocation = f"{grid.z(index):.3f}"
        ds.SliceThickness = ds.SpacingBetweenSlices = f"{grid.step:g}"
        ds.PixelSpacing = [f"{grid.pixel:g}", f"{grid.pixel:g}"]
        ds.KVP, ds.XRayTubeCurrent, ds.ConvolutionKernel = "120", "180", "B40"
        ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = "-1024", "1", "HU"
        ds.WindowCenter, ds.WindowWidth = ["-600", "40"], ["1500", "350"]
        ds.WindowCenterWidthExplanation = ["肺窗", "纵隔窗"]
        stored = (np.clip(pixels, -1024, 3071) + 1024).astype(np.uint16)
        _pixels(ds, stored, bits=12)
        _save(ds, directory / study.device / f"{study.number}-{series}-{index:03d}.dcm")
    return len(volume)


def radiograph(volume: NDArray[np.int16], grid: Grid) -> NDArray[np.uint16]:
    """A frontal chest radiograph, 12 bits, bright where little passed, by parallel rays.

    Shape (rows, columns) with square pixels of ``grid.pixel`` mm, the patient's right on the left.
    """
    attenuation = (volume.astype(np.float32) + 1000).clip(0) / 1000 * 0.02 * grid.pixel
    line_integral = np.flipud(attenuation.sum(1))
    rows = np.arange(int(len(line_integral) * grid.step / grid.pixel)) * grid.pixel / grid.step
    lower = np.clip(rows.astype(int), 0, len(line_integral) - 2)
    part = (rows - lower)[:, None].clip(0, 1)
    image = line_integral[lower] * (1 - part) + line_integral[lower + 1] * part
    return (image / image.max() * 4095).astype(np.uint16)


def write_dx(directory: Path, study: Study, today: dt.date, image: NDArray[np.uint16]) -> int:
    """One radiograph for presentation (PS3.3 A.26)."""
    ds = study.header(today)
    ds.SOPClassUID = DigitalXRayImageStorageForPresentation
    ds.Modality = "DX"
    ds.PresentationIntentType = "FOR PRESENTATION"
    ds.ImageType = ["ORIGINAL", "PRIMARY"]
    ds.SeriesNumber, ds.SeriesDescription, ds.InstanceNumber = 1, "胸部 后前位", 1
    ds.ViewPosition, ds.PatientOrientation, ds.ImageLaterality = "PA", ["L", "F"], "U"
    ds.SeriesInstanceUID = uid(ds.StudyInstanceUID, 1)
    ds.SOPInstanceUID = uid(ds.SeriesInstanceUID, 1)
    ds.ImagerPixelSpacing = ["0.72", "0.72"]
    ds.BurnedInAnnotation = "NO"
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = "0", "1", "US"
    ds.PresentationLUTShape = "IDENTITY"
    ds.PixelIntensityRelationship, ds.PixelIntensityRelationshipSign = "LOG", 1
    ds.WindowCenter, ds.WindowWidth = "1700", "3000"
    _pixels(ds, image, bits=12)
    _save(ds, directory / study.device / f"{study.number}.dcm")
    return 1


def write_real(directory: Path, study: Study, today: dt.date, name: str, series: int) -> int:
    """An image of the pydicom package under an invented patient, its pixel data untouched."""
    ds = pydicom.dcmread(str(get_testdata_file(name, download=False)))
    ds.remove_private_tags()
    ds.update(study.header(today))
    ds.SeriesNumber = series
    ds.SeriesInstanceUID = uid(ds.StudyInstanceUID, series)
    ds.SOPInstanceUID = uid(ds.SeriesInstanceUID, name)
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    path = directory / study.device / f"{study.number}-{series}.dcm"
    path.parent.mkdir(parents=True, exist_ok=True)
    ds.save_as(path)
    return 1


def uid(*parts: object) -> str:
    """A UID that is always the same for the same parts (PS3.5 section B.2: 2.25 and 128 bits)."""
    digest = hashlib.sha256("\0".join(str(part) for part in parts).encode()).hexdigest()
    return f"2.25.{int(digest[:32], 16)}"


def _pixels(ds: Dataset, stored: NDArray[np.uint16], bits: int) -> None:
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows, ds.Columns = stored.shape
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, bits, bits - 1, 0
    ds.PixelData = stored.astype("<u2").tobytes()


def _save(ds: Dataset, path: Path) -> None:
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    path.parent.mkdir(parents=True, exist_ok=True)
    ds.save_as(path, enforce_file_format=True)
