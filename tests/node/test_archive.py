"""From the spool into the store and the index, and as events to the portal."""

import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydicom.dataset import Dataset

from dicom_node.dataset.part10 import FileMeta, encode

from . import samples
from .sender import Message, message_of, send
from .stack import Stack, wait_until


def accepted(stack: Stack, *datasets: Dataset, calling: str = "CT_A") -> None:
    messages = [samples.message(dataset) for dataset in datasets]
    for answer in send(stack.dicom_port, messages, calling):
        assert answer is not None
        assert answer.status == 0, answer.comment


@pytest.mark.req("ARC-5.9", part=True)
def test_a_study_is_in_the_portal_within_five_seconds_with_the_right_counts(stack: Stack) -> None:
    first = samples.slices(12)
    second = samples.slices(3, StudyInstanceUID=first[0].StudyInstanceUID, BodyPartExamined="HEAD")
    accepted(stack, *first, *second)
    done = time.monotonic()
    uid = str(first[0].StudyInstanceUID)
    wait_until(
        lambda: (event := stack.portal.study(uid)) and event["instance_count"] == 15,
        "the portal shows 15 images",
        5,
    )
    assert time.monotonic() - done < 5
    event = stack.portal.study(uid)
    assert event is not None
    received = event.pop("first_received"), event.pop("last_received")
    assert received[0] <= received[1]
    size = sum(path.stat().st_size for path in stack.root.glob("store/H001/**/*.dcm"))
    event.pop("revision")
    assert event == {
        "uid": uid,
        "hospital": "H001",
        "patient": {
            "id": "P100",
            "name": "Wang^XiaoDong=王^小东",
            "birth_date": "1957-03-01",
            "sex": "M",
        },
        "accession_number": "A1",
        "study_id": "1",
        "date": "2026-11-20",
        "time": "09:31:00",
        "description": "胸部平扫",
        "modalities": ["CT"],
        "body_parts": ["CHEST", "HEAD"],
        "referring_physician": "",
        "station_name": "",
        "calling_ae": "CT_A",
        "series_count": 2,
        "instance_count": 15,
        "duplicate_count": 0,
        "size": size,
        "location": "online",
        "completeness": {"state": "unknown", "expected": None, "missing": None, "source": ""},
    }


@pytest.mark.req("ARC-5.5")
def test_the_same_images_twice_change_nothing_but_a_counter(stack: Stack) -> None:
    datasets = samples.slices(5)
    accepted(stack, *datasets)
    stack.wait_archived()
    before = stack.query("SELECT sop_uid, digest, object_key, size FROM archive.instance")
    files = sorted(stack.root.glob("store/**/*.dcm"))
    accepted(stack, *datasets)
    accepted(stack, *datasets[:2])
    stack.wait_archived()
    assert stack.query("SELECT sop_uid, digest, object_key, size FROM archive.instance") == before
    assert sorted(stack.root.glob("store/**/*.dcm")) == files
    uid = str(datasets[0].StudyInstanceUID)
    wait_until(
        lambda: (stack.portal.study(uid) or {}).get("duplicate_count") == 7,
        "the portal counts seven duplicates",
    )
    event = stack.portal.study(uid)
    assert event is not None
    assert (event["instance_count"], event["series_count"]) == (5, 1)
    assert not stack.portal.of("quarantine")


@pytest.mark.req("ARC-5.5", part=True)
def test_a_duplicate_within_one_association_is_filtered_too(stack: Stack) -> None:
    dataset = samples.image()
    accepted(stack, dataset, dataset, dataset)
    stack.wait_archived()
    rows = stack.query("SELECT instance_count, duplicate_count FROM archive.study")
    assert rows == [(1, 2)]


def test_the_same_uid_with_other_bytes_is_kept_aside(stack: Stack) -> None:
    dataset = samples.image()
    accepted(stack, dataset)
    stack.wait_archived()
    other = samples.message(dataset)
    other.data = other.data.replace(b"CHEST ", b"BREAST")
    assert [a and a.status for a in send(stack.dicom_port, [other] * 3)] == [0] * 3
    stack.wait_archived()
    (event,) = wait_until(lambda: stack.portal.of("quarantine"), "the portal hears of it")
    uid = str(dataset.SOPInstanceUID)
    assert event["reason"] == "conflict"
    assert event["detail"] == f"SOP Instance UID {uid} is stored with other bytes"
    assert (event["study_uid"], event["sop_instance_uid"]) == (str(dataset.StudyInstanceUID), uid)
    assert event["size"] == len(other.data)
    (kept,) = stack.root.glob("quarantine/H001/*.dcm")
    assert kept.read_bytes().endswith(other.data)
    (stored,) = stack.root.glob("store/H001/**/*.dcm")
    assert stored.read_bytes().endswith(samples.message(dataset).data)
    assert len(stack.portal.of("quarantine")) == 1


