"""Whoever sends too much, too slowly or without end keeps nobody else out."""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from node import raw, samples
from node.sender import send
from node.stack import Stack, wait_until

MEGABYTE = 1 << 20


@pytest.fixture(params=["direct", "stock"])
def plane(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def receiving(stack: Stack, plane: str) -> Iterator[Stack]:
    """A receiver alone that waits two seconds and holds 20 MB at the most, or one instance."""
    stack.start(
        "receive",
        YUNYING_NODE_DICOM_DATA_PLANE=plane,
        YUNYING_NODE_DICOM_NETWORK_TIMEOUT="2",
        YUNYING_NODE_DICOM_MAX_ASSOCIATIONS="8",
        YUNYING_NODE_DICOM_MAX_IN_MEMORY=str(20 * MEGABYTE),
        YUNYING_NODE_DICOM_MAX_INSTANCE=str(100 * MEGABYTE),
    )
    stack.wait_ready("receive")
    stack.wait_configured("CT_A")
    yield stack
    assert stack.processes["receive"].poll() is None
    wait_until(lambda: process(stack).num_threads() < 8, "its threads have ended", 10)
    # What it asks the portal for has a connection of its own.
    connections = process(stack).net_connections()
    assert len([one for one in connections if one.laddr.port == stack.dicom_port]) == 1


def process(stack: Stack) -> psutil.Process:
    return psutil.Process(stack.processes["receive"].pid)


def accepts(stack: Stack) -> bool:
    (answer,) = send(stack.dicom_port, [samples.message(samples.image())])
    return answer is not None and answer.status == 0


class Peak(threading.Thread):
    """The largest resident memory of a process while it is watched."""

    def __init__(self, process: psutil.Process) -> None:
        super().__init__(daemon=True)
        self.process = process
        self.before = self.highest = process.memory_info().rss
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.01):
            self.highest = max(self.highest, self.process.memory_info().rss)

    @property
    def grown(self) -> int:
        return self.highest - self.before


@contextlib.contextmanager
def watched(process: psutil.Process) -> Iterator[Peak]:
    peak = Peak(process)
    peak.start()
    yield peak
    peak.over.set()
    peak.join()


@pytest.mark.parametrize("first", [b"", struct.pack(">BBL", 1, 0, 1 << 19)], ids=["idle", "slow"])
def test_connections_that_do_not_say_who_they_are_keep_nobody_out(
    receiving: Stack, first: bytes
) -> None:
    connections = []
    try:
        for _ in range(30):
            connection = socket.create_connection(("127.0.0.1", receiving.dicom_port), 5)
            connection.sendall(first)
            connections.append(connection)
        for _ in range(4):
            assert accepts(receiving)
            time.sleep(1)
            for connection in connections:
                trickle(connection, first)
        assert process(receiving).num_threads() < 20, "who says nothing is cut off"
    finally:
        for connection in connections:
            connection.close()


def trickle(connection: socket.socket, first: bytes) -> None:
    if first:
        with contextlib.suppress(ConnectionError):
            connection.sendall(b"\0")


def test_garbage_leaves_nothing_behind(receiving: Stack) -> None:
    for number in range(120):
        with socket.create_connection(("127.0.0.1", receiving.dicom_port), 5) as connection:
            connection.sendall((b"GET / HTTP/1.1\r\n\r\n", b"\1\0\0\0\0\4abcd", b"")[number % 3])
    wait_until(lambda: process(receiving).num_threads() < 8, "its threads have ended", 5)
    assert accepts(receiving)


def test_one_address_cannot_open_connections_without_end(receiving: Stack) -> None:
    connections = [
        socket.create_connection(("127.0.0.1", receiving.dicom_port), 5) for _ in range(100)
    ]
    time.sleep(0.5)
    assert process(receiving).num_threads() < 100
    for connection in connections:
        connection.close()
    wait_until(lambda: accepts(receiving), "associations are accepted again", 5)


def test_more_associations_than_allowed_are_rejected_for_the_moment(receiving: Stack) -> None:
    opened = [raw.connect(receiving.dicom_port) for _ in range(8)]
    with pytest.raises(ConnectionRefusedError):
        raw.connect(receiving.dicom_port)
    for connection in opened:
        connection.close()
    wait_until(lambda: accepts(receiving), "there is room again", 5)


def commands_without_end(connection: socket.socket) -> None:
    for _ in range(1000):
        connection.sendall(raw.data(bytes(100_000), command=True))


def requests_that_wait_for_no_answer(connection: socket.socket) -> None:
    elements = struct.pack("<HH2sH", 9, 1, b"LO", 0) * 10_000
    for number in range(1000):
        connection.sendall(raw.store_request(number) + raw.data(elements, last=True))


@pytest.mark.parametrize("flood", [commands_without_end, requests_that_wait_for_no_answer])
def test_a_flood_of_requests_is_cut_off_and_not_kept(
    receiving: Stack, plane: str, flood: Callable[[socket.socket], None]
) -> None:
    with raw.connect(receiving.dicom_port) as connection, watched(process(receiving)) as peak:
        with contextlib.suppress(ConnectionError):
            flood(connection)
        assert accepts(receiving)
    assert peak.grown < 20 * MEGABYTE, f"{peak.grown / MEGABYTE:.0f} MB of 80 or more are kept"
    if plane == "direct" and flood is requests_that_wait_for_no_answer:
        return  # they are answered one by one, and wait in the peer meanwhile
    cut = [line for line in receiving.log("receive") if line["event"] == "transfer_aborted"]
    assert len(cut) == 1
    assert cut[0]["calling_ae"] == "CT_A"


def test_many_large_instances_at_once_are_all_taken_within_the_memory_allowed(
    receiving: Stack,
) -> None:
    pixels = bytes(60 * MEGABYTE)
    messages = [
        samples.message(samples.image(Rows=7680, Columns=4096, PixelData=pixels)) for _ in range(8)
    ]
    with watched(process(receiving)) as peak, ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda one: send(receiving.dicom_port, [one])[0], messages))
    assert [answer and answer.status for answer in answers] == [0] * 8
    assert peak.grown < 260 * MEGABYTE, f"{peak.grown / MEGABYTE:.0f} MB for 8 times 60 MB"


def test_what_an_aborted_association_sent_is_not_kept(receiving: Stack) -> None:
    before = process(receiving).memory_info().rss
    for _ in range(4):
        connection = raw.connect(receiving.dicom_port)
        connection.sendall(raw.store_request())
        for _ in range(300):
            connection.sendall(raw.data(bytes(200_000)))
        connection.close()
        wait_until(
            lambda: process(receiving).memory_info().rss < before + 30 * MEGABYTE,
            "the memory is given back",
            3,
        )
    wait_until(lambda: not list(receiving.root.glob("spool/H001/*")), "the files are gone", 3)
