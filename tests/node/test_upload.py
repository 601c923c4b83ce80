"""A front-end node and its centre: what was received there arrives here, whatever happens."""

import base64
import hashlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from dicom_node import ident
from dicom_node.config import FRONT_END, ConfigError, load
from dicom_node.configuration import InvalidConfigurationError
from dicom_node.dataset.part10 import FileMeta, decode, encode
from dicom_node.spool.partial import Partial, clear_away
from dicom_node.spool.spool import Spool
from dicom_node.upload import plan
from dicom_node.upload.notes import number_of
from dicom_node.upload.pace import Pace

from . import samples
from .front_end import FrontEnd
from .sender import Message, send
from .stack import REPOSITORY, Stack, wait_until

UPLOAD = {"url": "https://centre:8443", "hospital": "H001"}


@pytest.fixture
def front_end(stack: Stack, tmp_path: Path) -> Iterator[FrontEnd]:
    own = FrontEnd(tmp_path, stack)
    try:
        yield own
        assert own.portal.violations == []
    finally:
        own.close()


def big(megabytes: int) -> Message:
    rows = megabytes * 512
    return samples.message(
        samples.image(Rows=rows, Columns=1024, PixelData=os.urandom(rows * 2048))
    )


def assert_arrived(stack: Stack, messages: list[Message]) -> None:
    """Each exactly once, with the bytes and the sender that the front end knew."""
    stack.wait_archived(60)
    rows = dict(stack.query("SELECT sop_uid, object_key FROM archive.instance"))
    assert rows.keys() == {message.sop_instance for message in messages}
    for message in messages:
        content = (stack.root / "store" / rows[message.sop_instance]).read_bytes()
        meta, start = decode(content)
        assert content[start:] == message.data
        assert (meta.calling_ae, meta.address) == ("CT_A", "127.0.0.1")
    assert not list(stack.root.glob("spool/*/*.upload"))
    assert stack.query("SELECT coalesce(sum(duplicate_count), 0) FROM archive.study") == [(0,)]


@pytest.mark.req("ARC-4.5", part=True)
def test_the_centre_says_how_and_the_front_end_uploads(stack: Stack, front_end: FrontEnd) -> None:
    front_end.start_all()
    messages = [samples.message(dataset) for dataset in samples.slices(30)]
    assert all(a and a.status == 0 for a in send(front_end.dicom_port, messages))
    front_end.wait_uploaded()
    assert_arrived(stack, messages)
    report = wait_until(
        lambda: (r := front_end.report()).get("uploaded") == 30 and r, "the report counts them"
    )
    assert (report["spool_count"], report["spool_oldest"], report["error"]) == (0, None, "")


@pytest.mark.req("ARC-4.6")
def test_it_receives_while_the_centre_is_away_and_goes_on_by_itself(
    stack: Stack, front_end: FrontEnd
) -> None:
    """Also over a restart: what the centre said was kept."""
    front_end.start_all()
    wait_until(lambda: front_end.report("upload"), "both processes are at work", 30)
    front_end.line.cut()
    front_end.portal.status = 503
    for name in ("receive", "upload"):
        assert front_end.stop(name) == 0
    front_end.start()
    wait_until(front_end._listens, "the port is open")
    messages = [samples.message(dataset) for dataset in samples.slices(10)]
    assert all(a and a.status == 0 for a in send(front_end.dicom_port, messages))
    time.sleep(1.5)
    assert len(front_end.waiting()) == 10
    front_end.portal.status = 200
    wait_until(lambda: "not reached" in front_end.report().get("error", ""), "it says why", 60)
    assert front_end.report()["spool_oldest"]
    front_end.line.mend()
    front_end.wait_uploaded()
    assert_arrived(stack, messages)
    wait_until(lambda: front_end.report()["error"] == "", "all is well again")


@pytest.mark.req("ARC-4.6")
def test_a_large_file_goes_on_where_the_line_was_cut(stack: Stack, front_end: FrontEnd) -> None:
    front_end.start_all()
    front_end.line.cut_after = 20 << 20
    message = big(48)
    assert send(front_end.dicom_port, [message])[0].status == 0
    wait_until(lambda: front_end.line.down, "the line is cut in the middle", 30)
    wait_until(lambda: list(stack.root.glob("spool/H001/*.upload")), "a part is kept")
    passed = front_end.line.passed
    front_end.line.mend()
    front_end.wait_uploaded()
    assert front_end.line.passed - passed < 40 << 20, "what was there was not sent again"
    assert_arrived(stack, [message])


