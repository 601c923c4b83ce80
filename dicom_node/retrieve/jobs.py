"""What the portal wants fetched (docs/architecture.md, ``retrievals``)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from dicom_node import log
from dicom_node.configuration import InvalidConfigurationError
from dicom_node.dataset.uid import is_uid
from dicom_node.dimse.policy import Device
from dicom_node.dimse.policy import parse as parse_policy

# Of a value by which studies are chosen (LO, PS3.5 table 6.2-1), and a number in PostgreSQL.
MAX_TEXT = 64
MAX_ID = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Job:
    """``hours`` are (from, to) of the day; none: always. ``per_minute`` studies; 0: no limit."""

    id: int
    device: Device
    method: str
    date_from: date | None
    date_to: date | None
    modality: str
    accession_number: str
    patient_id: str
    study_uid: str
    hours: Sequence[tuple[int, int]]
    per_minute: int
    cancelled: bool

    def allowed(self, now: datetime) -> bool:
        """Whether it may work at *now*, the node's own time."""
        return not self.hours or any(first <= now.hour < last for first, last in self.hours)


@dataclass(frozen=True, slots=True)
class Unusable:
    """A job that cannot be worked on as it is; ``problem`` is for the operator.

    ``final``: it can only be asked for anew. Else it waits until the portal tells it better.
    """

    id: int
    cancelled: bool
    problem: str
    final: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """All jobs, and all devices by AE title."""

    jobs: Sequence[Job | Unusable]
    devices: Mapping[str, Device]


class _ProblemError(Exception):
    """What is wrong with a job, as the operator is told."""


class _SourceProblemError(_ProblemError):
    """What is wrong with its device: that may be put right while the job waits."""


def parse(document: Any) -> Plan:
    """What the portal wants: every job by itself, so that one not as agreed stops no other.

    Raises `InvalidConfigurationError` when the devices are not as agreed.
    """
    devices = parse_policy(document).devices
    entries = document.get("retrievals", [])
    if not isinstance(entries, list):
        raise InvalidConfigurationError("retrievals: is no list")
    return Plan([job for entry in entries for job in _jobs(entry, devices)], devices)


def _jobs(entry: Any, devices: Mapping[str, Device]) -> Iterator[Job | Unusable]:
    number = entry.get("id") if isinstance(entry, dict) else None
    if not isinstance(number, int) or isinstance(number, bool) or not 0 < number <= MAX_ID:
        log.get().error("retrieval_without_id")
        return
    try:
        yield _job(entry, devices)
    except _ProblemError as problem:
        final = not isinstance(problem, _SourceProblemError)
        yield Unusable(number, bool(entry.get("cancelled")), str(problem), final)


def _source(title: Any, devices: Mapping[str, Device]) -> Device:
    device = devices.get(title) if isinstance(title, str) else None
    if device is None:
        raise _SourceProblemError(f"device: {str(title)[:16]!r} is no active device of the portal")
    if device.port is None or not device.host:
        raise _SourceProblemError(
            f"device: {device.ae_title} has no address and port of its own: enter them there"
        )
    return device


def _job(entry: Any, devices: Mapping[str, Device]) -> Job:
    if entry.get("method") not in ("move", "get"):
        raise _ProblemError("method: is neither move nor get")
    uid = str(entry.get("study_uid") or "")
    if uid and not is_uid(uid):
        raise _ProblemError("study_uid: is no UID")
    modality, accession, patient = (
        _value(entry, key) for key in ("modality", "accession_number", "patient_id")
    )
    first, last = (_day(entry, key) for key in ("date_from", "date_to"))
    if not (first or last or uid or accession or patient):
        raise _ProblemError("nothing says which studies: give a date, a patient or a study")
    per_minute = entry.get("per_minute", 0)
    if not _is_whole(per_minute) or per_minute < 0:
        raise _ProblemError("per_minute: is no number of studies")
    return Job(
        id=entry["id"],
        device=_source(entry.get("device"), devices),
        method=entry["method"],
        date_from=first,
        date_to=last,
        modality=modality,
        accession_number=accession,
        patient_id=patient,
        study_uid=uid,
        hours=_hours(entry.get("hours", [])),
        per_minute=per_minute,
        cancelled=bool(entry.get("cancelled")),
    )


def _value(entry: Any, key: str) -> str:
    text = str(entry.get(key) or "")
    if len(text) > MAX_TEXT or not text.isprintable() or set(text) & set("*?\\"):
        raise _ProblemError(f"{key}: longer than {MAX_TEXT} characters, or with a wildcard in it")
    return text


def _day(entry: Any, key: str) -> date | None:
    try:
        return date.fromisoformat(entry[key]) if entry.get(key) else None
    except (TypeError, ValueError):
        raise _ProblemError(f"{key}: is no date such as 2026-11-01") from None


def _hours(spans: Any) -> list[tuple[int, int]]:
    if not isinstance(spans, list) or not all(
        isinstance(span, list) and len(span) == 2 and all(map(_is_whole, span)) for span in spans
    ):
        raise _ProblemError("hours: are no spans such as [[20, 24], [0, 6]]")
    return [(first, last) for first, last in spans]


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
