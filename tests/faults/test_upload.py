"""Front end and centre are killed at random moments: nothing lost, twice, or changed."""

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from node import samples
from node.front_end import FrontEnd
from node.sender import send
from node.stack import Stack, wait_until

from .test_kill import assert_exactly_once, small_images

KILLS = 14
INSTANCES = 120


@pytest.fixture
def front_end(stack: Stack, tmp_path: Path) -> Iterator[FrontEnd]:
    stack.start_all()
    own = FrontEnd(tmp_path / "front", stack)
    try:
        yield own
    finally:
        own.close()


@pytest.mark.timeout(400)
@pytest.mark.req("ARC-4.6", "ARC-5.5", part=True)
def test_an_upload_survives_the_death_of_either_side(stack: Stack, front_end: FrontEnd) -> None:
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    dice = random.Random(seed)
    # Slow enough that there is something on its way whenever somebody is killed.
    hour = {"from": "00:00", "to": "24:00", "kib_per_second": 512}
    front_end.plan(bandwidth=[hour], threads=4)
    front_end.start_all()
    messages = small_images(INSTANCES)
    study, series = samples.uid(), samples.uid()
    large = [
        samples.message(
            samples.image(
                StudyInstanceUID=study, SeriesInstanceUID=series, Rows=1024, Columns=1024,
                PixelData=dice.randbytes(2 << 20),
            )
        )
        for _ in range(4)
    ]  # fmt: skip
    answers = send(front_end.dicom_port, [*large, *messages])
    assert all(answer and answer.status == 0 for answer in answers)
    for _ in range(KILLS):
        time.sleep(dice.uniform(0.1, 1.2))
        victim = dice.choice(("upload", "upload", "web", "web", "archive", "receive"))
        if victim in ("upload", "receive"):
            front_end.kill(victim)
            front_end.start(victim)
        else:
            stack.kill(victim)
            stack.start(victim)
    front_end.wait_uploaded(200)
    when = f"seed {seed}"
    wait_until(lambda: not stack.spooled(), "the centre's spool is empty", 60)
    assert_exactly_once(stack, messages, when)
    assert_exactly_once(stack, large, when)
    assert stack.query("SELECT coalesce(sum(duplicate_count), 0) FROM archive.study") == [(0,)]
    assert not list(stack.root.glob("spool/*/*.upload"))
