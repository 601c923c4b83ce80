"""Whatever is killed at whatever moment: what was acknowledged is there, exactly once."""

import random
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dicom_node.dataset.part10 import decode
from faults.test_away import set_away
from node import samples
from node.sender import Message, association, store
from node.stack import PROCESSES, Stack, wait_until

MISHAPS = 2  # in each round
INSTANCES = 300
ASSOCIATIONS = 3
FALSE_CLOCK = Path(__file__).with_name("false_clock")


def small_images(count: int) -> list[Message]:
    series = samples.slices(count, Modality="MR", SOPClassUID=samples.MR)
    return [samples.message(dataset) for dataset in series]


class Sender(threading.Thread):
    """Sends its messages whatever happens, again and again until each is acknowledged or given up.

    ``acknowledged`` counts the successes of each instance; more than one when an acknowledgement
    was followed by a repeat, which a sender does that lost the answer.
    """

    def __init__(self, port: int, messages: list[Message]) -> None:
        super().__init__()
        self.port = port
        self.waiting = list(messages)
        self.acknowledged: list[Message] = []
        self.odd: list[int] = []

    def run(self) -> None:
        deadline = time.monotonic() + 60
        while self.waiting and time.monotonic() < deadline:
            with association(self.port, self.waiting[:1], "CT_A", "YUNYING") as opened:
                self._send_all(opened)
            time.sleep(0.05)

    def _send_all(self, opened: object) -> None:
        while self.waiting:
            answer = store(opened, self.waiting[0], len(self.acknowledged) + 1)
            if answer is None:
                return
            if answer.status == 0:
                self.acknowledged.append(self.waiting.pop(0))
            else:
                self.odd.append(answer.status)


Mishap = Callable[[Stack, random.Random], str]


def killed(stack: Stack, dice: random.Random) -> str:
    """A process ends at once and comes back, now and then with a clock that is a day off."""
    victim = dice.choice(("receive", "receive", "archive", "archive", "web"))
    time.sleep(dice.uniform(0, 0.6))
    clock = dice.choice((0, 0, 86_400, -86_400))
    stack.kill(victim)
    stack.start(victim, **false_clock(clock))
    return f"{victim}, clock {clock:+} s"


def false_clock(seconds: int) -> dict[str, str]:
    if not seconds:
        return {}
    return {"PYTHONPATH": str(FALSE_CLOCK), "FALSE_CLOCK_SECONDS": str(seconds)}


def portal_away(stack: Stack, dice: random.Random) -> str:
    stack.portal.status = 503
    time.sleep(dice.uniform(0.5, 2))
    stack.portal.status = 200
    return "portal away"


def index_away(stack: Stack, dice: random.Random) -> str:
    set_away(stack, away=True)
    time.sleep(dice.uniform(0.2, 1.5))
    set_away(stack, away=False)
    return "index away"


FATE: list[Mishap] = [killed, killed, killed, killed, portal_away, index_away]


@pytest.fixture
def running(stack: Stack) -> Stack:
    stack.start_all()
    stack.wait_configured("CT_A")
    return stack


@pytest.mark.req("ARC-4.6", part=True)
def test_acknowledged_instance_survives_whatever_happens(running: Stack, rounds: int) -> None:
    """Processes killed, the portal or the index away, clocks wrong, while instances come in."""
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    dice = random.Random(seed)
    for number in range(rounds):
        print(f"round {number}")
        messages = small_images(INSTANCES)
        share = INSTANCES // ASSOCIATIONS
        senders = [
            Sender(running.dicom_port, messages[n * share : (n + 1) * share])
            for n in range(ASSOCIATIONS)
        ]
        for sender in senders:
            sender.start()
        happened: list[str] = []
        while any(sender.is_alive() for sender in senders) and len(happened) < MISHAPS:
            happened.append(dice.choice(FATE)(running, dice))
            wait_for_progress(senders)
        for sender in senders:
            sender.join()
        assert not [status for sender in senders for status in sender.odd]
        acknowledged = [message for sender in senders for message in sender.acknowledged]
        assert len(acknowledged) == INSTANCES, f"round {number}: not all could be sent"
        assert_exactly_once(running, acknowledged, f"round {number}, {happened}, seed {seed}")
    for name in PROCESSES:
        assert running.processes[name].poll() is None


def wait_for_progress(senders: list[Sender]) -> None:
    """Until what was killed works again: to kill what is only starting would show nothing."""
    before = sum(len(sender.acknowledged) for sender in senders)
    wait_until(
        lambda: (
            sum(len(sender.acknowledged) for sender in senders) > before
            or not any(sender.is_alive() for sender in senders)
        ),
        "instances are taken in again",
        60,
    )