def test_an_image_for_a_study_of_another_hospital_is_kept_aside(stack: Stack) -> None:
    mine = samples.image()
    accepted(stack, mine)
    stack.wait_archived()
    foreign = samples.image(StudyInstanceUID=mine.StudyInstanceUID)
    accepted(stack, foreign, calling="MR_X")
    stack.wait_archived()
    (event,) = wait_until(lambda: stack.portal.of("quarantine"), "the portal hears of it")
    assert (event["reason"], event["hospital"]) == ("other_hospital", "H002")
    assert stack.query("SELECT hospital, instance_count FROM archive.study") == [("H001", 1)]


@pytest.mark.req("ARC-5.3", part=True)
def test_files_lie_by_hospital_date_study_and_series(stack: Stack) -> None:
    dataset = samples.image()
    accepted(stack, dataset)
    stack.wait_archived()
    ((key, moment),) = stack.query(
        "SELECT object_key, received AT TIME ZONE 'Asia/Shanghai' FROM archive.instance"
    )
    assert key == (
        f"H001/{moment:%Y/%m/%d}/{dataset.StudyInstanceUID}/{dataset.SeriesInstanceUID}"
        f"/{dataset.SOPInstanceUID}.dcm"
    )
    assert (stack.root / "store" / key).is_file()


HOSTILE = [
    "'; DROP TABLE archive.study; --",
    "<script>alert(1)</script>",
    "../../../etc/passwd",
    "$(reboot) `id` %s %n {{7*7}}",
    "a\x00b\x01c\u202ed",
    "\\u0000 \\x00",
]


def test_hostile_text_is_stored_as_text_without_controls(stack: Stack) -> None:
    datasets = []
    for number, text in enumerate(HOSTILE):
        dataset = samples.image(PatientID=f"P{number}")
        data = samples.message(dataset)
        raw = text.encode()[:32].ljust(32)
        dataset.PatientName = "#" * 32
        data = samples.message(dataset)
        data.data = data.data.replace(b"#" * 32, raw)
        datasets.append(data)
    assert {a and a.status for a in send(stack.dicom_port, datasets)} == {0}
    stack.wait_archived()
    rows = dict(stack.query("SELECT patient_id, patient_name FROM archive.study"))
    assert rows["P0"] == "'; DROP TABLE archive.study; --"
    assert rows["P1"] == "<script>alert(1)</script>"
    assert rows["P2"] == "../../../etc/passwd"
    assert rows["P4"] == "abcd"
    wait_until(lambda: len(stack.portal.of("study")) == len(HOSTILE), "all studies arrive")
    events = [event["patient"]["name"] for event in stack.portal.of("study")]
    assert not any(ord(c) < 32 or c == "\u202e" for name in events for c in name)


@pytest.mark.parametrize(
    ("terms", "raw", "name"),
    [
        ("ISO_IR 192", "Wang^XiaoDong=王^小东=".encode(), "Wang^XiaoDong=王^小东="),
        ("GB18030", "Wang^XiaoDong=王^小东".encode("gb18030"), "Wang^XiaoDong=王^小东"),
        ("GBK", "Zhang^XiaoDong=张^小东".encode("gbk"), "Zhang^XiaoDong=张^小东"),
        (
            "\\ISO 2022 IR 58",
            b"Wang^XiaoDong=\x1b$)A\xcd\xf5^\x1b$)A\xd0\xa1\xb6\xab",
            "Wang^XiaoDong=王^小东",
        ),
        ("", "王^小东".encode("gbk"), "王^小东"),
        ("", "王^小东".encode(), "王^小东"),
        ("NO SUCH SET", "王^小东".encode(), "王^小东"),
    ],
)
def test_chinese_names_arrive_whatever_their_character_set(
    stack: Stack, terms: str, raw: bytes, name: str
) -> None:
    dataset = samples.image(SpecificCharacterSet=terms, PatientName="#" * 40)
    dataset.StudyDescription = dataset.SeriesDescription = ""
    message = samples.message(dataset)
    message.data = message.data.replace(b"#" * 40, raw.ljust(40))
    assert [a and a.status for a in send(stack.dicom_port, [message])] == [0]
    stack.wait_archived()
    assert stack.query("SELECT patient_name FROM archive.study") == [(name,)]


@pytest.mark.parametrize(
    ("keyword", "raw", "field"),
    [
        ("StudyDate", b"20261399", "date"),
        ("StudyDate", b"00000000", "date"),
        ("StudyTime", b"996060", "time"),
    ],
)
def test_a_date_that_cannot_be_read_is_absent_and_never_guessed(
    stack: Stack, keyword: str, raw: bytes, field: str
) -> None:
    dataset = samples.image()
    message = samples.message(dataset)
    good = str(getattr(dataset, keyword)).encode()
    message.data = message.data.replace(good, raw)
    send(stack.dicom_port, [message])
    event = wait_until(
        lambda: stack.portal.study(str(dataset.StudyInstanceUID)), "the portal shows the study"
    )
    assert event[field] is None


