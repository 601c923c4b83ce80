"""A volume holds the right values in whatever transfer syntax its images are stored."""

import io
from pathlib import Path
from typing import Any

import pytest
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.pixels import apply_modality_lut

from dicom_node.dataset.part10 import decode

from . import samples
from .conftest import shared
from .rendering import opened
from .sender import Message, send
from .stack import Stack

SHARED = shared("transfer_syntax/**/*")
SLICES = 6


def grey_images() -> dict[str, tuple[Path, NDArray[Any]]]:
    """Of each syntax the first file that holds one grey picture, and its values."""
    found: dict[str, tuple[Path, NDArray[Any]]] = {}
    for path in SHARED:
        try:
            dataset = dcmread(path)
        except Exception:  # noqa: BLE001 - files that are none are among them
            continue
        syntax = str(dataset.file_meta.TransferSyntaxUID)
        if (
            syntax in found
            or dataset.get("SamplesPerPixel") != 1
            or int(dataset.get("NumberOfFrames") or 1) > 1
            or not str(dataset.get("PhotometricInterpretation")).startswith("MONOCHROME")
        ):
            continue
        try:
            found[syntax] = path, apply_modality_lut(dataset.pixel_array, dataset)
        except Exception:  # noqa: BLE001 - nobody decodes it
            continue
    return found


def stack_of(path: Path) -> list[Message]:
    """The picture of a file as so many slices of a series; its pixels are as they were."""
    study, uid, reference = samples.uid(), samples.uid(), samples.uid()
    found = []
    for number in range(SLICES):
        dataset = dcmread(path)
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study, uid
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = samples.uid()
        dataset.FrameOfReferenceUID, dataset.PixelSpacing = reference, [1, 1]
        dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        dataset.ImagePositionPatient = [0, 0, number]
        dataset.InstanceNumber = number + 1
        file = io.BytesIO()
        dataset.save_as(file)
        meta, start = decode(file.getvalue())
        data = file.getvalue()[start:]
        found.append(Message(str(dataset.SOPClassUID), meta.sop_instance, meta.syntax, data))
    return found


@pytest.mark.skipif(not SHARED, reason="the shared test data is not here")
def test_a_series_in_each_syntax_of_the_test_data_opens_with_its_values(node: Stack) -> None:
    images = grey_images()
    assert len(images) >= 12, sorted(images)
    for syntax, (path, values) in images.items():
        node.reset()
        messages = stack_of(path)
        assert {message.syntax for message in messages} == {syntax}
        answers = send(node.dicom_port, messages, "CT_A")
        assert all(answer and answer.status == 0 for answer in answers), path.name
        node.wait_archived()
        stored = dcmread(path)
        stored.StudyInstanceUID, stored.SeriesInstanceUID = node.query(
            "SELECT t.study_uid, s.series_uid FROM archive.series s"
            " JOIN archive.study t ON t.id = s.study_id"
        )[0]
        with opened(node, stored) as one:
            told = f"{syntax} {path.name}"
            assert one.opened["range"] == pytest.approx(
                [float(values.min()), float(values.max())], rel=1e-6
            ), told
            assert one.opened["grid"]["size"] == [values.shape[1], values.shape[0], SLICES], told
            one.show(orientation="axial", size=[32, 32])
            rows, columns = values.shape
            for row, column in ((0, 0), (rows // 3, columns // 2), (rows - 1, columns - 1)):
                one.say("probe", point=[column, row, 2])
                assert one.wait("value")["value"] == pytest.approx(
                    float(values[row, column]), rel=1e-6, abs=1e-3
                ), told
