"""The line between a front end and its centre: slow, cut for a while, and back again."""

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest

from node import samples
from node.front_end import FrontEnd
from node.sender import Message
from node.stack import REPOSITORY, Stack, wait_until

from .test_kill import assert_exactly_once

CENTRE, HOSPITAL = "10.213.77.1", "10.213.77.2"
COUNT = 24


def command(*arguments: str) -> None:
    subprocess.run(arguments, check=True, capture_output=True)


class Wire:
    """A cable between this machine and a network of its own, which stands for a hospital's."""

    def __init__(self) -> None:
        number = os.getpid() % 10000
        self.space, self.near, self.far = f"yy{number}", f"yyn{number}", f"yyf{number}"
        command("ip", "netns", "add", self.space)
        try:
            command(
                "ip", "link", "add", self.near, "type", "veth",
                "peer", "name", self.far, "netns", self.space,
            )  # fmt: skip
            command("ip", "address", "add", f"{CENTRE}/30", "dev", self.near)
            command("ip", "link", "set", self.near, "up")
            self.inside("ip", "address", "add", f"{HOSPITAL}/30", "dev", self.far)
            self.inside("ip", "link", "set", self.far, "up")
            self.inside("ip", "link", "set", "lo", "up")
        except BaseException:
            self.close()
            raise

    @property
    def within(self) -> tuple[str, ...]:
        return ("ip", "netns", "exec", self.space)

    def inside(self, *arguments: str) -> None:
        command(*self.within, *arguments)

    def slow_down(self) -> None:
        """Eight megabits a second, 40 ms away, one packet in a hundred lost: as far as it can."""
        netem = ("netem", "rate", "8mbit", "delay", "40ms", "loss", "1%")
        bucket = ("tbf", "rate", "8mbit", "burst", "64kb", "latency", "200ms")
        for shape in (netem, bucket):
            with contextlib.suppress(subprocess.CalledProcessError, OSError):
                self.inside("tc", "qdisc", "add", "dev", self.far, "root", *shape)
                return

    def set(self, state: str) -> None:
        command("ip", "link", "set", self.near, state)

    def close(self) -> None:
        subprocess.run(["ip", "link", "del", self.near], check=False, capture_output=True)
        subprocess.run(["ip", "netns", "del", self.space], check=False, capture_output=True)


@pytest.fixture
def wire() -> Iterator[Wire]:
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    try:
        made = Wire()
        made.slow_down()
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no network namespaces here: {error}")
    try:
        yield made
    finally:
        made.close()


def files(root: Path) -> tuple[list[Path], list[Message]]:
    study, series = samples.uid(), samples.uid()
    paths, messages = [], []
    root.mkdir()
    for number in range(COUNT):
        dataset = samples.image(
            StudyInstanceUID=study, SeriesInstanceUID=series, InstanceNumber=number,
            Rows=512, Columns=512, PixelData=os.urandom(512 * 512 * 2),
        )  # fmt: skip
        dataset.file_meta = pydicom.dataset.FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
        path = root / f"{number:03}.dcm"
        dataset.save_as(path, enforce_file_format=True)
        paths.append(path)
        messages.append(samples.message(dataset))
    return paths, messages


@pytest.mark.timeout(300)
@pytest.mark.req("ARC-4.6")
def test_what_was_received_while_the_line_was_down_arrives_once_it_is_back(
    stack: Stack, tmp_path: Path, wire: Wire
) -> None:
    """No connection is closed: the packets just do not come through any more."""
    stack.start_all()
    front_end = FrontEnd(tmp_path / "front", stack, CENTRE, wire.within)
    # The kernel may not know how to slow a line down, so the upload keeps to it by itself.
    front_end.plan(bandwidth=[{"from": "00:00", "to": "24:00", "kib_per_second": 1024}])
    try:
        front_end.start()
        wait_until(lambda: front_end.report("receive").get("refusing") == "", "it receives", 60)
        paths, messages = files(tmp_path / "files")
        half = COUNT // 2
        send(front_end, wire, paths[:half])
        wait_until(lambda: len(front_end.waiting()) < half, "the upload is under way", 60)
        wire.set("down")
        sending = threading.Thread(target=send, args=(front_end, wire, paths[half:]))
        sending.start()
        sending.join(60)
        before = len(front_end.waiting())
        assert before >= half, "all that came while the line was down is kept"
        time.sleep(8)
        assert len(front_end.waiting()) == before
        wire.set("up")
        front_end.wait_uploaded(150)
        assert_exactly_once(stack, messages, "after the cut")
    finally:
        front_end.close()


def send(front_end: FrontEnd, wire: Wire, paths: list[Path]) -> None:
    """As a modality in the hospital does."""
    arguments = ["--port", str(front_end.dicom_port), "--calling-ae", "CT_A", *map(str, paths)]
    subprocess.run(
        [*wire.within, sys.executable, "-m", "dicom_node.cli", "send", *arguments],
        check=True, capture_output=True, cwd=REPOSITORY,
    )  # fmt: skip
