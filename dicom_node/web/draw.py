"""Draws one frame as JPEG or PNG. Runs in a process of its own: decoders meet hostile data here."""

import ctypes
import io
import logging
import multiprocessing
import os
import resource
import signal
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut
from pydicom.pixels.utils import pixel_array

MAX_THUMBNAIL = 1024
# linux/prctl.h
PR_SET_PDEATHSIG = 1


class CannotDrawError(Exception):
    """The frame cannot be decoded, or is nothing to look at."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """What to draw: ``frame`` from 1; ``window`` is (center, width) in output units.

    ``whole`` says that a frame cannot be read by itself, as in a deflated file; ``region`` is left,
    top, right and bottom as parts of the whole picture.
    """

    path: str
    frame: int
    whole: bool = False
    media_type: str = "image/jpeg"
    quality: int = 90
    fit: tuple[int, int] | None = None
    window: tuple[float, float] | None = None
    region: tuple[float, float, float, float] | None = None


def prepare(memory: int) -> None:
    """Limit a worker process before it meets any data; *memory* in bytes of address space."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _end_with_parent()
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)


def _end_with_parent() -> None:
    """Have the kernel kill this process when the one that started it has gone, however it went.

    The queue between them does not tell: each end of it is open in both.
    """
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    parent = multiprocessing.parent_process()
    if parent is not None and os.getppid() != parent.pid:
        os._exit(1)


def ready() -> None:
    """Nothing; a worker that answers this has everything imported."""


def draw(drawing: Drawing) -> bytes:
    """Return the encoded picture; raise `CannotDrawError`."""
    try:
        with open(drawing.path, "rb") as stream:  # noqa: PTH123 - a path in a message between processes
            dataset = dcmread(stream, force=True, defer_size=None if drawing.whole else 1 << 16)
            index = drawing.frame - 1 if int(dataset.get("NumberOfFrames") or 1) > 1 else 0
            stream.seek(0)
            pixels = pixel_array(dataset if drawing.whole else stream, index=index)
        picture = Image.fromarray(_bytes(dataset, pixels, drawing))
    except Exception as error:  # noqa: BLE001 - decoders raise whatever they like on hostile data
        raise CannotDrawError(f"{type(error).__name__}: {str(error)[:200]}") from None
    if drawing.region is not None:
        picture = picture.crop(_box(drawing.region, picture.size))
    if drawing.fit is not None:
        picture.thumbnail(drawing.fit, Image.Resampling.BOX, reducing_gap=2.0)
    output = io.BytesIO()
    if drawing.media_type == "image/png":
        picture.save(output, "PNG", compress_level=3)
    else:
        picture.save(output, "JPEG", quality=drawing.quality)
    return output.getvalue()


def _box(
    region: tuple[float, float, float, float], size: tuple[int, int]
) -> tuple[int, int, int, int]:
    """The pixels of *region*, one at least."""
    width, height = size
    left, top, right, bottom = region
    x, y = min(int(left * width), width - 1), min(int(top * height), height - 1)
    return x, y, max(round(right * width), x + 1), max(round(bottom * height), y + 1)


def _bytes(dataset: Dataset, pixels: Any, drawing: Drawing) -> Any:
    """8-bit grey of shape (rows, columns), or RGB of shape (rows, columns, 3)."""
    photometric = str(dataset.get("PhotometricInterpretation", ""))
    if photometric == "PALETTE COLOR":
        coloured = apply_color_lut(pixels, dataset)
        shift = 8 if coloured.dtype.itemsize > 1 and coloured.max(initial=0) > 255 else 0
        return (coloured[..., :3] >> shift).astype(np.uint8)
    if pixels.ndim == 3:
        shift = max(0, int(dataset.get("BitsStored", 8)) - 8)
        return (pixels[..., :3] >> shift).astype(np.uint8)
    values = apply_modality_lut(pixels, dataset).astype(np.float64)
    low, high = _window(dataset, pixels, values, drawing)
    grey = np.clip((values - low) / max(high - low, 1e-9) * 255.0 + 0.5, 0, 255)
    inverse = photometric == "MONOCHROME1"
    return (255.5 - grey if inverse else grey).astype(np.uint8)


def _window(dataset: Dataset, pixels: Any, values: Any, drawing: Drawing) -> tuple[float, float]:
    """The lowest and highest value shown (PS3.3 section C.11.2.1.2)."""
    stored = drawing.window or _stored_window(dataset, drawing.frame)
    if stored is not None and stored[1] >= 1:
        center, width = stored
        return center - 0.5 - (width - 1) / 2, center - 0.5 + (width - 1) / 2
    padding = dataset.get("PixelPaddingValue")
    shown = values if padding is None else values[pixels != padding]
    if not shown.size:
        shown = values
    return float(shown.min()), float(shown.max())


def _stored_window(dataset: Dataset, frame: int) -> tuple[float, float] | None:
    for source in (dataset, *_functional_groups(dataset, frame)):
        center, width = _first(source.get("WindowCenter")), _first(source.get("WindowWidth"))
        if center is not None and width is not None:
            return center, width
    return None


def _functional_groups(dataset: Dataset, frame: int) -> list[Dataset]:
    found = []
    for keyword, number in (
        ("PerFrameFunctionalGroupsSequence", frame - 1),
        ("SharedFunctionalGroupsSequence", 0),
    ):
        groups = dataset.get(keyword) or []
        if number < len(groups):
            found += list(groups[number].get("FrameVOILUTSequence") or [])[:1]
    return found


def _first(value: Any) -> float | None:
    if isinstance(value, MultiValue):
        value = value[0] if value else None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if np.isfinite(number) else None
