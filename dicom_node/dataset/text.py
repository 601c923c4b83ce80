"""Text from outside: decoded, made safe to store, cut to what its VR may hold."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import date, time

from pydicom.charset import convert_encodings, decode_bytes, python_encoding
from pydicom.valuerep import PN_DELIMS, TEXT_VR_DELIMS

# Characters allowed by the VR (PS3.5 table 6.2-1); PN: three groups of 64 and two delimiters.
LIMITS = {"AE": 16, "AS": 4, "CS": 16, "LO": 64, "PN": 194, "SH": 16, "ST": 1024, "UI": 64}
MAX_TEXT = 65_536

# Control characters, and those that reorder text on the screen, let a tag pose as another.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]"
)
# Spellings that devices use instead of ISO_IR 192 and ISO 2022 IR 58.
_SPELLINGS = (
    (re.compile(r"ISO[ _-]?IR[ _-]?(\d+)"), r"ISO_IR \1"),
    (re.compile(r"ISO[ _-]?2022[ _-]?IR[ _-]?(\d+)"), r"ISO 2022 IR \1"),
)
_ASCII = frozenset(("", "ISO_IR 6", "ISO 2022 IR 6"))
_ESCAPE = re.compile(r"\x1b(?:\$[()]?|[()\-.])[A-Z@]")
_LINE = re.compile("[\t\n\r\f]")
_DATE = re.compile(r"(\d{4})[.]?(\d{2})[.]?(\d{2})", re.ASCII)
_TIME = re.compile(r"(\d{2}):?(\d{2})?:?(\d{2})?(?:\.\d{1,6})?", re.ASCII)

Encodings = tuple[str, ...]


def encodings(terms: Sequence[str]) -> Encodings:
    """Python codecs for the values of Specific Character Set (PS3.3 section C.12.1.1.2).

    Nothing when one of them is unknown, or when only ASCII is declared: then `decode` looks for
    itself. A term is never taken for the name of a Python codec, among which are dangerous ones.
    """
    known = [_spelled(term.strip().upper()) for term in terms]
    if all(term in _ASCII for term in known) or not all(term in python_encoding for term in known):
        return ()
    return tuple(convert_encodings(known))


def _spelled(term: str) -> str:
    for pattern, spelling in _SPELLINGS:
        if match := pattern.fullmatch(term):
            return match.expand(spelling)
    return term


def decode(value: bytes, codecs: Encodings, *, person: bool = False) -> str:
    """Decode *value*. Without a declared character set, what is not ASCII is UTF-8 or GB 18030.

    Neither is a guess between equals: both are self-checking, and a strict decoder accepts text of
    the other only by rare accident. What neither accepts becomes replacement characters.
    """
    escaped = b"\x1b" in value
    if value.isascii() and not escaped:
        return clean(value.decode("ascii"))
    if not codecs:
        return clean(_undeclared(value))
    if len(codecs) == 1 and not escaped:
        return clean(value.decode(codecs[0], "replace"))
    try:
        if person:
            groups = [decode_bytes(part, codecs, PN_DELIMS) for part in value.split(b"=")]
            decoded = "=".join(groups)
        else:
            decoded = decode_bytes(value, codecs, TEXT_VR_DELIMS)
    except (LookupError, UnicodeError):
        decoded = value.decode("ascii", "replace")
    # pydicom 3.0 leaves the designation of ISO-IR 58 in the text.
    return clean(_ESCAPE.sub("", decoded))


def _undeclared(value: bytes) -> str:
    for codec in ("utf-8", "gb18030"):
        try:
            return value.decode(codec)
        except UnicodeDecodeError:
            continue
    return value.decode("ascii", "replace")


def clean(text: str) -> str:
    """*text* without controls and lone surrogates, in normal form C, at most `MAX_TEXT` long."""
    if text.isascii() and text.isprintable():
        return text[:MAX_TEXT].strip(" ")
    text = text[:MAX_TEXT].encode("utf-8", "replace").decode("utf-8")
    return unicodedata.normalize("NFC", _UNSAFE.sub("", text)).strip(" ")


def line(text: str, vr: str) -> str:
    """*text* on one line, cut to what *vr* may hold."""
    return _LINE.sub(" ", text)[: LIMITS.get(vr, MAX_TEXT)].strip()


def parse_date(text: str) -> date | None:
    """A DA value (PS3.5 table 6.2-1), also in the old form with dots; None when it is no date."""
    match = _DATE.fullmatch(text.strip())
    if match is None:
        return None
    try:
        return date(*map(int, match.groups()))
    except ValueError:
        return None


def parse_time(text: str) -> time | None:
    """A TM value, to the second; None when it is no time of day."""
    match = _TIME.fullmatch(text.strip())
    if match is None:
        return None
    try:
        hour, minute, second = (int(part or 0) for part in match.groups())
        return time(hour, minute, second)
    except ValueError:
        return None


def display_name(name: str) -> str:
    """A person name for people: the ideographic group if there is one, delimiters as spaces."""
    groups = name.split("=")
    ideographic = groups[1].replace("^", "").strip() if len(groups) > 1 else ""
    return ideographic or " ".join(groups[0].replace("^", " ").split())
