"""Instances as a modality would make them, small, each time with new UIDs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.data import get_testdata_file
from pydicom.uid import generate_uid


def ct_study(directory: Path, count: int, **attributes: Any) -> tuple[str, list[Path]]:
    """Write ``count`` CT slices (128 × 128 by default) of a new study; its UID and the files.

    ``attributes`` are DICOM keywords that replace those of pydicom's CT_small.dcm.
    """
    study, series = generate_uid(), generate_uid()
    paths = []
    for number in range(1, count + 1):
        ds = pydicom.dcmread(get_testdata_file("CT_small.dcm", download=False))
        ds.StudyInstanceUID, ds.SeriesInstanceUID = study, series
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        ds.InstanceNumber = number
        ds.SpecificCharacterSet = "ISO_IR 192"
        for keyword, value in attributes.items():
            setattr(ds, keyword, value)
        path = directory / f"{number:04d}.dcm"
        ds.save_as(path)
        paths.append(path)
    return study, paths


def crossing_study(directory: Path) -> tuple[str, list[Path]]:
    """An axial and a coronal CT series of one box of air and water in one frame of reference.

    Box of 64 × 64 × 40 voxels of 2 × 2 × 4 mm; axial 40 slices from z = 0, coronal 32 slices, every
    second row from y = 0, its first row the highest slice. The voxel at column x, row y, slice z
    has ``10 x + 2 y - 12 z`` HU. The study's UID and the files.
    """
    study, space = generate_uid(), generate_uid()
    z, y, x = np.mgrid[0:40, 0:64, 0:64]
    box = (10 * x + 2 * y - 12 * z).astype("int16")
    axial = [(box[k], (0, 0, 4 * k)) for k in range(40)]
    coronal = [(box[::-1, 2 * k], (0, 4 * k, 4 * 39)) for k in range(32)]
    paths = []
    for number, (slices, axes, spacing) in enumerate(
        [(axial, (1, 0, 0, 0, 1, 0), (2, 2)), (coronal, (1, 0, 0, 0, 0, -1), (4, 2))], 1
    ):
        series = generate_uid()
        for index, (values, position) in enumerate(slices, 1):
            ds = pydicom.dcmread(get_testdata_file("CT_small.dcm", download=False))
            ds.StudyInstanceUID, ds.SeriesInstanceUID = study, series
            ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
            ds.FrameOfReferenceUID, ds.SpecificCharacterSet = space, "ISO_IR 192"
            ds.SeriesNumber, ds.InstanceNumber = number, index
            ds.SeriesDescription = ("轴位", "冠状位")[number - 1]
            ds.ImagePositionPatient, ds.ImageOrientationPatient = list(position), list(axes)
            ds.PixelSpacing, ds.SliceThickness = list(spacing), 4
            ds.RescaleSlope, ds.RescaleIntercept = 1, 0
            ds.WindowWidth, ds.WindowCenter = 1200, 200
            ds.Rows, ds.Columns = values.shape
            ds.PixelRepresentation, ds.BitsStored, ds.HighBit = 1, 16, 15
            ds.PixelData = values.tobytes()
            path = directory / f"{number}-{index:03d}.dcm"
            ds.save_as(path)
            paths.append(path)
    return study, paths
