"""What the portal's configuration tells the archive process (docs/architecture.md)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from dicom_node import hospital, ident, log
from dicom_node.configuration import InvalidConfigurationError
from dicom_node.dataset.uid import is_uid
from dicom_node.dimse.policy import HIGH_WATER
from dicom_node.store import told
from dicom_node.store.layout import InvalidTemplateError, Layout

ACTIONS = frozenset(("retry", "accept", "discard"))
VERIFY_PACE = 8
_MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class QuarantineAction:
    key: str
    hospital: str
    action: str


@dataclass(frozen=True, slots=True)
class Disposal:
    id: int
    study_uid: str


@dataclass(frozen=True, slots=True)
class Tier:
    """``hospital`` and ``modality`` may be ``*``; ``after_days`` of the study's date."""

    hospital: str
    modality: str
    after_days: int


@dataclass(frozen=True, slots=True)
class Expected:
    """How many instances the RIS expects of a study."""

    study_uid: str
    instances: int


def parse(document: Any) -> Mapping[str, Any]:
    """The portal's document as it is: each entry is judged when it is used."""
    if not isinstance(document, dict):
        raise InvalidConfigurationError("is no object")
    return document


class Instructions:
    """The last configuration that the portal gave; an entry that is not as agreed is left out."""

    def __init__(
        self,
        current: Callable[[], Mapping[str, Any] | None],
        zone: ZoneInfo,
        path_template: str = "",
    ) -> None:
        """*path_template* is for hospitals of which the portal says nothing; empty: `DEFAULT`."""
        self.zone = zone
        self._current = current
        self._document: Mapping[str, Any] = {}
        self._layouts: dict[str, Layout] = {}
        self._default = Layout(path_template)

    def layout(self, code: str) -> Layout:
        """Where the objects of the hospital *code* lie, as of the last `refresh`."""
        return self._layouts.get(code, self._default)

    def day(self, moment: datetime) -> datetime:
        return moment.astimezone(self.zone)

    def verify_pace(self) -> int:
        """Bytes a second; 0: off."""
        pace = self._node("verify_mib_per_second", VERIFY_PACE, 0)
        return max(0, int(pace * _MEBIBYTE))

    def htj2k(self) -> frozenset[str] | None:
        """The hospitals that want their frames in HTJ2K too; None while nothing is known."""
        entries = self._entries("hospitals")
        if not entries:
            return None
        return frozenset(str(e.get("code")) for e in entries if e.get("htj2k") is True)

    def high_water(self) -> float:
        """Per cent of the disk from which nothing more is taken in."""
        return self._node("high_water", HIGH_WATER, HIGH_WATER)

    def bucket(self) -> Mapping[str, str]:
        """The bucket that the portal names; empty when it names none."""
        self.refresh()
        return told.bucket(self._document)

    def quarantine(self) -> Sequence[QuarantineAction]:
        return [
            QuarantineAction(entry["key"], entry["hospital"], entry["action"])
            for entry in self._entries("quarantine")
            if ident.is_valid(str(entry.get("key")))
            and hospital.is_code(str(entry.get("hospital")))
            and entry.get("action") in ACTIONS
        ]

    def disposals(self) -> Sequence[Disposal]:
        return [
            Disposal(entry["id"], entry["study_uid"])
            for entry in self._entries("disposals")
            if isinstance(entry.get("id"), int) and is_uid(str(entry.get("study_uid")))
        ]

    def tiers(self) -> Sequence[Tier]:
        return [
            Tier(str(entry["hospital"]), str(entry["modality"]), entry["after_days"])
            for entry in self._entries("tiers")
            if isinstance(entry.get("after_days"), int)
            and entry["after_days"] >= 0
            and {"hospital", "modality"} <= entry.keys()
        ]

    def expected(self) -> Sequence[Expected]:
        return [
            Expected(entry["study_uid"], entry["instances"])
            for entry in self._entries("expected")
            if is_uid(str(entry.get("study_uid")))
            and isinstance(entry.get("instances"), int)
            and 0 < entry["instances"] < 1 << 31
        ]

    def _node(self, name: str, absent: float, wrong: float) -> float:
        """A number of the section about this node."""
        self.refresh()
        node = self._document.get("node", {})
        value = node.get(name, absent) if isinstance(node, dict) else wrong
        return value if isinstance(value, int | float) else wrong

    def _entries(self, name: str) -> list[Any]:
        self.refresh()
        entries = self._document.get(name, [])
        return [e for e in entries if isinstance(e, dict)] if isinstance(entries, list) else []

    def refresh(self) -> None:
        """Take over what is in force now."""
        document = self._current()
        if document is not None and document is not self._document:
            self._document = document
            self._layouts = self._read_layouts()

    def _read_layouts(self) -> dict[str, Layout]:
        layouts = {}
        entries = self._document.get("hospitals", [])
        for entry in entries if isinstance(entries, list) else []:
            code = str(entry.get("code")) if isinstance(entry, dict) else ""
            try:
                if hospital.is_code(code) and entry.get("path_template"):
                    layouts[code] = Layout(str(entry["path_template"]))
            except InvalidTemplateError as error:
                log.get().error("path_template_refused", hospital=code, reason=str(error))
                if code in self._layouts:
                    layouts[code] = self._layouts[code]
        return layouts
