"""What happens to images after they are stored: checked, counted, deleted, found again."""

import json
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pydicom
import pytest

from dicom_node import ident
from dicom_node.archive.instructions import Instructions
from dicom_node.archive.migrate import migrate
from dicom_node.archive.worker import Archiver
from dicom_node.config import Archive
from dicom_node.dataset.part10 import FileMeta, encode
from dicom_node.spool.quarantine import Quarantine
from dicom_node.spool.spool import Spool
from dicom_node.store.local import LocalStore

from . import samples
from .sender import Message, send
from .stack import Stack, wait_until


def archived(stack: Stack, *datasets: Any, calling: str = "CT_A") -> None:
    messages = [d if isinstance(d, Message) else samples.message(d) for d in datasets]
    answers = send(stack.dicom_port, messages, calling)
    assert all(answer is not None for answer in answers)
    stack.wait_archived()


@pytest.fixture
def told(stack: Stack) -> Iterator[dict[str, Any]]:
    """The portal's configuration, as it was before afterwards."""
    before = json.dumps(stack.portal.configuration)
    yield stack.portal.configuration
    stack.portal.configuration.clear()
    stack.portal.configuration.update(json.loads(before))
    stack.wait_told()


@pytest.mark.req("ARC-5.3", part=True)
def test_each_hospital_has_its_own_paths(stack: Stack, told: dict[str, Any]) -> None:
    template = "{modality}/{patient}/{study}/{series}/{instance}.dcm"
    told["hospitals"][0]["path_template"] = template
    stack.wait_told()
    mine, other = samples.image(PatientID="../张三"), samples.image()
    archived(stack, mine)
    archived(stack, other, calling="MR_X")
    keys = dict(stack.query("SELECT sop_uid, object_key FROM archive.instance"))
    assert keys[str(mine.SOPInstanceUID)] == (
        f"H001/CT/____/{mine.StudyInstanceUID}/{mine.SeriesInstanceUID}/{mine.SOPInstanceUID}.dcm"
    )
    assert keys[str(other.SOPInstanceUID)].startswith("H002/20")
    for key in keys.values():
        assert (stack.root / "store" / key).is_file()


def test_a_template_that_cannot_be_used_changes_nothing_and_is_logged(
    stack: Stack, told: dict[str, Any]
) -> None:
    told["hospitals"][0]["path_template"] = "../{study}/{series}/{instance}.dcm"
    stack.wait_told()
    archived(stack, samples.image())
    ((key,),) = stack.query("SELECT object_key FROM archive.instance")
    assert key.startswith("H001/20")
    assert "path_template_refused" in {line["event"] for line in stack.log("archive")}


@pytest.mark.req("GEN-2", part=True)
def test_the_portal_hears_how_much_came_in_a_day(stack: Stack) -> None:
    archived(stack, *samples.slices(3))
    archived(stack, *samples.slices(2), samples.image(Modality="MR"))
    archived(stack, samples.image(), calling="MR_X")

    def sums() -> dict[tuple[str, str], int]:
        found = {}
        for event in stack.portal.of("volume"):
            found[event["hospital"], event["modality"]] = event["instances"]
        return found

    expected = {("H001", "CT"): 5, ("H001", "MR"): 1, ("H002", "CT"): 1}
    wait_until(lambda: sums() == expected, "the sums of the day")
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date().isoformat()
    assert {event["day"] for event in stack.portal.of("volume")} == {today}
    size = sum(path.stat().st_size for path in stack.root.glob("store/H001/**/*.dcm"))
    rows = stack.query("SELECT sum(size) FROM archive.volume WHERE hospital = 'H001'")
    assert rows == [(size,)]


@pytest.mark.req("GEN-7", part=True)
def test_a_damaged_and_a_missing_object_are_found_and_told_once(stack: Stack) -> None:
    datasets = samples.slices(4)
    archived(stack, *datasets)
    keys = dict(stack.query("SELECT sop_uid, object_key FROM archive.instance"))
    flipped, gone = (str(dataset.SOPInstanceUID) for dataset in datasets[:2])
    path = stack.root / "store" / keys[flipped]
    content = bytearray(path.read_bytes())
    content[-100] ^= 1
    path.write_bytes(content)
    (stack.root / "store" / keys[gone]).unlink()
    for _ in range(2):
        done = stack.run("verify")
        assert done.returncode == 1
        found = {d["object_key"]: d["detail"] for d in json.loads(done.stdout)["damaged"]}
        assert found == {keys[flipped]: "other bytes", keys[gone]: "missing"}
    events = wait_until(
        lambda: len(stack.portal.of("damage")) == 2 and stack.portal.of("damage"), "both are told"
    )
    assert {event["sop_instance_uid"]: event["detail"] for event in events} == {
        flipped: "other bytes",
        gone: "missing",
    }
    assert {event["study_uid"] for event in events} == {str(datasets[0].StudyInstanceUID)}


