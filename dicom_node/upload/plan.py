"""How the centre wants to be uploaded to: ``node.upload`` of its configuration."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from dicom_node import hospital
from dicom_node.configuration import InvalidConfigurationError

MAX_BATCH, MAX_THREADS = 1000, 32
KIB = 1024
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+/?")
_CLOCK = re.compile(r"([01][0-9]|2[0-4]):([0-5][0-9])")


@dataclass(frozen=True, slots=True)
class Span:
    """From ``begin`` to before ``end``, minutes of the day, so many bytes a second."""

    begin: int
    end: int
    bytes_per_second: int


@dataclass(frozen=True, slots=True)
class Plan:
    """``batch`` files at a time over ``threads`` connections, within the bandwidth of the hour."""

    url: str
    hospital: str
    batch: int
    threads: int
    spans: tuple[Span, ...] = ()

    def bytes_per_second(self, now: datetime) -> int:
        """What the line may carry at this time of day; 0: all that it can."""
        minute = _minutes(now.time())
        within = [span.bytes_per_second for span in self.spans if span.begin <= minute < span.end]
        return min(within, default=0)


@dataclass(frozen=True, slots=True)
class Told:
    """What the centre told this front end: its plan, and the whole document for the rest."""

    plan: Plan | None
    document: Mapping[str, Any]


def parse(document: Any) -> Plan | None:
    """Check the centre's answer; None when it wants no upload.

    Raises `InvalidConfigurationError` naming the field.
    """
    try:
        entry = document.get("node", {}).get("upload")
        if entry is None:
            return None
        plan = Plan(
            url=_origin(entry["url"]),
            hospital=entry["hospital"],
            batch=_whole("batch", entry.get("batch", 20), MAX_BATCH),
            threads=_whole("threads", entry.get("threads", 2), MAX_THREADS),
            spans=tuple(_span(line) for line in entry.get("bandwidth", [])),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise InvalidConfigurationError(
            f"node.upload: missing or of the wrong type: {error}"
        ) from error
    if not isinstance(plan.hospital, str) or not hospital.is_code(plan.hospital):
        raise InvalidConfigurationError("node.upload.hospital: is no code")
    return plan


def _origin(text: Any) -> str:
    if not isinstance(text, str) or not _ORIGIN.fullmatch(text):
        raise InvalidConfigurationError("node.upload.url: is no address such as https://host:port")
    return text.rstrip("/")


def _whole(name: str, value: Any, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise InvalidConfigurationError(f"node.upload.{name}: is not between 1 and {most}")
    return value


def _span(line: Any) -> Span:
    rate = _whole("bandwidth.kib_per_second", line["kib_per_second"], 1 << 31)
    return Span(_clock(line["from"]), _clock(line["to"]), rate * KIB)


def _clock(text: Any) -> int:
    found = _CLOCK.fullmatch(text) if isinstance(text, str) else None
    minutes = int(found[1]) * 60 + int(found[2]) if found else 1441
    if minutes > 24 * 60:
        raise InvalidConfigurationError("node.upload.bandwidth: a time is not 00:00 to 24:00")
    return minutes


def _minutes(clock: time) -> int:
    return clock.hour * 60 + clock.minute
