"""Whether slices make a volume that can be trusted, by the viewer's rules.

The refusals are those of viewer_assets/viewer/src/volume/geometry.ts. What is drawn through slices
that are not equally spaced, or through a tilted gantry's, would be distorted: it is refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dicom_node.render.space import Grid, Vector, unit

FEWEST = 5
_SAME_SPACING = 1e-3
_SAME_DIRECTION = 1e-3
_RIGHT_ANGLE = 1e-3
_NO_GAP_MM = 0.01
_GAP_SHARE = 0.01
_GAP_MM = 0.1
# How far off the straight line a slice may lie, in pixels: beyond, neighbours do not match.
_DRIFT_PIXELS = 0.5

REFUSALS = {
    "few": f"Fewer than {FEWEST} images: no reconstruction.",
    "colour": "Colour images are not reconstructed.",
    "size": "The images differ in size: no reconstruction.",
    "spacing": "No pixel spacing, or it differs: no reconstruction.",
    "unknownPosition": "The images say nothing of their position and direction: no reconstruction.",
    "reference": "The images are not in one frame of reference: no reconstruction.",
    "orientation": "The images differ in direction (localizers among them?): no reconstruction.",
    "duplicate": "Several images at one position (phases, echoes): no reconstruction.",
    "gap": "Gaps between slices differ, or slices are missing: it would be distorted.",
    "tilt": "Scanned with a tilted gantry: a reconstruction would be distorted.",
    "large": "The series is too large: it can be opened with fewer slices (every).",
    "undecodable": "An image of the series cannot be decoded: a volume with a hole is none.",
}


class RefusedError(Exception):
    """No volume is made; ``reason`` is a key of `REFUSALS`, ``every`` how many slices would fit."""

    def __init__(self, reason: str, every: int = 1) -> None:
        super().__init__(REFUSALS[reason])
        self.reason = reason
        self.every = every


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """What a picture says of where it lies; None for what it does not say.

    ``orientation`` holds six direction cosines, ``spacing`` millimetres between rows and between
    columns (PS3.3 section 10.7.1.3).
    """

    rows: int
    columns: int
    grey: bool
    spacing: tuple[float, ...] | None
    orientation: tuple[float, ...] | None
    position: tuple[float, ...] | None
    reference: str


@dataclass(frozen=True, eq=False)
class Plan:
    """``order``: which picture each slice is, along the grid's third step."""

    grid: Grid
    order: tuple[int, ...]

    def thinned(self, every: int) -> "Plan":
        """With every so manieth slice only."""
        order = self.order[::every]
        size = (self.grid.size[0], self.grid.size[1], len(order))
        steps = self.grid.steps * np.array([1, 1, every])[:, None]
        return Plan(Grid(size, self.grid.origin, steps), order)


def plan(slices: Sequence[Slice]) -> Plan:
    """The grid on which the slices lie, in whatever order they come; raise `RefusedError`.

    Gaps may differ by 1 % or 0.1 mm, whichever is more.
    """
    if len(slices) < FEWEST:
        raise RefusedError("few")
    if not all(one.grey for one in slices):
        raise RefusedError("colour")
    placed = [_Placed.of(one) for one in slices]
    _require_equal(placed)
    return _arranged(placed)


@dataclass(frozen=True, slots=True, eq=False)
class _Placed:
    source: Slice
    row: Vector
    column: Vector
    position: Vector
    pixel: Vector

    @classmethod
    def of(cls, one: Slice) -> "_Placed":
        if one.orientation is None or one.position is None:
            raise RefusedError("unknownPosition")
        row, column = np.array(one.orientation[:3]), np.array(one.orientation[3:])
        position = np.array(one.position)
        lengths = np.linalg.norm(row), np.linalg.norm(column)
        if not np.isfinite([*row, *column, *position]).all() or any(
            abs(length - 1) > _SAME_DIRECTION * 10 for length in lengths
        ):
            raise RefusedError("unknownPosition")
        if abs(row @ column) > _RIGHT_ANGLE:
            raise RefusedError("orientation")
        if one.spacing is None or not all(np.isfinite(s) and s > 0 for s in one.spacing):
            raise RefusedError("spacing")
        between_rows, between_columns = one.spacing
        pixel = np.array([between_columns, between_rows])
        return cls(one, unit(row), unit(column), position, pixel)


def _require_equal(placed: Sequence[_Placed]) -> None:
    first = placed[0]
    for one in placed:
        size = one.source.rows, one.source.columns
        if size != (first.source.rows, first.source.columns) or min(size) < 2:
            raise RefusedError("size")
        if not np.allclose(one.pixel, first.pixel, rtol=_SAME_SPACING, atol=0):
            raise RefusedError("spacing")
        if one.source.reference != first.source.reference:
            raise RefusedError("reference")
        for direction, other in ((one.row, first.row), (one.column, first.column)):
            if np.linalg.norm(direction - other) > _SAME_DIRECTION:
                raise RefusedError("orientation")


def _arranged(placed: Sequence[_Placed]) -> Plan:
    normal = unit(np.cross(placed[0].row, placed[0].column))
    order = sorted(range(len(placed)), key=lambda at: float(placed[at].position @ normal))
    first = placed[order[0]]
    offsets = np.array([placed[at].position - first.position for at in order])
    heights = offsets @ normal
    gap = heights[-1] / (len(order) - 1)
    gaps = np.diff(heights)
    if (gaps < _NO_GAP_MM).any():
        raise RefusedError("duplicate")
    if (np.abs(gaps - gap) > max(_GAP_MM, _GAP_SHARE * gap)).any():
        raise RefusedError("gap")
    aside = np.linalg.norm(offsets - heights[:, None] * normal, axis=1)
    if (aside > max(_GAP_MM, _DRIFT_PIXELS * float(first.pixel.min()))).any():
        raise RefusedError("tilt")
    across, down = first.pixel
    steps = np.array([first.row * across, unit(np.cross(normal, first.row)) * down, normal * gap])
    size = (first.source.columns, first.source.rows, len(order))
    return Plan(Grid(size, first.position, steps), tuple(order))
