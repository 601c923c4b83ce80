"""Fetching from another archive: dcmtk's dcmqrscp, by C-MOVE and by C-GET."""

import shutil
import subprocess
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from dicom_node.dataset.part10 import FileMeta, encode

from . import samples
from .sender import send
from .stack import Stack, free_port, wait_until
from .test_syntaxes import message_in

pytestmark = pytest.mark.skipif(shutil.which("dcmqrscp") is None, reason="dcmtk is not installed")

PACS = "OLD_PACS"


class OldArchive:
    """A PACS that knows our node and sends to it."""

    def __init__(self, directory: Path, node_port: int) -> None:
        self.port = free_port()
        self.directory = directory
        (directory / "db").mkdir()
        (directory / "config").write_text(
            f"NetworkTCPPort = {self.port}\nMaxPDUSize = 16384\nMaxAssociations = 16\n"
            f"HostTable BEGIN\nnode = (YUNYING, 127.0.0.1, {node_port})\nHostTable END\n"
            "VendorTable BEGIN\nVendorTable END\n"
            f"AETable BEGIN\n{PACS} {directory}/db RW (500, 1024mb) ANY\nAETable END\n"
        )
        self.start()

    def start(self, *options: str) -> None:
        with (self.directory / "log").open("ab") as log:
            self.process = subprocess.Popen(
                ["dcmqrscp", *options, "-c", str(self.directory / "config")],
                stdout=log, stderr=log,
            )  # fmt: skip

    def stop(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def answers(self) -> bool:
        asked = ["echoscu", "-aec", PACS, "127.0.0.1", str(self.port)]
        return not subprocess.run(asked, check=False, capture_output=True).returncode

    def holds(self, *datasets: Dataset) -> None:
        wait_until(self.answers, "the old archive listens")
        answers = send(self.port, map(samples.message, datasets), "ANY", PACS)
        assert [answer and answer.status for answer in answers] == [0] * len(datasets)


@pytest.fixture
def pacs(stack: Stack, tmp_path: Path) -> Iterator[OldArchive]:
    archive = OldArchive(tmp_path, stack.dicom_port)
    with stack.device(PACS, "store", host="127.0.0.1", port=archive.port):
        stack.start("retrieve")
        yield archive
        stack.kill("retrieve")
        stack.portal.configuration["retrievals"] = []
    archive.stop()


_numbers = iter(range(1, 1000))


def wanted(stack: Stack, **values: Any) -> int:
    job = {"id": next(_numbers), "device": PACS, "method": "move", "cancelled": False, **values}
    jobs = stack.portal.configuration.setdefault("retrievals", [])
    stack.portal.configuration["retrievals"] = [*jobs, job]
    return int(job["id"])


def told(stack: Stack, job: int) -> dict[str, Any]:
    """The portal's last news of *job*."""
    news = [event for event in stack.portal.of("retrieval") if event["id"] == job]
    return news[-1] if news else {}


def finished(stack: Stack, job: int, state: str = "done", seconds: float = 60) -> dict[str, Any]:
    wait_until(lambda: told(stack, job).get("state") == state, f"job {job} is {state}", seconds)
    return told(stack, job)


@pytest.mark.req("ARC-4.2")
@pytest.mark.parametrize("method", ["move", "get"])
def test_studies_of_a_day_are_fetched_while_others_are_received(
    stack: Stack, pacs: OldArchive, method: str
) -> None:
    mine = samples.slices(4, StudyDate="20261101")
    other = samples.image(StudyDate="20261103")
    pacs.holds(*mine, other)
    pushed = samples.image()
    job = wanted(stack, method=method, date_from="2026-11-01", date_to="2026-11-02")
    send(stack.dicom_port, [samples.message(pushed)], "CT_A")
    news = finished(stack, job)
    assert (news["found"], news["done"], news["failed"], news["instances"]) == (1, 1, 0, 4)
    stack.wait_archived()
    rows = stack.query("SELECT study_uid, instance_count, hospital FROM archive.study")
    assert sorted(rows) == sorted(
        [(mine[0].StudyInstanceUID, 4, "H001"), (pushed.StudyInstanceUID, 1, "H001")]
    )


def test_what_is_there_is_not_fetched_again(stack: Stack, pacs: OldArchive) -> None:
    dataset = samples.image(AccessionNumber="A77")
    pacs.holds(dataset)
    first = finished(stack, wanted(stack, accession_number="A77"))
    again = finished(stack, wanted(stack, accession_number="A77"))
    assert (first["done"], again["done"]) == (1, 1)
    stack.wait_archived()
    assert stack.query("SELECT instance_count FROM archive.study") == [(1,)]


def test_a_job_goes_on_after_the_process_and_the_source_were_away(
    stack: Stack, pacs: OldArchive
) -> None:
    datasets = [samples.image(PatientID="P7") for _ in range(6)]
    pacs.holds(*datasets)
    pacs.stop()
    job = wanted(stack, patient_id="P7")
    wait_until(lambda: "does not answer" in told(stack, job).get("error", ""), "it says so", 30)
    stack.kill("retrieve")
    pacs.start()
    stack.start("retrieve")
    news = finished(stack, job)
    assert (news["found"], news["done"]) == (6, 6)


def test_a_cancelled_job_fetches_nothing(stack: Stack, pacs: OldArchive) -> None:
    pacs.holds(samples.image(PatientID="P8"))
    job = wanted(stack, patient_id="P8", cancelled=True)
    finished(stack, job, "cancelled")
    assert stack.query("SELECT count(*) FROM archive.study") == [(0,)]


def test_outside_its_hours_nothing_is_asked(stack: Stack, pacs: OldArchive) -> None:
    pacs.holds(samples.image(PatientID="P9"))
    later = finished(stack, wanted(stack, patient_id="P9", hours=[[0, 24]]))
    assert later["done"] == 1
    never = wanted(stack, patient_id="P9", hours=[[0, 0]])
    finished(stack, wanted(stack, patient_id="NOBODY"))
    assert not told(stack, never)


@pytest.mark.req("ARC-4.2", part=True)
@pytest.mark.parametrize("method", ["move", "get"])
def test_only_what_is_missing_is_fetched(stack: Stack, pacs: OldArchive, method: str) -> None:
    study = samples.uid()
    first, second = (samples.slices(3, StudyInstanceUID=study, PatientID="P5") for _ in "12")
    pacs.holds(*first, *second)
    here = [*first[:2], samples.image(StudyInstanceUID=study, PatientID="P5")]
    send(stack.dicom_port, map(samples.message, here), "CT_A")
    stack.wait_archived()
    news = finished(stack, wanted(stack, method=method, study_uid=study))
    assert (news["found"], news["done"], news["instances"]) == (1, 1, 7)
    wait_until(
        lambda: (
            (stack.portal.study(study) or {})["completeness"]
            == {"state": "complete", "expected": 6, "missing": 0, "source": "c-find"}
        ),
        "the portal knows that everything of the other archive is here",
    )
    assert stack.query("SELECT duplicate_count FROM archive.study") == [(0,)]


def test_a_study_of_another_hospital_is_not_fetched(stack: Stack, pacs: OldArchive) -> None:
    datasets = samples.slices(2, PatientID="P6")
    pacs.holds(*datasets)
    send(stack.dicom_port, [samples.message(datasets[0])], "MR_X")
    stack.wait_archived()
    news = finished(stack, wanted(stack, patient_id="P6"))
    assert (news["failed"], news["missing"]) == (1, [datasets[0].StudyInstanceUID])
    assert stack.query("SELECT hospital, instance_count FROM archive.study") == [("H002", 1)]


@pytest.mark.req("ARC-5.9", part=True)
def test_a_quiet_study_is_asked_about(stack: Stack, pacs: OldArchive) -> None:
    datasets = samples.slices(3)
    study = datasets[0].StudyInstanceUID
    pacs.holds(*datasets)
    unknown = samples.image()
    for device in stack.portal.configuration["devices"]:
        if device["ae_title"] == PACS:
            device["ask_counts"] = True
    stack.kill("retrieve")
    stack.start("retrieve", YUNYING_NODE_RETRIEVE_QUIET_SECONDS="1")
    send(stack.dicom_port, map(samples.message, [*datasets[:2], unknown]), "CT_A")
    wait_until(lambda: state_of(stack, study) == ("incomplete", 3, 1, "c-find"), "one is missing")
    assert stack.query("SELECT instances FROM archive.evidence WHERE study_uid = %s", study) == [
        ([one.SOPInstanceUID for one in datasets],)
    ]
    send(stack.dicom_port, [samples.message(datasets[2])], "CT_A")
    wait_until(lambda: state_of(stack, study) == ("complete", 3, 0, "c-find"), "all is there")
    assert state_of(stack, unknown.StudyInstanceUID) == ("unknown", None, None, "")


def state_of(stack: Stack, study: str) -> tuple[Any, ...]:
    said = (stack.portal.study(study) or {}).get("completeness", {})
    return tuple(said.get(key) for key in ("state", "expected", "missing", "source"))


def test_nobody_is_asked_who_may_not_be(stack: Stack, pacs: OldArchive) -> None:
    dataset = samples.image()
    pacs.holds(dataset)
    stack.kill("retrieve")
    stack.start("retrieve", YUNYING_NODE_RETRIEVE_QUIET_SECONDS="0")
    send(stack.dicom_port, [samples.message(dataset)], "CT_A")
    finished(stack, wanted(stack, patient_id="NOBODY"))
    assert stack.query("SELECT count(*) FROM archive.evidence") == [(0,)]


# The option of dcmqrscp for a syntax: with + what it takes, with - what it sends in a C-MOVE.
PREFERRED = {
    "1.2.840.10008.1.2.1": "xe",
    "1.2.840.10008.1.2.2": "xb",
    "1.2.840.10008.1.2.4.70": "xs",
    "1.2.840.10008.1.2.4.80": "xt",
    "1.2.840.10008.1.2.4.90": "xv",
    "1.2.840.10008.1.2.5": "xr",
}


@pytest.mark.req("ARC-4.2", part=True)
@pytest.mark.parametrize("syntax", sorted(PREFERRED))
def test_compressed_images_are_fetched_as_they_lie(
    stack: Stack, pacs: OldArchive, tmp_path: Path, syntax: str
) -> None:
    """By C-GET: in a C-MOVE the old archive decides what it proposes."""
    method = "get"
    pacs.stop()
    pacs.start(f"+{PREFERRED[syntax]}", f"-{PREFERRED[syntax]}")
    message = message_in(syntax, tmp_path)
    wait_until(pacs.answers, "the old archive listens")
    (answer,) = send(pacs.port, [message], "ANY", PACS)
    assert answer is not None
    assert answer.status == 0
    finished(stack, wanted(stack, method=method, date_from="1900-01-01"))
    ((key, found),) = stack.query("SELECT object_key, transfer_syntax FROM archive.instance")
    assert found == syntax
    # dcmtk writes the rest of a data set in its own way.
    fetched, original = (
        dcmread(stack.root / "store" / key),
        dcmread(BytesIO(encode(FileMeta(syntax=syntax)) + message.data)),
    )
    assert fetched.PixelData == original.PixelData
