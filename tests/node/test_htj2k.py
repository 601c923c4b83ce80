"""Frames in HTJ2K for slow lines: made in the background where a hospital wants them."""

import json
import os
import time
from collections.abc import Iterator
from typing import Any

import imagecodecs
import numpy as np
import pytest
from pydicom import Dataset

from . import samples
from .sender import send
from .stack import Stack, wait_until

HTJ2K = "1.2.840.10008.1.2.4.201"
SMALL = f"application/octet-stream; transfer-syntax={HTJ2K}, application/octet-stream;q=0.5"


@pytest.fixture(scope="module")
def quick(running: Stack) -> Iterator[None]:
    """A node that deals with a series a second after it came."""
    running.restart("archive", YUNYING_NODE_ARCHIVE_SETTLE_SECONDS="1")
    yield
    running.restart("archive")


@pytest.fixture
def settled(stack: Stack, quick: None) -> Iterator[Stack]:
    before = json.dumps(stack.portal.configuration)
    yield stack
    stack.portal.configuration.clear()
    stack.portal.configuration.update(json.loads(before))
    stack.wait_told()


def wanted(stack: Stack, *, on: bool = True) -> None:
    for hospital in stack.portal.configuration["hospitals"]:
        hospital["htj2k"] = on and hospital["code"] == "H001"
    stack.wait_told()


def grey(seed: int = 1, **values: Any) -> Dataset:
    """A smooth picture with a little noise, as of CT."""
    rows, columns = np.mgrid[:256, :256]
    noise = np.random.default_rng(seed).normal(0, 4, (256, 256))
    pixels = (600 * np.sin(rows / 30) * np.cos(columns / 20) + noise).astype("<i2")
    described = {
        "Rows": 256, "Columns": 256, "BitsAllocated": 16, "BitsStored": 16, "HighBit": 15,
        "PixelRepresentation": 1, "PixelData": pixels.tobytes(),
    }  # fmt: skip
    return samples.image(**described | values)


def archived(stack: Stack, *datasets: Dataset, calling: str = "CT_A") -> None:
    answers = send(stack.dicom_port, [samples.message(dataset) for dataset in datasets], calling)
    assert all(answer and answer.status == 0 for answer in answers)
    stack.wait_archived()


def address(dataset: Dataset) -> str:
    study, series = dataset.StudyInstanceUID, dataset.SeriesInstanceUID
    return f"/studies/{study}/series/{series}/instances/{dataset.SOPInstanceUID}"


def lists(stack: Stack, dataset: Dataset) -> list[Any]:
    study = stack.root / "store" / "derived" / str(dataset.StudyInstanceUID)
    return list(study.glob(f"{dataset.SeriesInstanceUID}-htj2k-*.json"))


def frame(
    stack: Stack, dataset: Dataset, accept: str = SMALL, number: int = 1, **keywords: Any
) -> Any:
    return stack.get(f"{address(dataset)}/frames/{number}", accept=accept, **keywords)


def test_a_slow_line_gets_the_same_picture_in_fewer_bytes(settled: Stack) -> None:
    wanted(settled)
    whole = grey()
    frames = [grey(seed).PixelData for seed in range(3)]
    clip = grey(NumberOfFrames=3, PixelData=b"".join(frames))
    archived(settled, whole, clip)
    wait_until(lambda: lists(settled, whole) and lists(settled, clip), "they are compressed", 20)
    for dataset, number, pixels in ((whole, 1, whole.PixelData), (clip, 3, frames[2])):
        answer = frame(settled, dataset, number=number)
        assert (
            answer.headers["content-type"] == f"application/octet-stream; transfer-syntax={HTJ2K}"
        )
        assert len(answer.content) < len(pixels) * 0.8
        assert imagecodecs.htj2k_decode(answer.content).tobytes() == pixels
    plain = frame(settled, whole, "application/octet-stream")
    assert plain.content == whole.PixelData, "who does not ask for it gets what is stored"
    both = settled.get(
        f"{address(clip)}/frames/1,2",
        headers={"Accept": f'multipart/related; type="image/jphc"; transfer-syntax={HTJ2K}'},
    )
    assert both.status_code == 200
    assert both.content.count(b"Content-Type: image/jphc") == 2


def test_where_the_hospital_does_not_want_it_nothing_is_made(settled: Stack) -> None:
    wanted(settled)
    mine, other = grey(), grey()
    archived(settled, other, calling="MR_X")
    archived(settled, mine)
    wait_until(lambda: lists(settled, mine), "it is compressed", 20)
    assert not lists(settled, other)
    answer = frame(settled, other)
    assert (answer.status_code, answer.content) == (200, other.PixelData)
    only = f"application/octet-stream; transfer-syntax={HTJ2K}"
    assert frame(settled, other, only).status_code == 406


def test_what_came_before_the_switch_is_compressed_too(settled: Stack) -> None:
    early = grey()
    archived(settled, early)
    wait_until(
        lambda: settled.query("SELECT 1 FROM archive.series WHERE described"), "it settles", 20
    )
    assert not lists(settled, early)
    wanted(settled)
    wait_until(lambda: lists(settled, early), "it is compressed", 20)


