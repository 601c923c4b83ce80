"""The direct data plane: what PDUs an instance may come in, and what becomes of peers that lie."""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator

import psutil
import pytest
from pynetdicom import AE
from pynetdicom.sop_class import CTImageStorage, Verification

from . import raw, samples
from .sender import Message, association, send, store
from .stack import Stack, wait_until

MEGABYTE = 1 << 20
PATIENCE = 2
# With nobody connected: the main thread, the listener, and what watches and reports.
IDLE_THREADS = 10


@pytest.fixture(scope="module", autouse=True)
def impatient(running: Stack) -> Iterator[None]:
    running.restart("receive", YUNYING_NODE_DICOM_NETWORK_TIMEOUT=str(PATIENCE))
    yield
    running.restart("receive")


@pytest.fixture
def receiving(stack: Stack) -> Iterator[Stack]:
    """Whatever a test does, nothing of it stays in the receiver or in the spool."""
    yield stack
    process = psutil.Process(stack.processes["receive"].pid)
    wait_until(lambda: process.num_threads() <= IDLE_THREADS, "its threads have ended")
    wait_until(lambda: len(process.net_connections()) == 1, "its connections are closed")
    assert not [file.path for file in process.open_files() if file.path.endswith(".part")]
    assert not list(stack.root.glob("spool/**/*.part"))
    (answer,) = send(stack.dicom_port, [samples.message(samples.image())])
    assert answer is not None
    assert answer.status == 0, "the next one is served"


