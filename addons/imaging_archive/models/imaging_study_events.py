import logging
from functools import partial

import psycopg2
from odoo import api, models
from odoo.exceptions import UserError

from .. import person_name
from ..study_events import (
    MAX_BATCH,
    AccessEvent,
    DamageEvent,
    DisposalEvent,
    EventError,
    QuarantineEvent,
    QuarantineResultEvent,
    RejectionEvent,
    RetrievalEvent,
    StudyEvent,
    VolumeEvent,
    event_id,
    parse,
)

_logger = logging.getLogger(__name__)

# Modalities that accompany a study without being what was examined.
ACCOMPANYING = {"SR", "PR", "KO", "SEG", "DOC", "REG", "RTSTRUCT", "OT"}
SEX = {"M": "M", "F": "F", "O": "O"}


class ImagingStudy(models.Model):
    _inherit = "imaging.study"

    @api.model
    def receive_events(self, events):
        """Apply a batch of the node's events, each once, whatever their order.

        `events`: list of at most 200 objects; answers `{"accepted": [id…], "refused": [{"id",
        "error"}…]}`. What is in neither list met a passing obstacle and is to be sent again.
        Shapes: docs/architecture.md, "Node → portal: events".
        """
        node = self.env["imaging.node"]._require_node()
        if not isinstance(events, list) or len(events) > MAX_BATCH:
            raise UserError(
                self.env._("events: a list of at most %(limit)s is expected.", limit=MAX_BATCH)
            )
        # The technical account has no rights on the tables: events are all it can write.
        return self.sudo()._apply_events(events, node)

    def _apply_events(self, events, node):
        parsed, refused = [], []
        for event in events:
            try:
                one = parse(event)
                self._refuse_foreign(one, node)
                parsed.append(one)
            except EventError as error:
                refused.append({"id": event_id(event), "error": str(error)})
        accepted = []
        appliers = {
            StudyEvent: self._apply_studies,
            QuarantineEvent: partial(self.env["imaging.quarantine"]._apply, node=node),
            QuarantineResultEvent: partial(
                self.env["imaging.quarantine"]._apply_results, node=node
            ),
            RetrievalEvent: partial(self.env["imaging.retrieval"]._apply, node=node),
            DisposalEvent: self.env["imaging.disposal"]._apply,
            DamageEvent: partial(self.env["imaging.damage"]._apply, node=node),
            VolumeEvent: partial(self.env["imaging.storage.volume"]._apply, node=node),
            AccessEvent: self.env["imaging.access.log"]._apply,
            RejectionEvent: self.env["imaging.rejection"]._apply,
        }
        for kind, apply in appliers.items():
            batch = [event for event in parsed if type(event) is kind]
            self._apply_batch(apply, batch, accepted, refused)
        return {"accepted": sorted(accepted), "refused": refused}

    def _refuse_foreign(self, event, node):
        """A front end speaks of its own hospital alone, and of nothing that the centre does."""
        if node.kind == "centre":
            return
        if isinstance(event, AccessEvent | DisposalEvent):
            raise EventError("event.kind: a front end does not send this")
        hospital = getattr(event, "hospital", "")
        unknown = isinstance(event, QuarantineEvent) and hospital == "UNKNOWN"
        if hospital and hospital != node.hospital_id.code and not unknown:
            raise EventError(f"hospital: {hospital!r} is not the hospital of this front end")

    def _apply_batch(self, apply, batch, accepted, refused):
        """All at once; when one of them stands in the way, one by one."""
        if not batch:
            return
        try:
            with self.env.cr.savepoint():
                apply(batch)
            accepted.extend(event.id for event in batch)
        except (EventError, UserError, psycopg2.DataError) as error:
            if len(batch) == 1:
                refused.append({"id": batch[0].id, "error": str(error)})
            else:
                for event in batch:
                    self._apply_batch(apply, [event], accepted, refused)
        except psycopg2.IntegrityError as error:
            # Another transaction was first; the sender comes again and finds its work done.
            if len(batch) == 1:
                _logger.info("event %s is put off: %s", batch[0].id, error)
            else:
                for event in batch:
                    self._apply_batch(apply, [event], accepted, refused)

    def _apply_studies(self, events):
        """`events`: list of StudyEvent. Creates and updates in few statements."""
        newest = {}
        for event in events:
            if event.uid not in newest or newest[event.uid].revision < event.revision:
                newest[event.uid] = event
        known = {study.study_uid: study for study in self.search([("study_uid", "in", [*newest])])}
        hospitals = self._hospitals_of(newest.values())
        self._refuse_other_hospital(newest.values(), known, hospitals)
        due = [
            event
            for event in newest.values()
            if event.uid not in known or known[event.uid].revision < event.revision
        ]
        devices = self.env["imaging.device"]._by_ae_title(event.calling_ae for event in due)
        patients = self._patients_of(due, known, hospitals)
        created = []
        for event in due:
            values = self._study_values(event, patients[event.uid], devices.get(event.calling_ae))
            study = known.get(event.uid)
            if study:
                if event.instance_count != study.instance_count:
                    values["state"] = "arriving"
                    # What was disposed of and comes again is there again.
                    values["disposed"] = False
                if study._identifies_otherwise(values):
                    values["match_due"] = True
                study.write(values)
            else:
                hospital = hospitals[event.hospital].id
                created.append({**values, "study_uid": event.uid, "hospital_id": hospital})
        self.create(created)
        self._after_events(due, hospitals)

    def _after_events(self, events, hospitals):
        """What others learn from studies that are new or have changed."""
        self.env["imaging.order"]._note_complete(
            [event.uid for event in events if event.completeness.state == "complete"]
        )
        moments = {}
        for event in events:
            if event.calling_ae:
                newest = moments.get(event.calling_ae, event.last_received)
                moments[event.calling_ae] = max(newest, event.last_received)
        if moments:
            concerned = self.env["imaging.hospital"].union(*hospitals.values())
            self.env["imaging.device"]._note_images(moments, concerned)

    def _hospitals_of(self, events, field="study.hospital"):
        codes = {event.hospital for event in events}
        known = self.env["imaging.hospital"].with_context(active_test=False)
        hospitals = {one.code: one for one in known.search([("code", "in", [*codes])])}
        if missing := codes - hospitals.keys():
            raise EventError(f"{field}: no hospital has the code {min(missing)!r}")
        return hospitals

    def _refuse_other_hospital(self, events, known, hospitals):
        for event in events:
            study = known.get(event.uid)
            if study and study.hospital_id != hospitals[event.hospital]:
                raise EventError(
                    f"study.hospital: study {event.uid} belongs to "
                    f"{study.hospital_id.code}, not to {event.hospital}"
                )

    def _patients_of(self, events, known, hospitals):
        """The patient of each event's study, by study UID; the missing ones are created."""
        numbers = {
            (hospitals[event.hospital].id, event.patient.identifier): event
            for event in events
            if event.patient.identifier
        }
        identifiers = self.env["imaging.patient.identifier"].search(
            [
                ("hospital_id", "in", list({hospital for hospital, _number in numbers})),
                ("value", "in", list({number for _hospital, number in numbers})),
            ]
        )
        found = {(one.hospital_id.id, one.value): one.patient_id for one in identifiers}
        missing = [key for key in numbers if key not in found]
        persons = self.env["imaging.patient"].create(
            [self._patient_values(numbers[key], key[0], with_number=True) for key in missing]
        )
        found.update(zip(missing, persons, strict=True))
        nameless = [
            event for event in events if not event.patient.identifier and event.uid not in known
        ]
        persons = self.env["imaging.patient"].create(
            [self._patient_values(event, hospitals[event.hospital].id) for event in nameless]
        )
        alone = dict(zip((event.uid for event in nameless), persons, strict=True))
        patients = {}
        for event in events:
            key = (hospitals[event.hospital].id, event.patient.identifier)
            patients[event.uid] = (
                found.get(key) or alone.get(event.uid) or known[event.uid].patient_id
            )
            self._fill_patient(patients[event.uid], event)
        return patients

    def _patient_values(self, event, hospital, with_number=False):
        person = event.patient
        values = {
            "name": person_name.display(person.name) or person.identifier or event.uid,
            "alphabetic_name": person_name.alphabetic(person.name),
            "sex": SEX.get(person.sex, False),
            "birth_date": person.birth_date or False,
            "hospital_ids": [(6, 0, [hospital])],
        }
        if with_number:
            values["identifier_ids"] = [
                (0, 0, {"hospital_id": hospital, "value": person.identifier})
            ]
        return values

    def _fill_patient(self, patient, event):
        """Learn what the record lacks; never overwrite what it says."""
        person = event.patient
        learned = {}
        if not patient.sex and SEX.get(person.sex):
            learned["sex"] = SEX[person.sex]
        if not patient.birth_date and person.birth_date:
            learned["birth_date"] = person.birth_date
        if learned:
            patient.write(learned)

    def _study_values(self, event, patient, device):
        person = event.patient
        name = person_name.display(person.name)
        acquired = [one for one in event.modalities if one not in ACCOMPANYING]
        differs = (
            (name and name != patient.name)
            or (person.sex in SEX and patient.sex and person.sex != patient.sex)
            or (
                person.birth_date and patient.birth_date and person.birth_date != patient.birth_date
            )
        )
        return {
            "patient_id": patient.id,
            "patient_name": name,
            "patient_alphabetic_name": person_name.alphabetic(person.name),
            "patient_number": person.identifier,
            "patient_sex": SEX.get(person.sex, False),
            "patient_birth_date": person.birth_date or False,
            "identity_differs": bool(differs),
            "accession_number": event.accession_number,
            "study_number": event.study_id,
            "study_date": event.date or False,
            "study_time": event.time,
            "modality": (acquired or [*event.modalities] or [False])[0],
            "modalities": ", ".join(event.modalities),
            "body_part": ", ".join(event.body_parts),
            "description": event.description,
            "referring_physician": person_name.display(event.referring_physician),
            "station_name": event.station_name,
            "device_id": device,
            "calling_ae": event.calling_ae,
            "series_count": event.series_count,
            "instance_count": event.instance_count,
            "duplicate_count": event.duplicate_count,
            "size": event.size,
            "revision": event.revision,
            "first_received": event.first_received,
            "last_received": event.last_received,
            "completeness": event.completeness.state,
            "expected_count": event.completeness.expected,
            "missing_count": event.completeness.missing,
            "completeness_source": event.completeness.source or False,
            "location": event.location,
        }