def test_the_background_finds_damage_too_and_remembers_how_far_it_came(stack: Stack) -> None:
    archived(stack, *samples.slices(3))
    (path, *_others) = stack.root.glob("store/H001/**/*.dcm")
    path.unlink()
    stack.stop("archive")
    stack.start("archive")
    wait_until(lambda: len(stack.portal.of("damage")) == 1, "the portal hears of the damage")
    wait_until(
        lambda: stack.query("SELECT checked, damaged FROM archive.progress") == [(3, 1)],
        "the round is on record",
    )
    wait_until(
        lambda: stack.portal.reports.get("archive", {}).get("damaged") == 1,
        "the report counts it",
        20,
    )
    report = stack.portal.reports["archive"]
    assert (report["spool_count"], report["spool_oldest"], report["quarantine_count"]) == (
        0, None, 0,
    )  # fmt: skip
    assert report["disk_size"] > report["disk_free"] > 0


def quarantined(stack: Stack, count: int = 1) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = wait_until(
        lambda: len(stack.portal.of("quarantine")) == count and stack.portal.of("quarantine"),
        "the portal hears of the quarantine",
    )
    return found


def decide(stack: Stack, told: dict[str, Any], case: dict[str, Any], action: str) -> dict[str, Any]:
    """What becomes of a decision."""
    before = len(stack.portal.of("quarantine_result"))
    entry = {"key": case["key"], "hospital": case["hospital"], "action": action}
    told["quarantine"] = [entry]
    (*_before, result) = wait_until(
        lambda: (found := stack.portal.of("quarantine_result"))[before:] and found,
        "the portal hears what became of it",
    )
    assert result["key"] == case["key"]
    told["quarantine"] = []
    stack.wait_told()
    time.sleep(0.5)
    assert isinstance(result, dict)
    return result


def kept(stack: Stack) -> list[Path]:
    return [path for path in stack.root.glob("quarantine/**/*") if path.is_file()]


def test_a_conflict_that_is_accepted_gets_a_uid_of_its_own(
    stack: Stack, told: dict[str, Any]
) -> None:
    dataset = samples.image()
    archived(stack, dataset)
    other = samples.message(dataset)
    other.data = other.data.replace(b"CHEST ", b"BREAST")
    archived(stack, other)
    (case,) = quarantined(stack)
    assert decide(stack, told, case, "retry")["outcome"] == "refused"
    result = decide(stack, told, case, "accept")
    assert result["outcome"] == "archived"
    assert case["sha256"] in result["detail"]
    rows = dict(stack.query("SELECT sop_uid, object_key FROM archive.instance"))
    assert len(rows) == 2
    (new,) = set(rows) - {str(dataset.SOPInstanceUID)}
    assert new.startswith("2.25.")
    assert new in result["detail"]
    stored = pydicom.dcmread(stack.root / "store" / rows[new])
    assert (stored.BodyPartExamined, stored.SOPInstanceUID) == ("BREAST", new)
    assert stored.PixelData == dataset.PixelData
    (item,) = stored.OriginalAttributesSequence
    assert item.ModifiedAttributesSequence[0].SOPInstanceUID == dataset.SOPInstanceUID
    assert kept(stack) == []
    assert stack.query("SELECT instance_count FROM archive.study") == [(2,)]
    assert stack.get(f"/studies/{dataset.StudyInstanceUID}/metadata").status_code == 200


def test_an_image_of_another_hospital_that_is_accepted_joins_its_study(
    stack: Stack, told: dict[str, Any]
) -> None:
    mine = samples.image()
    archived(stack, mine)
    foreign = samples.image(StudyInstanceUID=mine.StudyInstanceUID)
    archived(stack, foreign, calling="MR_X")
    (case,) = quarantined(stack)
    assert decide(stack, told, case, "accept")["outcome"] == "archived"
    assert stack.query("SELECT hospital, instance_count FROM archive.study") == [("H001", 2)]
    assert len(list(stack.root.glob("store/H001/**/*.dcm"))) == 2
    assert kept(stack) == []


def test_a_mismatch_that_is_accepted_is_what_its_data_set_says(
    stack: Stack, told: dict[str, Any]
) -> None:
    dataset = samples.image()
    message = samples.message(dataset)
    message.sop_instance = samples.uid()
    archived(stack, message)
    (case,) = quarantined(stack)
    assert case["reason"] == "mismatch"
    refused = decide(stack, told, case, "retry")
    assert (refused["outcome"], refused["detail"].split(":")[0]) == ("refused", "mismatch")
    assert decide(stack, told, case, "accept")["outcome"] == "archived"
    assert stack.query("SELECT sop_uid FROM archive.instance") == [(str(dataset.SOPInstanceUID),)]


