"""A study as a ZIP archive with a DICOMDIR, as a patient takes it along on a stick."""

import io
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pydicom
import pytest
from pydicom.fileset import FileSet

from . import samples
from .conftest import shared
from .stack import Stack, wait_until
from .test_video import film
from .test_web import archived

ZIP = "application/zip"


def download(stack: Stack, path: str, **claims: Any) -> httpx.Response:
    return stack.get(path, ticket=stack.ticket(**claims), accept=ZIP)


def unpacked(answer: httpx.Response, directory: Path) -> Path:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == ZIP
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.testzip() is None
    archive.extractall(directory)
    return directory


@pytest.mark.req("PAT-1.12", part=True)
def test_a_study_comes_as_a_file_set_that_other_programs_read(stack: Stack, tmp_path: Path) -> None:
    study = samples.uid()
    slices = samples.slices(3, StudyInstanceUID=study)
    report = samples.image(
        StudyInstanceUID=study, SOPClassUID=samples.SR, Modality="SR", PixelData=None, Rows=None,
        SeriesNumber=9, CompletionFlag="COMPLETE", VerificationFlag="UNVERIFIED",
        ContentDate="20261120", ContentTime="100000",
    )  # fmt: skip
    archived(stack, *slices, report)
    answer = download(stack, f"/studies/{study}")
    assert answer.headers["content-disposition"] == f'attachment; filename="{study}.zip"'
    root = unpacked(answer, tmp_path)

    files = FileSet(root / "DICOMDIR")
    found = {entry.SOPInstanceUID: entry for entry in files}
    assert set(found) == {one.SOPInstanceUID for one in (*slices, report)}
    assert files.find(PatientID="P100", StudyDescription="胸部平扫")
    for one in (*slices, report):
        loaded = found[one.SOPInstanceUID].load()
        assert loaded.PatientName == "Wang^XiaoDong=王^小东"
        assert loaded.SeriesInstanceUID == one.SeriesInstanceUID
    assert len(list(root.glob("DICOM/SE000001/IM*"))) == 3
    record = found[report.SOPInstanceUID].node
    assert (record.record_type, record._record.CompletionFlag) == ("SR DOCUMENT", "COMPLETE")
    (event,) = wait_until(
        lambda: [event for event in stack.portal.of("access") if event["action"] == "instance"],
        "the portal is told of the download",
    )
    assert event["study_uid"] == study


@pytest.mark.parametrize(
    "pattern", ["ecg/*.dcm", "encapsulated/*.dcm", "sr_seg_pr/sr*.dcm", "ko_study/**/kos.dcm"]
)
def test_real_objects_are_in_the_directory(stack: Stack, tmp_path: Path, pattern: str) -> None:
    paths = shared(pattern)
    if not paths:
        pytest.skip("the shared test data is away")
    dataset = pydicom.dcmread(paths[0])
    archived(stack, samples.message(dataset))
    answer = download(stack, f"/studies/{dataset.StudyInstanceUID}")
    files = FileSet(unpacked(answer, tmp_path) / "DICOMDIR")
    assert [entry.SOPInstanceUID for entry in files] == [dataset.SOPInstanceUID]


def test_a_series_and_an_instance_come_alone(stack: Stack, tmp_path: Path) -> None:
    study = samples.uid()
    first, second = (samples.image(StudyInstanceUID=study, SeriesNumber=n) for n in (1, 2))
    archived(stack, first, second)
    series = f"/studies/{study}/series/{second.SeriesInstanceUID}"
    for path in (series, samples.address(second)):
        root = unpacked(download(stack, path), tmp_path / path.replace("/", "_"))
        assert [e.SOPInstanceUID for e in FileSet(root / "DICOMDIR")] == [second.SOPInstanceUID]


@pytest.mark.req("PAT-1.12", part=True)
@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"perms": ["view"]}, 403),
        ({"perms": ["view"], "anon": True}, 403),
        ({"scope": {"hospitals": ["H002"]}}, 404),
        ({"scope": {"studies": ["1.2.3"]}}, 404),
        ({"aud": "somebody"}, 401),
    ],
)
def test_who_may_not_download_gets_nothing(
    stack: Stack, claims: dict[str, Any], status: int
) -> None:
    image = samples.image()
    archived(stack, image)
    assert download(stack, f"/studies/{image.StudyInstanceUID}", **claims).status_code == status
    assert not stack.query("SELECT 1 FROM archive.access WHERE action = 'instance'")


def test_a_question_for_the_head_reads_no_object(stack: Stack) -> None:
    image = samples.image()
    archived(stack, image)
    ((key,),) = stack.query("SELECT object_key FROM archive.instance")
    path = stack.root / "store" / key
    aside = path.rename(path.with_suffix(".aside"))
    try:
        answer = stack.client.head(
            f"/dicom-web/studies/{image.StudyInstanceUID}",
            headers={"Authorization": f"Bearer {stack.ticket()}", "Accept": ZIP},
        )
    finally:
        aside.rename(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, ZIP)


def test_an_anonymous_file_set_names_nobody(stack: Stack, tmp_path: Path) -> None:
    study = samples.uid()
    image = samples.image(StudyInstanceUID=study)
    _address, video = film(StudyInstanceUID=study, BurnedInAnnotation="NO")
    archived(stack, image, video)
    answer = download(stack, f"/studies/{study}", anon=True)
    for text in ("Wang", "王", "P100", "A1", "胸部", "LUNG"):
        assert text.encode() not in answer.content
    files = FileSet(unpacked(answer, tmp_path) / "DICOMDIR")
    assert [entry.SOPInstanceUID for entry in files] == [image.SOPInstanceUID]


def test_nothing_but_what_is_withheld_is_withheld(stack: Stack) -> None:
    _address, video = film(BurnedInAnnotation="NO")
    archived(stack, video)
    study = stack.query("SELECT study_uid FROM archive.study")[0][0]
    answer = download(stack, f"/studies/{study}", anon=True)
    assert (answer.status_code, answer.json()["error"]) == (403, "withheld")
