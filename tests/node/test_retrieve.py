"""Fetching from other archives, Orthanc and dcmtk's dcmqrscp, by C-MOVE and by C-GET."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from dicom_node.dataset.part10 import FileMeta, encode
from dicom_node.retrieve.jobs import Job, Unusable, parse

from . import samples
from .sender import send
from .stack import Stack, free_port, wait_until
from .test_syntaxes import message_in

PACS = "OLD_PACS"
# Debian puts it where only administrators look.
ORTHANC = shutil.which("Orthanc", path="/usr/sbin:/usr/local/sbin:/usr/bin")
Command = Callable[[Path, int, int], list[str]]


def _dcmqrscp(directory: Path, port: int, node_port: int) -> list[str]:
    (directory / "db").mkdir(exist_ok=True)
    (directory / "config").write_text(
        f"NetworkTCPPort = {port}\nMaxPDUSize = 16384\nMaxAssociations = 16\n"
        f"HostTable BEGIN\nnode = (YUNYING, 127.0.0.1, {node_port})\nHostTable END\n"
        "VendorTable BEGIN\nVendorTable END\n"
        f"AETable BEGIN\n{PACS} {directory}/db RW (500, 1024mb) ANY\nAETable END\n"
    )
    return ["dcmqrscp", "-c", str(directory / "config")]


def _orthanc(directory: Path, port: int, node_port: int) -> list[str]:
    settings = {
        "StorageDirectory": f"{directory}/storage",
        "IndexDirectory": f"{directory}/storage",
        "DicomAet": PACS,
        "DicomPort": port,
        "DicomAlwaysAllowStore": True,
        "DicomModalities": {"node": ["YUNYING", "127.0.0.1", node_port]},
        "HttpServerEnabled": False,
        "Plugins": [],
    }
    (directory / "orthanc.json").write_text(json.dumps(settings))
    return [ORTHANC or "Orthanc", str(directory / "orthanc.json")]


class OldArchive:
    """A PACS that knows our node and sends to it."""

    def __init__(self, command: Command, directory: Path, node_port: int) -> None:
        self.port = free_port()
        self.directory = directory
        self.command = command(directory, self.port, node_port)
        self.start()

    def start(self, *options: str) -> None:
        with (self.directory / "log").open("ab") as log:
            self.process = subprocess.Popen([*self.command, *options], stdout=log, stderr=log)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def answers(self) -> bool:
        asked = ["echoscu", "-aec", PACS, "127.0.0.1", str(self.port)]
        return not subprocess.run(asked, check=False, capture_output=True).returncode

    def holds(self, *datasets: Dataset) -> None:
        self.takes(*map(samples.message, datasets))

    def takes(self, *messages: Any) -> None:
        wait_until(self.answers, "the old archive listens", 30)
        answers = send(self.port, messages, "ANY", PACS)
        assert [answer and answer.status for answer in answers] == [0] * len(messages)


@contextmanager
def _pacs(stack: Stack, command: Command, directory: Path) -> Iterator[OldArchive]:
    if shutil.which("dcmqrscp") is None:
        pytest.skip("dcmtk is not installed")
    if command is _orthanc and ORTHANC is None:
        pytest.skip("Orthanc is not installed")
    archive = OldArchive(command, directory, stack.dicom_port)
    with stack.device(PACS, "store", host="127.0.0.1", port=archive.port), retrieving(stack):
        yield archive
    archive.stop()


@contextmanager
def retrieving(stack: Stack, **environment: str) -> Iterator[None]:
    """The process at work, with no job of an earlier test."""
    stack.execute("TRUNCATE archive.retrieval CASCADE")
    stack.portal.configuration["retrievals"] = []
    stack.start("retrieve", **environment)
    yield
    stack.kill("retrieve")
    stack.portal.configuration["retrievals"] = []


@pytest.fixture(params=[_orthanc, _dcmqrscp], ids=["Orthanc", "dcmqrscp"])
def pacs(request: pytest.FixtureRequest, stack: Stack, tmp_path: Path) -> Iterator[OldArchive]:
    with _pacs(stack, request.param, tmp_path) as archive:
        yield archive


@pytest.fixture
def dcmqrscp(stack: Stack, tmp_path: Path) -> Iterator[OldArchive]:
    with _pacs(stack, _dcmqrscp, tmp_path) as archive:
        yield archive


@pytest.fixture
def orthanc(stack: Stack, tmp_path: Path) -> Iterator[OldArchive]:
    with _pacs(stack, _orthanc, tmp_path) as archive:
        yield archive


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
    stack: Stack, dcmqrscp: OldArchive, tmp_path: Path, syntax: str
) -> None:
    """By C-GET: in a C-MOVE this old archive decides what it proposes."""
    dcmqrscp.stop()
    dcmqrscp.start(f"+{PREFERRED[syntax]}", f"-{PREFERRED[syntax]}")
    _is_fetched_as_it_lies(stack, dcmqrscp, tmp_path, "get", syntax)


@pytest.mark.req("ARC-4.2", part=True)
@pytest.mark.parametrize("method", ["move", "get"])
@pytest.mark.parametrize("syntax", sorted(set(PREFERRED) - {"1.2.840.10008.1.2.2"}))
def test_compressed_images_of_orthanc_are_fetched_as_they_lie(
    stack: Stack, orthanc: OldArchive, tmp_path: Path, method: str, syntax: str
) -> None:
    _is_fetched_as_it_lies(stack, orthanc, tmp_path, method, syntax)


def _is_fetched_as_it_lies(
    stack: Stack, pacs: OldArchive, tmp_path: Path, method: str, syntax: str
) -> None:
    message = message_in(syntax, tmp_path)
    pacs.takes(message)
    finished(stack, wanted(stack, method=method, date_from="1900-01-01"))
    ((key, found),) = stack.query("SELECT object_key, transfer_syntax FROM archive.instance")
    assert found == syntax
    # Others write the rest of a data set in their own way.
    fetched, original = (
        dcmread(stack.root / "store" / key),
        dcmread(BytesIO(encode(FileMeta(syntax=syntax)) + message.data)),
    )
    assert fetched.PixelData == original.PixelData


def test_a_killed_process_goes_on_with_what_is_missing(stack: Stack, pacs: OldArchive) -> None:
    studies = [samples.slices(2, PatientID="P11") for _ in range(6)]
    pacs.holds(*(image for study in studies for image in study))
    job = wanted(stack, patient_id="P11", method="get", per_minute=60)
    wait_until(lambda: told(stack, job).get("done", 0) >= 2, "some are fetched", 30)
    stack.kill("retrieve")
    stack.start("retrieve")
    news = finished(stack, job)
    assert (news["found"], news["done"], news["instances"]) == (6, 6, 12)
    stack.wait_archived()
    # That of the moment of death may have come twice, the others not.
    ((instances, again),) = stack.query(
        "SELECT sum(instance_count), sum(duplicate_count) FROM archive.study"
    )
    assert instances == 12
    assert again <= 2


def test_a_job_that_cannot_be_done_is_told_and_stops_no_other(
    stack: Stack, dcmqrscp: OldArchive
) -> None:
    dcmqrscp.holds(samples.image(PatientID="P13"))
    lost = wanted(stack, patient_id="P13", device="NOBODY")
    deaf = wanted(stack, patient_id="P13", device="CT_A")
    wild = wanted(stack, patient_id="P*")
    assert finished(stack, wanted(stack, patient_id="P13"))["done"] == 1
    assert "'NOBODY' is no active device" in finished(stack, lost, "waiting")["error"]
    assert "CT_A has no address" in finished(stack, deaf, "waiting")["error"]
    assert "patient_id" in finished(stack, wild, "failed")["error"]
    wait_until(
        lambda: (
            (report := stack.portal.reports.get("retrieve", {}))
            and (report["running"], report["waiting"]) == (0, 2)
        ),
        "two jobs wait, and those that are finished do not run",
    )


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"device": "NOBODY"}, "no active device"),
        ({"device": "CT_A"}, "no address and port"),
        ({"method": "copy"}, "method"),
        ({"study_uid": "../1.2"}, "study_uid"),
        ({"patient_id": "P\\Q"}, "patient_id"),
        ({"patient_id": "P\0"}, "patient_id"),
        ({"patient_id": "P" * 65}, "patient_id"),
        ({"patient_id": ""}, "which studies"),
        ({"patient_id": "", "date_from": "1 May"}, "date_from"),
        ({"hours": [[20]]}, "hours"),
        ({"hours": 20}, "hours"),
        ({"per_minute": "many"}, "per_minute"),
    ],
)
def test_what_is_wrong_with_a_job_is_said(change: dict[str, Any], problem: str) -> None:
    device = {"hospital": "H001", "addresses": [], "active": True}
    document = {
        "check_calling_ae": True,
        "hospitals": [{"code": "H001", "active": True}],
        "devices": [
            {"ae_title": PACS, "host": "127.0.0.1", "port": 104, **device},
            {"ae_title": "CT_A", **device},
        ],
    }
    good = {"id": 1, "device": PACS, "method": "get", "patient_id": "P1"}
    first, second = parse(
        document | {"retrievals": [7, {"id": -1}, good | {"id": 2} | change, good]}
    ).jobs
    assert isinstance(first, Unusable)
    assert problem in first.problem
    assert isinstance(second, Job)


def test_many_small_studies_make_few_events(stack: Stack, dcmqrscp: OldArchive) -> None:
    datasets = [samples.image(PatientID="P18") for _ in range(25)]
    dcmqrscp.holds(*datasets)
    send(stack.dicom_port, map(samples.message, datasets), "CT_A")
    stack.wait_archived()
    job = wanted(stack, patient_id="P18")
    assert finished(stack, job)["done"] == 25
    news = [event for event in stack.portal.of("retrieval") if event["id"] == job]
    assert len(news) <= 6


def test_a_source_whose_name_is_unknown_stops_no_other_job(
    stack: Stack, dcmqrscp: OldArchive
) -> None:
    dcmqrscp.holds(samples.image(PatientID="P19"))
    with stack.device("NOWHERE", "store", host="no-such-host.invalid", port=104):
        job = wanted(stack, patient_id="P19", device="NOWHERE")
        assert finished(stack, wanted(stack, patient_id="P19"))["done"] == 1
        assert "NOWHERE" in finished(stack, job, "waiting")["error"]
