"""Instances as a modality would make them, small, each time with new UIDs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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
