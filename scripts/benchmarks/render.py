"""Ten readers who drag planes and volumes at once, and two beside five hundred who read images."""

from __future__ import annotations

import asyncio
import itertools
import json
import math
import os
import re
import struct
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pydicom
from pydicom.uid import generate_uid
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.corpus import fresh_study, nodelay, send
from benchmarks.measure import peak_rss, tree_cpu
from benchmarks.product import Product
from benchmarks.result import Result

SLICES, SECONDS, RATE = 300, 20.0, 20.0
READERS, PACE = 500, 5.0
DATA = Path(os.environ.get("YUNYING_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))
# What ten readers do: a mode with what it needs, and how it moves.
KINDS: list[tuple[str, dict[str, Any]]] = [
    ("MPR", {"mode": "mpr", "orientation": "coronal"}),
    ("MPR", {"mode": "mpr", "orientation": "sagittal"}),
    ("MPR", {"mode": "mpr", "orientation": "axial"}),
    ("oblique", {"mode": "mpr", "turn": True}),
    ("MIP 20 mm", {"mode": "mpr", "orientation": "coronal", "slab": [20, "max"]}),
    ("mean 10 mm", {"mode": "mpr", "orientation": "axial", "slab": [10, "mean"]}),
    ("MIP, all", {"mode": "mpr", "orientation": "coronal", "slab": [500, "max"]}),
    ("VR bone", {"mode": "vr", "turn": True, "preset": "bone"}),
    ("VR soft", {"mode": "vr", "turn": True, "preset": "soft"}),
    ("VR lung", {"mode": "vr", "turn": True, "preset": "lung"}),
]


@dataclass
class Outcome:
    """Milliseconds from each input to the first frame that shows it or a later one."""

    kind: str
    inputs: list[float] = field(default_factory=list)
    sides: list[int] = field(default_factory=list)
    frames: int = 0
    bytes: int = 0
    finer: float = math.nan
    finest: float = math.nan


class Reader:
    """One session."""

    def __init__(self, connection: ClientConnection, grid: dict[str, Any]) -> None:
        self.connection = connection
        self.grid = grid
        self.seq = 0

    async def say(self, kind: str, **content: Any) -> None:
        await self.connection.send(json.dumps({"type": kind, **content}))

    async def view(self, **changes: Any) -> int:
        self.seq += 1
        await self.say("view", seq=self.seq, **changes)
        return self.seq

    async def frame(self) -> dict[str, Any]:
        """What goes with the next frame, and its size."""
        while True:
            raw = await self.connection.recv()
            if isinstance(raw, str):
                if json.loads(raw)["type"] == "error":
                    raise RuntimeError(raw)
                continue
            (length,) = struct.unpack_from("<I", raw)
            about: dict[str, Any] = json.loads(raw[4 : 4 + length])
            await self.say("shown", number=about["number"])
            return about | {"bytes": len(raw)}


@asynccontextmanager
async def opened(product: Product, study: tuple[str, str]) -> AsyncIterator[Reader]:
    address = product.origin.replace("http", "ws", 1) + "/render/"
    async with connect(
        address, max_size=1 << 24, compression=None, proxy=None, ping_interval=None
    ) as connection:
        token = product.token(permissions=("render",))
        message = {"type": "open", "ticket": token, "study": study[0], "series": study[1]}
        await connection.send(json.dumps(message))
        while True:
            answer = json.loads(await connection.recv())
            if answer["type"] == "error":
                raise RuntimeError(answer)
            if answer["type"] == "opened":
                break
        yield Reader(connection, answer["grid"])


def moved(kind: dict[str, Any], number: int, grid: dict[str, Any]) -> dict[str, Any]:
    """The view after so many inputs of a drag: through the slices, or turned about the body."""
    changes: dict[str, Any] = {"mode": kind["mode"]}
    if "preset" in kind:
        changes["preset"] = kind["preset"]
    if "slab" in kind:
        changes["slab"] = dict(zip(("thickness", "projection"), kind["slab"], strict=True))
    if kind.get("turn"):
        angle = math.radians(number * 3)
        right = [math.cos(angle), math.sin(angle), 0]
        return changes | {"orientation": {"right": right, "down": [0, 0, -1]}}
    origin, steps, size = grid["origin"], grid["steps"], grid["size"]
    share = 0.5 + 0.4 * math.sin(number / 10)
    centre = [
        origin[axis] + sum(steps[i][axis] * size[i] * share for i in range(3)) for axis in range(3)
    ]
    return changes | {"orientation": kind["orientation"], "centre": centre}


async def drag(reader: Reader, name: str, kind: dict[str, Any], seconds: float) -> Outcome:
    """RATE inputs a second, then rest until the fine picture is there."""
    outcome, asked, done = Outcome(name, finer=math.inf), {}, asyncio.Event()
    stopped = [0.0]

    async def listen() -> None:
        while True:
            about = await reader.frame()
            now = time.monotonic()
            for seq in [seq for seq in asked if seq <= about["seq"]]:
                outcome.inputs.append((now - asked.pop(seq)) * 1000)
            if not done.is_set():
                outcome.frames += 1
                outcome.bytes += about["bytes"]
                outcome.sides.append(about["width"])
            elif about["seq"] == reader.seq:
                if about["sharp"] or about["width"] > max(outcome.sides, default=0):
                    outcome.finer = min(outcome.finer, now - stopped[0])
                if about["sharp"]:
                    outcome.finest = now - stopped[0]
                    return

    listening = asyncio.create_task(listen())
    begin = time.monotonic()
    for number in itertools.count():
        wait = begin + number / RATE - time.monotonic()
        if wait > 0:
            await asyncio.sleep(wait)
        if number / RATE > seconds:
            break
        changes = moved(kind, number, reader.grid)
        asked[reader.seq + 1] = time.monotonic()
        await reader.view(size=[512, 512], moving=True, **changes)
    stopped[0] = time.monotonic()
    done.set()
    await asyncio.wait_for(listening, 60)
    return outcome


async def first_frame(product: Product, study: tuple[str, str], mode: str) -> float:
    """Seconds from the connection to the first picture."""
    begin = time.monotonic()
    async with opened(product, study) as reader:
        await reader.view(mode=mode, orientation="A", size=[512, 512], moving=True)
        await reader.frame()
        return time.monotonic() - begin


async def together(
    product: Product, studies: list[tuple[str, str]], kinds: list[tuple[str, dict[str, Any]]]
) -> list[Outcome]:
    async def one(number: int) -> Outcome:
        async with opened(product, studies[number % len(studies)]) as reader:
            # All have their first picture before anybody is timed.
            await reader.view(size=[512, 512], **moved(kinds[number][1], 0, reader.grid))
            while not (await reader.frame())["sharp"]:
                pass
            await started.wait(number)
            return await drag(reader, kinds[number][0], kinds[number][1], SECONDS)

    started = Start(len(kinds))
    return await asyncio.gather(*(one(number) for number in range(len(kinds))))


class Start:
    """Lets all go when all are there."""

    def __init__(self, count: int) -> None:
        self._missing = count
        self._all = asyncio.Event()

    async def wait(self, _number: int) -> None:
        self._missing -= 1
        if not self._missing:
            self._all.set()
        await self._all.wait()


async def beside(
    product: Product, study: tuple[str, str], work: Any
) -> tuple[Any, list[float], int]:
    """*work* while READERS read a frame every PACE seconds each; their milliseconds, and errors."""
    with product.client() as client:
        path = f"/studies/{study[0]}/series/{study[1]}/instances"
        sops = [one["00080018"]["Value"][0] for one in client.get(path).json()]
    token, took, errors = product.token(), [], 0
    target = urlsplit(product.origin)

    async def read(number: int) -> None:
        nonlocal errors
        await asyncio.sleep(number / READERS * PACE)
        inward, outward = await asyncio.open_connection(target.hostname, target.port, limit=1 << 20)
        for turn in itertools.count(number):
            address = f"/dicom-web{path}/{sops[turn % len(sops)]}/frames/1"
            begin = time.monotonic()
            outward.write(
                f"GET {address} HTTP/1.1\r\nHost: {target.netloc}\r\nAuthorization: Bearer {token}"
                "\r\nAccept: application/octet-stream\r\n\r\n".encode()
            )
            head = await inward.readuntil(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: (\d+)", head)
            await inward.readexactly(int(length[1]) if length else 0)
            took.append((time.monotonic() - begin) * 1000)
            errors += head.split()[1] not in (b"200", b"206")
            await asyncio.sleep(max(0, PACE - (time.monotonic() - begin)))

    reading = [asyncio.create_task(read(number)) for number in range(READERS)]
    await asyncio.sleep(PACE)
    result = await work
    errors += sum(task.done() for task in reading)
    for task in reading:
        task.cancel()
    await asyncio.gather(*reading, return_exceptions=True)
    return result, took, errors


def run(product: Product, corpus: list[Path]) -> Result:
    """One row a reader; what all of them together are judged by; memory; the first picture."""
    studies = [_stored(product, corpus, SLICES) for _ in range(2)]
    real = sorted(DATA.glob("ct_chest_whole/*/*/*.dcm"))
    studies.append(_stored(product, real or corpus, len(real) or 64, as_it_is=bool(real)))
    opening = [
        {"mode": mode, "s": asyncio.run(first_frame(product, study, mode)), "volume": volume}
        for study, mode, volume in (
            (studies[0], "mpr", "made"), (studies[1], "vr", "made"), (studies[0], "vr", "there"),
        )
    ]  # fmt: skip
    found: list[Outcome] = []
    root = [product.pids["dicom-render"]]
    before, begin = tree_cpu(root), time.monotonic()
    peak = peak_rss(root, lambda: found.extend(asyncio.run(together(product, studies, KINDS))))
    busy = (tree_cpu(root) - before) / (time.monotonic() - begin)
    two = [KINDS[0], KINDS[7]]
    mixed, took, errors = asyncio.run(beside(product, studies[0], together(product, studies, two)))
    inputs = [value for one in found for value in one.inputs]
    judged = [
        {"figure": "input to frame, p95 ms", "wanted": "< 200", "found": _at(inputs, 0.95)},
        {"figure": "frames/s of the slowest reader", "wanted": "≥ 10",
         "found": min(one.frames for one in found) / SECONDS},
        {"figure": "finer picture after rest, all at once, s", "wanted": "< 1",
         "found": max(one.finer for one in found)},
        {"figure": "finest picture, all at once, s", "wanted": "",
         "found": max(one.finest for one in found)},
        {"figure": "first picture, volume made, s", "wanted": "< 1.5", "found": opening[0]["s"]},
        {"figure": "resident memory of all, MB", "wanted": "< 2000", "found": peak},
        {"figure": "cores in use", "wanted": "", "found": busy},
        {"figure": f"{READERS} readers beside 2: frame p95 ms", "wanted": "< 300",
         "found": _at(took, 0.95)},
        {"figure": "their errors", "wanted": "0", "found": errors},
        {"figure": "input to frame of the 2, p95 ms", "wanted": "",
         "found": _at([value for one in mixed for value in one.inputs], 0.95)},
    ]  # fmt: skip
    tables = {
        f"{len(KINDS)} readers of {len(studies)} studies, {RATE:g} inputs a second each": [
            _row(one) for one in found
        ],
        "judged": judged,
        "first picture": opening,
    }
    return Result(tables)


def _row(one: Outcome) -> dict[str, object]:
    return {
        "reader": one.kind,
        "frames/s": one.frames / SECONDS,
        "p50 ms": _at(one.inputs, 0.5),
        "p95 ms": _at(one.inputs, 0.95),
        "side": int(_at([float(side) for side in one.sides], 0.5)),
        "KB/frame": one.bytes / max(1, one.frames) / 1000,
        "finer after s": one.finer,
        "finest after s": one.finest,
    }


def _at(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else math.nan


def _stored(
    product: Product, corpus: list[Path], count: int, *, as_it_is: bool = False
) -> tuple[str, str]:
    """Send a study whose slices lie a millimetre apart, or as they are; its and its series' UID."""
    have = product.newest()
    with fresh_study(corpus, count) as files:
        reference = generate_uid()
        for number, path in enumerate(files):
            ds = pydicom.dcmread(path)
            if not as_it_is:
                x, y, _z = ds.ImagePositionPatient
                ds.ImagePositionPatient = [x, y, float(number)]
                ds.FrameOfReferenceUID, ds.InstanceNumber = reference, number + 1
                ds.save_as(path)
        send(files, product.dicom_port, 2, nodelay)
        product.wait_until_indexed(have, count)
        return str(ds.StudyInstanceUID), str(ds.SeriesInstanceUID)
