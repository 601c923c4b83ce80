"""WADO-URI (PS3.18 section 9): one instance, named and described by the query."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from dicom_node.archive.located import Located
from dicom_node.dataset.uid import is_uid
from dicom_node.web import accept, pictures
from dicom_node.web.draw import Drawing
from dicom_node.web.problem import bad_request, unsupported
from dicom_node.web.render import MAX_VIEWPORT, quality, whole_number, window
from dicom_node.web.wado import DICOM

_FRACTION = re.compile(r"[01](?:\.[0-9]{1,12})?|\.[0-9]{1,12}")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request; ``kinds`` as an Accept header has them, empty when nothing was said."""

    study: str
    series: str
    sop: str
    kinds: str
    syntax: str
    frame: int | None
    quality: int | None
    fit: tuple[int, int] | None
    window: tuple[float, float] | None
    region: tuple[float, float, float, float] | None

    def media_type(self, header: str, instance: Located) -> str:
        """What to answer: a picture or a file; raise `Problem` 400 or 406.

        Where neither *header* nor the query says it: a picture of what is a single one, or of a
        frame that is asked for (PS3.18 table 8.7.2-1).
        """
        offers: tuple[str, ...] = (DICOM,)
        if instance.image:
            single = instance.frames == 1 or self.frame is not None
            offers = (*pictures.MEDIA_TYPES, DICOM) if single else (DICOM, *pictures.MEDIA_TYPES)
        chosen = accept.best(self.kinds or header, offers)
        if chosen is None:
            raise unsupported(f"contentType: this instance is served as {', '.join(offers)}.")
        if chosen != DICOM and self.syntax:
            raise bad_request("transferSyntax: is for contentType application/dicom only.")
        return chosen

    @property
    def accepted(self) -> str:
        """The Accept header by which a whole file is asked for."""
        return f"{DICOM}; transfer-syntax={self.syntax or '*'}"

    def frame_of(self, instance: Located) -> int:
        """Raises `Problem` 400 when the instance has no such frame."""
        frame = 1 if self.frame is None else self.frame
        if instance.image and frame > instance.frames:
            raise bad_request(f"frameNumber: the instance has {instance.frames}.")
        return frame

    def described(self, drawing: Drawing) -> Drawing:
        """*drawing* as it is asked for."""
        return replace(
            drawing,
            quality=self.quality or drawing.quality,
            fit=self.fit,
            window=self.window,
            region=self.region,
        )


def parse(items: Sequence[tuple[str, str]]) -> Asked:
    """Read the query; raise `Problem` 400 that names what is wrong in it.

    Parameters that are not known are passed over, as PS3.18 section 8.3 has it; those that would
    have shown something else than what comes are refused.
    """
    query: dict[str, str] = {}
    for name, value in items:
        if name in query:
            raise bad_request("A parameter is there more than once.")
        query[name] = value
    if query.get("requestType") != "WADO":
        raise bad_request("requestType: is not WADO.")
    for name in ("studyUID", "seriesUID", "objectUID"):
        if not is_uid(query.get(name, "")):
            raise bad_request(f"{name}: is no UID.")
    if "anonymize" in query:
        raise bad_request("anonymize: is not done here; an anonymous ticket gives such copies.")
    if "presentationUID" in query:
        raise bad_request("presentationUID: presentation states are not applied.")
    syntax = query.get("transferSyntax", "")
    if syntax and not is_uid(syntax):
        raise bad_request("transferSyntax: is no UID.")
    frame = query.get("frameNumber")
    number = None if frame is None else whole_number("frameNumber", frame, 9_999_999)
    level = query.get("imageQuality")
    return Asked(
        study=query["studyUID"],
        series=query["seriesUID"],
        sop=query["objectUID"],
        kinds=query.get("contentType", ""),
        syntax=syntax,
        frame=number,
        quality=None if level is None else quality("imageQuality", level),
        fit=_fit(query),
        window=_window(query),
        region=_region(query),
    )


def _fit(query: dict[str, str]) -> tuple[int, int] | None:
    """The largest width and height; either may be left open."""
    if "rows" not in query and "columns" not in query:
        return None
    width, height = (
        whole_number(name, query.get(name, str(MAX_VIEWPORT)), MAX_VIEWPORT)
        for name in ("columns", "rows")
    )
    return width, height


def _window(query: dict[str, str]) -> tuple[float, float] | None:
    names = ("windowCenter", "windowWidth")
    for name, other in (names, names[::-1]):
        if name in query and other not in query:
            raise bad_request(f"{other}: is missing beside {name}.")
    if "windowCenter" not in query:
        return None
    return window("windowCenter", query["windowCenter"], "windowWidth", query["windowWidth"])


def _region(query: dict[str, str]) -> tuple[float, float, float, float] | None:
    if "region" not in query:
        return None
    parts = query["region"][:80].split(",")
    if len(parts) == 4 and all(_FRACTION.fullmatch(part) for part in parts):
        left, top, right, bottom = map(float, parts)
        if left < right <= 1 and top < bottom <= 1:
            return left, top, right, bottom
    raise bad_request("region: is not a left, top, right and bottom from 0 to 1.")
