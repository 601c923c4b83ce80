"""A copy of a level that parts can be cut away from, one operation after another.

The copy is a session's own: what is cut there must never be missing from another's picture, or from
the planes that are read.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dicom_node.render.rays import Camera
from dicom_node.render.space import Grid
from dicom_node.render.volume import Level

MOST_CUTS = 250
Mask = NDArray[np.bool_]
Outline = Sequence[tuple[float, float]]


class CutLevel:
    """Each voxel remembers the operation that took it, so that the last one can be undone."""

    def __init__(self, source: Level, air: float) -> None:
        self.source = source
        self.shown = Level(source.grid, source.voxels.copy())
        self._air = air
        self._taken = np.zeros(source.voxels.shape, np.uint8)

    def cut(self, away: Mask, operation: int) -> int:
        """Take away what the mask, of the voxels' shape, holds; how many voxels that were.

        Operations count from 1.
        """
        fresh = away & (self._taken == 0)
        self._taken[fresh] = operation
        self.shown.voxels[fresh] = self._air
        return int(np.count_nonzero(fresh))

    def restore(self, operation: int) -> None:
        """Bring back what this operation and later ones took."""
        wanted = self._taken >= operation
        self._taken[wanted] = 0
        self.shown.voxels[wanted] = self.source.voxels[wanted]


def inside_outline(outline: Outline, width: int, height: int) -> Mask:
    """A closed outline as a table of shape (height, width): even-odd, pixels by their middles."""
    points = np.array(outline, dtype=np.float64)
    ends = np.roll(points, -1, axis=0)
    table = np.zeros((height, width), np.bool_)
    for row in range(height):
        y = row + 0.5
        crossed = (points[:, 1] <= y) != (ends[:, 1] <= y)
        (x1, y1), (x2, y2) = points[crossed].T, ends[crossed].T
        crossings = np.sort(x1 + (y - y1) / (y2 - y1) * (x2 - x1))
        bounds = np.clip(np.ceil(crossings - 0.5).astype(int), 0, width)
        for first, last in zip(bounds[::2], bounds[1::2], strict=True):
            table[row, first:last] = True
    return table


def behind_outline(
    outline: Outline, size: tuple[int, int], camera: Camera, grid: Grid, *, outside: bool
) -> Mask:
    """What lies, as the reader sees it, inside the outline, or *outside*; of the voxels' shape.

    *size* is the width and height of the picture on which it was drawn, in the outline's pixels.
    Beyond the picture is outside.
    """
    width, height = size
    # One pixel around stands for all that lies beyond.
    table = np.pad(inside_outline(outline, width, height), 1)
    if outside:
        table = ~table
    origin = _seen_at(camera, size, grid.origin)
    steps = [_seen_at(camera, size, grid.origin + step) - origin for step in grid.steps]
    across, down, through = (np.arange(count, dtype=np.float32) for count in grid.size)
    away = np.empty(grid.size[::-1], np.bool_)
    limits = width, height
    plane = [
        np.float32(steps[1][axis]) * down[:, None] + np.float32(steps[0][axis]) * across[None, :]
        for axis in (0, 1)
    ]
    for number in range(len(through)):
        x, y = (
            np.clip(
                np.floor(plane[axis] + np.float32(origin[axis] + steps[2][axis] * number)),
                -1, limits[axis],
            ).astype(np.int32) + 1
            for axis in (0, 1)
        )  # fmt: skip
        away[number] = table[y, x]
    return away


def _seen_at(
    camera: Camera, size: tuple[int, int], point: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Where a point of the patient is seen, in pixels from the upper left corner."""
    offset = point - camera.centre
    seen = np.array([offset @ camera.axes.right, offset @ camera.axes.down]) / camera.pixel
    found: NDArray[np.float64] = seen + np.array(size) / 2
    return found
