"""`dicom-node render`: what a reader is shown, and what he is told when he is shown nothing."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from pydicom import Dataset

from . import samples
from .rendering import (
    AXIAL, CORONAL, MARKS, SAGITTAL, Ended, Reader, grid, opened, reader, series,
)  # fmt: skip
from .sender import send
from .stack import Stack

SMALL = (64, 64, 48), (2.2, 2.0, 2.5)
# What the standard views are by definition: towards which side of the patient right and down lead.
LEFT, BACK, HEAD = np.eye(3)
DEFINED = {
    "axial": (LEFT, BACK), "sagittal": (BACK, -HEAD), "coronal": (LEFT, -HEAD),
    "A": (LEFT, -HEAD), "P": (-LEFT, -HEAD), "L": (BACK, -HEAD), "R": (-BACK, -HEAD),
    "H": (-LEFT, BACK), "F": (LEFT, BACK),
}  # fmt: skip
LETTERS = {
    "axial": "ALPR", "sagittal": "HPFA", "coronal": "HLFR", "A": "HLFR", "P": "HRFL",
    "L": "HPFA", "R": "HAFP", "H": "ARPL", "F": "ALPR",
}  # fmt: skip
PIXEL, SIZE = 0.5, (320, 320)


@pytest.fixture(scope="module")
def renders(running: Stack) -> Iterator[Stack]:
    running.start("render")
    running.wait_ready("render")
    yield running
    assert running.stop("render") == 0


@pytest.fixture
def node(stack: Stack, renders: Stack) -> Stack:
    return stack


def archived(stack: Stack, datasets: list[Dataset]) -> Dataset:
    answers = send(stack.dicom_port, [samples.message(one) for one in datasets], "CT_A")
    assert all(answer and answer.status == 0 for answer in answers)
    stack.wait_archived()
    return datasets[0]


def expected(name: str, point: Any) -> tuple[int, int]:
    """Row and column of a point about the middle of a picture, from the definition alone."""
    right, down = DEFINED[name]
    return (
        int(SIZE[1] / 2 + float(np.array(point) @ down) / PIXEL),
        int(SIZE[0] / 2 + float(np.array(point) @ right) / PIXEL),
    )


def marks(one: Reader, name: str, **more: Any) -> dict[str, bool]:
    """Which marks are where they belong, and nothing is on the other side."""
    frame = one.show(
        orientation=name, centre=[0, 0, 0], pixel=PIXEL, size=list(SIZE), lossless=True, **more
    )
    edges = frame.about["edges"]
    assert edges["top"] + edges["right"] + edges["bottom"] + edges["left"] == LETTERS[name]
    assert frame.about["pixel"] == pytest.approx(PIXEL)
    pixels = frame.pixels.astype(int)
    if pixels.ndim == 3:
        pixels = pixels.max(axis=2)
    found = {}
    for letter, (point, _radius, _value) in MARKS.items():
        here, there = expected(name, point), expected(name, -np.array(point))
        if here == there:
            continue  # along the line of sight
        found[letter] = bool(pixels[here] > 150 and pixels[there] < 60)
    return found


@pytest.mark.req("SHR-3.28", "SHR-3.29", "SHR-3.32", "SHR-3.36", "SHR-3.37", "PAT-1.6", "PAT-1.7")
@pytest.mark.parametrize("orientation", [AXIAL, SAGITTAL, CORONAL], ids=["ax", "sag", "cor"])
@pytest.mark.parametrize("backwards", [False, True], ids=["up", "down"])
def test_marks_are_where_they_belong_in_every_view_and_mode(
    node: Stack, orientation: Any, backwards: bool
) -> None:
    first = archived(node, series(grid(orientation, *SMALL), backwards=backwards))
    window = {"center": 300, "width": 300}
    with opened(node, first) as one:
        for name in ("axial", "sagittal", "coronal"):
            slab = {"thickness": 300, "projection": "max"}
            found = marks(one, name, mode="mpr", slab=slab, window=window)
            assert len(found) == 2 and all(found.values()), (name, found)
        for name in ("A", "P", "L", "R", "H", "F"):
            found = marks(one, name, mode="vr", preset="bone")
            assert len(found) == 2 and all(found.values()), (name, found)
