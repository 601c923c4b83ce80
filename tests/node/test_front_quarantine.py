"""What people decide about instances that lie in a front end's quarantine."""

import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from dicom_node import ident
from dicom_node.archive.instructions import QuarantineAction
from dicom_node.dataset.part10 import FileMeta, encode
from dicom_node.dimse.receive import Receiver
from dicom_node.spool import durable
from dicom_node.spool.quarantine import Quarantine
from dicom_node.spool.spool import Spool
from dicom_node.upload.decisions import Decisions

from . import samples
from .front_end import FrontEnd
from .sender import Message, send
from .stack import Stack, wait_until


@pytest.fixture
def front_end(stack: Stack, tmp_path: Path) -> Iterator[FrontEnd]:
    own = FrontEnd(tmp_path, stack)
    try:
        own.start_all()
        yield own
        assert own.portal.violations == []
    finally:
        own.close()


def mismatch() -> tuple[Message, bytes]:
    """What the receiver puts aside, and the file as it ought to have been."""
    message = samples.message(samples.image())
    meta = FileMeta(message.sop_class, message.sop_instance, message.syntax, "CT_A", "YUNYING")
    right = encode(meta) + message.data
    message.sop_instance = samples.uid()
    return message, right


def held(front_end: FrontEnd, message: Message) -> dict[str, Any]:
    assert send(front_end.dicom_port, [message])[0].status
    wait_until(lambda: front_end.portal.of("quarantine"), "the portal is told", 30)
    return front_end.portal.of("quarantine")[-1]


def decide(front_end: FrontEnd, case: dict[str, Any], action: str) -> dict[str, Any]:
    portal = front_end.portal
    before = len(portal.of("quarantine_result"))
    entry = {"key": case["key"], "hospital": case["hospital"], "action": action}
    portal.configuration = portal.configuration | {"quarantine": [entry]}
    wait_until(lambda: len(portal.of("quarantine_result")) > before, "the portal hears of it", 30)
    portal.configuration = portal.configuration | {"quarantine": []}
    wait_until(
        lambda: not list(front_end.root.glob("quarantine/decisions/*")), "it asks no more", 30
    )
    result: dict[str, Any] = portal.of("quarantine_result")[-1]
    return result


def kept(front_end: FrontEnd) -> list[Path]:
    return [path for path in front_end.root.glob("quarantine/**/*") if path.is_file()]


@pytest.mark.req("ARC-5.2", part=True)
def test_what_is_right_now_goes_to_the_centre(stack: Stack, front_end: FrontEnd) -> None:
    message, right = mismatch()
    case = held(front_end, message)
    refused = decide(front_end, case, "retry")
    assert (refused["outcome"], refused["detail"].split(":")[0]) == ("refused", "mismatch")
    (path,) = front_end.root.glob("quarantine/H001/*.dcm")
    path.write_bytes(right)
    result = decide(front_end, case, "retry")
    assert (result["key"], result["outcome"]) == (case["key"], "archived")
    assert kept(front_end) == []
    front_end.wait_uploaded()
    stack.wait_archived()
    assert stack.query("SELECT count(*) FROM archive.instance") == [(1,)]


@pytest.mark.req("ARC-5.2", part=True)
def test_what_is_discarded_is_deleted_and_told_once(front_end: FrontEnd) -> None:
    case = held(front_end, mismatch()[0])
    assert decide(front_end, case, "accept")["outcome"] == "refused"
    assert kept(front_end)
    assert decide(front_end, case, "discard")["outcome"] == "discarded"
    assert kept(front_end) == []
    assert front_end.waiting() == []
    time.sleep(1.5)
    assert len(front_end.portal.of("quarantine_result")) == 2


def test_a_key_or_hospital_that_is_none_names_no_file(front_end: FrontEnd) -> None:
    held(front_end, mismatch()[0])
    portal = front_end.portal
    portal.configuration = portal.configuration | {
        "quarantine": [
            {"key": "../H001/x", "hospital": "H001", "action": "discard"},
            {"key": ident.new(), "hospital": "../..", "action": "discard"},
            {"key": ident.new(), "hospital": "H001", "action": "eat"},
            7,
        ]
    }
    time.sleep(2.5)
    assert portal.of("quarantine_result") == []
    assert kept(front_end)


class Crash(Exception):
    pass


def crash(*_arguments: Any) -> None:
    raise Crash


