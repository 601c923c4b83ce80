"""The node's events as data: what comes in is checked here, field by field, before any model
sees it. The shapes are those of docs/architecture.md, "Node → portal: events"."""

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime

UID = re.compile(r"[0-9.]{1,64}")
HOSPITAL = re.compile(r"[A-Z0-9_-]{1,16}")
# An AE title stands for itself: PS3.5, 6.2, without backslash and control characters.
SUBJECT = re.compile(r"(?:user|share|tool|node):[0-9]{1,18}|ae:[ -\[\]-~]{1,16}")
TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]")
CODE_STRING = re.compile(r"[A-Z0-9_ ]{1,16}")
QUARANTINE_REASONS = ("unreadable", "invalid_uid", "mismatch", "conflict", "other_hospital")
ACCESS_ACTIONS = ("metadata", "frames", "rendered", "instance", "search", "annotate")
PURPOSES = ("reading", "share", "tool", "upload")
COMPLETENESS = ("complete", "incomplete", "unknown")
EVIDENCE = ("c-find", "mpps", "ris", "")
LOCATIONS = ("online", "nearline", "mixed")
OUTCOMES = ("archived", "discarded", "refused")
RETRIEVAL_STATES = ("waiting", "running", "done", "failed", "cancelled")
MAX_MISSING = 10000
MAX_BATCH = 200
MAX_COUNT = 2**31 - 1
MAX_SIZE = 2**53
MAX_LIST = 32


class EventError(ValueError):
    """An event that will never be accepted; the message names the field and the reason."""


@dataclass(frozen=True, slots=True)
class Patient:
    identifier: str
    name: str
    birth_date: date | None
    sex: str


@dataclass(frozen=True, slots=True)
class Completeness:
    state: str
    expected: int
    missing: int
    source: str


@dataclass(frozen=True, slots=True)
class StudyEvent:
    id: int
    uid: str
    hospital: str
    revision: int
    patient: Patient
    accession_number: str
    study_id: str
    date: date | None
    time: str
    description: str
    modalities: tuple[str, ...]
    body_parts: tuple[str, ...]
    referring_physician: str
    station_name: str
    calling_ae: str
    series_count: int
    instance_count: int
    duplicate_count: int
    size: int
    first_received: datetime
    last_received: datetime
    completeness: Completeness
    location: str


@dataclass(frozen=True, slots=True)
class QuarantineEvent:
    id: int
    at: datetime
    key: str
    hospital: str
    calling_ae: str
    address: str
    reason: str
    detail: str
    study_uid: str
    sop_instance_uid: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class AccessEvent:
    id: int
    at: datetime
    digest: str
    ticket: str
    subject: str
    purpose: str
    study_uid: str
    action: str
    address: str


@dataclass(frozen=True, slots=True)
class RejectionEvent:
    id: int
    at: datetime
    digest: str
    calling_ae: str
    called_ae: str
    address: str
    reason: str


@dataclass(frozen=True, slots=True)
class QuarantineResultEvent:
    id: int
    at: datetime
    key: str
    outcome: str
    detail: str


@dataclass(frozen=True, slots=True)
class RetrievalEvent:
    id: int
    at: datetime
    number: int
    state: str
    found: int
    done: int
    failed: int
    instances: int
    missing: tuple[str, ...]
    error: str


@dataclass(frozen=True, slots=True)
class DisposalEvent:
    id: int
    at: datetime
    number: int
    study_uid: str
    instances: int
    size: int
    error: str


@dataclass(frozen=True, slots=True)
class DamageEvent:
    id: int
    at: datetime
    digest: str
    hospital: str
    study_uid: str
    sop_instance_uid: str
    object_key: str
    detail: str


@dataclass(frozen=True, slots=True)
class VolumeEvent:
    id: int
    day: date
    hospital: str
    modality: str
    instances: int
    size: int