def test_what_is_unreadable_is_never_accepted_and_can_be_discarded(
    stack: Stack, told: dict[str, Any]
) -> None:
    message = samples.message(samples.image())
    message.data = message.data[:-7]
    archived(stack, message)
    (case,) = quarantined(stack)
    result = decide(stack, told, case, "accept")
    assert result["outcome"] == "refused"
    assert "only be tried again or discarded" in result["detail"]
    assert kept(stack)
    assert decide(stack, told, case, "discard")["outcome"] == "discarded"
    assert kept(stack) == []
    archived(stack, message)
    assert len(quarantined(stack, 2)) == 2


def test_a_decision_interrupted_after_its_transaction_is_not_done_twice(
    stack: Stack, told: dict[str, Any]
) -> None:
    mine = samples.image()
    archived(stack, mine)
    archived(stack, samples.image(StudyInstanceUID=mine.StudyInstanceUID), calling="MR_X")
    (case,) = quarantined(stack)
    (path,) = stack.root.glob("quarantine/H002/*.dcm")
    content = path.read_bytes()
    assert decide(stack, told, case, "accept")["outcome"] == "archived"
    stack.stop("archive")
    path.write_bytes(content)
    told["quarantine"] = [{"key": case["key"], "hospital": "H002", "action": "accept"}]
    stack.wait_told()
    stack.start("archive")
    wait_until(lambda: not path.exists(), "the file goes")
    assert len(stack.portal.of("quarantine_result")) == 1
    assert stack.query("SELECT instance_count, duplicate_count FROM archive.study") == [(2, 0)]


def test_a_disposed_study_leaves_nothing_and_may_come_again(
    stack: Stack, told: dict[str, Any]
) -> None:
    dataset, other = samples.image(), samples.image()
    archived(stack, dataset, other)
    uid = str(dataset.StudyInstanceUID)
    assert stack.get(f"/studies/{uid}/metadata").status_code == 200
    revision = wait_until(lambda: stack.portal.study(uid), "the portal shows it")["revision"]
    number = time.time_ns() // 1000 % 1_000_000_000
    told["disposals"] = [{"id": number, "study_uid": uid}]
    (event,) = wait_until(lambda: stack.portal.of("disposal"), "the portal hears of it")
    assert (event["id"], event["study_uid"], event["instances"]) == (number, uid, 1)
    assert event["error"] == ""
    assert event["size"] > 0
    assert stack.get(f"/studies/{uid}/metadata").status_code == 404
    wait_until(
        lambda: not [p for p in stack.root.glob(f"store/**/{uid}*") if uid in str(p)],
        "no file of it is left",
    )
    assert len(list(stack.root.glob("store/H001/**/*.dcm"))) == 1
    archived(stack, dataset)
    again = wait_until(
        lambda: (found := stack.portal.study(uid)) and found["revision"] > revision and found,
        "the study is there anew",
    )
    assert again["instance_count"] == 1
    time.sleep(1)
    assert stack.query("SELECT count(*) FROM archive.instance") == [(2,)]
    assert len(stack.portal.of("disposal")) == 1


def tables(stack: Stack) -> dict[str, list[tuple[Any, ...]]]:
    """All that is told of what is stored, apart from numbers of rows and revisions."""
    return {
        "study": stack.query(
            "SELECT study_uid, hospital, patient_id, patient_name, accession_number, study_date,"
            " description, calling_ae, modalities, body_parts, series_count, instance_count, size,"
            " first_received, last_received FROM archive.study ORDER BY 1"
        ),
        "series": stack.query(
            "SELECT series_uid, number, modality, description, instance_count FROM archive.series"
            " ORDER BY 1"
        ),
        "instance": stack.query(
            "SELECT sop_uid, sop_class, number, transfer_syntax, object_key, digest, size,"
            " dataset_offset, frame_count, pixel_offset, frame_length, image, withheld, received,"
            " location FROM archive.instance ORDER BY 1"
        ),
        "volume": stack.query("SELECT * FROM archive.volume ORDER BY 1, 2, 3"),
    }