def test_a_file_that_the_centre_still_holds_waits_for_seconds_and_stops_no_other(
    stack: Stack, front_end: FrontEnd
) -> None:
    """As after a cut line that the centre has not noticed yet."""
    front_end.start_all()
    wait_until(lambda: front_end.report("upload"), "both processes are at work", 30)
    assert front_end.stop("upload") == 0
    messages = [samples.message(dataset) for dataset in samples.slices(2)]
    assert all(a and a.status == 0 for a in send(front_end.dicom_port, messages))
    oldest = min(path.stem for path in front_end.waiting())
    held = Partial(Spool(stack.root / "spool"), "H001", oldest)
    try:
        front_end.start("upload")
        wait_until(lambda: len(front_end.waiting()) == 1, "the other one is uploaded")
        time.sleep(1)
        assert [path.stem for path in front_end.waiting()] == [oldest]
    finally:
        held.close()
    front_end.wait_uploaded(15)
    assert_arrived(stack, messages)


def test_the_bandwidth_of_the_hour_is_kept(stack: Stack, front_end: FrontEnd) -> None:
    front_end.plan(bandwidth=[{"from": "00:00", "to": "24:00", "kib_per_second": 1024}], threads=4)
    front_end.start_all()
    messages = [big(1) for _ in range(4)]
    started = time.monotonic()
    assert all(a and a.status == 0 for a in send(front_end.dicom_port, messages))
    front_end.wait_uploaded()
    assert 2.5 < time.monotonic() - started < 15
    assert_arrived(stack, messages)


def test_notes_of_the_receiver_reach_the_portal(front_end: FrontEnd) -> None:
    front_end.start_all()
    bad = samples.message(samples.image())
    bad.data = bad.data[:-7]
    assert send(front_end.dicom_port, [bad])[0].status
    (case,) = wait_until(lambda: front_end.portal.of("quarantine"), "the portal is told", 30)
    assert (case["hospital"], case["reason"]) == ("H001", "unreadable")
    wait_until(lambda: not list(front_end.root.glob("spool/notes/*.json")), "the note is gone")


def test_an_expired_ticket_is_fetched_anew(stack: Stack, front_end: FrontEnd) -> None:
    signed = front_end.portal.sign
    tickets: list[str] = []

    def sign() -> str:
        now = int(time.time())
        old = stack.ticket(
            sub="node:3", scope={"hospitals": ["H001"]}, perms=["store"], purpose="upload",
            iat=now - 800, nbf=now - 800, exp=now - 10,
        )  # fmt: skip
        tickets.append("" if tickets else old)
        return signed() if len(tickets) > 1 else old

    front_end.portal.sign = sign
    front_end.start_all()
    message = samples.message(samples.image())
    assert send(front_end.dicom_port, [message])[0].status == 0
    front_end.wait_uploaded()
    assert len(tickets) == 2
    assert_arrived(stack, [message])


class Client:
    """Speaks the contract's upload with a ticket of its own."""

    def __init__(self, stack: Stack, **claims: Any) -> None:
        claims = {"scope": {"hospitals": ["H001"]}, "perms": ["store"]} | claims
        self.stack = stack
        self.headers = {"Authorization": f"Bearer {stack.ticket(**claims)}"}

    def head(self, name: str) -> httpx.Response:
        return self.stack.client.head(f"/dicom-web/uploads/{name}", headers=self.headers)

    def patch(
        self, name: str, whole: bytes, piece: bytes | None = None, offset: int = 0, **headers: str
    ) -> httpx.Response:
        digest = base64.b64encode(hashlib.sha256(whole).digest()).decode()
        headers = {
            "Upload-Offset": str(offset), "Upload-Length": str(len(whole)),
            "Repr-Digest": f"sha-256=:{digest}:",
        } | {name.replace("_", "-"): value for name, value in headers.items()}  # fmt: skip
        return self.stack.client.patch(
            f"/dicom-web/uploads/{name}",
            content=whole if piece is None else piece,
            headers=self.headers | headers,
        )


def file() -> bytes:
    message = samples.message(samples.image())
    meta = FileMeta(
        message.sop_class, message.sop_instance, message.syntax, "CT_A", "Y", "10.1.2.3"
    )
    return encode(meta) + message.data


