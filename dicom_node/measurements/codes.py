"""The codes of what is measured, and of its units (PS3.16 CID 7470, 7471, 7464; UCUM)."""

from collections.abc import Iterator
from dataclasses import dataclass

OWN = "99YUNYING"


@dataclass(frozen=True, slots=True)
class Code:
    """A coded concept: the same as another of its value and scheme, whatever it is called."""

    value: str
    scheme: str
    meaning: str

    @property
    def key(self) -> tuple[str, str]:
        return self.value, self.scheme


REPORT = Code("126000", "DCM", "Imaging Measurement Report")
LANGUAGE = Code("121049", "DCM", "Language of Content Item and Descendants")
OBSERVER_TYPE = Code("121005", "DCM", "Observer Type")
PERSON = Code("121006", "DCM", "Person")
OBSERVER_NAME = Code("121008", "DCM", "Person Observer Name")
OBSERVER_LOGIN = Code("128774", "DCM", "Person Observer's Login Name")
PROCEDURE = Code("121058", "DCM", "Procedure reported")
IMAGING = Code("363679005", "SCT", "Imaging procedure")
MEASUREMENTS = Code("126010", "DCM", "Imaging Measurements")
GROUP = Code("125007", "DCM", "Measurement Group")
TRACKING = Code("112039", "DCM", "Tracking Identifier")
TRACKING_UID = Code("112040", "DCM", "Tracking Unique Identifier")
REGION = Code("111030", "DCM", "Image Region")
SOURCE = Code("121112", "DCM", "Source of Measurement")
COMMENT = Code("121106", "DCM", "Comment")
FINDING = Code("121071", "DCM", "Finding")
DERIVATION = Code("121401", "DCM", "Derivation")
ENGLISH = Code("en", "RFC5646", "English")
CHINESE = Code("zh-CN", "RFC5646", "Chinese (China)")

ATTENUATION = Code("112031", "DCM", "Attenuation Coefficient")
PIXEL_VALUE = Code("pixel-value", OWN, "Pixel value after rescaling")

# By the names of docs/architecture.md. Values of pixels are named by their unit besides.
QUANTITIES = {
    "length": Code("410668003", "SCT", "Length"),
    "width": Code("103355008", "SCT", "Width"),
    "path": Code("121211", "DCM", "Path length"),
    "angle": Code("1483009", "SCT", "Angle"),
    "cobb": Code("285285000", "SCT", "Cobb angle"),
    "area": Code("42798000", "SCT", "Area"),
    "perimeter": Code("131191004", "SCT", "Perimeter"),
    "ratio": Code("ct-ratio", OWN, "Cardiothoracic ratio"),
    "right": Code("heart-right", OWN, "Greatest distance of right heart border from midline"),
    "left": Code("heart-left", OWN, "Greatest distance of left heart border from midline"),
    "thorax": Code("11864-6", "LN", "Transverse Thoracic Diameter"),
    "red": Code("red", OWN, "Red of pixel"),
    "green": Code("green", OWN, "Green of pixel"),
    "blue": Code("blue", OWN, "Blue of pixel"),
}
# Of the values within a region (CID 7464); none of a single pixel.
DERIVATIONS = {
    "mean": Code("373098007", "SCT", "Mean"),
    "deviation": Code("386136009", "SCT", "Standard Deviation"),
    "min": Code("255605001", "SCT", "Minimum"),
    "max": Code("56851009", "SCT", "Maximum"),
    "sum": Code("255619001", "SCT", "Total"),
}

_PIXELS = Code("{pixels}", "UCUM", "pixels")
UNITS = {
    "mm": Code("mm", "UCUM", "millimeter"),
    "mm2": Code("mm2", "UCUM", "square millimeter"),
    "px": _PIXELS,
    # UCUM has no square of an annotation: an area is a count of pixels.
    "px2": _PIXELS,
    "deg": Code("deg", "UCUM", "degree"),
    "%": Code("%", "UCUM", "percent"),
    "HU": Code("[hnsf'U]", "UCUM", "Hounsfield unit"),
    "Bq/ml": Code("Bq/ml", "UCUM", "Becquerels/milliliter"),
    "g/ml": Code("g/ml", "UCUM", "gram per milliliter"),
    "cnts": Code("{counts}", "UCUM", "Counts"),
    "": Code("1", "UCUM", "no units"),
}

_DISTANCE, _ANGLE, _PIXEL = ("mm", "px"), ("deg",), ("HU", "Bq/ml", "g/ml", "cnts", "")
# The units that a number may have.
ALLOWED = (
    dict.fromkeys(("length", "width", "path", "perimeter", "right", "left", "thorax"), _DISTANCE)
    | dict.fromkeys(("angle", "cobb"), _ANGLE)
    | dict.fromkeys(("red", "green", "blue"), ("",))
    | {"area": ("mm2", "px2"), "ratio": ("%",)}
    | dict.fromkeys(("value", *DERIVATIONS), _PIXEL)
)

# What others call the same, or called it before SNOMED CT's codes (PS3.16 annex J).
_SYNONYMS = {
    ("G-D7FE", "SRT"): "length",
    ("G-A22A", "SRT"): "length",
    ("103339001", "SCT"): "length",
    ("G-A185", "SRT"): "length",
    ("103340004", "SCT"): "width",
    ("G-A186", "SRT"): "width",
    ("G-A166", "SRT"): "area",
    ("G-A197", "SRT"): "perimeter",
    ("121206", "DCM"): "length",
}
_QUANTITY_OF = {code.key: name for name, code in QUANTITIES.items()} | _SYNONYMS
_DERIVATION_OF = {code.key: name for name, code in DERIVATIONS.items()} | {
    ("R-00317", "SRT"): "mean",
    ("R-10047", "SRT"): "deviation",
    ("113061", "DCM"): "deviation",
    ("R-404FB", "SRT"): "min",
    ("G-A437", "SRT"): "max",
}
_UNIT_OF = {code.key: unit for unit, code in UNITS.items() if unit != "px2"}
_VALUES = frozenset((ATTENUATION.key, PIXEL_VALUE.key))


def concepts(name: str, unit: str) -> Iterator[Code]:
    """The concept of a number, and its derivation if it has one."""
    if name in QUANTITIES:
        yield QUANTITIES[name]
        return
    yield ATTENUATION if unit == "HU" else PIXEL_VALUE
    if name in DERIVATIONS:
        yield DERIVATIONS[name]


def name_of(concept: tuple[str, str], derivation: tuple[str, str] | None) -> str:
    """The way back from `concepts`; empty when it is none of ours."""
    if concept in _VALUES:
        return "value" if derivation is None else _DERIVATION_OF.get(derivation, "")
    return _QUANTITY_OF.get(concept, "") if derivation is None else ""


def unit_of(code: tuple[str, str], name: str) -> str | None:
    """The unit's name; None when it is none of ours."""
    if code == _PIXELS.key and name == "area":
        return "px2"
    return _UNIT_OF.get(code)
