"""Pictures as bytes for the line."""

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

JPEG, PNG = "jpeg", "png"
# While something moves small is better than fine.
MOVING_QUALITY, RESTING_QUALITY = 75, 92


def encode(pixels: NDArray[np.uint8], form: str, quality: int) -> bytes:
    """Grey of shape (rows, columns) or RGB of shape (rows, columns, 3)."""
    output = io.BytesIO()
    image: Any = Image.fromarray(pixels)
    if form == PNG:
        image.save(output, "PNG", compress_level=1)
    else:
        image.save(output, "JPEG", quality=quality)
    return output.getvalue()