def test_an_upload_in_pieces(stack: Stack) -> None:
    client, name, content = Client(stack), ident.new(), file()
    assert (client.head(name).status_code, client.head(name).headers["upload-offset"]) == (200, "0")
    answer = client.patch(name, content, content[:100])
    assert (answer.status_code, answer.headers["upload-offset"]) == (202, "100")
    answer = client.patch(name, content, content[:100])
    assert (answer.status_code, answer.headers["upload-offset"]) == (409, "100")
    assert client.head(name).headers["upload-offset"] == "100"
    assert client.patch(name, content, content[100:], 100).status_code == 204
    assert client.patch(name, content, content[100:], 100).status_code == 204
    assert client.head(name).status_code == 204
    stack.wait_archived()
    assert client.head(name).status_code == 204
    assert client.patch(name, content).status_code == 204
    assert not stack.spooled()
    assert stack.query("SELECT count(*) FROM archive.instance") == [(1,)]


def test_a_part_whose_digest_was_not_looked_at_is_finished_by_a_piece_of_nothing(
    stack: Stack,
) -> None:
    client, name, content = Client(stack), ident.new(), file()
    part = stack.root / "spool" / "H001" / f"{name}.upload"
    part.parent.mkdir(exist_ok=True)
    part.write_bytes(content)
    assert client.patch(name, content, b"", len(content)).status_code == 204
    stack.wait_archived()
    assert stack.query("SELECT count(*) FROM archive.instance") == [(1,)]


def test_damaged_bytes_are_never_taken(stack: Stack) -> None:
    client, name, content = Client(stack), ident.new(), file()
    answer = client.patch(name, content, content[:-1] + b"?")
    assert (answer.status_code, answer.json()["error"]) == (422, "digest")
    assert client.head(name).headers["upload-offset"] == "0"
    part = stack.root / "spool" / "H001" / f"{name}.upload"
    part.write_bytes(content + b"more than there is")
    assert client.patch(name, content, b"", len(content)).status_code == 422
    assert client.patch(name, content).status_code == 204


def test_other_bytes_under_the_same_id_are_a_conflict(stack: Stack) -> None:
    client, name, content = Client(stack), ident.new(), file()
    stack.stop("archive")
    try:
        assert client.patch(name, content).status_code == 204
        answer = client.patch(name, file())
        assert (answer.status_code, answer.json()["error"]) == (409, "conflict")
    finally:
        stack.start("archive")


def test_two_at_once_write_nothing_twice(stack: Stack) -> None:
    client, name, content = Client(stack), ident.new(), file() + bytes(4 << 20)
    answers: list[int] = []

    def upload() -> None:
        with httpx.Client(base_url=stack.client.base_url, timeout=30) as own:
            digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
            headers = client.headers | {
                "Upload-Offset": "0", "Upload-Length": str(len(content)),
                "Repr-Digest": f"sha-256=:{digest}:",
            }  # fmt: skip
            answers.append(
                own.patch(
                    f"/dicom-web/uploads/{name}", content=content, headers=headers
                ).status_code
            )

    threads = [threading.Thread(target=upload) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 204 in answers
    assert set(answers) <= {204, 423, 409}
    stack.wait_archived()
    assert stack.query("SELECT count(*) FROM archive.arrival WHERE spool_id = %s", name) == [(1,)]


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"perms": ["view", "download"]}, 403),
        ({"scope": {"hospitals": ["*"]}}, 403),
        ({"scope": {"hospitals": ["H001", "H002"]}}, 403),
        ({"scope": {"studies": ["1.2.3"]}}, 403),
        ({"exp": 1, "iat": 0, "nbf": 0}, 401),
    ],
)
def test_who_may_not_store_uploads_nothing(
    stack: Stack, claims: dict[str, Any], status: int
) -> None:
    client, name, content = Client(stack, **claims), ident.new(), file()
    assert client.head(name).status_code == status
    assert client.patch(name, content).status_code == status
    assert not stack.spooled()


@pytest.mark.parametrize(
    ("name", "headers", "status"),
    [
        ("..%2Fx", {}, 404),
        ("x", {}, 400),
        ("7ZZZZZZZZZZZZZZZZZZZZZZZZZ", {}, 400),
        ("", {"Upload_Offset": "-1"}, 400),
        ("", {"Upload_Length": "0"}, 400),
        ("", {"Upload_Length": "9999999999999"}, 413),
        ("", {"Upload_Length": "5"}, 400),
        ("", {"Repr_Digest": "md5=:AAAA:"}, 400),
    ],
)
def test_what_is_not_in_the_contract_is_refused(
    stack: Stack, name: str, headers: dict[str, str], status: int
) -> None:
    answer = Client(stack).patch(name or ident.new(), file(), **headers)
    assert answer.status_code == status
    assert not list(stack.root.glob("spool/**/*.upload"))