def test_a_late_image_is_compressed_with_the_others(settled: Stack) -> None:
    wanted(settled)
    first = grey()
    archived(settled, first)
    wait_until(lambda: lists(settled, first), "it is compressed", 20)
    late = grey(
        2, StudyInstanceUID=first.StudyInstanceUID, SeriesInstanceUID=first.SeriesInstanceUID
    )
    archived(settled, late)
    wait_until(
        lambda: HTJ2K in frame(settled, late).headers["content-type"], "it is compressed too", 20
    )
    assert HTJ2K in frame(settled, first).headers["content-type"]
    study = settled.root / "store" / "derived" / str(first.StudyInstanceUID)
    assert len(list(study.glob("*.frames*"))) == 1, "what was there before is gone"


@pytest.mark.parametrize(
    "values",
    [
        {"BitsStored": 12, "HighBit": 11},
        {"PixelData": np.random.default_rng(1).bytes(256 * 256 * 2)},
        {"PhotometricInterpretation": "PALETTE COLOR"},
    ],
    ids=["bits above the pixels are in use", "noise", "no grey values"],
)
def test_what_would_not_be_the_same_or_not_smaller_stays_as_it_is(
    settled: Stack, values: dict[str, Any]
) -> None:
    wanted(settled)
    dataset = grey(**values)
    if "BitsStored" in values:
        dataset.PixelData = bytes([0, 0x4F]) * (256 * 256)
    archived(settled, dataset)
    wait_until(lambda: lists(settled, dataset), "it was looked at", 20)
    assert frame(settled, dataset).content == dataset.PixelData


def test_a_damaged_object_is_left_out_and_stops_nothing(settled: Stack) -> None:
    whole, cut, empty = grey(), grey(2), grey(3)
    for other in (cut, empty):
        other.StudyInstanceUID = whole.StudyInstanceUID
        other.SeriesInstanceUID = whole.SeriesInstanceUID
    archived(settled, whole, cut, empty)
    wait_until(
        lambda: settled.query("SELECT 1 FROM archive.series WHERE described"), "it settles", 20
    )
    keys = dict(settled.query("SELECT sop_uid, object_key FROM archive.instance"))
    for dataset, length in ((cut, 40_000), (empty, 0)):
        path = settled.root / "store" / keys[str(dataset.SOPInstanceUID)]
        path.chmod(0o640)
        os.truncate(path, length)
    wanted(settled)
    wait_until(lambda: lists(settled, whole), "it is compressed", 20)
    assert HTJ2K in frame(settled, whole).headers["content-type"]
    assert settled.processes["archive"].poll() is None


def test_nothing_is_left_of_a_study_that_is_disposed_of_nor_shown_of_it(settled: Stack) -> None:
    wanted(settled)
    first = grey()
    archived(settled, first)
    wait_until(lambda: lists(settled, first), "it is compressed", 20)
    kept = lists(settled, first)[0].read_bytes()
    number = int(time.time())
    uid = str(first.StudyInstanceUID)
    settled.portal.configuration["disposals"] = [{"id": number, "study_uid": uid}]
    wait_until(lambda: not lists(settled, first), "the copies are gone", 20)
    settled.portal.configuration["disposals"] = []
    again = grey(7, StudyInstanceUID=first.StudyInstanceUID)
    again.SeriesInstanceUID, again.SOPInstanceUID = first.SeriesInstanceUID, first.SOPInstanceUID
    wanted(settled, on=False)
    archived(settled, again)
    study = settled.root / "store" / "derived" / uid
    study.mkdir(parents=True, exist_ok=True)
    (study / f"{first.SeriesInstanceUID}-htj2k-1.json").write_bytes(kept)
    assert frame(settled, again).content == again.PixelData, "never the pixels of the old one"


def test_switched_off_and_on_again_nothing_is_done_twice(settled: Stack) -> None:
    wanted(settled)
    dataset = grey()
    archived(settled, dataset)
    (made,) = wait_until(lambda: lists(settled, dataset), "it is compressed", 20)
    before = made.stat().st_mtime_ns
    wanted(settled, on=False)
    wait_until(
        lambda: not settled.query("SELECT 1 FROM archive.progress WHERE walk LIKE 'htj2k/%%'"),
        "the walk is forgotten",
        20,
    )
    wanted(settled)
    wait_until(
        lambda: settled.query("SELECT 1 FROM archive.progress WHERE walk LIKE 'htj2k/%%'"),
        "it has walked again",
        20,
    )
    assert made.stat().st_mtime_ns == before


def test_an_anonymous_ticket_gets_no_more_by_it(settled: Stack) -> None:
    wanted(settled)
    shown, hidden = grey(), grey(2, BurnedInAnnotation="YES")
    hidden.StudyInstanceUID = shown.StudyInstanceUID
    hidden.SeriesInstanceUID = shown.SeriesInstanceUID
    archived(settled, shown, hidden)
    wait_until(lambda: lists(settled, shown), "they are compressed", 20)
    ticket = settled.ticket(anon=True, purpose="share")
    assert frame(settled, hidden, ticket=ticket).status_code == 403
    answer = frame(settled, shown, ticket=ticket)
    assert imagecodecs.htj2k_decode(answer.content).tobytes() == shown.PixelData
    assert frame(settled, shown, ticket="x").status_code == 401
