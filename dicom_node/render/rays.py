"""Volume rendering by rays through the voxels, on the processor, in parallel projection.

`vtkFixedPointVolumeRayCastMapper` is named because VTK's smart mapper takes the graphics card's
way, which without a card is ten times slower. The picture is laid onto a software OpenGL window
(EGL or OSMesa), which is all that OpenGL does here.
"""

import os
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np

# They register what draws.
import vtkmodules.vtkRenderingOpenGL2
import vtkmodules.vtkRenderingVolumeOpenGL2  # noqa: F401
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkUnsignedCharArray
from vtkmodules.vtkCommonDataModel import vtkPiecewiseFunction
from vtkmodules.vtkRenderingCore import (
    vtkColorTransferFunction,
    vtkRenderer,
    vtkRenderWindow,
    vtkVolume,
    vtkVolumeProperty,
)
from vtkmodules.vtkRenderingVolume import vtkFixedPointVolumeRayCastMapper

from dicom_node.render.image import as_image
from dicom_node.render.space import Axes, Grid, Vector
from dicom_node.render.transfer import Transfer, is_shaded
from dicom_node.render.volume import Level

Crop = tuple[tuple[float, float], tuple[float, float], tuple[float, float]]
WHOLE: Crop = ((0.0, 1.0), (0.0, 1.0), (0.0, 1.0))
_PROPERTIES = 16
# Measured: normals of two bytes, magnitudes of one, and what they are made with.
BYTES_A_VOXEL = 7
_SUB_VOLUME = 0x0002000


@dataclass(frozen=True, eq=False)
class Camera:
    """``centre`` is in the middle of the picture, ``pixel`` millimetres."""

    axes: Axes
    centre: Vector
    pixel: float


class Screen:
    """The one window of a process."""

    def __init__(self) -> None:
        os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")
        self.window = vtkRenderWindow()
        self.window.SetOffScreenRendering(1)
        self.window.SetMultiSamples(0)
        self.renderer = vtkRenderer()
        self.renderer.SetBackground(0, 0, 0)
        self.window.AddRenderer(self.renderer)
        self._pixels = vtkUnsignedCharArray()

    def draw(self, volume: vtkVolume, width: int, height: int) -> NDArray[np.uint8]:
        """RGB of shape (height, width, 3)."""
        if self.window.GetSize() != (width, height):
            self.window.SetSize(width, height)
        self.renderer.RemoveAllViewProps()
        self.renderer.AddVolume(volume)
        self.renderer.ResetCameraClippingRange()
        self.window.Render()
        self.window.GetPixelData(0, 0, width - 1, height - 1, 0, self._pixels, 0)
        pixels: Any = vtk_to_numpy(self._pixels).reshape(height, width, 3)
        return np.ascontiguousarray(pixels[::-1])


class Rays:
    """Draws one level of a volume."""

    def __init__(self, level: Level, screen: Screen) -> None:
        self.level = level
        self._screen = screen
        self._image = as_image(level)
        mapper = self._mapper = vtkFixedPointVolumeRayCastMapper()
        mapper.SetInputData(self._image)
        mapper.SetNumberOfThreads(1)
        mapper.AutoAdjustSampleDistancesOff()
        mapper.SetImageSampleDistance(1)
        mapper.SetBlendModeToComposite()
        self._volume = vtkVolume()
        self._volume.SetMapper(mapper)
        self._properties: OrderedDict[Transfer, vtkVolumeProperty] = OrderedDict()
        self.warm = False

    @property
    def bytes(self) -> int:
        """What it holds beside the voxels: their gradients, and tables of them."""
        return self.level.voxels.size * BYTES_A_VOXEL

    def draw(
        self,
        camera: Camera,
        transfer: Transfer,
        crop: Crop,
        size: tuple[int, int],
        *,
        finely: bool,
    ) -> NDArray[np.uint8]:
        """RGB of shape (height, width, 3); *size* is width and height, one ray a pixel."""
        step = float(self.level.grid.spacing.min())
        self._mapper.SetSampleDistance(step * (0.7 if finely else 1.5))
        self._volume.SetProperty(self._property(transfer))
        self._crop(crop)
        self._aim(camera, size[1])
        pixels = self._screen.draw(self._volume, *size)
        self.warm = True
        return pixels

    def changed(self) -> None:
        """Voxels were changed in place."""
        self._image.GetPointData().GetScalars().Modified()
        self._image.Modified()
        self.warm = False

    def _aim(self, wanted: Camera, height: int) -> None:
        grid = self.level.grid
        camera = self._screen.renderer.GetActiveCamera()
        focus, into = grid.local(wanted.centre), grid.turned(wanted.axes.into)
        away = 2 * grid.half_extent(wanted.axes.into) + 100
        camera.ParallelProjectionOn()
        camera.SetFocalPoint(*focus)
        camera.SetPosition(*(focus - into * away))
        camera.SetViewUp(*(-grid.turned(wanted.axes.down)))
        camera.SetParallelScale(height * wanted.pixel / 2)

    def _property(self, transfer: Transfer) -> vtkVolumeProperty:
        known = self._properties.get(transfer)
        if known is not None:
            self._properties.move_to_end(transfer)
            return known
        colours, opacity = vtkColorTransferFunction(), vtkPiecewiseFunction()
        for point in transfer:
            colours.AddRGBPoint(point.value, *point.colour)
            opacity.AddPoint(point.value, point.opacity)
        made = vtkVolumeProperty()
        made.SetColor(colours)
        made.SetScalarOpacity(opacity)
        made.SetScalarOpacityUnitDistance(1.0)
        made.SetInterpolationTypeToLinear()
        made.SetAmbient(0.25)
        made.SetDiffuse(0.8)
        made.SetSpecular(0.15)
        made.SetSpecularPower(12)
        made.SetShade(is_shaded(transfer))
        self._properties[transfer] = made
        if len(self._properties) > _PROPERTIES:
            self._properties.popitem(last=False)
        return made

    def _crop(self, crop: Crop) -> None:
        self._mapper.SetCropping(crop != WHOLE)
        if crop == WHOLE:
            return
        planes = _planes(self.level.grid, crop)
        self._mapper.SetCroppingRegionPlanes(*planes)
        self._mapper.SetCroppingRegionFlags(_SUB_VOLUME)


def _planes(grid: Grid, crop: Crop) -> list[float]:
    """The kept box in the image's own millimetres, no further than the middles of its voxels."""
    found = []
    for kept, count, step in zip(crop, grid.size, grid.spacing, strict=True):
        found += [min(max(share * count - 0.5, 0), count - 1) * float(step) for share in kept]
    return found