@pytest.mark.req("GEN-7", part=True)
def test_the_index_is_rebuilt_from_the_stored_files(stack: Stack) -> None:
    first, second = samples.slices(5), samples.slices(3, Modality="MR", SOPClassUID=samples.MR)
    archived(stack, *first, *second)
    archived(stack, samples.image(), calling="MR_X")
    uid = str(first[0].StudyInstanceUID)
    before, revision = tables(stack), wait_until(lambda: stack.portal.study(uid), "")["revision"]
    stack.stop("archive")
    stack.execute("DROP SCHEMA archive CASCADE")
    done = stack.run("reindex")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"objects": 9, "added": 9, "problems": []}
    assert tables(stack) == before
    again = stack.run("reindex")
    assert json.loads(again.stdout) == {"objects": 9, "added": 0, "problems": []}
    assert tables(stack) == before
    stack.start("archive")
    wait_until(
        lambda: (stack.portal.study(uid) or {})["revision"] > revision, "the portal takes the news"
    )
    assert stack.get(f"/studies/{uid}/metadata").status_code == 200


def test_reindexing_adds_what_is_missing_and_reports_what_has_no_match(stack: Stack) -> None:
    datasets = samples.slices(4)
    archived(stack, *datasets)
    keys = dict(stack.query("SELECT sop_uid, object_key FROM archive.instance"))
    lost, gone = (str(dataset.SOPInstanceUID) for dataset in datasets[:2])
    stack.stop("archive")
    stack.execute(f"DELETE FROM archive.instance WHERE sop_uid = '{lost}'")
    stack.execute(
        "UPDATE archive.study SET instance_count = 3; UPDATE archive.series SET instance_count = 3"
    )
    (stack.root / "store" / keys[gone]).unlink()
    junk = stack.root / "store" / "H001" / "1.2.3.dcm"
    junk.write_bytes(b"junk")
    try:
        done = stack.run("reindex")
    finally:
        stack.start("archive")
    assert done.returncode == 1
    summary = json.loads(done.stdout)
    assert (summary["objects"], summary["added"]) == (4, 1)
    assert {p["object_key"] for p in summary["problems"]} == {"H001/1.2.3.dcm", keys[gone]}
    assert stack.query("SELECT instance_count FROM archive.study") == [(4,)]
    wait_until(lambda: len(stack.portal.of("damage")) == 1, "the missing object is told")


def test_reindexing_does_not_run_beside_the_archive(stack: Stack) -> None:
    done = stack.run("reindex")
    assert done.returncode == 1
    assert "stop dicom-node archive first" in done.stderr


def test_a_settled_series_is_described_before_anyone_asks(stack: Stack) -> None:
    stack.stop("archive")
    stack.start("archive", YUNYING_NODE_ARCHIVE_SETTLE_SECONDS="1")
    datasets = samples.slices(30)
    archived(stack, *datasets)
    (path,) = wait_until(
        lambda: list(stack.root.glob("store/derived/*/*-named-*.json.gz")), "it lies ready", 20
    )
    before = path.stat().st_mtime_ns
    answer = stack.get(
        f"/studies/{datasets[0].StudyInstanceUID}/series/{datasets[0].SeriesInstanceUID}/metadata"
    )
    assert len(answer.json()) == 30
    assert path.stat().st_mtime_ns == before
    archived(stack, *samples.slices(
        1, StudyInstanceUID=datasets[0].StudyInstanceUID,
        SeriesInstanceUID=datasets[0].SeriesInstanceUID,
    ))  # fmt: skip
    wait_until(lambda: not path.exists(), "it is made anew when an image comes late", 20)
    stack.stop("archive")
    stack.start("archive")


@pytest.mark.req("ARC-5.8", part=True)
def test_a_backlog_takes_no_longer_for_each_instance_than_a_few_do(
    stack: Stack,
) -> None:
    """The spool is listed once in a while, never once a batch."""
    listed: list[int] = []

    class Counted(Spool):
        def oldest(self, count: int) -> Any:
            listed.append(count)
            return super().oldest(count)

    spool = Counted(stack.root / "backlog" / "spool")
    data = samples.encoded(samples.image())
    directory = spool.root / "H001"
    directory.mkdir()
    meta = FileMeta(samples.CT, "", "1.2.840.10008.1.2.1", "CT_A")
    for _ in range(2000):
        name = ident.new()
        (directory / f"{name}.dcm").write_bytes(encode(meta) + data)
    instructions = Instructions(lambda: None, ZoneInfo("Asia/Shanghai"))
    archiver = Archiver(
        spool,
        LocalStore(stack.root / "backlog" / "store"),
        Quarantine(stack.root / "backlog" / "quarantine"),
        instructions,
        Archive(batch_size=100),
    )
    migrate(stack.dsn)
    with psycopg.connect(stack.dsn, autocommit=True) as connection:
        done = 0
        while done < 2000:
            done += archiver.run_once(connection)
    assert len(listed) == 1
    assert stack.query("SELECT instance_count, duplicate_count FROM archive.study") == [(1, 1999)]