def assert_exactly_once(stack: Stack, messages: list[Message], when: str) -> None:
    stack.wait_archived(60)
    study = samples_study(messages[0])
    rows = stack.query(
        "SELECT i.sop_uid, i.object_key FROM archive.instance i"
        " JOIN archive.series s ON s.id = i.series_id JOIN archive.study t ON t.id = s.study_id"
        " WHERE t.study_uid = %s",
        study,
    )
    keys = dict(rows)
    assert len(rows) == len(keys) == len(messages), when
    for message in messages:
        assert message.sop_instance in keys, f"{when}: {message.sop_instance} is lost"
        content = (stack.root / "store" / keys[message.sop_instance]).read_bytes()
        _meta, start = decode(content)
        assert content[start:] == message.data, f"{when}: {message.sop_instance} changed"
    files = list((stack.root / "store" / "H001").glob(f"*/*/*/{study}/**/*.dcm"))
    assert len(files) == len(messages), f"{when}: stored twice"
    assert not list(stack.root.glob("quarantine/**/*.dcm")), when
    ((counted, size),) = stack.query(
        "SELECT instance_count, size FROM archive.study WHERE study_uid = %s", study
    )
    assert (counted, size) == (len(messages), sum(path.stat().st_size for path in files)), when
    event = wait_until(
        lambda: (e := stack.portal.study(study)) and e["instance_count"] == counted and e,
        f"{when}: the portal counts {counted}",
        10,
    )
    assert event["series_count"] == 1


def samples_study(message: Message) -> str:
    marker = b"\x20\x00\x0d\x00UI"
    at = message.data.index(marker) + 8
    length = int.from_bytes(message.data[at - 2 : at], "little")
    return message.data[at : at + length].decode().strip("\0")


@pytest.mark.req("ARC-4.6", part=True)
def test_everything_starts_and_waits_while_all_else_is_away(stack: Stack) -> None:
    """No schema, no portal, no Redis, no key: the node starts, says so, and goes on later."""
    stack.portal.status = 503
    (stack.root / "ticket.pem").unlink()
    stack.environment["YUNYING_NODE_REDIS_URL"] = "redis://127.0.0.1:1/0"
    stack.start(*PROCESSES)
    stack.wait_ready(*PROCESSES)
    message = samples.message(samples.image())
    with association(stack.dicom_port, [message], "CT_A", "YUNYING") as opened:
        assert opened.is_rejected
        assert opened.acceptor.primitive.result == 2, "rejected for the moment, not for good"
    answer = stack.get("/studies")
    assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")
    (stack.root / "ticket.pem").write_bytes(stack.public_pem)
    answer = stack.get("/studies")
    assert (answer.status_code, answer.json()["error"]) == (503, "unavailable"), "no Redis"
    stack.portal.status = 200
    stack.wait_configured("CT_A")
    with association(stack.dicom_port, [message], "CT_A", "YUNYING") as opened:
        answer = store(opened, message)
        assert answer is not None
        assert answer.status == 0
    time.sleep(1)
    assert len(list(stack.root.glob("spool/H001/*.dcm"))) == 1, "without a schema it waits"
    assert stack.run("migrate").returncode == 0
    stack.wait_archived()
    assert stack.query("SELECT count(*) FROM archive.instance") == [(1,)]
    for name in PROCESSES:
        assert stack.processes[name].poll() is None


def test_a_terminated_process_ends_within_five_seconds(running: Stack) -> None:
    """Also with an association open and a request on its way."""
    message = samples.message(samples.image())
    with association(running.dicom_port, [message], "CT_A", "YUNYING") as opened:
        assert store(opened, message) is not None
        for name in PROCESSES:
            started = time.monotonic()
            assert running.stop(name) == 0, name
            assert time.monotonic() - started < 5, name


def test_the_configuration_outlives_a_restart_without_the_portal(running: Stack) -> None:
    running.kill("receive")
    running.portal.status = 503
    running.start("receive")
    running.wait_ready("receive")
    message = samples.message(samples.image())
    with association(running.dicom_port, [message], "CT_A", "YUNYING") as opened:
        answer = store(opened, message)
    assert answer is not None
    assert answer.status == 0


def test_a_second_archive_process_waits_for_the_first(running: Stack) -> None:
    first = running.processes["archive"]
    running.start("archive")
    second = running.processes["archive"]
    log = running.root / "archive.log"
    wait_until(lambda: "another process is archiving" in log.read_text(), "the second one waits")
    first.kill()
    first.wait(10)
    message = samples.message(samples.image())
    with association(running.dicom_port, [message], "CT_A", "YUNYING") as opened:
        assert store(opened, message) is not None
    running.wait_archived()
    assert second.poll() is None


def test_unfinished_files_of_a_crash_are_cleared_away(running: Stack) -> None:
    running.kill("receive")
    leftover = running.root / "spool" / "H001" / "01JZZZZZZZZZZZZZZZZZZZZZZZ.part"
    leftover.parent.mkdir(exist_ok=True)
    leftover.write_bytes(b"half an instance")
    running.start("receive")
    running.wait_ready("receive")
    wait_until(lambda: not leftover.exists(), "the leftover is gone")
