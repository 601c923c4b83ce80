"""What a session has cut away in three dimensions, on both levels that are drawn."""

from collections.abc import Generator, Mapping
from typing import Any

import numpy as np

from dicom_node.render import cuts
from dicom_node.render.background import outside_body, threshold
from dicom_node.render.cuts import CutLevel, Mask
from dicom_node.render.rays import Camera
from dicom_node.render.space import Axes, fitting_pixel
from dicom_node.render.volume import Level, Volume


class Cutting:
    """Masks are found on the fine level, and carried over to the coarse one."""

    def __init__(self, volume: Volume, fine: Level, coarse: Level) -> None:
        self._volume = volume
        self.fine = CutLevel(fine, volume.least)
        self.coarse = CutLevel(coarse, volume.least)
        self.count = 0

    def applying(self, operation: Mapping[str, Any]) -> Generator[None, None, int]:
        """Do a ``cut`` or a ``background``, in parts; how many voxels of the fine level it took.

        An operation that takes nothing is none: there would be nothing to undo.
        """
        if self.count >= cuts.MOST_CUTS:
            return 0
        background = operation["name"] == "background"
        away = (yield from self._background()) if background else self._cut(operation)
        yield
        taken = self.fine.cut(away, self.count + 1)
        if taken:
            self.count += 1
            self.coarse.cut(_coarser(away, self.coarse.shown), self.count)
        return taken

    def undo(self) -> None:
        self._restore(max(1, self.count))

    def reset(self) -> None:
        self._restore(1)

    def _restore(self, operation: int) -> None:
        for level in (self.fine, self.coarse):
            level.restore(operation)
        self.count = operation - 1

    def _cut(self, operation: Mapping[str, Any]) -> Mask:
        grid = self._volume.grid
        axes = Axes(np.array(operation["right"]), np.array(operation["down"]))
        width, height = operation["size"]
        centre, pixel = operation["centre"], operation["pixel"]
        camera = Camera(
            axes,
            grid.middle if centre is None else np.array(centre),
            pixel or fitting_pixel(grid, axes, width, height),
        )
        return cuts.behind_outline(
            operation["outline"], (width, height), camera, self.fine.shown.grid,
            outside=operation["outside"],
        )  # fmt: skip

    def _background(self) -> Generator[None, None, Mask]:
        volume, level = self._volume, self.fine.shown
        above = threshold(level, volume.unit, volume.least, volume.greatest)
        yield
        return (yield from outside_body(level, above))


def _coarser(away: Mask, level: Level) -> Mask:
    """True where at least half of what a voxel of *level* covers is."""
    shape = level.voxels.shape
    factors = [have // want for have, want in zip(away.shape, shape, strict=True)]
    whole = away[tuple(slice(count * by) for count, by in zip(shape, factors, strict=True))]
    (nz, fz), (ny, fy), (nx, fx) = zip(shape, factors, strict=True)
    blocks = whole.reshape(nz, fz, ny, fy, nx, fx)
    counts = np.count_nonzero(blocks, axis=(1, 3, 5))
    found: Mask = counts * 2 >= fz * fy * fx
    return found
