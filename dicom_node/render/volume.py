"""A series as one volume that processes share: files of plain numbers, mapped into memory.

A volume is a directory: ``volume.json``, and one file a level, values of shape (slices, rows,
columns). Level 0 is as fine as the series; each further one has half as many voxels along those
axes in which it is not coarse already.
"""

import json
import math
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dicom_node.archive.located import Located
from dicom_node.render import headers, pixels
from dicom_node.render.cache import DESCRIPTION
from dicom_node.render.headers import Header
from dicom_node.render.plan import Plan, RefusedError, plan
from dicom_node.render.space import Grid
from dicom_node.render.transfer import usual_range
from dicom_node.store.base import Readable

LEVELS = 3
# An axis is halved unless its voxels are so much longer than the shortest side.
_ELONGATED = 1.5
# No axis is halved below twice this.
_FEWEST = 16
_INT16 = np.iinfo(np.int16)


@dataclass(frozen=True, eq=False)
class Level:
    """``voxels`` has the shape of ``grid.size`` reversed, int16 or float32."""

    grid: Grid
    voxels: NDArray[Any]


@dataclass(frozen=True, eq=False)
class Volume:
    """``window`` is (center, width), what the file asks for; None when it does not.

    ``least`` and ``greatest`` are the range of the values, ``usual`` without its extremes;
    ``every``: how manieth slices it was made of.
    """

    levels: tuple[Level, ...]
    least: float
    greatest: float
    usual: tuple[float, float]
    unit: str
    window: tuple[float, float] | None
    inverted: bool
    every: int

    @property
    def grid(self) -> Grid:
        return self.levels[0].grid


def load(directory: Path) -> Volume:
    """Map a volume that `build` made; raise OSError or ValueError when there is none."""
    document = json.loads((directory / DESCRIPTION).read_bytes())
    levels = tuple(
        Level(Grid.from_json(grid), np.load(directory / f"{number}.npy", mmap_mode="r"))
        for number, grid in enumerate(document["grids"])
    )
    window = document["window"]
    return Volume(
        levels, document["least"], document["greatest"], tuple(document["usual"]),
        document["unit"], None if window is None else (window[0], window[1]),
        document["inverted"], document["every"],
    )  # fmt: skip


def build(
    store: Readable,
    instances: Sequence[Located],
    directory: Path,
    every: int,
    most_voxels: int,
    progress: Callable[[int, int], None],
) -> None:
    """Make the volume of *instances*, a series, in *directory*, which is empty.

    ``every``: of so manieth slices only. Raises `RefusedError`, and OSError when an object or the
    disk fails. *progress* hears how many slices of how many are there.
    """
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = [
            header
            for several in pool.map(lambda one: headers.read(store, one), instances)
            for header in several
        ]
        whole = plan([header.slice for header in found])
        chosen = _fitting(whole, every, most_voxels)
        ordered = [found[at] for at in chosen.order]
        builder = _Builder(directory, chosen.grid, _dtype(ordered))
        try:
            builder.fill(_decoded(pool, store, ordered), progress)
        except OverflowError:
            builder = _Builder(directory, chosen.grid, np.dtype(np.float32))
            builder.fill(_decoded(pool, store, ordered), progress)
    _describe(directory, builder, ordered[0], every)


def _fitting(whole: Plan, every: int, most_voxels: int) -> Plan:
    chosen = whole.thinned(every)
    if chosen.grid.voxels > most_voxels:
        raise RefusedError("large", math.ceil(whole.grid.voxels / most_voxels))
    if len(chosen.order) < 2:
        raise RefusedError("few")
    return chosen


def _dtype(ordered: Sequence[Header]) -> np.dtype[Any]:
    whole = all(one.slope.is_integer() and one.intercept.is_integer() for one in ordered)
    return np.dtype(np.int16 if whole else np.float32)


def _decoded(
    pool: ThreadPoolExecutor, store: Readable, ordered: Sequence[Header]
) -> Iterator[NDArray[Any]]:
    """The slices in order; not many are in memory at once."""
    ahead = 4 * (os.cpu_count() or 1)
    for begin in range(0, len(ordered), ahead):
        yield from pool.map(lambda one: pixels.values(store, one), ordered[begin : begin + ahead])


