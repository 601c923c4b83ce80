"""A full disk refuses what it cannot keep, keeps what it acknowledged, and recovers."""

import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from node import samples
from node.sender import Answer, association, send
from node.stack import Stack, wait_until

OUT_OF_RESOURCES = 0xA700


def large_image(kilobytes: int) -> Dataset:
    columns = 512
    rows = kilobytes * 1024 // (columns * 2)
    noise = np.random.default_rng(1).integers(0, 4096, (rows, columns), "u2")
    return samples.image(Rows=rows, Columns=columns, PixelData=noise.astype("<u2").tobytes())


def status(answer: Answer | None) -> int | None:
    return answer.status if answer is not None else None


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes."""
    mount = tmp_path / "disk"
    mount.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(mount)],
        check=False, capture_output=True,
    )  # fmt: skip
    if done.returncode:
        pytest.skip("mounting is not permitted here")
    try:
        yield mount
    finally:
        subprocess.run(["umount", "-l", str(mount)], check=True)


@pytest.mark.req("ARC-4.6", part=True)
def test_a_full_disk_loses_nothing_that_was_acknowledged(stack: Stack, small_disk: Path) -> None:
    for name in ("SPOOL", "STORE", "QUARANTINE"):
        stack.environment[f"YUNYING_NODE_{name}_PATH"] = str(small_disk / name.lower())
    assert stack.run("migrate").returncode == 0
    stack.portal.configuration["node"] = {"high_water": 100}
    stack.start("receive")
    stack.wait_ready("receive")
    stack.wait_configured("CT_A")
    datasets = [large_image(400) for _ in range(8)]
    answers = send(stack.dicom_port, map(samples.message, datasets))
    statuses = [status(answer) for answer in answers]
    assert set(statuses) == {0, OUT_OF_RESOURCES}
    refused = next(a for a in answers if a is not None and a.status)
    assert refused.comment == "no space left to store the instance"
    kept = [d for d, state in zip(datasets, statuses, strict=True) if state == 0]
    assert len(list(small_disk.glob("spool/H001/*"))) == len(kept), "nothing half-written is left"
    bad = samples.message(large_image(400))
    bad.data = bad.data[:-1]
    assert [status(a) for a in send(stack.dicom_port, [bad])] == [OUT_OF_RESOURCES]
    subprocess.run(["mount", "-o", "remount,size=8m", str(small_disk)], check=True)
    again = send(stack.dicom_port, map(samples.message, datasets))
    assert [status(answer) for answer in again] == [0] * 8
    stack.start("archive")
    wait_until(lambda: not list(small_disk.glob("spool/H001/*.dcm")), "the spool is empty")
    rows = stack.query("SELECT count(*) FROM archive.instance")
    duplicates = stack.query("SELECT sum(duplicate_count) FROM archive.study")
    assert (rows, duplicates) == ([(8,)], [(len(kept),)])


@pytest.mark.req("ARC-4.6", part=True)
def test_a_disk_that_is_almost_full_lets_nobody_in_and_says_so(
    stack: Stack, small_disk: Path
) -> None:
    stack.environment["YUNYING_NODE_SPOOL_PATH"] = str(small_disk / "spool")
    stack.environment["YUNYING_NODE_QUARANTINE_PATH"] = str(small_disk / "quarantine")
    stack.portal.configuration["node"] = {"high_water": 70}
    stack.start("receive")
    stack.wait_ready("receive")
    stack.wait_configured("CT_A")
    assert [status(a) for a in send(stack.dicom_port, [samples.message(samples.image())])] == [0]
    wait_until(lambda: stack.portal_report()["refusing"] == "", "the portal is told")
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(1_500_000))
    for _ in range(3):
        message = samples.message(samples.image())
        with association(stack.dicom_port, [message], "CT_A", "YUNYING") as opened:
            answer = opened.acceptor.primitive
            assert (answer.result, answer.result_source, answer.diagnostic) == (2, 3, 1)
    reason = "the spool's disk is used up to its high-water mark"
    wait_until(lambda: stack.portal_report()["refusing"] == reason, "the portal is told")
    assert stack.portal_report()["rejected"] == 3
    notes = [path.read_text() for path in small_disk.glob("spool/notes/*.json")]
    assert len(notes) == 1, "noted once a minute"
    assert reason in notes[0]
    ballast.unlink()
    assert [status(a) for a in send(stack.dicom_port, [samples.message(samples.image())])] == [0]


@pytest.mark.parametrize("name", ["store", "quarantine"])
def test_a_directory_on_another_disk_than_the_spool_is_named_at_the_start(
    stack: Stack, small_disk: Path, name: str
) -> None:
    stack.environment[f"YUNYING_NODE_{name.upper()}_PATH"] = str(small_disk / name)
    done = stack.run("archive")
    assert done.returncode == 2
    assert f"{name}.path: must be on the file system of spool.path" in done.stderr


def test_an_instance_larger_than_a_file_may_be_is_refused_and_leaves_nothing(
    stack: Stack,
) -> None:
    """A quota, where no small disk can be had: the limit of a file's size."""
    stack.start("receive")
    process = stack.processes["receive"].pid
    resource.prlimit(process, resource.RLIMIT_FSIZE, (200_000, 200_000))
    stack.wait_ready("receive")
    stack.wait_configured("CT_A")
    answers = send(
        stack.dicom_port,
        [samples.message(large_image(400)), samples.message(samples.image())],
    )
    assert [status(answer) for answer in answers] == [OUT_OF_RESOURCES, 0]
    assert len(list(stack.root.glob("spool/H001/*"))) == 1
    assert not list(stack.root.glob("spool/**/*.part"))


def test_a_transfer_beyond_the_largest_instance_is_cut_off(stack: Stack) -> None:
    stack.start("receive", YUNYING_NODE_DICOM_MAX_INSTANCE="1000000")
    stack.wait_ready("receive")
    stack.wait_configured("CT_A")
    assert send(stack.dicom_port, [samples.message(large_image(4000))]) == [None]
    assert not list(stack.root.glob("spool/H001/*"))
    assert [status(a) for a in send(stack.dicom_port, [samples.message(samples.image())])] == [0]
