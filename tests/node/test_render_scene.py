"""Planes against SimpleITK, slabs against plain arithmetic, cuts and presets, without a node."""

import math
from collections.abc import Generator, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import SimpleITK
from scipy import ndimage

from dicom_node.render import background, cuts
from dicom_node.render.cutting import Cutting
from dicom_node.render.plan import RefusedError, Slice, plan
from dicom_node.render.rays import Camera, Rays, Screen
from dicom_node.render.reslice import Plane, Raster, Reslicer, Slab, greys, samples
from dicom_node.render.scene import Picture, Scene
from dicom_node.render.space import (
    PLANES,
    VIEWS,
    Axes,
    Grid,
    batch_angles,
    edges,
    rotated,
    slicing,
    turned_axes,
    unit,
    vector,
)
from dicom_node.render.transfer import CT, opacity, transfer
from dicom_node.render.view import View
from dicom_node.render.volume import Level

from .rendering import AXIAL, CORONAL, SAGITTAL, grid, sampled, volume

TILTED = (*unit(vector(1, 0.2, -0.1)), *unit(np.cross(vector(0.3, 0, 1), vector(1, 0.2, -0.1))))
# As scanners write it, by decimals.
NEARLY = (
    *unit(vector(1, 2e-6, -1e-6)),
    *unit(np.cross(vector(1e-6, 0, 1), vector(1, 2e-6, -1e-6))),
)
OBLIQUE = Axes(
    unit(vector(1, 0.4, -0.3)), unit(np.cross(vector(0.1, 0.5, 1), vector(1, 0.4, -0.3)))
)


def smooth(on: Grid) -> np.ndarray:
    """Values that differ everywhere, within those of CT."""
    rng = np.random.default_rng(3)
    return rng.integers(-1000, 2000, on.size[::-1]).astype(np.int16)


def by_simpleitk(on: Grid, voxels: np.ndarray, plane: Plane, raster: Raster) -> np.ndarray:
    image = SimpleITK.GetImageFromArray(voxels.astype(np.float32))
    image.SetSpacing([float(step) for step in on.spacing])
    image.SetOrigin(on.origin.tolist())
    image.SetDirection(on.directions.T.reshape(-1).tolist())
    axes = plane.axes
    corner = (
        plane.centre
        - axes.right * (raster.columns - 1) / 2 * raster.pixel
        - axes.down * (raster.rows - 1) / 2 * raster.pixel
    )
    direction = np.array([axes.right, axes.down, axes.into]).T.reshape(-1)
    sampler = SimpleITK.ResampleImageFilter()
    sampler.SetSize([raster.columns, raster.rows, 1])
    sampler.SetOutputSpacing([raster.pixel, raster.pixel, 1.0])
    sampler.SetOutputOrigin(corner.tolist())
    sampler.SetOutputDirection(direction.tolist())
    sampler.SetInterpolator(SimpleITK.sitkLinear)
    sampler.SetDefaultPixelValue(math.nan)
    return SimpleITK.GetArrayFromImage(sampler.Execute(image))[0]


@pytest.mark.req("SHR-3.28", "SHR-3.29", "CON-4.32", part=True)
@pytest.mark.parametrize("orientation", [AXIAL, SAGITTAL, CORONAL, TILTED])
@pytest.mark.parametrize("axes", [*PLANES.values(), OBLIQUE], ids=[*PLANES, "oblique"])
def test_a_plane_is_simpleitks_to_one_unit(orientation: tuple[float, ...], axes: Axes) -> None:
    on = grid(orientation, (40, 36, 30), (1.1, 0.9, 2.3))
    voxels = smooth(on)
    plane, raster = Plane(axes, vector(1.3, -2.1, 3.7)), Raster(90, 80, 0.7)
    ours = Reslicer(Level(on, voxels)).values(plane, raster, Slab(0, "max"))
    theirs = by_simpleitk(on, voxels, plane, raster)
    both = ~np.isnan(ours) & ~np.isnan(theirs)
    assert both.sum() > 1000
    assert np.abs(ours - theirs)[both].max() < 1
    # We draw the outer halves of the outermost voxels too, and nothing beyond.
    assert not (np.isnan(ours) & ~np.isnan(theirs)).any()