class _Builder:
    """Takes slices in order; each level below is made of the one above as it comes."""

    def __init__(self, directory: Path, grid: Grid, dtype: np.dtype[Any]) -> None:
        self.grids = [grid]
        while len(self.grids) < LEVELS:
            self.grids.append(self.grids[-1].coarser(_factors(self.grids[-1])))
        self.voxels = [
            _mapped(directory / f"{number}.npy", dtype, level)
            for number, level in enumerate(self.grids)
        ]
        self.least, self.greatest = math.inf, -math.inf

    def fill(self, slices: Iterator[NDArray[Any]], progress: Callable[[int, int], None]) -> None:
        """Raises OverflowError when a value is none of the volume's numbers."""
        full = self.voxels[0]
        done = [0] * LEVELS
        for number, values in enumerate(slices):
            self._note(values, full.dtype)
            full[number] = values
            for level in range(1, LEVELS):
                factors = _factors(self.grids[level - 1])
                upper = self.voxels[level - 1]
                ready = number + 1 if level == 1 else done[level - 1]
                if ready < (done[level] + 1) * factors[2] or done[level] == len(self.voxels[level]):
                    break
                begin = done[level] * factors[2]
                block = upper[begin : begin + factors[2]]
                self.voxels[level][done[level]] = _mean(block, factors[0], factors[1])
                done[level] += 1
            progress(number + 1, len(full))

    def _note(self, values: NDArray[Any], dtype: np.dtype[Any]) -> None:
        least, greatest = float(values.min()), float(values.max())
        if not (math.isfinite(least) and math.isfinite(greatest)):
            raise RefusedError("undecodable")
        if dtype == np.int16 and (
            least < _INT16.min or greatest > _INT16.max or values.dtype.kind == "f"
        ):
            raise OverflowError
        self.least, self.greatest = min(self.least, least), max(self.greatest, greatest)


def _mapped(path: Path, dtype: np.dtype[Any], grid: Grid) -> NDArray[Any]:
    """A new file of numbers; raise OSError when the disk has no room for it."""
    voxels = np.lib.format.open_memmap(path, "w+", dtype=dtype, shape=grid.size[::-1])
    with path.open("r+b") as file:
        # A full disk would otherwise be met in the middle, as a signal that kills.
        os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return voxels


def _factors(grid: Grid) -> tuple[int, int, int]:
    shortest = float(grid.spacing.min())
    x, y, z = (
        2 if count >= 2 * _FEWEST and step < _ELONGATED * shortest else 1
        for count, step in zip(grid.size, grid.spacing, strict=True)
    )
    return x, y, z


def _mean(block: NDArray[Any], across: int, down: int) -> NDArray[Any]:
    """The means of *block*'s pieces of all its slices, *down* rows and *across* columns."""
    whole = block.dtype.kind == "i"
    total = block.sum(axis=0, dtype=np.int32 if whole else np.float32)
    for axis, count in ((0, down), (1, across)):
        if count > 1:
            length = total.shape[axis] // count * count
            parts = [total.take(range(first, length, count), axis) for first in range(count)]
            total = sum(parts[1:], parts[0])
    pieces = len(block) * across * down
    if not whole:
        return np.asarray(total / np.float32(pieces))
    # Halves upwards, as the viewer rounds.
    return np.asarray((2 * total + pieces) // (2 * pieces))


def _describe(directory: Path, builder: _Builder, first: Header, every: int) -> None:
    document = {
        "grids": [grid.as_json() for grid in builder.grids],
        "least": builder.least,
        "greatest": builder.greatest,
        "usual": usual_range(builder.voxels[0], builder.least, builder.greatest),
        "unit": first.unit,
        "window": first.window,
        "inverted": first.inverted,
        "every": every,
    }
    (directory / DESCRIPTION).write_text(json.dumps(document), encoding="utf-8")
