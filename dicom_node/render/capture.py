"""Pictures of a volume as a series of its study: Secondary Capture images (PS3.3 section A.8.1).

One kind for every modality, in which nothing is claimed of an acquisition that there never was.
Planes are the volume's values (Modality LUT, PS3.3 section C.11.1) with the place of each (Image
Plane, section C.7.6.2), as a Standard Extended SOP Class (PS3.2 section 3.11.4). Volume renderings
are colours with a direction: lengths on them are those of a projection, so no spacing is claimed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from dicom_node import VERSION
from dicom_node.archive.located import Located
from dicom_node.dataset.made import FROM_STUDY, belong, code, encoded, person
from dicom_node.dataset.uid import derived
from dicom_node.render.space import PLANES, Vector, letters
from dicom_node.render.view import View
from dicom_node.render.volume import Volume

SOP_CLASS = "1.2.840.10008.5.1.4.1.1.7"
# Behind whatever a device or a workstation numbers, and measurements.
FIRST_NUMBER = 9101
# What is taken from the series' first picture, beside the study's.
_FROM_SERIES = (
    "Modality", "BodyPartExamined", "Laterality", "PatientPosition", "FrameOfReferenceUID",
    "PositionReferenceIndicator", "LossyImageCompression", "LossyImageCompressionRatio",
    "LossyImageCompressionMethod",
)  # fmt: skip
_OF_DEVICE = (
    "Manufacturer", "InstitutionName", "StationName", "ManufacturerModelName", "DeviceSerialNumber",
    "SoftwareVersions",
)  # fmt: skip
FROM_SOURCE = (*FROM_STUDY, *_FROM_SERIES, *_OF_DEVICE, "Units")
# From here to the end of group 8 all pictures of a series are alike.
_ALIKE = 0x00081115
_PIXELS = {2: b"\xe0\x7f\x10\x00OW\0\0", 3: b"\xe0\x7f\x10\x00OB\0\0"}
_NONE = 32767


@dataclass(frozen=True, slots=True)
class Code:
    """Of PS3.16 CID 7203."""

    value: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Technique:
    """``term`` of Volume Based Calculation Technique (PS3.3 section C.8.16.2.1.4)."""

    term: str
    title: str
    code: Code


_TECHNIQUES = {
    "thin": Technique("MPR", "多平面重建 MPR", Code("113072", "Multiplanar reformatting")),
    "mean": Technique("MPR", "平均密度 AVG", Code("113072", "Multiplanar reformatting")),
    "max": Technique(
        "MAX_IP", "最大密度投影 MIP", Code("113078", "Maximum intensity projection")
    ),
    "min": Technique(
        "MIN_IP", "最小密度投影 MinIP", Code("113079", "Minimum intensity projection")
    ),
    "vr": Technique("VOLUME_RENDER", "容积重建 VR", Code("113074", "Volume rendering")),
}  # fmt: skip
_TITLES = {"axial": "横断位 AX", "sagittal": "矢状位 SAG", "coronal": "冠状位 COR"}
_OBLIQUE = "斜位 OBL"


@dataclass(frozen=True, slots=True)
class Scale:
    """Stored = (value - ``intercept``) / ``slope``, 16 bits, signed; ``padding`` is no value."""

    slope: float
    intercept: float
    padding: int

    @classmethod
    def of(cls, volume: Volume) -> "Scale":
        """Whole numbers as they are; others in as fine steps as there are."""
        padding = _NONE if volume.inverted else -_NONE - 1
        whole = volume.levels[0].voxels.dtype.kind == "i"
        if whole and volume.least > -_NONE - 1 and volume.greatest < _NONE:
            return cls(1.0, 0.0, padding)
        span = (volume.greatest - volume.least) or 1.0
        # As they will be read again.
        slope = float(_decimal(span / (2 * _NONE - 2)))
        return cls(slope, float(_decimal((volume.greatest + volume.least) / 2)), padding)

    def stored(self, values: NDArray[np.float32]) -> NDArray[np.int16]:
        """NaN is stored as ``padding``."""
        outside = np.isnan(values)
        steps = (np.where(outside, 0, values) - np.float64(self.intercept)) / self.slope
        found = np.clip(np.floor(steps + 0.5), -_NONE, _NONE - 1)
        found[outside] = self.padding
        return found.astype("<i2")


@dataclass(frozen=True, slots=True)
class Order:
    """What is wanted by whom; ``spacing`` mm between parallel planes, or None."""

    uid: str
    number: int
    description: str
    author: str
    spacing: float | None
    at: datetime


class Captures:
    """The instances of one series, made of *sources*, of whose first *about* holds `FROM_SOURCE`.

    ``unit`` of the values as `dicom_node.render.headers` names it.
    """

    def __init__(
        self, order: Order, view: View, sources: Sequence[Located], about: Mapping[str, str],
        unit: str,
    ) -> None:  # fmt: skip
        self._order = order
        self._technique = technique(view)
        self._grey = view.mode == "mpr"
        self._unit = unit
        self._about = about
        alike = self._series(view, sources)
        alike.update(_references(sources))
        self._before, between, self._behind = (
            _part(alike, first, last)
            for first, last in ((0, _ALIKE), (_ALIKE, 0x00090000), (0x00090000, 0xFFFFFFFF))
        )
        self._between = encoded(between)

    def instance_uid(self, index: int) -> str:
        return derived("reformatted image", f"{self._order.uid} {index}")

    def instance(
        self, index: int, view: View, scale: Scale | None, shape: tuple[int, int], pixels: bytes
    ) -> list[bytes]:
        """The data set of picture *index*, from 0, in pieces; *shape* is (rows, columns)."""
        before, behind = Dataset(), Dataset()
        before.update(self._before)
        behind.update(self._behind)
        before.SOPInstanceUID = self.instance_uid(index)
        behind.InstanceNumber = index + 1
        behind.Rows, behind.Columns = shape
        behind.PatientOrientation = [letters(view.axes.right), letters(view.axes.down)]
        if scale is not None:
            _place(behind, view, shape)
            behind.PixelPaddingValue = scale.padding
            behind["PixelPaddingValue"].VR = "SS"
            behind.RescaleIntercept = _decimal(scale.intercept)
            behind.RescaleSlope = _decimal(scale.slope)
        samples = 2 if self._grey else 3
        if len(pixels) != shape[0] * shape[1] * samples:
            raise ValueError("a picture has a wrong number of values")
        padded = pixels + b"\0" * (len(pixels) % 2)
        length = len(padded).to_bytes(4, "little")
        return [encoded(before), self._between, encoded(behind), _PIXELS[samples], length, padded]

    def _series(self, view: View, sources: Sequence[Located]) -> Dataset:
        order, about = self._order, self._about
        made = Dataset()
        made.SpecificCharacterSet = "ISO_IR 192"
        made.TimezoneOffsetFromUTC = order.at.strftime("%z")
        belong(made, sources[0].study, about)
        for keyword in _FROM_SERIES:
            if about.get(keyword):
                setattr(made, keyword, about[keyword])
        if made.get("FrameOfReferenceUID"):
            made.PositionReferenceIndicator = about.get("PositionReferenceIndicator", "")
        made.SOPClassUID, made.ConversionType = SOP_CLASS, "WSD"
        made.SeriesInstanceUID = order.uid
        made.Modality = about.get("Modality") or "OT"
        made.SeriesNumber, made.SeriesDescription = order.number, order.description
        made.OperatorsName = person(order.author)
        made.Manufacturer, made.ManufacturerModelName = "YunYing", "YunYing render"
        made.SoftwareVersions = VERSION
        for keyword in ("Series", "Content", "InstanceCreation"):
            setattr(made, f"{keyword}Date", order.at.strftime("%Y%m%d"))
            setattr(made, f"{keyword}Time", order.at.strftime("%H%M%S"))
        made.DateOfSecondaryCapture = made.ContentDate
        made.TimeOfSecondaryCapture = made.ContentTime
        made.ImageType = ["DERIVED", "SECONDARY", "REFORMATTED", self._technique.term]
        made.DerivationDescription = derivation(view)
        made.DerivationCodeSequence = [
            code(self._technique.code.value, "DCM", self._technique.code.meaning)
        ]
        # What may show a name in the originals may show it here.
        hidden = any(one.withheld for one in sources)
        made.BurnedInAnnotation = "YES" if hidden else "NO"
        _describe_pixels(made, view)
        if self._grey:
            made.RescaleType = "HU" if self._unit == "HU" else "US"
            if about.get("Modality") == "PT" and about.get("Units"):
                made.Units = about["Units"]
            made.SliceThickness = _decimal(view.thickness) if view.thickness else ""
            if order.spacing is not None:
                made.SpacingBetweenSlices = _decimal(order.spacing)
        if about.get("Manufacturer"):
            made.ContributingEquipmentSequence = [self._device()]
        return made

    def _device(self) -> Dataset:
        item = Dataset()
        item.PurposeOfReferenceCodeSequence = [code("109101", "DCM", "Acquisition Equipment")]
        for keyword in _OF_DEVICE:
            if self._about.get(keyword):
                setattr(item, keyword, self._about[keyword])
        return item


def technique(view: View) -> Technique:
    if view.mode == "vr":
        return _TECHNIQUES["vr"]
    return _TECHNIQUES[view.projection if view.thickness else "thin"]


def description(view: View) -> str:
    """A series' description when the reader gives none."""
    title = _OBLIQUE
    for name, axes in PLANES.items():
        if np.allclose([*axes.right, *axes.down], [*view.right, *view.down], atol=1e-6):
            title = _TITLES[name]
    words = [technique(view).title]
    if view.mode == "mpr":
        words.append(title)
        if view.thickness:
            words.append(f"{view.thickness:.4g} mm")
    return " ".join(words)