@pytest.mark.req("SHR-3.30", "SHR-3.32", "SHR-3.33", "PAT-1.8", "CON-4.33", "CON-4.35", part=True)
@pytest.mark.parametrize(
    ("projection", "by"), [("max", np.max), ("min", np.min), ("mean", np.mean)]
)
def test_a_slab_of_n_slices_reads_exactly_n_slices(projection: str, by: object) -> None:
    on = grid(AXIAL, (32, 32, 20), (1, 1, 2))
    voxels = smooth(on)
    centre = on.point(vector(15.5, 15.5, 9.5))
    found = Reslicer(Level(on, voxels)).values(
        Plane(PLANES["axial"], centre), Raster(32, 32, 1.0), Slab(8.0, projection)
    )
    assert np.allclose(found, by(voxels[8:12].astype(float), axis=0), atol=0.01)


@pytest.mark.parametrize("orientation", [AXIAL, SAGITTAL, CORONAL, NEARLY, TILTED])
@pytest.mark.parametrize("thickness", [3.0, 7.5, 10.0, 31.0])
@pytest.mark.parametrize(
    "axes", [*PLANES.values(), *VIEWS.values(), OBLIQUE], ids=[*PLANES, *VIEWS, "oblique"]
)
def test_a_slab_is_made_of_planes_about_its_middle(
    axes: Axes, thickness: float, orientation: tuple[float, ...]
) -> None:
    on = grid(orientation, (40, 36, 30), (1.1, 0.9, 2.3))
    reslicer = Reslicer(Level(on, smooth(on)))
    centre, raster = vector(0.4, -0.3, 0.8), Raster(12, 10, 0.8)
    count = samples(on, axes.into, thickness)
    offsets = [((part + 0.5) / count - 0.5) * thickness for part in range(count)]
    planes = [
        reslicer.values(Plane(axes, centre + axes.into * offset), raster, Slab(0, "max"))
        for offset in offsets
    ]
    for projection, by in (("max", np.nanmax), ("min", np.nanmin), ("mean", np.nanmean)):
        found = reslicer.values(Plane(axes, centre), raster, Slab(thickness, projection))
        assert np.allclose(found, by(planes, axis=0), atol=0.1)


def test_a_slab_over_the_edge_counts_what_is_there() -> None:
    on = grid(AXIAL, (32, 32, 20), (1, 1, 2))
    voxels = smooth(on)
    plane = Plane(PLANES["axial"], on.point(vector(15.5, 15.5, 0)))
    found = Reslicer(Level(on, voxels)).values(plane, Raster(32, 32, 1.0), Slab(6.0, "mean"))
    assert np.allclose(found, voxels[:2].astype(float).mean(axis=0), atol=0.01)


def test_bands_of_a_plane_are_the_plane() -> None:
    on = grid(TILTED, (40, 36, 30), (1.1, 0.9, 2.3))
    reslicer = Reslicer(Level(on, smooth(on)))
    plane, raster, slab = Plane(OBLIQUE, vector(0, 0, 0)), Raster(60, 50, 0.8), Slab(9, "mean")
    whole = reslicer.values(plane, raster, slab)
    bands = [reslicer.values(plane, raster, slab, first, first + 10) for first in range(0, 50, 10)]
    assert np.array_equal(whole, np.concatenate(bands), equal_nan=True)


def test_letters_of_planes_and_views() -> None:
    assert edges(PLANES["axial"]) == {"top": "A", "right": "L", "bottom": "P", "left": "R"}
    assert edges(PLANES["sagittal"]) == {"top": "H", "right": "P", "bottom": "F", "left": "A"}
    assert edges(PLANES["coronal"]) == {"top": "H", "right": "L", "bottom": "F", "left": "R"}
    assert edges(VIEWS["P"])["right"] == "R"
    turned = Axes(rotated(vector(1, 0, 0), vector(0, 0, 1), 30), vector(0, 0, -1))
    assert edges(turned)["right"] == "LP"


def test_slices_are_counted_towards_left_back_and_head() -> None:
    on = grid(AXIAL, (40, 36, 30), (1, 1, 2))
    for name, axis in (("axial", 2), ("coronal", 1), ("sagittal", 0)):
        first = on.middle.copy()
        first[axis] -= on.half_span(np.eye(3)[axis])
        assert slicing(on, PLANES[name], first).index == 0
        assert slicing(on, PLANES[name], first).count == on.size[axis]


@pytest.mark.req("SHR-3.31", part=True)
def test_batch_angles_hold_both_ends_and_no_turn_twice() -> None:
    assert batch_angles(90, 360) == [0, 90, 180, 270]
    assert batch_angles(45, 90) == [0, 45, 90]
    turned = turned_axes(PLANES["coronal"], "vertical", 90)
    assert np.allclose(np.abs(turned.right), [0, 1, 0])


