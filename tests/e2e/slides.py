"""A whole slide of several levels, each in another transfer syntax, one tile of it broken."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import JPEG2000Lossless, JPEGBaseline8Bit, generate_uid

from e2e.objects import code, instance

SIZE = (1536, 1024)  # columns, rows of the largest level
TILE = 256
SPACING = 0.00025  # mm
OBJECTIVE = 40


def tissue() -> np.ndarray:
    """Rows × columns × RGB: each tile of one colour of its own, a dark square in its middle."""
    columns, rows = SIZE
    y, x = np.mgrid[0:rows, 0:columns]
    across, down = x // TILE, y // TILE
    colours = np.stack([90 + 25 * across, 60 + 40 * down, 200 - 20 * across], axis=-1)
    middle = (np.abs(x % TILE - TILE // 2) < 16) & (np.abs(y % TILE - TILE // 2) < 16)
    return np.where(middle[..., None], 20, colours).astype("u1")


def _tiles(pixels: np.ndarray) -> list[tuple[int, int, np.ndarray]]:
    found = []
    for y in range(0, pixels.shape[0], TILE):
        for x in range(0, pixels.shape[1], TILE):
            tile = np.full((TILE, TILE, 3), 255, "u1")
            part = pixels[y : y + TILE, x : x + TILE]
            tile[: part.shape[0], : part.shape[1]] = part
            found.append((x, y, tile))
    return found


def _encoded(tile: np.ndarray, kind: str) -> bytes:
    stream = io.BytesIO()
    options = {"quality": 95, "subsampling": 0} if kind == "JPEG" else {"no_jp2": True}
    Image.fromarray(tile).save(stream, kind, **options)
    return stream.getvalue()


def _level(study: str, series: str, number: int, pixels: np.ndarray, flavour: str) -> Dataset:
    rows, columns = pixels.shape[:2]
    ds = instance(study, 1, "77.1.6", "SM", SeriesInstanceUID=series, SeriesDescription="肾穿刺 HE")
    ds.InstanceNumber, ds.ImageType = number, ["ORIGINAL", "PRIMARY", flavour, "NONE"]
    ds.FrameOfReferenceUID, ds.BurnedInAnnotation = generate_uid(), "NO"
    ds.Rows = ds.Columns = TILE
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PlanarConfiguration = 3, "RGB", 0
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 8, 8, 7, 0
    ds.TotalPixelMatrixColumns, ds.TotalPixelMatrixRows = columns, rows
    ds.DimensionOrganizationType = "TILED_FULL"
    measures, shared, path = Dataset(), Dataset(), Dataset()
    factor = SIZE[0] / columns
    measures.PixelSpacing, measures.SliceThickness = [SPACING * factor] * 2, 0.001
    shared.PixelMeasuresSequence = Sequence([measures])
    ds.SharedFunctionalGroupsSequence = Sequence([shared])
    path.OpticalPathIdentifier, path.ObjectiveLensPower = "1", OBJECTIVE
    path.IlluminationTypeCodeSequence = code("111744", "DCM", "Brightfield illumination")
    ds.OpticalPathSequence = Sequence([path])
    return ds


def _fill(ds: Dataset, frames: list[bytes], syntax: str) -> None:
    ds.NumberOfFrames = len(frames)
    ds.file_meta.TransferSyntaxUID = syntax
    ds.PixelData = encapsulate(frames)
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True


def slide(study: str) -> list[Dataset]:
    """Three levels and the label, in one series."""
    series, pixels = generate_uid(), tissue()
    base = _level(study, series, 1, pixels, "VOLUME")
    base.PhotometricInterpretation, base.LossyImageCompression = "YBR_FULL_422", "01"
    _fill(base, [_encoded(tile, "JPEG") for _, _, tile in _tiles(pixels)], JPEGBaseline8Bit)

    # The middle one names the place of each tile; one is not stored, one is broken.
    middle = _level(study, series, 2, pixels[::2, ::2], "VOLUME")
    middle.DimensionOrganizationType = "TILED_SPARSE"
    frames, groups = [], []
    for x, y, tile in reversed(_tiles(pixels[::2, ::2])):
        if (x, y) == (0, 0):
            continue
        place, group = Dataset(), Dataset()
        place.ColumnPositionInTotalImagePixelMatrix = x + 1
        place.RowPositionInTotalImagePixelMatrix = y + 1
        place.XOffsetInSlideCoordinateSystem = place.YOffsetInSlideCoordinateSystem = 0
        place.ZOffsetInSlideCoordinateSystem = 0
        group.PlanePositionSlideSequence = Sequence([place])
        groups.append(group)
        whole = _encoded(tile, "JPEG2000")
        frames.append(whole[:60] + bytes(60) if (x, y) == (512, 256) else whole)
    middle.PerFrameFunctionalGroupsSequence = Sequence(groups)
    _fill(middle, frames, JPEG2000Lossless)

    small = _level(study, series, 3, pixels[::8, ::8], "VOLUME")
    small.NumberOfFrames, small.PixelData = 1, _tiles(pixels[::8, ::8])[0][2].tobytes()

    label = _level(study, series, 4, pixels[:TILE, :TILE], "LABEL")
    label.NumberOfFrames, label.PixelData = 1, np.full((TILE, TILE, 3), 240, "u1").tobytes()
    return [base, middle, small, label]