def derivation(view: View) -> str:
    if view.mode == "vr":
        return f"Volume rendering in parallel projection, preset {view.preset}"
    if not view.thickness:
        return "Plane through the volume by linear interpolation"
    words = {"max": "Maximum", "min": "Minimum", "mean": "Mean"}[view.projection]
    return f"{words} over a slab of {view.thickness:.6g} mm, by linear interpolation"


def _describe_pixels(made: Dataset, view: View) -> None:
    grey = view.mode == "mpr"
    made.SamplesPerPixel = 1 if grey else 3
    made.BitsAllocated = made.BitsStored = 16 if grey else 8
    made.HighBit = made.BitsStored - 1
    made.PixelRepresentation = int(grey)
    if grey:
        made.PhotometricInterpretation = "MONOCHROME1" if view.inverted else "MONOCHROME2"
        made.WindowCenter, made.WindowWidth = (_decimal(value) for value in view.window)
    else:
        made.PhotometricInterpretation, made.PlanarConfiguration = "RGB", 0


def _place(made: Dataset, view: View, shape: tuple[int, int]) -> None:
    """Where the plane lies; ``centre`` is in the middle of the picture."""
    axes, centre = view.axes, np.array(view.centre)
    rows, columns = shape
    aside = axes.right * ((columns - 1) / 2) + axes.down * ((rows - 1) / 2)
    made.ImageOrientationPatient = _decimals([*axes.right, *axes.down])
    made.ImagePositionPatient = _decimals(centre - aside * view.pixel)
    made.PixelSpacing = [_decimal(view.pixel)] * 2


def _references(sources: Sequence[Located]) -> Dataset:
    """The pictures that all others are made of, beside each other and by their series."""
    images, instances = [], []
    for one in sources:
        reference = Dataset()
        reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = one.sop_class, one.sop
        instances.append(reference)
        image = Dataset()
        image.update(reference)
        image.PurposeOfReferenceCodeSequence = [
            code("121322", "DCM", "Source image for image processing operation")
        ]
        images.append(image)
    series = Dataset()
    series.SeriesInstanceUID = sources[0].series
    series.ReferencedInstanceSequence = instances
    made = Dataset()
    made.SourceImageSequence, made.ReferencedSeriesSequence = images, [series]
    return made


def _part(whole: Dataset, first: int, last: int) -> Dataset:
    part = Dataset()
    part.update({element.tag: element for element in whole if first <= element.tag < last})
    return part


def _decimals(values: Sequence[float] | Vector) -> list[str]:
    """Without the noise of a cosine that is none."""
    return [_decimal(value) for value in np.round(values, 9) + 0.0]


def _decimal(value: float) -> str:
    """A decimal string of at most 16 characters (PS3.5 table 6.2-1)."""
    return f"{value:.9g}"
