"""Levels of a volume as VTK sees them, without a copy."""

from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkCommonDataModel import vtkImageData

from dicom_node.render.volume import Level


def as_image(level: Level) -> vtkImageData:
    """In the grid's own axes, with the first voxel at the origin (`Grid.local`).

    Directions are left to us: not everything in VTK heeds those of an image.
    """
    image = vtkImageData()
    image.SetDimensions(*level.grid.size)
    image.SetSpacing(*(float(step) for step in level.grid.spacing))
    image.GetPointData().SetScalars(numpy_to_vtk(level.voxels.reshape(-1), deep=False))
    return image