@pytest.mark.req("ARC-4.6", part=True)
def test_events_wait_while_the_portal_is_away_and_arrive_afterwards(stack: Stack) -> None:
    stack.portal.status = 503
    try:
        datasets = [samples.image() for _ in range(4)]
        accepted(stack, *datasets)
        stack.wait_archived()
        time.sleep(1)
        assert stack.portal.of("study") == []
    finally:
        stack.portal.status = 200
    wait_until(lambda: len(stack.portal.of("study")) == 4, "all four studies arrive", 10)
    wait_until(lambda: stack.query("SELECT count(*) FROM archive.outbox") == [(0,)], "outbox empty")


def test_a_refused_event_stays_marked_and_stops_nothing_else(stack: Stack) -> None:
    stack.portal.refuse = {"quarantine"}
    try:
        message = samples.message(samples.image())
        message.data = message.data[:-7]
        send(stack.dicom_port, [message])
        stack.wait_archived()
        good = samples.image()
        accepted(stack, good)
        wait_until(lambda: stack.portal.study(str(good.StudyInstanceUID)), "the next study arrives")
        wait_until(
            lambda: (
                stack.query("SELECT kind, refused FROM archive.outbox")
                == [("quarantine", "refused for the test")]
            ),
            "the refused event is kept with the error",
        )
    finally:
        stack.portal.refuse = set()


def test_an_event_without_an_answer_is_sent_again(stack: Stack) -> None:
    stack.portal.silent = {"study"}
    dataset = samples.image()
    accepted(stack, dataset)
    stack.wait_archived()
    before = stack.portal.deliveries
    wait_until(lambda: stack.portal.deliveries > before + 1, "the event is sent again")
    stack.portal.silent = set()
    wait_until(lambda: stack.portal.study(str(dataset.StudyInstanceUID)), "the event arrives")


def test_a_damaged_spool_file_is_kept_aside_and_the_rest_goes_on(stack: Stack) -> None:
    dataset = samples.image()
    bad = stack.root / "spool" / "H001" / "01JZZZZZZZZZZZZZZZZZZZZZZZ.dcm"
    bad.parent.mkdir(exist_ok=True)
    meta = FileMeta(samples.CT, "1.2.3", "1.2.840.10008.1.2.1", "CT\0\n")
    bad.write_bytes(encode(meta) + b"\x08\x00junk")
    empty = bad.with_name("01JZZZZZZZZZZZZZZZZZZZZZZY.dcm")
    empty.touch()
    accepted(stack, dataset)
    stack.wait_archived()
    assert stack.query("SELECT count(*) FROM archive.instance") == [(1,)]
    found = wait_until(
        lambda: len(stack.portal.of("quarantine")) == 2 and stack.portal.of("quarantine"),
        "the portal hears of both",
    )
    assert {event["reason"] for event in found} == {"unreadable"}
    assert (stack.root / "quarantine" / "H001" / bad.name).exists()


def test_a_file_that_the_disk_does_not_give_stops_no_other(stack: Stack) -> None:
    unreadable = stack.root / "spool" / "H001" / "01JZZZZZZZZZZZZZZZZZZZZZZX.dcm"
    unreadable.mkdir(parents=True)
    try:
        accepted(stack, *samples.slices(3))
        wait_until(
            lambda: stack.query("SELECT count(*) FROM archive.instance") == [(3,)],
            "the others are archived",
        )
        message = samples.message(samples.image())
        message.data = message.data[:-7]
        send(stack.dicom_port, [message])
        wait_until(lambda: stack.portal.of("quarantine"), "the portal hears of other events")
        wait_until(
            lambda: "IsADirectoryError" in {line.get("error") for line in stack.log("archive")},
            "the log names the fault",
        )
        assert stack.spooled() == [unreadable]
    finally:
        unreadable.rmdir()


def test_what_is_no_hospital_in_the_spool_is_left_alone(stack: Stack) -> None:
    foreign = stack.root / "spool" / "lost+found" / "01JZZZZZZZZZZZZZZZZZZZZZZX.dcm"
    foreign.parent.mkdir()
    foreign.write_bytes(b"of a repair of the file system")
    try:
        accepted(stack, samples.image())
        wait_until(lambda: stack.spooled() == [foreign], "the instance is archived")
        assert not stack.portal.of("quarantine")
    finally:
        foreign.unlink()
        foreign.parent.rmdir()


