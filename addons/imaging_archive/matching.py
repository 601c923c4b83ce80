"""How well a study and an order fit: pure data in, data out; the model `imaging.match` decides
what is done with it."""

from dataclasses import dataclass
from datetime import date

AGREES, DIFFERS, MISSING = "agrees", "differs", "missing"


@dataclass(frozen=True, slots=True)
class Side:
    """What is compared, of a study or of an order."""

    id: int
    hospital: int
    accession_number: str
    patient_number: str
    study_uid: str
    names: frozenset[str]
    patient_birth_date: date | None
    patient_sex: str
    modality: str
    day: date | None


@dataclass(frozen=True, slots=True)
class Fit:
    rule: int
    confidence: float
    automatic: bool
    outcomes: tuple[tuple[str, str, int], ...]


def _equal(left, right):
    if not left or not right:
        return MISSING
    return AGREES if left == right else DIFFERS


def _names(study, order, _days):
    """The Chinese forms decide where both sides have one: many share a spelling in Latin
    letters. A Chinese and a Latin form cannot be compared."""
    for latin in (False, True):
        ours = {name for name in study.names if name.isascii() is latin}
        theirs = {name for name in order.names if name.isascii() is latin}
        if ours and theirs:
            return AGREES if ours & theirs else DIFFERS
    return MISSING


def _dates(study, order, days):
    if not study.day or not order.day:
        return MISSING
    return AGREES if abs((study.day - order.day).days) <= days else DIFFERS


CRITERIA = {
    "accession_number": lambda a, b, _: _equal(a.accession_number, b.accession_number),
    "patient_number": lambda a, b, _: _equal(a.patient_number, b.patient_number),
    "study_uid": lambda a, b, _: _equal(a.study_uid, b.study_uid),
    "patient_name": _names,
    "patient_birth_date": lambda a, b, _: _equal(a.patient_birth_date, b.patient_birth_date),
    "patient_sex": lambda a, b, _: _equal(a.patient_sex, b.patient_sex),
    "modality": lambda a, b, _: _equal(a.modality, b.modality),
    "date": _dates,
}


def fit(study, order, rule):
    """How well they fit by one rule (see `imaging.match.rule._as_data`); None: it excludes them."""
    outcomes, met, total, doubt = [], 0, 0, False
    for criterion, weight, on_difference, days in rule["lines"]:
        outcome = CRITERIA[criterion](study, order, days)
        if on_difference == "must" and outcome != AGREES:
            return None
        if on_difference == "exclude" and outcome == DIFFERS:
            return None
        outcomes.append((criterion, outcome, weight))
        total += weight
        met += weight if outcome == AGREES else 0
        doubt |= on_difference == "doubt" and outcome == DIFFERS
    confidence = round(met / total, 4) if total else 0.0
    automatic = confidence >= rule["automatic"] and not doubt
    return Fit(rule["id"], confidence, automatic, tuple(outcomes))


def best(study, order, rules):
    """The best Fit over the rules that hold for the hospital; None when none is doubtful even."""
    if study.hospital != order.hospital:
        return None
    fits = [
        found
        for rule in rules
        if not rule["hospital"] or rule["hospital"] == study.hospital
        if (found := fit(study, order, rule)) and found.confidence >= rule["doubtful"]
    ]
    return max(fits, key=lambda one: (one.automatic, one.confidence), default=None)


def keys(side):
    """By what the other side is looked up; each is an indexed equality."""
    found = [
        (name, side.hospital, value)
        for name, value in (
            ("accession_number", side.accession_number),
            ("patient_number", side.patient_number),
            ("study_uid", side.study_uid),
        )
        if value
    ]
    if side.patient_birth_date:
        found.extend(
            ("person", side.hospital, (side.patient_birth_date, name)) for name in side.names
        )
    return found
