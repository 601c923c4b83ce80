"""What a reader is told, and others go on having, when memory, disk or a line is at its end."""

import resource
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydicom import Dataset

from dicom_node.render import admission
from dicom_node.render.admission import Admission

from .rendering import AXIAL, Ended, Reader, archived, grid, opened, reader, series, workers
from .stack import Stack

ON = grid(AXIAL, (64, 64, 48), (2.2, 2.0, 2.5))
MEGABYTE = 1 << 20


@pytest.fixture
def scene(node: Stack) -> Dataset:
    return archived(node, series(ON))


def asks(one: Reader, node: Stack, scene: Dataset) -> None:
    study = str(scene.StudyInstanceUID)
    ticket = node.ticket(scope={"studies": [study]}, perms=["render"])
    one.say("open", ticket=ticket, study=study, series=str(scene.SeriesInstanceUID))


@contextmanager
def limited(node: Stack, **settings: str) -> Iterator[None]:
    environment = {f"YUNYING_NODE_RENDER_{key}": value for key, value in settings.items()}
    node.restart("render", **environment)
    try:
        yield
    finally:
        node.restart("render")


@pytest.mark.req("PAT-1.29", part=True)
def test_a_reader_whose_machine_sleeps_makes_room_within_half_a_minute(
    node: Stack, scene: Dataset
) -> None:
    with (
        limited(node, SESSIONS="1", RESERVE="0"),
        opened(node, scene) as asleep,
        reader(node) as next_one,
    ):
        # The line stays, but nothing is said on it any more, no pong either.
        asleep.connection.send_data = lambda: None  # type: ignore[method-assign]
        begin = time.monotonic()
        asks(next_one, node, scene)
        assert next_one.wait("busy")["before"] == 0
        assert next_one.wait("opened", 30)
        assert time.monotonic() - begin < 30


def test_without_memory_to_spare_a_reader_waits_and_nobody_is_drawn_for(
    node: Stack, scene: Dataset
) -> None:
    with limited(node, RESERVE=str(1 << 60)), reader(node) as one:
        asks(one, node, scene)
        assert one.wait("busy")["before"] == 0
        with pytest.raises(TimeoutError):
            one.wait("opened", 3)
    assert not list((node.root / "store" / "volumes").glob("*/*"))


def test_who_waits_for_memory_is_let_in_when_there_is_some(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = tmp_path / "meminfo"
    monkeypatch.setattr(admission, "_MEMORY", told)
    told.write_text(f"MemTotal: 9999999 kB\nMemAvailable: {3 << 10} kB\n")
    door = Admission(sessions=10, reserve=2 * MEGABYTE)
    first, second, third = door.queue(), door.queue(), door.queue()
    assert first.enter()
    told.write_text(f"MemAvailable: {1 << 10} kB\n")
    assert not second.enter() and second.before == 0 and third.before == 1
    told.write_text(f"MemAvailable: {3 << 10} kB\n")
    assert not third.enter(), "who came first goes first"
    assert second.enter() and third.before == 0
    for place in (first, second, third):
        place.leave()
    assert (door.inside, door.waiting) == (0, 0)


def children(pid: int) -> list[int]:
    return [
        int(child)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]


def test_a_full_disk_is_told_and_costs_no_process(node: Stack, scene: Dataset) -> None:
    gateway = node.processes["render"].pid
    drawing, all_of_them = set(workers(node)), children(gateway)
    unlimited = resource.RLIM_INFINITY
    for pid in all_of_them:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (50_000, unlimited))
    with pytest.raises(Ended) as refusal, opened(node, scene):
        pass
    assert refusal.value.code == "unavailable"
    assert refusal.value.message.endswith(".")
    assert not list((node.root / "store" / "volumes").glob("*/*"))
    for pid in all_of_them:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (unlimited, unlimited))
    with opened(node, scene) as one:
        assert one.show(orientation="axial", size=[64, 64]).pixels.any()
    assert set(workers(node)) >= drawing
    assert set(children(gateway)) >= set(all_of_them)
    shutil.rmtree(node.root / "store" / "volumes", ignore_errors=True)