def instance(size: int = 512) -> Message:
    pixels = bytes(range(256)) * (size // 256)
    return samples.message(samples.image(Rows=size // 512, Columns=256, PixelData=pixels))


def stored(stack: Stack, message: Message) -> bytes:
    """The data set of *message* as it lies in the store."""
    stack.wait_archived()
    ((key,),) = stack.query(
        "SELECT object_key FROM archive.instance WHERE sop_uid = %s", message.sop_instance
    )
    content = (stack.root / "store" / key).read_bytes()
    return content[-len(message.data) :]


def pieces(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def one_fragment_a_pdu(message: Message) -> bytes:
    *first, last = pieces(message.data, 700)
    return (
        raw.store_request(1, message.sop_instance)
        + b"".join(map(raw.data, first))
        + raw.data(last, last=True)
    )


def all_in_one_pdu(message: Message) -> bytes:
    *first, last = pieces(message.data, 300)
    return raw.p_data(
        raw.fragment(raw.store_command(1, message.sop_instance), command=True, last=True),
        *map(raw.fragment, first),
        raw.fragment(last, last=True),
    )


def one_byte_a_fragment(message: Message) -> bytes:
    fragments = [raw.fragment(message.data[n : n + 1]) for n in range(len(message.data))]
    return raw.store_request(1, message.sop_instance) + raw.p_data(
        *fragments, raw.fragment(b"", last=True)
    )


def empty_pdus_between(message: Message) -> bytes:
    first, last = message.data[:100], message.data[100:]
    return (
        raw.store_request(1, message.sop_instance)
        + raw.p_data()
        + raw.data(first)
        + raw.data(b"")
        + raw.p_data()
        + raw.data(last, last=True)
    )


def a_command_in_pieces(message: Message) -> bytes:
    command = raw.store_command(1, message.sop_instance)
    return (
        raw.data(command[:50], command=True)
        + raw.data(command[50:], command=True, last=True)
        + raw.data(message.data, last=True)
    )


FORMS = [
    one_fragment_a_pdu, all_in_one_pdu, one_byte_a_fragment, empty_pdus_between,
    a_command_in_pieces,
]  # fmt: skip


@pytest.mark.req("ARC-4.1", part=True)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("at_once", [True, False], ids=["at_once", "in_small_packets"])
def test_the_bytes_are_kept_in_whatever_pieces_they_come(
    receiving: Stack, form: Callable[[Message], bytes], at_once: bool
) -> None:
    message = instance()
    with raw.connect(receiving.dicom_port) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces(form(message), 1 << 20 if at_once else 997):
            connection.sendall(piece)
        assert raw.status(connection) == 0
    assert stored(receiving, message) == message.data


def test_an_instance_larger_than_the_buffer_is_kept_whole(receiving: Stack) -> None:
    message = instance(5 * MEGABYTE)
    for size in (200_000, 262_138, 1_000_003):
        message.sop_instance, before = samples.uid(), message.sop_instance
        message.data = message.data.replace(before.encode(), message.sop_instance.encode())
        *first, last = pieces(message.data, size)
        with raw.connect(receiving.dicom_port) as connection:
            connection.sendall(raw.store_request(1, message.sop_instance))
            for piece in first:
                connection.sendall(raw.data(piece))
            connection.sendall(raw.data(last, last=True))
            assert raw.status(connection) == 0
        assert stored(receiving, message) == message.data


def test_requests_that_do_not_wait_for_answers_are_all_answered(receiving: Stack) -> None:
    messages = [instance() for _ in range(5)]
    with raw.connect(receiving.dicom_port) as connection:
        connection.sendall(b"".join(map(one_fragment_a_pdu, messages)))
        assert [raw.status(connection) for _ in messages] == [0] * 5
    assert [stored(receiving, message) for message in messages] == [m.data for m in messages]


def test_an_answer_fits_the_peer_s_largest_pdu(receiving: Stack) -> None:
    message = instance()
    request = raw.associate_request(longest=40)
    with raw.connect(receiving.dicom_port, request) as connection:
        connection.sendall(one_fragment_a_pdu(message))
        assert raw.status(connection) == 0


def test_other_services_work_between_instances(receiving: Stack) -> None:
    entity = AE("CT_A")
    entity.requested_contexts = []
    entity.add_requested_context(CTImageStorage, "1.2.840.10008.1.2.1")
    entity.add_requested_context(Verification)
    opened = entity.associate("127.0.0.1", receiving.dicom_port, ae_title="YUNYING")
    for number in range(3):
        answer = store(opened, instance(), number + 1)
        assert answer is not None
        assert answer.status == 0
        assert opened.send_c_echo().Status == 0
    opened.release()
    assert opened.is_released


def message_begun(message: Message) -> bytes:
    return raw.store_request(1, message.sop_instance) + raw.data(message.data[:200])


LIES = {
    "fragment_longer_than_its_pdu": raw.p_data(struct.pack(">LBB", 5000, 1, 0) + b"abc"),
    "fragment_without_header": raw.p_data(b"\0\0\0"),
    "fragment_of_length_0": raw.p_data(struct.pack(">LBB", 0, 1, 0)),
    "fragment_of_length_1": raw.p_data(struct.pack(">LBB", 1, 1, 0)),
    "pdu_of_4_gigabytes": struct.pack(">BBL", 4, 0, 0xFFFFFFFF) + bytes(1000),
    "command_within_the_data_set": raw.store_request(2, "1.2.3"),
    "another_context": raw.p_data(raw.fragment(b"abc", context=3)),
    "no_such_pdu": b"\x09\0\0\0\0\x04abcd",
    "more_than_the_last": raw.p_data(raw.fragment(b"ab", last=True), raw.fragment(b"ab")),
    "association_request": raw.associate_request(),
    "text": b"GET / HTTP/1.1\r\n\r\n",
}


@pytest.mark.parametrize("lie", LIES)
def test_who_breaks_the_protocol_within_an_instance_is_aborted(receiving: Stack, lie: str) -> None:
    with raw.connect(receiving.dicom_port) as connection:
        connection.sendall(message_begun(instance()) + LIES[lie])
        with contextlib.suppress(ConnectionError):
            kind, _body = raw.pdu(connection)
            assert kind == 7
        with pytest.raises(ConnectionError):
            raw.pdu(connection)
    assert receiving.query("SELECT count(*) FROM archive.instance") == [(0,)]


@pytest.mark.parametrize("end", [b"", raw.ABORT, raw.RELEASE], ids=["close", "abort", "release"])
def test_an_instance_that_is_broken_off_leaves_nothing(receiving: Stack, end: bytes) -> None:
    for _ in range(10):
        with raw.connect(receiving.dicom_port) as connection:
            connection.sendall(message_begun(instance()) + end)
            if end == raw.RELEASE:
                assert raw.pdu(connection)[0] == 6


def test_who_falls_silent_within_an_instance_is_aborted(receiving: Stack) -> None:
    with raw.connect(receiving.dicom_port) as connection:
        connection.sendall(message_begun(instance()))
        started = time.monotonic()
        assert raw.pdu(connection)[0] == 7
        assert PATIENCE - 1 < time.monotonic() - started < PATIENCE + 3


def test_who_trickles_an_instance_is_aborted(receiving: Stack) -> None:
    with raw.connect(receiving.dicom_port) as connection:
        connection.sendall(message_begun(instance()))
        started = time.monotonic()
        with pytest.raises(ConnectionError):
            while time.monotonic() < started + 10 * PATIENCE:
                connection.sendall(raw.data(b"a"))
                time.sleep(0.2)
        assert time.monotonic() - started < PATIENCE + 3


def test_a_pause_between_instances_takes_no_time_from_the_next_one(receiving: Stack) -> None:
    with raw.connect(receiving.dicom_port) as connection:
        for _ in range(2):
            message = instance()
            for piece in (one_fragment_a_pdu(message)[:900], one_fragment_a_pdu(message)[900:]):
                connection.sendall(piece)
                time.sleep(0.75 * PATIENCE)
            assert raw.status(connection) == 0


def test_who_is_silent_between_instances_is_aborted(receiving: Stack) -> None:
    with raw.connect(receiving.dicom_port) as connection:
        connection.sendall(one_fragment_a_pdu(instance()))
        assert raw.status(connection) == 0
        assert raw.pdu(connection)[0] == 7


def test_the_same_instance_over_two_associations_at_once_is_one(receiving: Stack) -> None:
    message = instance(MEGABYTE)
    answers = []

    def send_slowly() -> None:
        with raw.connect(receiving.dicom_port) as connection:
            for piece in pieces(one_fragment_a_pdu(message), 100_000):
                connection.sendall(piece)
                time.sleep(0.02)
            answers.append(raw.status(connection))

    senders = [threading.Thread(target=send_slowly) for _ in range(2)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert answers == [0, 0]
    assert stored(receiving, message) == message.data
    assert receiving.query("SELECT duplicate_count FROM archive.study") == [(1,)]


@pytest.mark.req("ARC-5.8", part=True)
def test_a_large_multi_frame_takes_no_memory(receiving: Stack) -> None:
    process = psutil.Process(receiving.processes["receive"].pid)
    before = process.memory_info().rss
    highest, over = [before], threading.Event()

    def watch() -> None:
        while not over.wait(0.01):
            highest.append(process.memory_info().rss)

    watching = threading.Thread(target=watch)
    watching.start()
    frames, columns = 600, 512
    pixels = bytes(columns * columns * 2 * frames)
    message = samples.message(
        samples.image(Rows=columns, Columns=columns, NumberOfFrames=frames, PixelData=pixels)
    )
    with association(receiving.dicom_port, [message], "CT_A", "YUNYING") as opened:
        answer = store(opened, message)
    over.set()
    watching.join()
    assert answer is not None
    assert answer.status == 0
    grown = (max(highest) - before) / MEGABYTE
    assert grown < 20, f"{grown:.0f} MB for an instance of {len(message.data) / MEGABYTE:.0f} MB"
