"""JPEG and PNG files as pixel data: a plain JPEG as it is, everything else decoded."""

import struct
import warnings
from dataclasses import dataclass
from typing import BinaryIO

from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.ImageFile import ImageFile

from dicom_node.foreign.error import ForeignError

JPEG_BASELINE, EXPLICIT = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.1"
_ORIENTATION = 0x0112
_FRAME_MARKERS = frozenset((*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC)))
_MAX_SIDE = 65_535
# What Pillow raises over a damaged file, and over what stands in its EXIF block.
_BROKEN = (
    UnidentifiedImageError, OSError, SyntaxError, ValueError, struct.error, KeyError, IndexError,
    TypeError, MemoryError, RuntimeError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Picture:
    """``data`` is native pixel data, little endian; None: the file itself is the one frame."""

    rows: int
    columns: int
    samples: int
    bits: int
    photometric: str
    syntax: str
    lossy: bool
    data: bytes | None


def read(file: BinaryIO, media_type: str, max_pixels: int) -> Picture:
    """The picture in *file*; raise `ForeignError`. Nothing is decoded that has too many pixels."""
    kind = "JPEG" if media_type == "image/jpeg" else "PNG"
    file.seek(0)
    try:
        with warnings.catch_warnings():
            # The limit below is the node's own.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image: Image.Image = Image.open(file, formats=(kind,))
        columns, rows = image.size
        if columns * rows > max_pixels or max(columns, rows) > _MAX_SIDE:
            raise ForeignError(f"the picture has more than {max_pixels} pixels")
        if _is_cut(image):
            raise ForeignError("the picture has more than 8 bits a colour: convert it to 8")
        if kind == "JPEG" and (found := _plain_jpeg(file, image)):
            return found
        image = ImageOps.exif_transpose(image)
        return _native(image, lossy=kind == "JPEG")
    except ForeignError:
        raise
    except Image.DecompressionBombError as error:
        raise ForeignError(f"the picture has more than {max_pixels} pixels") from error
    except _BROKEN as error:
        raise ForeignError(f"the file is no {kind} that can be read") from error


def _plain_jpeg(file: BinaryIO, image: Image.Image) -> Picture | None:
    """As it is, when it is baseline (PS3.5 A.4.1), upright, and grey or YCbCr."""
    if image.getexif().get(_ORIENTATION, 1) != 1 or image.info.get("adobe_transform", 1) == 0:
        return None
    frame = _frame_header(file)
    if frame is None:
        return None
    samples, subsampled = frame
    # Damaged data is found here, not by the first reader.
    image.copy().load()
    columns, rows = image.size
    photometric = "MONOCHROME2"
    if samples == 3:
        photometric = "YBR_FULL_422" if subsampled else "YBR_FULL"
    return Picture(rows, columns, samples, 8, photometric, JPEG_BASELINE, True, None)


def _frame_header(file: BinaryIO) -> tuple[int, bool] | None:
    """Components of a baseline frame, and whether colour is subsampled; None for other processes.

    ISO/IEC 10918-1 annex B.
    """
    file.seek(2)
    while len(head := file.read(4)) == 4 and head[0] == 0xFF:
        marker, length = head[1], int.from_bytes(head[2:4], "big")
        if marker in _FRAME_MARKERS:
            frame = file.read(length - 2)
            components = frame[5] if len(frame) > 5 else 0
            if marker != 0xC0 or frame[0] != 8 or components not in (1, 3):
                return None
            if bytes(frame[6::3][:components]) == b"RGB":
                return None
            factors = {frame[7 + 3 * number] for number in range(components)}
            return components, len(factors) > 1
        file.seek(length - 2, 1)
    return None


def _native(image: Image.Image, *, lossy: bool) -> Picture:
    columns, rows = image.size
    if image.mode.startswith("I"):
        data, samples, bits = image.convert("I;16").tobytes(), 1, 16
    elif image.mode in ("1", "L"):
        data, samples, bits = image.convert("L").tobytes(), 1, 8
    else:
        data, samples, bits = _coloured(image).tobytes(), 3, 8
    photometric = "RGB" if samples == 3 else "MONOCHROME2"
    return Picture(rows, columns, samples, bits, photometric, EXPLICIT, lossy, data)


def _is_cut(image: Image.Image) -> bool:
    """Whether Pillow would take the lower bytes away: it knows 16 bits of grey alone."""
    stored = str(image.tile[0].args) if isinstance(image, ImageFile) and image.tile else ""
    return ";16" in stored and not image.mode.startswith("I")


def _coloured(image: Image.Image) -> Image.Image:
    """RGB; what is transparent lies on white."""
    if image.mode in ("RGB", "YCbCr"):
        return image.convert("RGB")
    with_alpha = image.convert("RGBA")
    ground = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(ground, with_alpha).convert("RGB")
