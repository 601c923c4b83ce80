"""What is not the patient: the table, blankets, cables, air; by the viewer's rules.

The source is viewer_assets/viewer/src/volume/background.ts.
"""

from collections.abc import Generator

import numpy as np
from numpy.typing import NDArray

from dicom_node.render.cuts import Mask
from dicom_node.render.volume import Level

# Air in CT ends well below; a thin table top or a blanket hardly reaches above.
_BODY_HU = -300
_THIN_MM = 6
_SLICES = 32


def threshold(level: Level, unit: str, least: float, greatest: float) -> float:
    """The value that parts body from background: fixed for HU, else by Otsu's method."""
    return _BODY_HU if unit == "HU" else otsu(level, least, greatest)


def otsu(level: Level, least: float, greatest: float) -> float:
    """N. Otsu, A Threshold Selection Method from Gray-Level Histograms, IEEE SMC 9 (1979)."""
    span = greatest - least or 1.0
    bins = np.minimum(255, ((level.voxels.reshape(-1) - float(least)) / span * 256).astype(int))
    counts = np.bincount(bins, minlength=256)
    total, mass = counts.sum(), (counts * np.arange(256)).sum()
    below, below_mass = np.cumsum(counts), np.cumsum(counts * np.arange(256))
    parted = (below > 0) & (below < total)
    if not parted.any():
        return least
    low, high = below[parted], total - below[parted]
    means = below_mass[parted] / low - (mass - below_mass[parted]) / high
    between = means**2 * low * high
    # Where nothing lies between the two, in the middle of the gap.
    best = np.flatnonzero(parted)[np.flatnonzero(between >= between.max())]
    return float(least + ((best[0] + best[-1]) / 2 + 1) / 256 * span)


def outside_body(level: Level, above: float) -> Generator[None, None, Mask]:
    """Everything outside the largest connected body whose values lie *above* a threshold.

    Found in parts, so that whoever drives the generator can see to something else in between.

    Holes that no slice opens to the outside (lungs, bowel) belong to the body. Thin things that
    touch it, such as a table's shell or a cable, are worn away and what remains is grown back; a
    thick thing pressed against it stays: better too much is left than something of the patient
    missing.
    """
    # It takes memory, in a process that may never need it.
    from scipy import ndimage  # noqa: PLC0415

    across, down, _between = level.grid.spacing
    wear = max(1, round(_THIN_MM / 2 / min(across, down)))
    solid = _largest(level.voxels > above)
    for number in range(len(solid)):
        if number % _SLICES == 0:
            yield
        solid[number] = ndimage.binary_fill_holes(solid[number])
    yield
    worn = ndimage.minimum_filter(solid, (1, 2 * wear + 1, 2 * wear + 1), mode="constant")
    yield
    core = _largest(worn)
    yield
    grown = ndimage.maximum_filter(core, (1, 2 * wear + 3, 2 * wear + 3), mode="constant")
    return np.asarray(~(grown & solid))


def _largest(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The largest component by six neighbours; all of it when there is none."""
    from scipy import ndimage  # noqa: PLC0415

    labels, count = ndimage.label(mask)
    if not count:
        return mask
    sizes = np.bincount(labels.reshape(-1))
    sizes[0] = 0
    found: NDArray[np.bool_] = labels == sizes.argmax()
    return found
