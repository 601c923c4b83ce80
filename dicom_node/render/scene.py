"""Pictures of a volume: coarse ones while something moves, fine ones in parts when it rests.

A fine picture is made by a generator that yields None after each part, so that whoever drives it
can see to something else in between, or give it up.
"""

import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from dicom_node.render import space
from dicom_node.render.rays import Camera, Rays
from dicom_node.render.reslice import Plane, Raster, Reslicer, greys, is_aligned, samples
from dicom_node.render.space import Axes, Grid
from dicom_node.render.transfer import Transfer, transfer
from dicom_node.render.view import View
from dicom_node.render.volume import Level, Volume

# Longest side of a picture that moves, and the shortest that it is brought down to.
MOVING_SIDE, LEAST_SIDE = 256, 64
# Of a picture at rest; the volume rendering's costs thirty times what a plane costs.
MPR_PIXELS, VR_SIDE = 1_600_000, 1024
# Voxels from which on the next coarser level is drawn in three dimensions.
VR_FINE, VR_COARSE = 12_000_000, 1_500_000
# Seconds: of a part of a fine picture, and of pictures before the finest, each of which is made
# only when its side is less than a share of the next one's.
_PART, _FIRST, _LAST = 0.05, 0.3, 1.0
_WORTH = 0.75
_SIDES = 16
# Rows at the edges of what is drawn, of which the mapper may leave out the outermost.
_EDGE = 2


@dataclass(frozen=True, eq=False)
class Picture:
    """8 bits, grey of shape (rows, columns) or RGB; ``pixel`` millimetres of one of its pixels.

    ``sharp``: it does not get any finer.
    """

    pixels: NDArray[np.uint8]
    pixel: float
    plane: Plane
    sharp: bool


class Raying(Protocol):
    """Where the two levels that are rendered come from; a session that has cut has its own."""

    def fine(self) -> Rays: ...
    def coarse(self) -> Rays: ...


class Pace:
    """How long a unit of each kind of work takes, as learnt from what was done last."""

    def __init__(self) -> None:
        self._seconds: dict[Any, float] = {}

    def estimate(self, kind: Any, units: float) -> float:
        return self._seconds.get(kind, 0.0) * units

    def units(self, kind: Any, seconds: float) -> float:
        """How much can be done in so many seconds; infinity when that is not known."""
        known = self._seconds.get(kind, 0.0)
        return seconds / known if known else math.inf

    def note(self, kind: Any, units: float, seconds: float) -> None:
        # Half way there: a single slow frame is not the machine's speed.
        now = seconds / max(units, 1.0)
        self._seconds[kind] = (self._seconds.get(kind, now) + now) / 2


