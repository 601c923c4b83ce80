"""Who may send, what is taken in, and what becomes of the rest."""

import shutil
import socket
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from pynetdicom import AE
from pynetdicom.sop_class import CTImageStorage, Verification

from dicom_node.configuration import Configuration
from dicom_node.dimse.policy import parse
from dicom_node.portal import Portal

from . import samples
from .conftest import shared
from .fake_portal import DATABASE
from .sender import Answer, Message, association, send
from .stack import Stack, wait_until

MALFORMED = shared("malformed/**/*.dcm")


@pytest.fixture(scope="module", params=["direct", "stock"], autouse=True)
def plane(request: pytest.FixtureRequest, running: Stack) -> Iterator[str]:
    """Every test of this module holds on both data planes."""
    running.restart("receive", YUNYING_NODE_DICOM_DATA_PLANE=request.param)
    yield request.param
    running.restart("receive")


def status(answer: Answer | None) -> int | None:
    return answer.status if answer is not None else None


def rejection(stack: Stack, calling: str, called: str = "YUNYING") -> tuple[int, int, int]:
    """(result, source, diagnostic) of the A-ASSOCIATE-RJ."""
    entity = AE(calling)
    entity.add_requested_context(CTImageStorage)
    opened = entity.associate("127.0.0.1", stack.dicom_port, ae_title=called)
    assert opened.is_rejected
    answer = opened.acceptor.primitive
    return answer.result, answer.result_source, answer.diagnostic


@pytest.mark.req("ARC-4.1", part=True)
def test_echo_and_store_are_answered_with_success(stack: Stack) -> None:
    entity = AE("CT_A")
    entity.add_requested_context(Verification)
    opened = entity.associate("127.0.0.1", stack.dicom_port, ae_title="YUNYING")
    assert opened.send_c_echo().Status == 0
    opened.release()
    assert [status(a) for a in send(stack.dicom_port, [samples.message(samples.image())])] == [0]


