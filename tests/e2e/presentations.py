"""A picture of four fields, and presentation states that say how it is to be shown."""

from __future__ import annotations

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from e2e.objects import instance

SIZE, FROM, TO = 256, 64, 192  # the displayed area are pixels FROM to TO
FIELDS = ((60, 100), (140, 180))  # above, below; the fields meet in the middle


def picture(study: str) -> Dataset:
    ds = instance(study, 1, "7", "OT", ConversionType="WSD", SeriesDescription="四格图")
    half = np.repeat(np.repeat(np.array(FIELDS, "u1"), SIZE // 2, axis=0), SIZE // 2, axis=1)
    ds.Rows = ds.Columns = SIZE
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 8, 8, 7, 0
    ds.PixelData = half.tobytes()
    return ds


def _state(study: str, image: Dataset, label: str, sop_class: str = "11.1") -> Dataset:
    ds = instance(study, 2, sop_class, "PR", ContentLabel="STATE")
    ds.ContentDescription = label
    ds.SeriesDescription, ds.ContentCreatorName = "显示状态", "Zhao^Yi=赵^医生"
    ds.PresentationCreationDate, ds.PresentationCreationTime = "20261120", "110000"
    reference, series, area = Dataset(), Dataset(), Dataset()
    reference.ReferencedSOPClassUID = image.SOPClassUID
    reference.ReferencedSOPInstanceUID = image.SOPInstanceUID
    series.SeriesInstanceUID = image.SeriesInstanceUID
    series.ReferencedImageSequence = Sequence([reference])
    ds.ReferencedSeriesSequence = Sequence([series])
    area.DisplayedAreaTopLeftHandCorner = [FROM + 1, FROM + 1]
    area.DisplayedAreaBottomRightHandCorner = [TO, TO]
    area.PresentationSizeMode, area.PresentationPixelAspectRatio = "SCALE TO FIT", [1, 1]
    ds.DisplayedAreaSelectionSequence = Sequence([area])
    ds.PresentationLUTShape = "IDENTITY"
    return ds


def _graphic(kind: str, units: str, *points: float, filled: str = "N") -> Dataset:
    item = Dataset()
    item.GraphicAnnotationUnits, item.GraphicDimensions = units, 2
    item.NumberOfGraphicPoints, item.GraphicData = len(points) // 2, list(points)
    item.GraphicType, item.GraphicFilled = kind, filled
    return item


def _text(words: str, box: tuple[float, ...] = (), anchor: tuple[float, ...] = ()) -> Dataset:
    item = Dataset()
    item.UnformattedTextValue = words
    if box:
        item.BoundingBoxAnnotationUnits = "DISPLAY"
        item.BoundingBoxTopLeftHandCorner, item.BoundingBoxBottomRightHandCorner = (
            [*box[:2]],
            [*box[2:]],
        )
        item.BoundingBoxTextHorizontalJustification = "LEFT"
    if anchor:
        item.AnchorPointAnnotationUnits, item.AnchorPoint = "PIXEL", [*anchor]
        item.AnchorPointVisibility = "Y"
    return item


def states(study: str, image: Dataset) -> list[Dataset]:
    """Turned, mirrored, windowed, inverted, shuttered and drawn on; tables; one of colour."""
    drawn = _state(study, image, "病灶标注")
    window = Dataset()
    window.WindowCenter, window.WindowWidth = "120.5", "201"
    drawn.SoftcopyVOILUTSequence = Sequence([window])
    drawn.ImageRotation, drawn.ImageHorizontalFlip = 90, "Y"
    drawn.PresentationLUTShape = "INVERSE"
    drawn.ShutterShape, drawn.ShutterPresentationValue = "RECTANGULAR", 0
    drawn.ShutterLeftVerticalEdge, drawn.ShutterRightVerticalEdge = FROM + 1, TO
    drawn.ShutterUpperHorizontalEdge, drawn.ShutterLowerHorizontalEdge = FROM + 1, TO - 16
    layer, annotation = Dataset(), Dataset()
    layer.GraphicLayer, layer.GraphicLayerOrder = "LAYER1", 1
    layer.GraphicLayerRecommendedDisplayGrayscaleValue = 65535
    drawn.GraphicLayerSequence = Sequence([layer])
    annotation.GraphicLayer = "LAYER1"
    annotation.GraphicObjectSequence = Sequence([
        _graphic("POINT", "DISPLAY", 0.25, 0.5),
        _graphic("POINT", "PIXEL", FROM + 32, FROM),
        _graphic("POLYLINE", "PIXEL", 100, 100, 120, 100, 120, 120),
        _graphic("CIRCLE", "PIXEL", 128, 128, 148, 128),
        _graphic("ELLIPSE", "PIXEL", 80, 90, 110, 90, 95, 80, 95, 100),
        _graphic("INTERPOLATED", "PIXEL", 90, 150, 120, 170, 150, 150),
    ])  # fmt: skip
    annotation.TextObjectSequence = Sequence([
        _text("可疑结节 <b>", (0.05, 0.05, 0.5, 0.15)), _text("锚点", (), (150, 150)),
    ])  # fmt: skip
    drawn.GraphicAnnotationSequence = Sequence([annotation])

    tables = _state(study, image, "查找表")
    tables.InstanceNumber, tables.SeriesInstanceUID = 2, drawn.SeriesInstanceUID
    for keyword, values in (
        ("ModalityLUTSequence", [(value * 7) % 256 for value in range(256)]),
        ("PresentationLUTSequence", [255 - value for value in range(256)]),
    ):
        lut = Dataset()
        lut.LUTDescriptor, lut.ModalityLUTType = [256, 0, 8], "US"
        lut.add_new("LUTData", "US", values)
        setattr(tables, keyword, Sequence([lut]))
    del tables.PresentationLUTShape

    colour = _state(study, image, "彩色状态", "11.2")
    colour.InstanceNumber, colour.SeriesInstanceUID = 3, drawn.SeriesInstanceUID
    return [drawn, tables, colour]
