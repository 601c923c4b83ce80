"""What the portal wants fetched (docs/architecture.md, ``retrievals``)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from dicom_node.configuration import InvalidConfigurationError
from dicom_node.dataset.uid import is_uid
from dicom_node.dimse.policy import Device
from dicom_node.dimse.policy import parse as parse_policy


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
class Plan:
    """The jobs whose device can be reached, and all devices by AE title."""

    jobs: Sequence[Job]
    devices: Mapping[str, Device]


def parse(document: Any) -> Plan:
    """What the portal wants; raise `InvalidConfigurationError` naming the field."""
    devices = parse_policy(document).devices
    jobs = []
    for entry in document.get("retrievals", []):
        try:
            device = devices.get(entry["device"])
            if device is not None and device.port is not None:
                jobs.append(_job(entry, device))
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidConfigurationError(f"retrievals: {error!r}") from error
    return Plan(jobs, devices)


def _job(entry: Any, device: Device) -> Job:
    if entry["method"] not in ("move", "get"):
        raise ValueError("method")
    uid = str(entry.get("study_uid", ""))
    if uid and not is_uid(uid):
        raise ValueError("study_uid")
    modality, accession, patient = (
        str(entry.get(key, "")) for key in ("modality", "accession_number", "patient_id")
    )
    if set(modality + accession + patient) & set("*?\\"):
        raise ValueError("a wildcard")
    first, last = (_day(entry.get(key)) for key in ("date_from", "date_to"))
    if not (first or last or uid or accession or patient):
        raise ValueError("nothing says which studies")
    return Job(
        id=int(entry["id"]),
        device=device,
        method=entry["method"],
        date_from=first,
        date_to=last,
        modality=modality,
        accession_number=accession,
        patient_id=patient,
        study_uid=uid,
        hours=[(int(begin), int(end)) for begin, end in entry.get("hours", [])],
        per_minute=int(entry.get("per_minute", 0)),
        cancelled=bool(entry.get("cancelled")),
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