def test_a_window_is_that_of_the_standard() -> None:
    values = np.array([[-60.0, 39.5, 240.0, np.nan]], np.float32)
    assert greys(values, 40, 200, inverted=False).tolist() == [[0, 128, 255, 0]]
    assert greys(values, 40, 200, inverted=True).tolist() == [[255, 127, 0, 0]]


def test_presets_move_and_widen_about_their_middle() -> None:
    points = transfer("bone", (0, 1), 0.5, 2.0)
    low, high = CT["bone"][0].value, CT["bone"][-1].value
    span, middle = high - low, (low + high) / 2
    assert points[0].value == pytest.approx(middle - span + span / 2)
    assert opacity(CT["bone"], np.array([0, 150, 350, 5000])).tolist() == [0, 0, 0.525, 0.95]
    assert transfer("mrDefault", (100, 200), 0, 1)[0].value == pytest.approx(110)


def finished(parts: Generator[None, None, Any]) -> Any:
    """What comes of something that is done in parts."""
    while True:
        try:
            next(parts)
        except StopIteration as end:
            return end.value


def camera(name: str) -> Camera:
    return Camera(VIEWS[name], vector(0, 0, 0), 1.0)


@pytest.mark.req("SHR-3.34", "SHR-3.35", part=True)
def test_a_cut_takes_the_voxels_behind_it_and_no_others() -> None:
    on = grid(AXIAL, (40, 40, 40), (2, 2, 2))
    square = [(60.0, 20.0), (90.0, 20.0), (90.0, 50.0), (60.0, 50.0)]
    away = cuts.behind_outline(square, (100, 100), camera("A"), on, outside=False)
    z, y, x = np.nonzero(away)
    points = np.stack([x, y, z], axis=-1) @ on.steps + on.origin
    # From the front the left hand is on the right, the head on top.
    assert points[:, 0].min() > 9 and points[:, 0].max() <= 40
    assert points[:, 2].min() >= -0.01 and points[:, 2].max() < 31
    assert set(np.unique(y)) == set(range(40))
    outside = cuts.behind_outline(square, (100, 100), camera("A"), on, outside=True)
    assert np.array_equal(away, ~outside)


def test_undone_cuts_give_back_every_voxel_on_both_levels() -> None:
    whole = volume(on := grid(AXIAL, (64, 64, 48), (2, 2, 2)), sampled(on))
    cutting = Cutting(whole, whole.levels[0], whole.levels[1])
    operation = {
        "name": "cut", "outline": [(0, 0), (50, 0), (50, 100), (0, 100)], "size": (100, 100),
        "right": (1, 0, 0), "down": (0, 0, -1), "centre": None, "pixel": 1.0, "outside": False,
    }  # fmt: skip
    assert finished(cutting.applying(operation)) > 0
    assert finished(cutting.applying({"name": "background"})) > 0
    assert finished(cutting.applying(operation)) == 0
    assert cutting.count == 2
    cutting.undo()
    cutting.undo()
    assert cutting.count == 0
    for level, source in ((cutting.fine, whole.levels[0]), (cutting.coarse, whole.levels[1])):
        assert np.array_equal(level.shown.voxels, source.voxels)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_what_lies_outside_the_kept_box_is_not_drawn(axis: int) -> None:
    on = grid(AXIAL, (48, 44, 40), (2.0, 2.2, 2.5))
    voxels = np.full(on.size[::-1], -1000, np.int16)
    # Not the same everywhere: a face without a gradient has no direction that light falls on.
    z, y, x = np.mgrid[4:36, 6:38, 5:43]
    voxels[4:36, 6:38, 5:43] = 1000 + 3 * x + 5 * y + 7 * z
    crop = [(0.0, 1.0)] * 3
    crop[axis] = (0.25, 0.6)
    scene = Scene(volume(on, voxels))
    rays = Rays(scene.volume.levels[0], Screen())
    raying = SimpleNamespace(fine=lambda: rays, coarse=lambda: rays)
    first, last = (round(share * on.size[axis]) for share in crop[axis])
    kept = np.zeros(voxels.shape, np.bool_)
    box = [slice(None)] * 3
    box[2 - axis] = slice(first, last)
    kept[tuple(box)] = True
    for name, along in (("A", 1), ("L", 2), ("H", 0)):
        axes = VIEWS[name]
        view = View(
            "vr", (120, 120), tuple(axes.right), tuple(axes.down), pixel=1.0, preset="bone",
            crop=tuple(crop),
        )  # fmt: skip
        drawn = finished_picture(scene.volume_rendering(view, raying)).pixels.max(axis=2) > 0
        # The shadow of what numpy keeps, looked up where each pixel lies.
        shadow = ((voxels > 500) & kept).any(axis=along)
        offsets = np.mgrid[:120, :120] - 59.5
        points = on.middle + offsets[1][..., None] * axes.right + offsets[0][..., None] * axes.down
        index = np.round((points - on.origin) @ np.linalg.inv(on.steps)).astype(int)
        left = [axis for axis in range(3) if axis != 2 - along]
        inside = np.all([(index[..., a] >= 0) & (index[..., a] < on.size[a]) for a in left], axis=0)
        wanted = np.zeros((120, 120), np.bool_)
        at = [np.clip(index[..., a], 0, on.size[a] - 1) for a in reversed(left)]
        wanted[inside] = shadow[tuple(at)][inside]
        assert wanted.sum() > 500
        # To a voxel: edges are smoothed.
        assert not (drawn & ~ndimage.binary_dilation(wanted, iterations=3)).any(), name
        assert not (ndimage.binary_erosion(wanted, iterations=3) & ~drawn).any(), name


