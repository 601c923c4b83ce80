"""Conversations that were right once, changed at random: the receiver outlives every one of them.

``YUNYING_FUZZ_SECONDS`` says how long (20), ``YUNYING_FUZZ_SEED`` repeats a run.
"""

import contextlib
import os
import random
import socket
import struct
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
from pynetdicom import AE
from pynetdicom.sop_class import Verification

from . import raw, samples
from .conftest import shared
from .sender import send
from .stack import Stack, wait_until

SECONDS = float(os.environ.get("YUNYING_FUZZ_SECONDS", "20"))
SEED = int(os.environ.get("YUNYING_FUZZ_SEED") or random.randrange(1 << 30))
SENDERS = 4
PATIENCE = 3
LONGEST_ANSWER = 10
MAX_RSS = 512 << 20
IDLE_THREADS = 10

Mutation = Callable[[random.Random, bytearray], None]


def flip(dice: random.Random, data: bytearray) -> None:
    data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)


def overwrite(dice: random.Random, data: bytearray) -> None:
    at = dice.randrange(len(data))
    data[at : at + 4] = dice.choice((b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\1"))


def cut_off(dice: random.Random, data: bytearray) -> None:
    del data[dice.randrange(len(data)) :]


def leave_out(dice: random.Random, data: bytearray) -> None:
    at = dice.randrange(len(data))
    del data[at : at + dice.randrange(1, 50)]


def put_in(dice: random.Random, data: bytearray) -> None:
    at = dice.randrange(len(data))
    data[at:at] = dice.randbytes(dice.randrange(1, 50))


def repeat(dice: random.Random, data: bytearray) -> None:
    at = dice.randrange(len(data))
    data[at:at] = data[at : at + dice.randrange(1, 500)] * dice.randrange(1, 5)


def length(dice: random.Random, data: bytearray) -> None:
    """A length of two or four bytes somewhere, of either order."""
    form = dice.choice(("<H", ">H", "<L", ">L"))
    value = dice.choice((0, 1, 2, 0x7FFF, 0xFFFE, 0xFFFF, dice.randrange(65536)))
    at = dice.randrange(max(len(data) - 4, 1))
    packed = struct.pack(form, value)
    data[at : at + len(packed)] = packed


MUTATIONS: list[Mutation] = [flip, overwrite, cut_off, leave_out, put_in, repeat, length]


def mutated(dice: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(dice.choice((0, 1, 1, 1, 2, 5, 20))):
        if changed:
            dice.choice(MUTATIONS)(dice, changed)
    return bytes(changed)


def conversation(dice: random.Random, seeds: list[bytes]) -> list[bytes]:
    """The PDUs of one association; data sets, PDUs and their order may be wrong."""
    pdus = [raw.associate_request()]
    for number in range(dice.randrange(1, 4)):
        data_set = mutated(dice, dice.choice(seeds))
        pdus.append(raw.store_request(number, f"1.2.3.{dice.randrange(1000)}"))
        size = dice.choice((1, 100, 1000, 20_000, 300_000)) if len(data_set) < 5000 else 20_000
        parts = [data_set[at : at + size] for at in range(0, len(data_set), size)] or [b""]
        pdus += [raw.data(part) for part in parts[:-1]]
        pdus.append(raw.data(parts[-1], last=True))
    pdus.append(dice.choice((raw.RELEASE, raw.ABORT, b"")))
    if dice.random() < 0.2:
        first, second = dice.randrange(len(pdus)), dice.randrange(len(pdus))
        pdus[first], pdus[second] = pdus[second], pdus[first]
    # The first one is left alone mostly: else little would come further than it.
    start = 0 if dice.random() < 0.2 else 1
    if dice.random() < 0.6:
        at = dice.randrange(start, len(pdus))
        pdus[at] = mutated(dice, pdus[at])
    return pdus


def talk(port: int, pdus: list[bytes]) -> float:
    """Send everything and read until the receiver closes; how long it took to do so."""
    with socket.create_connection(("127.0.0.1", port), LONGEST_ANSWER) as connection:
        with contextlib.suppress(OSError):
            connection.sendall(pdus[0])
            # Whoever speaks before the association is accepted is not listened to.
            connection.settimeout(0.3)
            with contextlib.suppress(TimeoutError):
                connection.recv(65536)
            connection.settimeout(LONGEST_ANSWER)
            connection.sendall(b"".join(pdus[1:]))
            connection.shutdown(socket.SHUT_WR)
        started = time.monotonic()
        with contextlib.suppress(ConnectionError):
            while connection.recv(65536):
                pass
        return time.monotonic() - started


@pytest.fixture(params=["direct", "stock"])
def receiving(stack: Stack, request: pytest.FixtureRequest) -> Iterator[Stack]:
    stack.restart(
        "receive",
        YUNYING_NODE_DICOM_NETWORK_TIMEOUT=str(PATIENCE),
        YUNYING_NODE_DICOM_DATA_PLANE=request.param,
    )
    yield stack
    stack.restart("receive")


@pytest.mark.timeout(SECONDS * 4 + 120)
@pytest.mark.req("ARC-4.4", part=True)
def test_no_conversation_harms_the_receiver(receiving: Stack) -> None:
    print(f"YUNYING_FUZZ_SEED={SEED}")
    process = psutil.Process(receiving.processes["receive"].pid)
    seeds = [samples.message(samples.image()).data, samples.encoded(samples.image(), implicit=True)]
    seeds += [content[:200_000] for path in shared("malformed/**/*.dcm")
              if (content := path.read_bytes())]  # fmt: skip
    deadline = time.monotonic() + SECONDS / 2

    def fuzz(number: int) -> tuple[int, float, int]:
        dice, count, longest, rss = random.Random(SEED + number), 0, 0.0, 0
        while time.monotonic() < deadline:
            longest = max(longest, talk(receiving.dicom_port, conversation(dice, seeds)))
            rss = max(rss, process.memory_info().rss)
            count += 1
        return count, longest, rss

    with ThreadPoolExecutor(SENDERS) as pool:
        counts, longest, sizes = zip(*pool.map(fuzz, range(SENDERS)), strict=True)
    print(f"{sum(counts)} conversations, the longest answer {max(longest):.1f} s")
    assert sum(counts) > SENDERS
    assert max(longest) < LONGEST_ANSWER
    assert max(sizes) < MAX_RSS
    assert process.is_running()
    wait_until(lambda: process.num_threads() <= IDLE_THREADS, "its threads have ended")
    wait_until(lambda: len(process.net_connections()) == 1, "its connections are closed")
    assert not [file.path for file in process.open_files() if file.path.endswith(".part")]
    assert not list(receiving.root.glob("spool/**/*.part"))
    assert not [line for line in receiving.log("receive") if line["event"] == "alarm"]
    entity = AE("CT_A")
    entity.add_requested_context(Verification)
    opened = entity.associate("127.0.0.1", receiving.dicom_port, ae_title="YUNYING")
    assert opened.send_c_echo().Status == 0
    opened.release()
    (answer,) = send(receiving.dicom_port, [samples.message(samples.image())])
    assert answer is not None
    assert answer.status == 0
    receiving.wait_archived(60)