class Fields:
    """Reads the checked values of one JSON object; `where` prefixes the names in errors."""

    def __init__(self, values, where):
        if not isinstance(values, dict):
            raise EventError(f"{where}: an object is expected")
        self.values = values
        self.where = where

    def fail(self, key, reason):
        raise EventError(f"{self.where}.{key}: {reason}")

    def object(self, key):
        return Fields(self.values.get(key), f"{self.where}.{key}")

    def text(self, key, limit, *, pattern=None, required=False):
        value = self.values.get(key)
        if value is None:
            value = ""
        if not isinstance(value, str):
            self.fail(key, "text is expected")
        if "\x00" in value:
            self.fail(key, "contains a NUL character")
        if len(value) > limit:
            self.fail(key, f"longer than {limit} characters")
        if required and not value:
            self.fail(key, "is missing")
        if value and pattern and not pattern.fullmatch(value):
            self.fail(key, f"{value[:80]!r} is not allowed here")
        return value

    def choice(self, key, choices):
        value = self.values.get(key)
        if value not in choices:
            self.fail(key, f"must be one of {', '.join(choices)}")
        return value

    def number(self, key, limit=MAX_COUNT):
        value = self.values.get(key)
        if type(value) is not int or not 0 <= value <= limit:
            self.fail(key, f"a whole number from 0 to {limit} is expected")
        return value

    def optional_number(self, key):
        return 0 if self.values.get(key) is None else self.number(key)

    def texts(self, key, limit, pattern, longest=MAX_LIST):
        values = self.values.get(key)
        if not isinstance(values, list) or len(values) > longest:
            self.fail(key, f"a list of at most {longest} texts is expected")
        return tuple(
            Fields({f"{key}[{i}]": value}, self.where).text(f"{key}[{i}]", limit, pattern=pattern)
            for i, value in enumerate(values)
        )

    def day(self, key):
        value = self.text(key, 10)
        if not value:
            return None
        try:
            return date.fromisoformat(value)
        except ValueError:
            return self.fail(key, f"{value!r} is not a date (YYYY-MM-DD)")

    def moment(self, key):
        """An instant with a zone, as naive UTC: the form in which Odoo keeps it."""
        value = self.text(key, 40, required=True)
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(key, f"{value!r} is not a time (ISO 8601)")
        if moment.tzinfo is None:
            self.fail(key, f"{value!r} has no time zone")
        return moment.astimezone(UTC).replace(tzinfo=None)


def event_id(event):
    """The number under which the sender knows the event; None when it has none."""
    number = event.get("id") if isinstance(event, dict) else None
    return number if type(number) is int else None


def parse(event):
    """One event of the batch as its dataclass; raises EventError."""
    number = event_id(event)
    if number is None:
        raise EventError("id: a whole number is expected")
    fields = Fields(event, "event")
    kind = fields.choice("kind", tuple(PARSERS))
    return PARSERS[kind](number, fields, Fields(event.get(kind), kind))


def _study(number, _event, fields):
    patient = fields.object("patient")
    return StudyEvent(
        id=number,
        uid=fields.text("uid", 64, pattern=UID, required=True),
        hospital=fields.text("hospital", 16, pattern=HOSPITAL, required=True),
        revision=fields.number("revision", MAX_SIZE),
        patient=Patient(
            identifier=patient.text("id", 256).strip(),
            name=patient.text("name", 512),
            birth_date=patient.day("birth_date"),
            sex=patient.text("sex", 16),
        ),
        accession_number=fields.text("accession_number", 256).strip(),
        study_id=fields.text("study_id", 256),
        date=fields.day("date"),
        time=fields.text("time", 8, pattern=TIME),
        description=fields.text("description", 1024),
        modalities=fields.texts("modalities", 16, CODE_STRING),
        body_parts=fields.texts("body_parts", 64, None),
        referring_physician=fields.text("referring_physician", 512),
        station_name=fields.text("station_name", 256),
        calling_ae=fields.text("calling_ae", 16),
        series_count=fields.number("series_count"),
        instance_count=fields.number("instance_count"),
        duplicate_count=fields.number("duplicate_count"),
        size=fields.number("size", MAX_SIZE),
        first_received=fields.moment("first_received"),
        last_received=fields.moment("last_received"),
        completeness=_completeness(fields),
        location=fields.choice("location", LOCATIONS) if "location" in fields.values else "online",
    )


