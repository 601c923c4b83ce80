"""Grids, directions and planes in DICOM's patient coordinates (PS3.3 section C.7.6.2.1.1).

Millimetres: x runs to the patient's left hand, y to the back, z to the head. A vector is an array
of shape (3,). The conventions are the viewer's (viewer_assets/viewer/src/volume), so that both show
the same picture.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]


def vector(*values: float) -> Vector:
    return np.array(values, dtype=np.float64)


def unit(v: Vector) -> Vector:
    return v / np.linalg.norm(v)


def rotated(v: Vector, axis: Vector, degrees: float) -> Vector:
    """*v* turned about the unit vector *axis* by the right-hand rule (Rodrigues)."""
    angle = math.radians(degrees)
    along = axis * float(axis @ v) * (1 - math.cos(angle))
    return v * math.cos(angle) + np.cross(axis, v) * math.sin(angle) + along


@dataclass(frozen=True, eq=False)
class Grid:
    """Where voxels lie.

    ``size`` counts columns, rows and slices. ``origin`` is the middle of the first voxel. Row i of
    ``steps``, of shape (3, 3), leads from a voxel to its neighbour along axis i; the three are at
    right angles and right-handed.
    """

    size: tuple[int, int, int]
    origin: Vector
    steps: NDArray[np.float64]

    @property
    def spacing(self) -> Vector:
        """Millimetres between the middles of neighbours."""
        return np.asarray(np.linalg.norm(self.steps, axis=1))

    @property
    def directions(self) -> NDArray[np.float64]:
        """Unit vectors along columns, rows and slices, one a row."""
        return self.steps / self.spacing[:, None]

    @property
    def voxels(self) -> int:
        return math.prod(self.size)

    @property
    def middle(self) -> Vector:
        return self.point((np.array(self.size) - 1) / 2)

    def point(self, index: Vector) -> Vector:
        """The point of a fractional index; whole numbers are the middles of voxels."""
        return self.origin + index @ self.steps

    def index(self, point: Vector) -> Vector:
        return self.index_steps(point - self.origin)

    def index_steps(self, displacement: Vector) -> Vector:
        """How many voxels a displacement crosses along each axis."""
        found: Vector = (self.steps @ displacement) / self.spacing**2
        return found

    def local(self, point: Vector) -> Vector:
        """Millimetres from the first voxel along columns, rows and slices."""
        return self.turned(point - self.origin)

    def turned(self, direction: Vector) -> Vector:
        """The components of a direction along columns, rows and slices."""
        found: Vector = self.directions @ direction
        return found

    def step_along(self, direction: Vector) -> float:
        """The longest step along a unit vector that passes over no voxel."""
        return 1 / float(np.abs(self.index_steps(direction)).max())

    def half_span(self, direction: Vector) -> float:
        """Half of what the middles of the voxels span along a unit vector."""
        return float(np.abs(self.steps @ direction) @ (np.array(self.size) - 1)) / 2

    def half_extent(self, direction: Vector) -> float:
        """Half of what the voxels with their outer halves span along a unit vector."""
        return float(np.abs(self.steps @ direction) @ np.array(self.size)) / 2

    def coarser(self, factors: Sequence[int]) -> "Grid":
        """The grid of which each voxel covers a block of this one's."""
        by = np.array(factors)
        columns, rows, slices = self.size
        return Grid(
            (columns // factors[0], rows // factors[1], slices // factors[2]),
            self.origin + ((by - 1) / 2) @ self.steps,
            self.steps * by[:, None],
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "size": list(self.size),
            "origin": self.origin.tolist(),
            "steps": self.steps.tolist(),
        }

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> "Grid":
        columns, rows, slices = document["size"]
        return cls(
            (columns, rows, slices), np.array(document["origin"]), np.array(document["steps"])
        )


@dataclass(frozen=True, eq=False)
class Axes:
    """How a picture lies: unit vectors towards its right and its lower edge, at right angles."""

    right: Vector
    down: Vector

    @property
    def into(self) -> Vector:
        """Away from the reader, into the screen."""
        return np.cross(self.right, self.down)


_LEFT, _BACK, _HEAD = vector(1, 0, 0), vector(0, 1, 0), vector(0, 0, 1)

# As pictures are read: axial from the feet, coronal from the front, sagittal from the left.
PLANES = {
    "axial": Axes(_LEFT, _BACK),
    "sagittal": Axes(_BACK, -_HEAD),
    "coronal": Axes(_LEFT, -_HEAD),
}
# From where the patient is looked at: front, back, left, right, head, feet.
VIEWS = {
    "A": Axes(_LEFT, -_HEAD),
    "P": Axes(-_LEFT, -_HEAD),
    "L": Axes(_BACK, -_HEAD),
    "R": Axes(-_BACK, -_HEAD),
    "H": Axes(-_LEFT, _BACK),
    "F": Axes(_LEFT, _BACK),
}

_LETTERS = ("LR", "PA", "HF")
_LEAST_SHARE = 0.2


def letters(direction: Vector) -> str:
    """Letters for a direction, the strongest first, as ``L`` or ``PF`` (PS3.3 C.7.6.1.1.1).

    A component below a fifth of the whole is left out.
    """
    shares = np.abs(direction) / np.linalg.norm(direction)
    strongest = sorted(range(3), key=lambda axis: -shares[axis])
    return "".join(
        _LETTERS[axis][0 if direction[axis] >= 0 else 1]
        for axis in strongest
        if shares[axis] >= _LEAST_SHARE
    )


def edges(axes: Axes) -> dict[str, str]:
    """The letters at the four edges of a picture."""
    return {
        "top": letters(-axes.down),
        "right": letters(axes.right),
        "bottom": letters(axes.down),
        "left": letters(-axes.right),
    }


def fitting_pixel(grid: Grid, axes: Axes, width: int, height: int) -> float:
    """Millimetres a pixel at which the whole volume fits into a picture of this size."""
    return max(
        2 * grid.half_extent(axes.right) / max(1, width),
        2 * grid.half_extent(axes.down) / max(1, height),
    )


@dataclass(frozen=True)
class Slicing:
    """Where a plane lies among those that a picture can be scrolled through.

    ``position`` in millimetres from the frame of reference's origin along the direction in which
    slices are counted, ``step`` between two; ``index`` counts from 0.
    """

    position: float
    step: float
    index: int
    count: int


def counted_along(axes: Axes) -> Vector:
    """The normal of a picture, towards the left, the back or the head."""
    normal = axes.into
    return normal if normal[int(np.abs(normal).argmax())] > 0 else -normal


def slicing(grid: Grid, axes: Axes, point: Vector) -> Slicing:
    """Counted along `counted_along`."""
    axis = counted_along(axes)
    step, half = grid.step_along(axis), grid.half_span(axis)
    count = max(1, math.floor(2 * half / step + 1e-6) + 1)
    above = float((point - grid.middle) @ axis) + half
    index = min(max(math.floor(above / step + 0.5), 0), count - 1)
    return Slicing(float(point @ axis), step, index, count)


def turned_axes(axes: Axes, about: str, degrees: float) -> Axes:
    """A plane turned about its own ``vertical`` or ``horizontal`` axis, as a batch does."""
    if about == "vertical":
        return Axes(rotated(axes.right, axes.down, degrees), axes.down)
    return Axes(axes.right, rotated(axes.down, axes.right, degrees))


def batch_angles(step: float, turn: float) -> list[float]:
    """From 0; both ends are there when *step* divides *turn*, a full turn is not repeated."""
    count = math.floor(turn / step + 1e-6) + (0 if turn >= 360 else 1)
    return [number * step for number in range(max(1, count))]
