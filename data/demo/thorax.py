# mypy: disable-error-code="no-untyped-def"
"""A thorax for computed tomography: lungs with vessels, heart, spine, ribs and known nodules.

Deterministic: the same seed gives the same voxels. Nothing of it is a patient's. The left lung
is the smaller one, the heart lies to the left, the liver to the right, so that a picture shown
the wrong way round is recognised. HU values follow Bushberg, *The Essential Physics of Medical
Imaging*, chapter 10.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

AIR, LUNG, FAT, MUSCLE, BLOOD, LIVER, BONE, MARROW = -1000, -860, -95, 55, 42, 60, 900, 180
MOST_BRANCHES = 760  # a lung
Volume = NDArray[np.int16]


@dataclass(frozen=True)
class Nodule:
    """A sphere in patient coordinates (mm; x to the left, y to the back, z up)."""

    x: float
    y: float
    z: float
    diameter: float
    hu: int


NODULES = (
    Nodule(-75.0, 20.0, 60.0, 9.0, 30),  # right upper lobe, solid
    Nodule(88.0, 35.0, -20.0, 14.0, -620),  # left lower lobe, ground glass
    Nodule(-95.0, -15.0, -45.0, 5.0, 420),  # right middle lobe, calcified
    Nodule(62.0, -40.0, 35.0, 7.0, 15),  # left upper lobe, solid
)


@dataclass(frozen=True)
class Grid:
    """``rows`` × ``rows`` pixels of ``pixel`` mm, ``slices`` slices ``step`` mm apart."""

    rows: int
    pixel: float
    slices: int
    step: float

    def z(self, index: int) -> float:
        """Patient z (mm) of a slice; index 0 is the one nearest the feet."""
        return (index - (self.slices - 1) / 2) * self.step

    @property
    def first(self) -> float:
        """Patient x and y (mm) of the centre of the first pixel."""
        return -(self.rows - 1) / 2 * self.pixel


def thorax(grid: Grid, *, seed: int, nodule_scale: float = 1.0, noise: float = 22.0) -> Volume:
    """The phantom in HU, shape (slices, rows, columns), slice 0 nearest the feet.

    ``nodule_scale`` multiplies the nodules' diameters (an earlier examination shows them smaller);
    ``noise`` is the standard deviation in HU.
    """
    axis = (np.arange(grid.rows) * grid.pixel + grid.first).astype(np.float32)
    x, y = np.meshgrid(axis, axis)
    vessels = _vessels(np.random.default_rng(7))
    volume = np.empty((grid.slices, grid.rows, grid.rows), np.int16)
    for index in range(grid.slices):
        z = grid.z(index)
        image = _body(x, y, z)
        lung = _lungs(image, x, y, z)
        _draw_vessels(image, lung, vessels, grid, z)
        _mediastinum(image, x, y, z)
        _skeleton(image, x, y, z)
        for nodule in NODULES:
            _draw_nodule(image, x, y, z, nodule, nodule_scale)
        image = _blur(image)
        rng = np.random.default_rng((seed, index))
        grain = _blur(rng.standard_normal(image.shape).astype(np.float32)) * (noise / 0.44)
        volume[index] = np.clip(
            np.where(image > -990, image + grain, image + grain * 0.3), -1024, 3071
        )
    return volume


def _ellipse(x, y, cx, cy, rx, ry):
    return ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2


def _body(x, y, z):
    shoulders = 1.0 + 0.10 * np.tanh((z - 90) / 40)
    skin = _ellipse(x, y, 0, 0, 175 * shoulders, 118)
    image = np.full(x.shape, AIR, np.float32)
    image[skin < 1] = FAT
    image[_ellipse(x, y, 0, 2, 160 * shoulders, 104) < 1] = MUSCLE
    table = (np.abs(y - 138 - (x / 60) ** 2 * -1.5) < 4) & (np.abs(x) < 210)
    image[table] = -350
    return image


def _lungs(image, x, y, z):
    """Both lungs; the right one (x < 0) is wider and reaches less far down (the liver's dome)."""
    height = np.clip(1 - (max(z - 20, 0) / 125) ** 2, 0.0, 1) ** 0.5
    lung = np.zeros(x.shape, bool)
    for side, centre, width, dome in ((-1, -78, 66, -78), (1, 80, 60, -95)):
        if height <= 0.05:
            continue
        shape = _ellipse(x, y, centre * (0.55 + 0.45 * height), 0, width * height, 92 * height) < 1
        if z < dome + 45:  # the diaphragm rises in the middle of each lung's base
            radius = 70 * np.sqrt(np.clip((dome + 45 - z) / 90, 0, 1))
            shape &= _ellipse(x, y, centre, -18, radius + 1e-3, radius * 1.25 + 1e-3) > 1
        lung |= shape & (side * x > 6)
    image[lung] = LUNG
    if z < -33:
        dome = _ellipse(x, y, -70, -15, 72, 80) < np.clip((-33 - z) / 60, 0, 1)
        image[dome & ~lung & (image == MUSCLE)] = LIVER
    return lung


def _mediastinum(image, x, y, z):
    if -95 < z < 25:
        size = np.sqrt(np.clip(1 - ((z + 35) / 62) ** 2, 0, 1))
        image[_ellipse(x, y, 24, -30, 58 * size + 1e-3, 46 * size + 1e-3) < 1] = BLOOD
    image[(_ellipse(x, y, 0, 5, 30, 55) < 1) & (image == LUNG)] = FAT
    image[_ellipse(x, y, 18, 48, 12, 12) < 1] = BLOOD + 5  # descending aorta, on the left
    if 20 < z < 75:
        image[_ellipse(x, y, -8, -22, 15, 15) < 1] = BLOOD + 5
    if z > 15:
        wall = _ellipse(x, y, 0, 12, 10.5, 10.5) < 1
        image[wall] = MUSCLE
        image[_ellipse(x, y, 0, 12, 8.5, 8.5) < 1] = AIR
    elif z > -15:
        spread = 6 + (15 - z) * 1.1
        for side in (-1, 1):
            image[_ellipse(x, y, side * spread, 14, 7.5, 7) < 1] = MUSCLE
            image[_ellipse(x, y, side * spread, 14, 5.5, 5) < 1] = AIR


def _skeleton(image, x, y, z):
    in_disc = (z % 26) < 5
    body = _ellipse(x, y, 0, 72, 19, 15)
    image[body < 1] = 85 if in_disc else BONE * 0.55
    if not in_disc:
        image[body < 0.72] = MARROW
    arch = _ellipse(x, y, 0, 94, 17, 13)
    image[(arch < 1) & (y > 84)] = BONE * 0.6
    image[_ellipse(x, y, 0, 92, 8.5, 7.5) < 1] = 25  # spinal canal
    if -60 < z < 95:
        sternum = _ellipse(x, y, 0, -101, 17, 6)
        image[sternum < 1] = BONE * 0.5
        image[sternum < 0.6] = MARROW
    ring = _ellipse(x, y, 0, 2, 150, 100)
    angle = np.arctan2(x, -(y - 2))  # 0 in front, ±π at the back
    for rib in range(12):
        # each rib falls from the spine to the front
        level = 118 - rib * 24 - 48 * (0.5 + 0.5 * np.cos(angle))
        thickness = 7.0 - np.abs(z - level)
        edge = (ring < 1.03) & (ring > 0.90) & (thickness > 0) & (np.abs(angle) > 0.35)
        image[edge] = BONE * 0.75
        image[edge & (ring < 0.995) & (ring > 0.935) & (thickness > 2.2)] = MARROW


def _vessels(rng: np.random.Generator) -> list[tuple[NDArray[np.float32], float]]:
    """Branching pulmonary vessels: (points of shape (n, 3) in mm, radius in mm)."""
    branches: list[tuple[NDArray[np.float32], float]] = []
    for side in (-1.0, 1.0):
        hilum = np.array([side * 28.0, 8.0, 0.0])
        stack = [(hilum, _unit(rng, side, 0.9), 6.5) for _ in range(6)]
        drawn = 0
        while stack and drawn < MOST_BRANCHES:
            drawn += 1
            point, direction, radius = stack.pop(0)
            points = [point]
            for _ in range(int(rng.integers(9, 16))):
                direction = direction + rng.normal(0, 0.13, 3)
                direction /= np.linalg.norm(direction)
                point = point + direction * 2.2
                points.append(point)
            branches.append((np.array(points, np.float32), radius))
            if radius > 0.75:
                for _ in range(2):
                    turned = direction + rng.normal(0, 0.55, 3)
                    stack.append((point, turned / np.linalg.norm(turned), radius * 0.72))
    return branches


def _unit(rng: np.random.Generator, side: float, spread: float) -> NDArray[np.float64]:
    vector = np.array([side, rng.uniform(-spread, spread), rng.uniform(-1.4, 1.4)])
    return vector / np.linalg.norm(vector)


def _draw_vessels(image, lung, vessels, grid: Grid, z: float):
    for points, radius in vessels:
        near = points[np.abs(points[:, 2] - z) < radius]
        for px, py, pz in near:
            reach = (radius**2 - (pz - z) ** 2) ** 0.5
            column, row = ((px - grid.first) / grid.pixel, (py - grid.first) / grid.pixel)
            span = int(reach / grid.pixel) + 1
            r0, r1 = max(int(row) - span, 0), min(int(row) + span + 2, grid.rows)
            c0, c1 = max(int(column) - span, 0), min(int(column) + span + 2, grid.rows)
            if r0 >= r1 or c0 >= c1:
                continue
            rows, columns = np.ogrid[r0:r1, c0:c1]
            disc = (rows - row) ** 2 + (columns - column) ** 2 <= (reach / grid.pixel) ** 2
            patch = image[r0:r1, c0:c1]
            patch[disc & lung[r0:r1, c0:c1]] = BLOOD


def _draw_nodule(image, x, y, z, nodule: Nodule, scale: float):
    radius = nodule.diameter * scale / 2
    if abs(z - nodule.z) >= radius:
        return
    image[(x - nodule.x) ** 2 + (y - nodule.y) ** 2 < radius**2 - (z - nodule.z) ** 2] = nodule.hu


def _blur(image):
    """A 3 × 3 binomial filter: the scanner's limited resolution, and noise with a grain."""
    padded = np.pad(image, 1, mode="edge")
    rows = (padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4
    return (rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]) / 4