def test_the_node_of_a_front_end_needs_no_index_and_says_what_is_missing(tmp_path: Path) -> None:
    config = load(REPOSITORY / "config" / "front-end.toml", {}, FRONT_END)
    assert not config.has("index")
    with pytest.raises(ConfigError, match=r"index\.dsn: is missing"):
        _ = config.index.dsn
    with pytest.raises(ConfigError, match=r"store\.path|index\.dsn"):
        load(REPOSITORY / "config" / "front-end.toml", {})
    with pytest.raises(ConfigError, match=r"upload\.hospital"):
        load(
            REPOSITORY / "config" / "front-end.toml",
            {"YUNYING_NODE_UPLOAD_HOSPITAL": "../x"},
            FRONT_END,
        )


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"url": "ftp://x"}, "url"),
        ({"url": "https://user@host/path"}, "url"),
        ({"hospital": "h"}, "hospital"),
        ({"batch": 0}, "batch"),
        ({"threads": 33}, "threads"),
        ({"bandwidth": [{"from": "8", "to": "18:00", "kib_per_second": 1}]}, "bandwidth"),
        ({"bandwidth": [{"from": "08:00", "to": "24:30", "kib_per_second": 1}]}, "bandwidth"),
        ({"bandwidth": [{"from": "08:00", "to": "18:00", "kib_per_second": 0}]}, "bandwidth"),
    ],
)
def test_a_plan_that_cannot_be_is_named(values: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidConfigurationError, match=named):
        plan.parse({"node": {"upload": UPLOAD | values}})


def test_bandwidth_goes_by_the_hour() -> None:
    lines = [
        {"from": "08:00", "to": "18:00", "kib_per_second": 2},
        {"from": "18:00", "to": "24:00", "kib_per_second": 8},
    ]
    found = plan.parse({"node": {"upload": UPLOAD | {"bandwidth": lines}}})
    assert found is not None
    rates = [found.bytes_per_second(datetime(2026, 1, 1, hour, 59)) for hour in (7, 8, 17, 23)]
    assert rates == [0, 2048, 2048, 8192]


def test_pace_is_kept_whatever_the_clock_on_the_wall_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 0.0)
    pace, started = Pace(lambda: 1_000_000), time.monotonic()
    for _ in range(25):
        pace.wait_for(100_000, threading.Event())
    assert 1.3 < time.monotonic() - started < 3


def test_an_events_number_grows_and_is_the_same_each_time() -> None:
    names = [ident.new() for _ in range(3)]
    assert number_of(names[0]) == number_of(names[0]) < 1 << 53
    assert number_of("7" + "Z" * 25) == (1 << 53) - 1


def test_a_spool_keeps_what_is_on_its_way_up(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    (tmp_path / "H001").mkdir()
    part = tmp_path / "H001" / f"{ident.new()}.upload"
    part.write_bytes(b"x")
    assert spool.discard_unfinished() == []
    assert spool.oldest(10) == []
    assert part.exists()


def test_a_disk_that_is_used_to_its_mark_takes_no_upload(stack: Stack) -> None:
    """The mark is the portal's, and the receiver's own."""
    client, name, content = Client(stack), ident.new(), file()
    before = dict(stack.portal.configuration)
    stack.configure(node={"high_water": 1})
    try:
        answer = client.patch(name, content)
        assert (answer.status_code, answer.json()["error"]) == (507, "no_room")
        assert not list(stack.root.glob("spool/**/*.upload"))
    finally:
        stack.portal.configuration.pop("node")
        stack.configure(**before)
    assert client.patch(name, content).status_code == 204


def test_what_was_given_up_is_forgotten_after_days(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    (tmp_path / "H001").mkdir()
    old, new = (tmp_path / "H001" / f"{ident.new()}.upload" for _ in range(2))
    for path in (old, new):
        path.write_bytes(b"x")
    os.utime(old, (0, 0))
    assert clear_away(spool, 86_400) == [f"H001/{old.name}"]
    assert (old.exists(), new.exists()) == (False, True)


def test_the_web_server_needs_no_association() -> None:
    script = "import sys, dicom_node.web.app; sys.exit('pynetdicom' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], check=False, cwd=REPOSITORY)
    assert done.returncode == 0