def receiver_with(root: Path, *keys: str) -> Receiver:
    """A receiver in whose quarantine *keys* lie, each a file that would be right today."""
    spool, quarantine = Spool(root / "spool"), Quarantine(root / "quarantine")
    (quarantine.root / "H001").mkdir()
    for key in keys:
        quarantine.path("H001", key).write_bytes(mismatch()[1])
    return Receiver(spool, quarantine)


def test_a_note_that_was_half_written_is_in_nobodys_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = ident.new()
    receiver = receiver_with(tmp_path, key)
    asked = [QuarantineAction(key, "H001", "discard")]

    with monkeypatch.context() as patch, pytest.raises(Crash):
        patch.setattr(receiver.spool, "note", crash)
        Decisions(receiver, lambda: asked).run_once()
    (record,) = (receiver.quarantine.root / "decisions").glob("*.json")
    note = receiver.spool.note_path(json.loads(record.read_bytes())["note"])
    note.with_suffix(".part").write_bytes(b'{"kind')
    assert Decisions(receiver, lambda: asked).run_once() == 1
    assert '"discarded"' in note.read_text()


def test_a_decision_that_cannot_be_carried_out_stops_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    stuck, good = ident.new(), ident.new()
    receiver = receiver_with(tmp_path, stuck, good)
    decisions = Decisions(
        receiver, lambda: [QuarantineAction(key, "H001", "discard") for key in (stuck, good)]
    )
    original = receiver.quarantine.remove

    def remove(code: str, key: str) -> None:
        if key == stuck:
            raise PermissionError(key)
        original(code, key)

    with monkeypatch.context() as patch:
        patch.setattr(receiver.quarantine, "remove", remove)
        assert decisions.run_once() == 1
        assert decisions.run_once() == 0
    assert not receiver.quarantine.path("H001", good).exists()
    said = capfd.readouterr()
    assert (said.out + said.err).count("quarantine_not_decided") == 1
    assert receiver.quarantine.path("H001", stuck).exists()
    assert decisions.run_once() == 1
    assert not receiver.quarantine.path("H001", stuck).exists()


def test_nothing_is_deleted_before_it_is_on_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = ident.new()
    receiver = receiver_with(tmp_path, key)
    asked = [QuarantineAction(key, "H001", "discard")]

    with monkeypatch.context() as patch, pytest.raises(Crash):
        patch.setattr(durable, "replace", crash)
        Decisions(receiver, lambda: asked).run_once()
    assert receiver.quarantine.path("H001", key).exists()


def test_a_link_that_is_there_is_made_durable_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool, source = Spool(tmp_path / "spool"), tmp_path / "source"
    source.write_bytes(b"x")
    synced: list[Path | str] = []
    identifier = ident.new()
    spool.take("H001", identifier, source)
    monkeypatch.setattr(durable, "sync_directory", synced.append)
    spool.take("H001", identifier, source)
    assert synced == [spool.root / "H001"]


@pytest.mark.parametrize("step", ["take", "remove", "note"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_at_any_point_leads_to_the_same_outcome(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, when: str
) -> None:
    key = ident.new()
    receiver = receiver_with(tmp_path, key)
    spool, quarantine = receiver.spool, receiver.quarantine
    asked: Sequence[QuarantineAction] = [QuarantineAction(key, "H001", "retry")]
    owner = quarantine if step == "remove" else spool
    original = getattr(owner, step)

    def crash(*arguments: Any) -> None:
        if when == "after":
            original(*arguments)
        raise Crash

    with monkeypatch.context() as patch, pytest.raises(Crash):
        patch.setattr(owner, step, crash)
        Decisions(receiver, lambda: asked).run_once()
    told = spool.notes(9)
    # Meanwhile it was uploaded; who has it twice is told so by its id.
    for path in spool.root.glob("H001/*.dcm"):
        assert path.stem == key
    unknown = Decisions(receiver, lambda: None)
    assert unknown.run_once() == 0
    again = Decisions(receiver, lambda: asked)
    assert again.run_once() == 1
    assert again.run_once() == 0
    (note,) = spool.notes(9)
    assert told in ([], [note])
    assert '"archived"' in note.read_text()
    assert [path.name for path in spool.root.glob("H001/*.dcm")] == [f"{key}.dcm"]
    assert not list(quarantine.root.glob("H001/*.dcm"))
    asked = []
    again.run_once()
    assert list(quarantine.root.glob("decisions/*")), "until the portal has heard of it"
    note.unlink()
    again.run_once()
    assert not list(quarantine.root.glob("decisions/*"))
