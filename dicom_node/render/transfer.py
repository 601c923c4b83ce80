"""Presets of the volume rendering: those of viewer_assets/viewer/src/volume/transfer.ts."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# What is seen through has no surface that light could fall on.
_SURFACE = 0.4


@dataclass(frozen=True, slots=True)
class Point:
    """``colour`` 0 to 1 each; ``opacity``: how much of the light stops on a millimetre."""

    value: float
    colour: tuple[float, float, float]
    opacity: float


Transfer = tuple[Point, ...]


def _points(*rows: tuple[float, float, float, float, float]) -> Transfer:
    return tuple(Point(value, (red, green, blue), stop) for value, red, green, blue, stop in rows)


# By Hounsfield units.
CT = {
    "bone": _points(
        (150, 0.62, 0.36, 0.28, 0), (250, 0.78, 0.56, 0.42, 0.25),
        (450, 0.93, 0.86, 0.72, 0.8), (1200, 1, 0.98, 0.93, 0.95),
    ),
    "vessel": _points(
        (120, 0.55, 0.1, 0.08, 0), (180, 0.75, 0.18, 0.12, 0.35),
        (300, 0.92, 0.42, 0.28, 0.75), (500, 0.96, 0.88, 0.74, 0.9),
    ),
    "soft": _points(
        (-100, 0.75, 0.45, 0.3, 0), (0, 0.8, 0.4, 0.3, 0.06), (60, 0.85, 0.42, 0.34, 0.25),
        (200, 0.95, 0.75, 0.6, 0.5), (500, 1, 0.97, 0.9, 0.9),
    ),
    "lung": _points(
        (-950, 0.3, 0.45, 0.7, 0), (-880, 0.4, 0.55, 0.8, 0.015), (-700, 0.85, 0.7, 0.62, 0.1),
        (-400, 0.95, 0.68, 0.56, 0.12), (-200, 0.95, 0.6, 0.5, 0),
    ),
    "skin": _points(
        (-500, 0.85, 0.6, 0.48, 0), (-300, 0.92, 0.7, 0.57, 0.5), (0, 0.94, 0.74, 0.62, 0.95),
        (1000, 1, 0.95, 0.9, 1),
    ),
}  # fmt: skip
# By shares of the picture's usual range: elsewhere values have no absolute meaning.
RELATIVE = {
    "mrDefault": _points(
        (0.1, 0.2, 0.15, 0.12, 0), (0.25, 0.55, 0.4, 0.32, 0.05), (0.5, 0.8, 0.68, 0.55, 0.25),
        (1, 1, 0.97, 0.9, 0.7),
    ),
    "mrVessel": _points(
        (0.45, 0.5, 0.1, 0.08, 0), (0.6, 0.8, 0.25, 0.15, 0.3), (1, 1, 0.85, 0.7, 0.9)
    ),
    "mrSurface": _points(
        (0.06, 0.8, 0.62, 0.5, 0), (0.14, 0.88, 0.7, 0.58, 0.7), (1, 1, 0.95, 0.9, 1)
    ),
}  # fmt: skip
PRESETS = (*CT, *RELATIVE)


def presets_for(unit: str) -> list[str]:
    """Those that are offered for a series, the first by default."""
    return list(CT if unit == "HU" else RELATIVE)


def transfer(preset: str, usual: tuple[float, float], offset: float, width: float) -> Transfer:
    """A preset in the volume's values, moved by *offset* of its span, *width* times as wide."""
    points = CT.get(preset)
    if points is None:
        low, high = usual
        points = tuple(
            Point(low + point.value * (high - low), point.colour, point.opacity)
            for point in RELATIVE[preset]
        )
    first, last = points[0].value, points[-1].value
    middle, span = (first + last) / 2, last - first
    return tuple(
        Point(middle + (point.value - middle) * width + offset * span, point.colour, point.opacity)
        for point in points
    )


def is_shaded(points: Transfer) -> bool:
    return any(point.opacity >= _SURFACE for point in points)


def opacity(points: Transfer, values: NDArray[Any]) -> NDArray[np.float64]:
    """How much *values* stop on a millimetre; beyond the ends as at the ends."""
    at = [point.value for point in points]
    return np.asarray(np.interp(values, at, [point.opacity for point in points]))


def usual_range(voxels: NDArray[Any], least: float, greatest: float) -> tuple[float, float]:
    """All but the darkest and brightest half percent, by a histogram of 1024 steps."""
    span = greatest - least or 1.0
    sample = voxels.reshape(-1)[:: max(1, voxels.size // 500_000)].astype(np.float64)
    bins = np.minimum(1023, ((sample - least) / span * 1024).astype(np.int64))
    seen = np.cumsum(np.bincount(bins, minlength=1024))

    def level(share: float) -> float:
        return least + (float(np.searchsorted(seen, share * sample.size)) + 0.5) / 1024 * span

    return level(0.005), level(0.995)
