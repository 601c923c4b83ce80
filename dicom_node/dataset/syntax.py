"""Transfer syntaxes that the node takes in and serves (DICOM PS3.5 section 10 and annex A)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Syntax:
    """How a data set is encoded."""

    uid: str
    explicit: bool = True
    little: bool = True
    deflated: bool = False
    encapsulated: bool = False
    codec: str = ""

    @property
    def media_type(self) -> str:
        """What one compressed frame is (PS3.18 table 8.7.3-5), or nothing."""
        return _MEDIA_TYPES.get(self.codec, "")


_MEDIA_TYPES = {
    "rle": "image/dicom-rle",
    "jpeg": "image/jpeg",
    "jpeg-ls": "image/jls",
    "jpeg-2000": "image/jp2",
    "htj2k": "image/jphc",
}


IMPLICIT_LITTLE = Syntax("1.2.840.10008.1.2", explicit=False)
EXPLICIT_LITTLE = Syntax("1.2.840.10008.1.2.1")
EXPLICIT_BIG = Syntax("1.2.840.10008.1.2.2", little=False)
DEFLATED = Syntax("1.2.840.10008.1.2.1.99", deflated=True)


def _encapsulated(codec: str, *suffixes: str) -> list[Syntax]:
    return [Syntax(f"1.2.840.10008.1.2.{s}", encapsulated=True, codec=codec) for s in suffixes]


SYNTAXES: dict[str, Syntax] = {
    syntax.uid: syntax
    for syntax in (
        EXPLICIT_LITTLE,
        IMPLICIT_LITTLE,
        DEFLATED,
        EXPLICIT_BIG,
        *_encapsulated("rle", "5"),
        *_encapsulated("jpeg", "4.70", "4.57", "4.50", "4.51", "4.53", "4.55"),
        *_encapsulated("jpeg-ls", "4.80", "4.81"),
        *_encapsulated("jpeg-2000", "4.90", "4.91"),
        *_encapsulated("htj2k", "4.201", "4.202", "4.203"),
        *_encapsulated("video", "4.100", "4.101", "4.102", "4.103", "4.104", "4.105", "4.106"),
        *_encapsulated("video", "4.107", "4.108"),
    )
}