@pytest.mark.req("ARC-4.1", part=True)
@pytest.mark.skipif(shutil.which("storescu") is None, reason="dcmtk is not installed")
def test_dcmtk_sends_with_storescu(stack: Stack, tmp_path: Path) -> None:
    dataset = samples.image()
    dataset.ensure_file_meta()
    dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    dataset.save_as(tmp_path / "one.dcm", enforce_file_format=True)
    done = subprocess.run(
        ["storescu", "-aet", "CT_A", "-aec", "YUNYING", "127.0.0.1", str(stack.dicom_port),
         str(tmp_path / "one.dcm")],
        check=False, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    stack.wait_archived()
    frame = stack.get(f"{samples.address(dataset)}/frames/1", accept="application/octet-stream")
    assert frame.content == dataset.PixelData


@pytest.mark.req("ARC-4.3", part=True)
@pytest.mark.parametrize(
    ("calling", "called", "answer", "reason"),
    [
        ("EVIL", "YUNYING", (1, 1, 3), "unknown calling AE"),
        ("CT_B", "YUNYING", (1, 1, 3), "address not registered for this calling AE"),
        ("CT_A", "OTHER", (1, 1, 7), "unknown called AE"),
    ],
)
def test_who_is_not_registered_is_rejected_and_reported(
    stack: Stack, calling: str, called: str, answer: tuple[int, int, int], reason: str
) -> None:
    assert rejection(stack, calling, called) == answer
    found = wait_until(
        lambda: [e for e in stack.portal.of("rejection") if e["calling_ae"] == calling],
        "the portal hears of the rejection",
    )
    assert found[0]["reason"] == reason
    assert found[0]["address"] == "127.0.0.1"
    rejection(stack, calling, called)
    rejection(stack, calling, called)
    stack.wait_archived()
    assert len([e for e in stack.portal.of("rejection") if e["calling_ae"] == calling]) == 1


@pytest.mark.req("ARC-4.3")
def test_the_check_of_the_calling_ae_can_be_switched_off(stack: Stack) -> None:
    stack.configure(check_calling_ae=False)
    try:
        dataset = samples.image()
        assert [
            status(a) for a in send(stack.dicom_port, [samples.message(dataset)], "NOBODY")
        ] == [0]
        stack.wait_archived()
        assert stack.query("SELECT hospital FROM archive.study") == [("UNKNOWN",)]
    finally:
        stack.configure(check_calling_ae=True)
    assert rejection(stack, "NOBODY") == (1, 1, 3)


def test_a_new_configuration_is_in_force_also_when_it_cannot_be_kept(
    running: Stack, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    key = running.root / "api_key"
    portal = Portal(running.portal.url, DATABASE, key)
    source = Configuration(portal, tmp_path / "file" / "portal.json", 3600, parse)
    source.start()
    policy = wait_until(source.current, "the configuration is in force")
    assert set(policy.devices) == {"CT_A", "CT_B", "MR_X"}


def test_a_data_set_of_another_instance_is_kept_aside(stack: Stack) -> None:
    message = samples.message(samples.image())
    message.sop_instance = samples.uid()
    (answer,) = send(stack.dicom_port, [message])
    assert answer is not None
    assert (answer.status, answer.comment) == (
        0xA900,
        "SOP Instance UID of the request and of the data set differ",
    )
    assert_quarantined(stack, "mismatch", message.data)


@pytest.mark.parametrize("uid", ["../../etc/passwd", "1..2", "1.2.", "1.2\\1.3", "1" * 65])
def test_an_invalid_uid_is_kept_aside_and_names_nothing(stack: Stack, uid: str) -> None:
    dataset = samples.image()
    dataset.StudyInstanceUID = "1.2.3"
    data = samples.encoded(dataset).replace(
        b"\x20\x00\x0d\x00UI\x06\x001.2.3\x00",
        b"\x20\x00\x0d\x00UI" + struct.pack("<H", len(uid)) + uid.encode(),
    )
    message = samples.message(dataset)
    message.data = data
    (answer,) = send(stack.dicom_port, [message])
    assert answer is not None
    assert (answer.status, answer.comment) == (0xC001, "Study Instance UID is not a UID")
    assert_quarantined(stack, "invalid_uid", data)


def test_the_same_bad_file_again_and_again_is_kept_once(stack: Stack) -> None:
    message = samples.message(samples.image())
    message.data = message.data[:-100]
    answers = send(stack.dicom_port, [message] * 5)
    assert [status(a) for a in answers] == [0xC000] * 5
    assert_quarantined(stack, "unreadable", message.data)


def assert_quarantined(stack: Stack, reason: str, data: bytes) -> None:
    stack.wait_archived()
    (event,) = wait_until(lambda: stack.portal.of("quarantine"), "the portal hears of it")
    assert (event["reason"], event["hospital"], event["calling_ae"]) == (reason, "H001", "CT_A")
    (kept,) = (stack.root / "quarantine" / "H001").glob("*.dcm")
    assert kept.name == f"{event['key']}.dcm"
    assert kept.read_bytes().endswith(data)
    assert stack.query("SELECT count(*) FROM archive.instance") == [(0,)]
    assert not list(stack.root.glob("store/H*/**/*.dcm"))


def test_an_instance_without_study_is_a_study_of_its_own(stack: Stack) -> None:
    datasets = [samples.image(StudyInstanceUID=None, SeriesInstanceUID=None) for _ in range(2)]
    assert [status(a) for a in send(stack.dicom_port, map(samples.message, datasets))] == [0, 0]
    stack.wait_archived()
    assert stack.query("SELECT count(*) FROM archive.study") == [(2,)]


def hostile_associations() -> list[bytes]:
    return [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x01\x00\xff\xff\xff\xff" + b"A" * 1000,
        b"\x04\x00\x00\x00\x00\x04\x00\x00\x00\x00",
        b"\x01\x00\x00\x00\x00\x44" + b"\x00" * 68,
        bytes(range(256)),
    ]


def test_garbage_on_the_dicom_port_harms_nobody(stack: Stack) -> None:
    for garbage in hostile_associations():
        with socket.create_connection(("127.0.0.1", stack.dicom_port), timeout=5) as connection:
            connection.sendall(garbage)
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(10)
            while connection.recv(4096):
                pass
    assert [status(a) for a in send(stack.dicom_port, [samples.message(samples.image())])] == [0]


def test_a_sender_that_breaks_off_leaves_nothing_behind(stack: Stack) -> None:
    message = samples.message(samples.image())
    with association(stack.dicom_port, [message], "CT_A", "YUNYING") as opened:
        assert opened.is_established
        opened.dul.socket.send(b"\x04\x00\x00\x00\x40\x00" + b"\x00" * 100)
        opened.dul.socket.close()
    assert [status(a) for a in send(stack.dicom_port, [message])] == [0]
    stack.wait_archived()
    assert stack.query("SELECT count(*) FROM archive.instance") == [(1,)]
    assert not list(stack.root.glob("spool/**/*.part"))


def deep_sequence(depth: int) -> bytes:
    head = struct.pack("<HH2sHL", 0x0008, 0x1115, b"SQ", 0, 0xFFFFFFFF)
    item = struct.pack("<HHL", 0xFFFE, 0xE000, 0xFFFFFFFF)
    return (head + item) * depth


@pytest.mark.parametrize(
    "tail",
    [
        deep_sequence(200_000),
        struct.pack("<HH2sHL", 0x0008, 0x1115, b"SQ", 0, 0xFFFFFFFF) * 100_000,
        struct.pack("<HH2sHL", 0x7FE0, 0x0010, b"OB", 0, 0xFFFFFFFF) + b"\xff" * 10_000,
        struct.pack("<HH2sHL", 0x7FE0, 0x0010, b"OW", 0, 0xFFFFFFFE),
        struct.pack("<HH2sHL", 0x0040, 0xA730, b"SQ", 0, 16) + b"\xfe\xff\x00\xe0\xff\xff\xff\xff",
    ],
    ids=["nesting", "items_missing", "fragments", "length", "short_sequence"],
)
def test_bombs_are_answered_quickly_and_kept_aside(stack: Stack, tail: bytes) -> None:
    message = samples.message(samples.image(PixelData=None))
    message.data += tail
    (answer,) = send(stack.dicom_port, [message])
    assert status(answer) == 0xC000
    assert_quarantined(stack, "unreadable", message.data)


def raw_message(path: Path, number: int) -> Message:
    """A malformed file as a sender would push it: all that follows what may be group 2."""
    content = path.read_bytes()
    start = content.find(b"\x08\x00\x05\x00")
    start = start if start >= 0 else content.find(b"\x08\x00")
    data = content[max(start, 0) :]
    uid = data[(at := data.find(b"\x08\x00\x18\x00UI") + 8) : at + data[at - 2]]
    text = uid.decode("ascii", "replace").strip("\0 ")
    valid = text if text.replace(".", "").isdigit() and len(text) <= 64 else f"1.2.3.{number}"
    return Message(samples.CT, valid, "1.2.840.10008.1.2.1", data, path.name)


@pytest.mark.skipif(not MALFORMED, reason="the shared test data is not here")
def test_every_malformed_file_gets_a_defined_answer_and_none_is_lost(stack: Stack) -> None:
    messages = [raw_message(path, number) for number, path in enumerate(MALFORMED)]
    answers = send(stack.dicom_port, messages)
    defined = {0x0000, 0xA900, 0xC000, 0xC001}
    odd = [
        (message.name, answer)
        for message, answer in zip(messages, answers, strict=True)
        if answer is None or answer.status not in defined
    ]
    assert odd == []
    stack.wait_archived(60)
    kept = {path.read_bytes() for path in stack.root.glob("quarantine/*/*.dcm")}
    kept |= {path.read_bytes() for path in stack.root.glob("store/H*/**/*.dcm")}
    lost = [
        message.name
        for message in messages
        if not any(content.endswith(message.data) for content in kept)
    ]
    assert lost == []
    assert [status(a) for a in send(stack.dicom_port, [samples.message(samples.image())])] == [0]
    assert stack.processes["receive"].poll() is None
    assert stack.processes["archive"].poll() is None
