"""What a client accepts (RFC 9110 section 12.5.1, PS3.18 section 8.7)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

MAX_ACCEPT = 4096
_PARAMETER = re.compile(r';\s*([\w-]+)\s*=\s*("[^"]*"|[^;,\s]*)')
_ENTRY = re.compile(r'(?:[^,"]++|"[^"]*+"?+)++')  # possessive: hostile headers take no longer


@dataclass(frozen=True, slots=True)
class MediaRange:
    """One entry of an Accept header, ``type`` the part type when it is multipart."""

    name: str
    parameters: dict[str, str] = field(default_factory=dict)

    @property
    def multipart(self) -> bool:
        return self.name in ("multipart/related", "multipart/*")

    @property
    def part(self) -> str:
        """The type of what is wanted: of the parts, or of the whole."""
        return self.parameters.get("type", "*/*").lower() if self.multipart else self.name

    @property
    def quality(self) -> float:
        try:
            return float(self.parameters.get("q", "1"))
        except ValueError:
            return 0.0

    @property
    def syntax(self) -> str:
        return self.parameters.get("transfer-syntax", "*")

    def admits(self, media_type: str) -> bool:
        kind = media_type.partition("/")[0]
        return self.part in (media_type, f"{kind}/*", "*/*")


def parse(header: str) -> Sequence[MediaRange]:
    """The ranges of *header*, the wanted ones first; everything when it is empty."""
    ranges = []
    for entry in _ENTRY.findall(header[:MAX_ACCEPT]):
        name = entry.split(";")[0].strip().lower()
        if name:
            found = {k.lower(): v.strip('"') for k, v in _PARAMETER.findall(entry)}
            ranges.append(MediaRange(name, found))
    wanted = [entry for entry in ranges if entry.quality > 0]
    return sorted(wanted, key=lambda entry: -entry.quality) or [MediaRange("*/*")]


def best(header: str, offers: Sequence[str]) -> str | None:
    """The first of *offers* that the most wanted range admits."""
    for entry in parse(header):
        for offer in offers:
            if entry.admits(offer):
                return offer
    return None
