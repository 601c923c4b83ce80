"""Which pictures may show the patient's name, and so are withheld from anonymous tickets."""

from dataclasses import dataclass

_STORAGE = "1.2.840.10008.5.1.4.1.1"
SECONDARY_CAPTURE = frozenset(
    f"{_STORAGE}.{suffix}" for suffix in ("7", "7.1", "7.2", "7.3", "7.4")
)
ULTRASOUND = frozenset(f"{_STORAGE}.{suffix}" for suffix in ("3", "3.1", "6", "6.1", "6.2", "6.3"))
# Colour by nature, taken by an optical instrument that draws no text into the picture.
OPTICAL = frozenset(
    f"{_STORAGE}.77.1.{suffix}" for suffix in ("2", "3", "5.1", "5.2", "5.5", "5.6", "6")
)
# Of a whole slide (PS3.3 C.8.12.4.1.1): the glass's label, and the whole glass with it. Scanners
# deny burned-in text in all images of a slide alike, so the word of the file does not count.
LABELLED = frozenset(("LABEL", "OVERVIEW"))
ULTRASOUND_MODALITIES = frozenset(("US", "IVUS", "BDUS"))


@dataclass(frozen=True, slots=True)
class Clues:
    """Codes in capitals; ``burned_in`` is (0028,0301), ``colour`` several samples or a palette."""

    sop_class: str
    modality: str
    burned_in: str
    colour: bool
    video: bool
    image_type: tuple[str, ...]
    overlay_in_pixels: bool


def may_show_a_name(clues: Clues) -> bool:
    """True unless there is a reason to believe that there is none: the file's word, or its kind."""
    if clues.overlay_in_pixels or clues.video:
        # What the file denies is text in the picture, not in unused bits or in a stream's metadata.
        return True
    if not LABELLED.isdisjoint(clues.image_type):
        return True
    if clues.burned_in == "NO":
        return False
    return (
        clues.burned_in != ""
        or not clues.sop_class.startswith(f"{_STORAGE}.")
        or clues.sop_class in SECONDARY_CAPTURE | ULTRASOUND
        or clues.modality in ULTRASOUND_MODALITIES
        or (clues.colour and clues.sop_class not in OPTICAL)
        or any("SCREEN" in value for value in clues.image_type)
    )
