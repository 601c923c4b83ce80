"""Planes and slabs through a volume (vtkImageReslice), by linear interpolation."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonCore import VTK_FLOAT
from vtkmodules.vtkCommonMath import vtkMatrix4x4
from vtkmodules.vtkImagingCore import vtkImageReslice

from dicom_node.render.image import as_image
from dicom_node.render.space import Axes, Grid, Vector
from dicom_node.render.volume import Level

PROJECTIONS = ("max", "min", "mean")
# How far a cosine may be from 1: that is a hundredth of a millimetre over a metre.
_ALIGNED = 5e-11


@dataclass(frozen=True, eq=False)
class Plane:
    """``centre`` is what lies in the middle of the picture."""

    axes: Axes
    centre: Vector


@dataclass(frozen=True, slots=True)
class Raster:
    """``pixel`` in millimetres, both ways."""

    columns: int
    rows: int
    pixel: float


@dataclass(frozen=True, slots=True)
class Slab:
    """``thickness`` in millimetres about the plane; 0 is the plane alone."""

    thickness: float
    projection: str


def samples(grid: Grid, into: Vector, thickness: float) -> int:
    """How many planes a slab is read in: of equal parts, none thicker than a voxel."""
    if thickness <= 0:
        return 1
    return max(1, math.ceil(thickness / grid.step_along(into) - 1e-6))


def is_aligned(grid: Grid, axes: Axes) -> bool:
    """Whether a picture's axes are the volume's: such planes are read several times as fast."""
    return all(abs(np.abs(grid.turned(v)).max() - 1) < _ALIGNED for v in (axes.right, axes.down))


class Reslicer:
    """Reads one level of a volume."""

    def __init__(self, level: Level) -> None:
        self.level = level
        reslice = self._reslice = vtkImageReslice()
        reslice.SetInputData(as_image(level))
        reslice.SetNumberOfThreads(1)
        reslice.SetInterpolationModeToLinear()
        reslice.SetOutputScalarType(VTK_FLOAT)
        reslice.SetBackgroundLevel(math.nan)
        # Half a voxel beyond the outermost middles counts as inside.
        reslice.BorderOn()

    def values(
        self, plane: Plane, raster: Raster, slab: Slab, first: int = 0, last: int | None = None
    ) -> NDArray[np.float32]:
        """Rows *first* to before *last* of the picture, float32; NaN outside the volume."""
        grid, reslice = self.level.grid, self._reslice
        axes, into = plane.axes, plane.axes.into
        matrix = vtkMatrix4x4()
        columns = [grid.turned(v) for v in (axes.right, axes.down, into)]
        aligned = is_aligned(grid, axes)
        if aligned:
            # VTK takes its shorter way for nothing but ones and zeros.
            columns = [np.round(column) for column in columns]
        for at, column in enumerate((*columns, grid.local(plane.centre))):
            for row in range(3):
                matrix.SetElement(row, at, float(column[row]))
        reslice.SetResliceAxes(matrix)
        count = samples(grid, into, slab.thickness)
        reslice.SetSlabNumberOfSlices(count)
        reslice.SetOptimization(aligned or count == 1)
        {
            "max": reslice.SetSlabModeToMax,
            "min": reslice.SetSlabModeToMin,
            "mean": reslice.SetSlabModeToMean,
        }[slab.projection]()
        between = slab.thickness / count if slab.thickness > 0 else raster.pixel
        reslice.SetOutputSpacing(raster.pixel, raster.pixel, between)
        corner = -(raster.columns - 1) / 2 * raster.pixel, -(raster.rows - 1) / 2 * raster.pixel
        # VTK's shorter way lays a slab half a step before its middle.
        reslice.SetOutputOrigin(*corner, between / 2 if aligned and count > 1 else 0)
        end = raster.rows if last is None else last
        reslice.SetOutputExtent(0, raster.columns - 1, first, end - 1, 0, 0)
        reslice.Update()
        scalars = reslice.GetOutput().GetPointData().GetScalars()
        found: Any = vtk_to_numpy(scalars).reshape(end - first, raster.columns)
        return np.array(found)


def greys(
    values: NDArray[np.float32], center: float, width: float, *, inverted: bool
) -> NDArray[np.uint8]:
    """A window of 256 steps (PS3.3 section C.11.2.1.2.1); what is no number is black."""
    low = center - 0.5 - (width - 1) / 2
    high = center - 0.5 + (width - 1) / 2
    scaled = (values - np.float32(low)) * np.float32(255 / ((high - low) or 1))
    outside = np.isnan(scaled)
    grey = np.clip(np.floor(np.where(outside, 0, scaled) + np.float32(0.5)), 0, 255)
    if inverted:
        grey = 255 - grey
    grey[outside] = 0
    return grey.astype(np.uint8)