def test_a_note_that_the_index_does_not_take_is_put_aside(stack: Stack) -> None:
    notes = stack.root / "spool" / "notes"
    bad = {
        "01JZZZZZZZZZZZZZZZZZZZZZZW.json": '{"kind": "nonsense", "body": {}}',
        "01JZZZZZZZZZZZZZZZZZZZZZZX.json": '{"kind": "rejection", "body": {"a": "\\u0000"}}',
        "01JZZZZZZZZZZZZZZZZZZZZZZY.json": "[" * 100_000,
    }
    for name, content in bad.items():
        (notes / f"{name}.new").write_text(content)
        (notes / f"{name}.new").rename(notes / name)
    message = samples.message(samples.image())
    message.data = message.data[:-7]
    send(stack.dicom_port, [message])
    wait_until(lambda: stack.portal.of("quarantine"), "the next note arrives")
    damaged = sorted(notes.glob("*.damaged"))
    assert [path.stem for path in damaged] == [name.removesuffix(".json") for name in bad]
    for path in damaged:
        path.unlink()


def test_an_instance_that_the_index_does_not_take_is_kept_aside_alone(stack: Stack) -> None:
    datasets = samples.slices(4)
    bad = str(datasets[1].SOPInstanceUID)
    stack.execute(
        "CREATE FUNCTION archive.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" IF NEW.sop_uid = '{bad}' THEN RAISE data_exception; END IF; RETURN NEW; END $$;"
        " CREATE TRIGGER refuse BEFORE INSERT ON archive.instance"
        " FOR EACH ROW EXECUTE FUNCTION archive.refuse()"
    )
    try:
        accepted(stack, *datasets)
        stack.wait_archived()
    finally:
        stack.execute("DROP FUNCTION archive.refuse CASCADE")
    assert stack.query("SELECT instance_count FROM archive.study") == [(3,)]
    (event,) = wait_until(lambda: stack.portal.of("quarantine"), "the portal hears of it")
    assert (event["sop_instance_uid"], event["reason"]) == (bad, "unreadable")
    assert len(list(stack.root.glob("store/H001/**/*.dcm"))) == 3
    accepted(stack, datasets[1])
    stack.wait_archived()
    assert stack.query("SELECT instance_count FROM archive.study") == [(4,)]


@pytest.mark.req("ARC-4.6", part=True)
def test_instances_wait_in_the_spool_while_the_archive_process_is_down(stack: Stack) -> None:
    assert stack.stop("archive") == 0
    datasets = samples.slices(20)
    accepted(stack, *datasets)
    assert len(stack.spooled()) == 20
    stack.start("archive")
    stack.wait_archived()
    assert stack.query("SELECT count(*) FROM archive.instance") == [(20,)]


def test_a_spool_file_met_again_after_a_crash_is_counted_once(stack: Stack, tmp_path: Path) -> None:
    """As after a crash between the transaction and the removal from the spool."""
    stack.stop("archive")
    accepted(stack, *samples.slices(3))
    saved = {path: path.read_bytes() for path in stack.spooled()}
    stack.start("archive")
    stack.wait_archived()
    stack.stop("archive")
    for path, content in saved.items():
        path.write_bytes(content)
    stack.start("archive")
    stack.wait_archived()
    assert stack.query("SELECT instance_count, duplicate_count FROM archive.study") == [(3, 0)]


def test_a_link_left_by_a_crash_before_the_transaction_is_used(stack: Stack) -> None:
    stack.stop("archive")
    dataset = samples.image()
    accepted(stack, dataset)
    (spooled,) = stack.spooled()
    key = f"{datetime.now(ZoneInfo('Asia/Shanghai')):%Y/%m/%d}/{dataset.StudyInstanceUID}"
    target = stack.root / "store" / "H001" / key / str(dataset.SeriesInstanceUID)
    target.mkdir(parents=True)
    (target / f"{dataset.SOPInstanceUID}.dcm").hardlink_to(spooled)
    stack.start("archive")
    stack.wait_archived()
    assert stack.query("SELECT instance_count, duplicate_count FROM archive.study") == [(1, 0)]
    assert len(list(stack.root.glob("store/H001/**/*.dcm"))) == 1


def test_group_2_says_who_sent_the_file(stack: Stack) -> None:
    dataset = samples.image()
    accepted(stack, dataset)
    stack.wait_archived()
    (path,) = stack.root.glob("store/H001/**/*.dcm")
    content = path.read_bytes()
    assert b"\x02\x00\x16\x00AE\x04\x00CT_A" in content
    assert b"\x02\x00\x18\x00AE\x08\x00YUNYING " in content
    assert b"\x02\x00\x26\x00UR\x00\x00\x0a\x00\x00\x00127.0.0.1 " in content
    assert message_of(path) == Message(
        samples.CT,
        str(dataset.SOPInstanceUID),
        "1.2.840.10008.1.2.1",
        samples.message(dataset).data,
        path.name,
    )
