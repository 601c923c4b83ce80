"""What the reader takes for the surface beneath a pixel of the volume rendering."""

from collections.abc import Sequence

import numpy as np

from dicom_node.render.rays import Camera
from dicom_node.render.space import Vector
from dicom_node.render.transfer import Transfer, opacity
from dicom_node.render.volume import Level

_HALF_SEEN = 0.5
_STEP = 0.5


def surface(
    level: Level, points: Transfer, camera: Camera, size: Sequence[int], at: Sequence[float]
) -> Vector | None:
    """The first point on the ray through a pixel at which half the light is stopped."""
    grid, axes = level.grid, camera.axes
    into = axes.into
    x, y = ((at[axis] - size[axis] / 2) * camera.pixel for axis in (0, 1))
    beneath = camera.centre + axes.right * x + axes.down * y
    # From before the volume to behind it, wherever the camera's centre lies.
    middle, reach = float((grid.middle - beneath) @ into), grid.half_extent(into) + 1
    depths = np.arange(middle - reach, middle + reach, _STEP)
    indices = grid.index(beneath) + depths[:, None] * grid.index_steps(into)
    nearest = np.floor(indices + 0.5).astype(int)
    inside = ((nearest >= 0) & (nearest < np.array(grid.size))).all(axis=1)
    if not inside.any():
        return None
    column, row, number = nearest[inside].T
    stopped = opacity(points, level.voxels[number, row, column])
    light = np.cumprod((1 - stopped) ** _STEP)
    seen = np.flatnonzero(light <= _HALF_SEEN)
    return grid.point(indices[inside][seen[0]]) if seen.size else None