def _completeness(fields):
    """What the node says of the study's completeness; a node that says nothing knows nothing."""
    if fields.values.get("completeness") is None:
        return Completeness("unknown", 0, 0, "")
    said = fields.object("completeness")
    source = said.choice("source", EVIDENCE)
    state = said.choice("state", COMPLETENESS)
    if not source and state != "unknown":
        said.fail("state", "without a source it is unknown")
    return Completeness(
        state, said.optional_number("expected"), said.optional_number("missing"), source
    )


def _quarantine(number, event, fields):
    return QuarantineEvent(
        id=number,
        at=event.moment("at"),
        key=fields.text("key", 128, required=True),
        hospital=fields.text("hospital", 16, pattern=HOSPITAL),
        calling_ae=fields.text("calling_ae", 16),
        address=fields.text("address", 64),
        reason=fields.choice("reason", QUARANTINE_REASONS),
        detail=fields.text("detail", 2000),
        # What lies in quarantine may have been put there for its UIDs.
        study_uid=fields.text("study_uid", 256),
        sop_instance_uid=fields.text("sop_instance_uid", 256),
        size=fields.number("size", MAX_SIZE),
        sha256=fields.text("sha256", 64),
    )


def _access(number, event, fields):
    return AccessEvent(
        id=number,
        at=event.moment("at"),
        digest=_digest(event.values),
        ticket=fields.text("ticket", 64),
        subject=fields.text("subject", 32, pattern=SUBJECT, required=True),
        purpose=fields.choice("purpose", PURPOSES),
        study_uid=fields.text("study_uid", 64, pattern=UID),
        action=fields.choice("action", ACCESS_ACTIONS),
        address=fields.text("address", 64),
    )


def _rejection(number, event, fields):
    return RejectionEvent(
        id=number,
        at=event.moment("at"),
        digest=_digest(event.values),
        calling_ae=fields.text("calling_ae", 64),
        called_ae=fields.text("called_ae", 64),
        address=fields.text("address", 64),
        reason=fields.text("reason", 500),
    )


def _quarantine_result(number, event, fields):
    return QuarantineResultEvent(
        id=number,
        at=event.moment("at"),
        key=fields.text("key", 128, required=True),
        outcome=fields.choice("outcome", OUTCOMES),
        detail=fields.text("detail", 2000),
    )


def _retrieval(number, event, fields):
    return RetrievalEvent(
        id=number,
        at=event.moment("at"),
        number=fields.number("id"),
        state=fields.choice("state", RETRIEVAL_STATES),
        found=fields.number("found"),
        done=fields.number("done"),
        failed=fields.number("failed"),
        instances=fields.number("instances"),
        missing=fields.texts("missing", 64, UID, MAX_MISSING),
        error=fields.text("error", 2000),
    )


def _disposal(number, event, fields):
    return DisposalEvent(
        id=number,
        at=event.moment("at"),
        number=fields.number("id"),
        study_uid=fields.text("study_uid", 64, pattern=UID, required=True),
        instances=fields.number("instances"),
        size=fields.number("size", MAX_SIZE),
        error=fields.text("error", 2000),
    )


def _damage(number, event, fields):
    return DamageEvent(
        id=number,
        at=event.moment("at"),
        digest=_digest(event.values),
        hospital=fields.text("hospital", 16, pattern=HOSPITAL, required=True),
        study_uid=fields.text("study_uid", 64, pattern=UID),
        sop_instance_uid=fields.text("sop_instance_uid", 64, pattern=UID),
        object_key=fields.text("object_key", 1024),
        detail=fields.text("detail", 500),
    )


def _volume(number, _event, fields):
    day = fields.day("day")
    if day is None:
        fields.fail("day", "is missing")
    return VolumeEvent(
        id=number,
        day=day,
        hospital=fields.text("hospital", 16, pattern=HOSPITAL, required=True),
        modality=fields.text("modality", 16, pattern=CODE_STRING),
        instances=fields.number("instances"),
        size=fields.number("size", MAX_SIZE),
    )


def _digest(event):
    """By what an event that arrives a second time is recognised."""
    return hashlib.sha256(json.dumps(event, sort_keys=True).encode()).hexdigest()


PARSERS = {
    "study": _study,
    "quarantine": _quarantine,
    "access": _access,
    "rejection": _rejection,
    "quarantine_result": _quarantine_result,
    "retrieval": _retrieval,
    "disposal": _disposal,
    "damage": _damage,
    "volume": _volume,
}
