"""Batches of pictures that a reader has made in the background: which ones they are."""

import math
from dataclasses import dataclass, replace

import numpy as np

from dicom_node.render.scene import VR_SIDE
from dicom_node.render.space import Axes, Grid, batch_angles, counted_along, turned_axes
from dicom_node.render.view import InvalidError, View

MOST_PLANES = 1000
# Bytes of pixels of a whole batch.
MOST_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Planes:
    """Parallel planes ``spacing`` mm apart, through the whole volume.

    With ``reach`` from so many to so many mm of the view's centre, towards left, back or head.
    """

    spacing: float
    reach: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Turn:
    """The view turned about its own ``vertical`` or ``horizontal`` axis, in degrees."""

    about: str
    step: float
    turn: float


Batch = Planes | Turn


def views(view: View, grid: Grid, batch: Batch) -> list[View]:
    """The pictures in their order, each with its centre and pixel; raise `InvalidError`."""
    if view.mode == "vr" and max(view.size) > VR_SIDE:
        raise InvalidError(f"view.size: a volume is not drawn larger than {VR_SIDE}")
    centre = tuple(view.plane(grid).centre.tolist())
    if isinstance(batch, Turn):
        turned = [
            turned_axes(view.axes, batch.about, degrees)
            for degrees in batch_angles(batch.step, batch.turn)
        ]
        found = [_facing(replace(view, centre=centre), axes) for axes in turned]
        # All of the same scale, at which the volume fits into each.
        pixel = max(one.pixel_of(grid) for one in found)
        found = [replace(one, pixel=pixel) for one in found]
    else:
        found = _planes(replace(view, centre=centre, pixel=view.pixel_of(grid)), grid, batch)
    samples = 3 if view.mode == "vr" else 2
    if len(found) * math.prod(view.size) * samples > MOST_BYTES:
        raise InvalidError("view.size: makes more than 1 GiB of images")
    return found


def _facing(view: View, axes: Axes) -> View:
    return replace(view, right=tuple(axes.right.tolist()), down=tuple(axes.down.tolist()))


def _planes(view: View, grid: Grid, batch: Planes) -> list[View]:
    if view.mode == "vr":
        raise InvalidError("planes: only of mode mpr")
    normal = counted_along(view.axes)
    centre = view.plane(grid).centre
    here = float((centre - grid.middle) @ normal)
    half = grid.half_span(normal)
    first, last = (-half, half) if batch.reach is None else (here + at for at in batch.reach)
    # Beyond the volume there is nothing to be seen.
    first, last = max(first, -half), min(last, half)
    count = math.floor((last - first) / batch.spacing + 1e-6) + 1
    if not 0 < count <= MOST_PLANES:
        raise InvalidError(f"planes: makes {max(count, 0)} images, not 1 to {MOST_PLANES}")
    offsets = first - here + batch.spacing * np.arange(count)
    return [replace(view, centre=tuple((centre + normal * offset).tolist())) for offset in offsets]