def finished_picture(parts: Iterator[Picture | None]) -> Picture:
    (picture,) = [part for part in parts if part is not None]
    return picture


@pytest.mark.req("SHR-3.38", part=True)
def test_the_table_goes_and_the_patient_stays() -> None:
    on = grid(AXIAL, (96, 96, 20), (2, 2, 3))
    voxels = np.full(on.size[::-1], -1000, np.int16)
    y, x = np.mgrid[:96, :96]
    body = ((x - 48) / 30) ** 2 + ((y - 40) / 20) ** 2 < 1
    lung = ((x - 40) / 8) ** 2 + ((y - 40) / 8) ** 2 < 1
    table = (np.abs(y - 70) < 2) & (np.abs(x - 48) < 40)
    thin = (np.abs(y - 61) < 1) & (np.abs(x - 48) < 40)
    voxels[:, body] = 40
    voxels[:, lung] = -850
    voxels[:, table] = 100
    voxels[:, thin] = 100
    away = finished(background.outside_body(Level(on, voxels), -300))
    assert away[:, table].all()
    assert away[:, thin & ~body][:, :10].all()
    assert not away[:, body].any()
    assert background.threshold(Level(on, voxels), "HU", -1000, 100) == -300
    assert -850 < background.otsu(Level(on, voxels), -1000, 100) <= 40


def slices(count: int = 8, **values: object) -> list[Slice]:
    given = {
        "rows": 16, "columns": 16, "grey": True, "spacing": (1.0, 1.0), "orientation": AXIAL,
        "reference": "1",
    }  # fmt: skip
    return [Slice(**{**given, "position": (0, 0, 2.0 * at), **values}) for at in range(count)]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (slices(4), "few"),
        (slices(grey=False), "colour"),
        (slices(position=None), "unknownPosition"),
        (slices(orientation=(1, 0, 0, 1, 0, 0)), "orientation"),
        (slices(orientation=(0, 0, 0, 0, 1, 0)), "unknownPosition"),
        (slices(spacing=None), "spacing"),
        (slices(spacing=(0.0, 1.0)), "spacing"),
        ([*slices(7), *slices(1, rows=32, position=(0, 0, 14.0))], "size"),
        ([*slices(7), *slices(1, reference="2", position=(0, 0, 14.0))], "reference"),
        ([*slices(7), *slices(1, position=(0, 0, 2.0))], "duplicate"),
        ([*slices(7), *slices(1, position=(0, 0, 16.0))], "gap"),
        ([Slice(16, 16, True, (1.0, 1.0), AXIAL, (0, at * 1.0, at * 2.0), "") for at in range(8)],
         "tilt"),
    ],
)  # fmt: skip
def test_what_is_no_volume_is_refused(wrong: list[Slice], reason: str) -> None:
    with pytest.raises(RefusedError) as refusal:
        plan(wrong)
    assert refusal.value.reason == reason


def test_both_scan_directions_give_one_grid() -> None:
    up = plan(slices())
    down = plan(list(reversed(slices())))
    assert up.grid.as_json() == down.grid.as_json()
    assert down.order == tuple(reversed(up.order))
    assert up.grid.steps.tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 2]]