class Scene:
    """A volume, ready to be drawn."""

    def __init__(self, volume: Volume) -> None:
        self.volume = volume
        self.pace = Pace()
        self._reslicers: dict[int, Reslicer] = {}

    @property
    def grid(self) -> Grid:
        return self.volume.grid

    def fine_level(self) -> Level:
        return self._level_below(VR_FINE)

    def coarse_level(self) -> Level:
        return self._level_below(VR_COARSE)

    def _level_below(self, most: int) -> Level:
        fitting = [level for level in self.volume.levels if level.grid.voxels <= most]
        return fitting[0] if fitting else self.volume.levels[-1]

    def reslicer(self, number: int) -> Reslicer:
        if number not in self._reslicers:
            self._reslicers[number] = Reslicer(self.volume.levels[number])
        return self._reslicers[number]

    def transfer(self, view: View) -> Transfer:
        return transfer(view.preset, self.volume.usual, view.offset, view.spread)

    def moving(self, view: View, raying: Raying, seconds: float) -> Picture:
        """A picture that takes about so long, as fine as that allows."""
        if view.mode == "mpr":
            return self._moving_plane(view, seconds)
        rays, points = raying.coarse(), self.transfer(view)
        kind = ("vr", view.preset, rays.level.grid.voxels)
        share = math.sqrt(min(1.0, self.pace.units(kind, seconds) / math.prod(view.size)))
        width, height = _scaled(view.size, share, MOVING_SIDE)
        return self._rendered(view, rays, points, (width, height), kind)

    def resting(self, view: View, raying: Raying) -> Iterator[Picture | None]:
        """Ever finer pictures, the last one sharp."""
        return self._resting_plane(view) if view.mode == "mpr" else self._resting_vr(view, raying)

    def values(self, view: View) -> Iterator[NDArray[np.float32] | None]:
        """The plane's values at its whole size, NaN outside; None after each part before."""
        raster = Raster(*view.size, view.pixel_of(self.grid))
        return self._plane_values(view, 0, raster)

    def volume_rendering(self, view: View, raying: Raying) -> Iterator[Picture | None]:
        """The sharp picture alone."""
        rays = raying.fine()
        kind = _finely(view, rays)
        size = _scaled(view.size, 1.0, VR_SIDE)
        return self._strips(view, rays, self.transfer(view), size, kind, sharp=True)

    def value(self, view: View, point: tuple[float, ...]) -> float | None:
        """What the slab shows in a point of the patient; None outside the volume."""
        plane = Plane(view.axes, np.array(point))
        found = float(self.reslicer(0).values(plane, Raster(1, 1, 1.0), view.slab)[0, 0])
        return None if math.isnan(found) else found

    def _moving_plane(self, view: View, seconds: float) -> Picture:
        plane = view.plane(self.grid)
        last = len(self.volume.levels) - 1
        affordable = self.pace.units(self._kind(plane), seconds)
        wanted = _scaled(view.size, 1.0, MOVING_SIDE)
        for number in range(min(1, last), last + 1):
            grid = self.volume.levels[number].grid
            depth = samples(grid, plane.axes.into, view.thickness)
            if math.prod(wanted) * depth <= affordable:
                break
        share = math.sqrt(min(1.0, affordable / (math.prod(wanted) * depth)))
        raster = _raster(view, self.grid, _scaled(wanted, share, MOVING_SIDE))
        values = self._values(number, view, plane, raster, 0, raster.rows)
        return Picture(self._greys(view, values), raster.pixel, plane, sharp=False)

    def _resting_plane(self, view: View) -> Iterator[Picture | None]:
        plane = view.plane(self.grid)
        raster = _raster(view, self.grid, _full(view))
        cost = raster.columns * raster.rows * samples(self.grid, plane.axes.into, view.thickness)
        if self.pace.estimate(self._kind(plane), cost) > _LAST and len(self.volume.levels) > 1:
            yield from self._fine_plane(view, 1, sharp=False)
        yield from self._fine_plane(view, 0, sharp=True)

    def _fine_plane(self, view: View, number: int, *, sharp: bool) -> Iterator[Picture | None]:
        plane = view.plane(self.grid)
        raster = _raster(view, self.grid, _full(view))
        for values in self._plane_values(view, number, raster):
            if values is None:
                yield None
            else:
                yield Picture(self._greys(view, values), raster.pixel, plane, sharp)

    def _plane_values(
        self, view: View, number: int, raster: Raster
    ) -> Iterator[NDArray[np.float32] | None]:
        plane = view.plane(self.grid)
        grid = self.volume.levels[number].grid
        a_row = raster.columns * samples(grid, plane.axes.into, view.thickness)
        values = np.empty((raster.rows, raster.columns), np.float32)
        first = 0
        while first < raster.rows:
            rows = self.pace.units(self._kind(plane), _PART) / a_row
            last = min(raster.rows, first + max(1, int(min(rows, raster.rows))))
            values[first:last] = self._values(number, view, plane, raster, first, last)
            first = last
            if first < raster.rows:
                yield None
        yield values

    def _values(
        self, number: int, view: View, plane: Plane, raster: Raster, first: int, last: int
    ) -> NDArray[np.float32]:
        reslicer = self.reslicer(number)
        depth = samples(reslicer.level.grid, plane.axes.into, view.thickness)
        started = time.perf_counter()
        values = reslicer.values(plane, raster, view.slab, first, last)
        took = time.perf_counter() - started
        self.pace.note(self._kind(plane), raster.columns * (last - first) * depth, took)
        return values

    def _kind(self, plane: Plane) -> tuple[str, bool]:
        return "mpr", is_aligned(self.grid, plane.axes)

    def _greys(self, view: View, values: NDArray[np.float32]) -> NDArray[np.uint8]:
        return greys(values, *view.window, inverted=view.inverted)

    def _resting_vr(self, view: View, raying: Raying) -> Iterator[Picture | None]:
        rays, points = raying.fine(), self.transfer(view)
        kind = _finely(view, rays)
        largest = _scaled(view.size, 1.0, VR_SIDE)
        drawn = 0
        for seconds in (_FIRST, _LAST):
            share = math.sqrt(min(1.0, self.pace.units(kind, seconds) / math.prod(largest)))
            size = _scaled(largest, share, VR_SIDE)
            if drawn < size[0] * _WORTH and size[0] < largest[0] * _WORTH:
                yield from self._strips(view, rays, points, size, kind, sharp=False)
                drawn = size[0]
        yield from self._strips(view, rays, points, largest, kind, sharp=True)

    def _strips(
        self, view: View, rays: Rays, points: Transfer, size: tuple[int, int], kind: Any, *,
        sharp: bool,
    ) -> Iterator[Picture | None]:  # fmt: skip
        """A picture in strips of rows: in parallel projection each is a picture of its own."""
        width, height = size
        camera = self._camera(view, size)
        strips: list[NDArray[np.uint8]] = []
        first = 0
        while first < height:
            known = self.pace.units(kind, _PART)
            rows = 16 if math.isinf(known) else max(16, int(known / width))
            last = min(height, first + rows)
            aside = ((first + last) / 2 - height / 2) * camera.pixel
            part = Camera(camera.axes, camera.centre + camera.axes.down * aside, camera.pixel)
            drawn = self._drawn(rays, part, points, view, (width, last - first + 2 * _EDGE), kind)
            strips.append(drawn[_EDGE:-_EDGE])
            first = last
            if first < height:
                yield None
        plane = Plane(camera.axes, camera.centre)
        yield Picture(np.concatenate(strips), camera.pixel, plane, sharp)

    def _rendered(
        self, view: View, rays: Rays, points: Transfer, size: tuple[int, int], kind: Any
    ) -> Picture:
        camera = self._camera(view, size)
        pixels = self._drawn(rays, camera, points, view, size, kind)
        return Picture(pixels, camera.pixel, Plane(camera.axes, camera.centre), sharp=False)

    def _drawn(
        self, rays: Rays, camera: Camera, points: Transfer, view: View, size: tuple[int, int],
        kind: Any,
    ) -> NDArray[np.uint8]:  # fmt: skip
        warm = rays.warm
        started = time.perf_counter()
        pixels = rays.draw(camera, points, view.crop, size, finely="finely" in kind)
        if warm:
            # The first picture of all also finds the normals.
            self.pace.note(kind, math.prod(size), time.perf_counter() - started)
        return pixels

    def _camera(self, view: View, size: tuple[int, int]) -> Camera:
        camera = view.camera(self.grid)
        return Camera(camera.axes, camera.centre, camera.pixel * view.size[0] / size[0])

    def place(self, view: View, picture: Picture) -> dict[str, Any]:
        """What goes with a picture: millimetres, letters at the edges, which slice it is."""
        axes: Axes = picture.plane.axes
        rows, columns = picture.pixels.shape[:2]
        document: dict[str, Any] = {
            "mode": view.mode,
            "width": columns,
            "height": rows,
            "pixel": picture.pixel,
            "right": axes.right.tolist(),
            "down": axes.down.tolist(),
            "centre": picture.plane.centre.tolist(),
            "edges": space.edges(axes),
            "sharp": picture.sharp,
        }
        if view.mode == "mpr":
            where = space.slicing(self.grid, axes, picture.plane.centre)
            document["slice"] = asdict(where)
        return document


def _finely(view: View, rays: Rays) -> tuple[Any, ...]:
    return ("vr", view.preset, rays.level.grid.voxels, "finely")


def _full(view: View) -> tuple[int, int]:
    share = math.sqrt(min(1.0, MPR_PIXELS / math.prod(view.size)))
    return _sized(view.size, round(view.size[0] * share))


def _scaled(size: tuple[int, int], share: float, longest: int) -> tuple[int, int]:
    """*size* at a share of its sides, no longer than *longest*, in the same proportion."""
    width = size[0] * min(1.0, share, longest / max(size))
    width = max(width, size[0] * min(1.0, LEAST_SIDE / max(size)))
    if width < size[0]:
        # Few different sizes: each change of the window's costs.
        width = max(1, math.floor(width / _SIDES)) * _SIDES
    return _sized(size, min(size[0], math.ceil(width)))


def _sized(size: tuple[int, int], width: int) -> tuple[int, int]:
    columns = max(1, width)
    return columns, max(1, round(size[1] * columns / size[0]))


def _raster(view: View, grid: Grid, size: tuple[int, int]) -> Raster:
    columns, rows = size
    return Raster(columns, rows, view.pixel_of(grid) * view.size[0] / columns)
