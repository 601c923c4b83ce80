"""Devices that ask: C-FIND, C-MOVE and C-GET with dcmtk's own programs."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from dicom_node.dataset.part10 import decode

from . import samples
from .sender import send
from .stack import Stack, free_port, wait_until
from .test_syntaxes import message_in

pytestmark = pytest.mark.skipif(shutil.which("findscu") is None, reason="dcmtk is not installed")

STATION = "STATION"
# The option of dcmtk's getscu that proposes a syntax; it has none for process 14 of JPEG.
GETSCU = {
    "1.2.840.10008.1.2.1": "+xe",
    "1.2.840.10008.1.2.2": "+xb",
    "1.2.840.10008.1.2.4.50": "+xy",
    "1.2.840.10008.1.2.4.51": "+xx",
    "1.2.840.10008.1.2.4.70": "+xs",
    "1.2.840.10008.1.2.4.80": "+xt",
    "1.2.840.10008.1.2.4.81": "+xu",
    "1.2.840.10008.1.2.4.90": "+xv",
    "1.2.840.10008.1.2.4.91": "+xw",
    "1.2.840.10008.1.2.5": "+xr",
}


@pytest.fixture
def station(stack: Stack) -> Iterator[dict[str, Any]]:
    """A workstation of H001 that may ask for everything, and listens at ``port``."""
    at = {"host": "127.0.0.1", "port": free_port()}
    with stack.device(STATION, "store", "query", "retrieve", **at) as entry:
        yield entry


def stored(stack: Stack, *datasets: Dataset, sender: str = "CT_A") -> None:
    answers = send(stack.dicom_port, map(samples.message, datasets), sender)
    assert [answer and answer.status for answer in answers] == [0] * len(datasets)
    stack.wait_archived()


def scu(stack: Stack, program: str, *arguments: str, title: str = STATION) -> str:
    done = subprocess.run(
        [program, "-v", "-aet", title, "-aec", "YUNYING", *arguments, "127.0.0.1",
         str(stack.dicom_port)],
        capture_output=True, text=True, errors="replace", timeout=60, check=False,
    )  # fmt: skip
    return done.stdout + done.stderr


def find(stack: Stack, directory: Path, level: str, *keys: str, title: str = STATION) -> list[Any]:
    directory.mkdir(exist_ok=True)
    for old in directory.glob("rsp*.dcm"):
        old.unlink()
    asked = [part for key in (f"QueryRetrieveLevel={level}", *keys) for part in ("-k", key)]
    output = scu(stack, "findscu", "-S", "-X", "-od", str(directory), *asked, title=title)
    found = [dcmread(path, force=True) for path in sorted(directory.glob("rsp*.dcm"))]
    assert found or "Success" in output or "0x0000" in output, output
    return found


@pytest.mark.req("ARC-4.1", part=True)
def test_findscu_finds_studies_by_patient_accession_and_date(
    stack: Stack, station: dict[str, Any], tmp_path: Path
) -> None:
    mine = samples.image(PatientID="P7", AccessionNumber="A7", StudyDate="20261120")
    other = samples.image(PatientID="P8", AccessionNumber="A8", StudyDate="20261121")
    stored(stack, mine, other)
    for key in (
        "PatientID=P7",
        "AccessionNumber=A7",
        "StudyDate=20261119-20261120",
        "PatientID=?7",
    ):
        (found,) = find(stack, tmp_path, "STUDY", key, "StudyInstanceUID", "PatientName",
                        "NumberOfStudyRelatedInstances", "ModalitiesInStudy")  # fmt: skip
        assert found.StudyInstanceUID == mine.StudyInstanceUID
        assert found.PatientName == mine.PatientName
        assert found.NumberOfStudyRelatedInstances == 1
        assert found.ModalitiesInStudy == "CT"
    assert len(find(stack, tmp_path, "STUDY", "StudyInstanceUID")) == 2
    assert not find(stack, tmp_path, "STUDY", "PatientID=P9", "StudyInstanceUID")


def test_series_and_images_are_found_below_their_study(
    stack: Stack, station: dict[str, Any], tmp_path: Path
) -> None:
    datasets = samples.slices(3)
    stored(stack, *datasets)
    study, series = datasets[0].StudyInstanceUID, datasets[0].SeriesInstanceUID
    (found,) = find(stack, tmp_path, "SERIES", f"StudyInstanceUID={study}", "SeriesInstanceUID",
                    "NumberOfSeriesRelatedInstances", "Modality")  # fmt: skip
    assert (found.SeriesInstanceUID, found.NumberOfSeriesRelatedInstances) == (series, 3)
    images = find(stack, tmp_path, "IMAGE", f"StudyInstanceUID={study}",
                  f"SeriesInstanceUID={series}", "SOPInstanceUID", "InstanceNumber")  # fmt: skip
    assert {image.SOPInstanceUID for image in images} == {d.SOPInstanceUID for d in datasets}


def test_the_patient_root_lists_patients(
    stack: Stack, station: dict[str, Any], tmp_path: Path
) -> None:
    stored(stack, samples.image(PatientID="P7"), samples.image(PatientID="P7"))
    output = scu(stack, "findscu", "-P", "-X", "-od", str(tmp_path), "-k",
                 "QueryRetrieveLevel=PATIENT", "-k", "PatientID=P7", "-k",
                 "NumberOfPatientRelatedStudies")  # fmt: skip
    (path,) = tmp_path.glob("rsp*.dcm")
    assert dcmread(path, force=True).NumberOfPatientRelatedStudies == 2, output


def test_a_query_without_its_upper_keys_is_refused_and_says_why(
    stack: Stack, station: dict[str, Any]
) -> None:
    output = scu(stack, "findscu", "-S", "-d", "-k", "QueryRetrieveLevel=SERIES",
                 "-k", "SeriesInstanceUID")  # fmt: skip
    assert "StudyInstanceUID: is missing" in output
    output = scu(stack, "findscu", "-S", "-d", "-k", "QueryRetrieveLevel=NOTHING")
    assert "QueryRetrieveLevel" in output


def test_no_device_finds_or_fetches_what_is_another_hospitals(
    stack: Stack, station: dict[str, Any], tmp_path: Path
) -> None:
    foreign = samples.image(PatientID="P7")
    stored(stack, foreign, sender="MR_X")
    assert not find(stack, tmp_path, "STUDY", "PatientID=P7", "StudyInstanceUID")
    fetched = get(stack, tmp_path / "got", foreign.StudyInstanceUID, "+xe")
    assert not fetched


def test_who_may_only_store_can_neither_query_nor_retrieve(stack: Stack) -> None:
    for program, level in (("findscu", "STUDY"), ("getscu", "STUDY"), ("movescu", "STUDY")):
        output = scu(stack, program, "-S", "-k", f"QueryRetrieveLevel={level}",
                     "-k", "StudyInstanceUID=1.2.3", title="CT_A")  # fmt: skip
        assert re.search("no (acceptable|adequate) presentation context", output, re.I)


def get(stack: Stack, directory: Path, study: str, *options: str) -> dict[str, bytes]:
    """The data sets that getscu fetched, as they came, by SOP Instance UID."""
    directory.mkdir(exist_ok=True)
    output = scu(stack, "getscu", "-S", "+B", *options, "-od", str(directory),
                 "-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={study}")  # fmt: skip
    assert "abort" not in output.lower(), output
    found = {}
    for path in directory.iterdir():
        content = path.read_bytes()
        meta, start = decode(content)
        found[meta.sop_instance] = content[start:]
    return found


@pytest.mark.req("ARC-4.1", part=True)
@pytest.mark.parametrize("syntax", sorted(GETSCU))
def test_getscu_fetches_every_syntax_byte_for_byte(
    stack: Stack, station: dict[str, Any], tmp_path: Path, syntax: str
) -> None:
    message = message_in(syntax, tmp_path)
    (answer,) = send(stack.dicom_port, [message], "CT_A")
    assert answer is not None
    assert answer.status == 0
    stack.wait_archived()
    ((study,),) = stack.query("SELECT study_uid FROM archive.study")
    fetched = get(stack, tmp_path / "got", study, GETSCU[syntax])
    assert fetched == {message.sop_instance: message.data}


def test_native_images_are_rewritten_for_a_peer_that_agreed_on_the_other_form(
    stack: Stack, station: dict[str, Any], tmp_path: Path
) -> None:
    message = message_in("1.2.840.10008.1.2", tmp_path)
    send(stack.dicom_port, [message], "CT_A")
    stack.wait_archived()
    ((study,),) = stack.query("SELECT study_uid FROM archive.study")
    get(stack, tmp_path / "got", study, "+xe")
    (path,) = (tmp_path / "got").iterdir()
    fetched = dcmread(path)
    assert fetched.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    assert fetched == dcmread(BytesIO(message.data), force=True)


@pytest.fixture
def listening(station: dict[str, Any], tmp_path: Path) -> Iterator[Path]:
    """dcmtk's storescp as the workstation's own receiver."""
    directory = tmp_path / "moved"
    directory.mkdir()
    process = subprocess.Popen(
        ["storescp", "+xa", "+B", "-od", str(directory), "-aet", STATION, str(station["port"])],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    yield directory
    process.terminate()
    process.wait(10)


@pytest.mark.req("ARC-4.1", part=True)
def test_movescu_sends_a_study_to_a_known_device(stack: Stack, listening: Path) -> None:
    datasets = samples.slices(5)
    stored(stack, *datasets)
    study = datasets[0].StudyInstanceUID
    output = scu(stack, "movescu", "-S", "-d", "-aem", STATION, "-k", "QueryRetrieveLevel=STUDY",
                 "-k", f"StudyInstanceUID={study}")  # fmt: skip
    wait_until(lambda: len(list(listening.iterdir())) == 5, f"five files arrive\n{output}")
    moved = [dcmread(path) for path in listening.iterdir()]
    assert {one.SOPInstanceUID for one in moved} == {one.SOPInstanceUID for one in datasets}
    assert re.search(r"Completed Suboperations\s*: 5", output), output
    assert not [line for line in stack.log("receive") if line["event"] == "alarm"]
    wait_until(
        lambda: any(
            (event["subject"], event["study_uid"], event["action"])
            == (f"ae:{STATION}", study, "instance")
            for event in stack.portal.of("access")
        ),
        "the read is in the access log",
    )


def test_nothing_is_sent_to_a_destination_that_is_not_known(
    stack: Stack, station: dict[str, Any]
) -> None:
    dataset = samples.image()
    stored(stack, dataset)
    for title in ("NOBODY", "CT_A", "MR_X"):
        output = scu(stack, "movescu", "-S", "-d", "-aem", title, "-k", "QueryRetrieveLevel=STUDY",
                     "-k", f"StudyInstanceUID={dataset.StudyInstanceUID}")  # fmt: skip
        assert re.search("a801|MoveDestinationUnknown|Move Destination unknown", output, re.I), (
            output
        )


def test_a_wildcard_fetches_nothing(stack: Stack, station: dict[str, Any], tmp_path: Path) -> None:
    stored(stack, samples.image())
    assert not get(stack, tmp_path / "got", "*", "+xe")
    assert not get(stack, tmp_path / "got", "", "+xe")
