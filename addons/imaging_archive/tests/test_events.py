import copy
import time

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .archive_case import NAME_B, ArchiveCase, study_event


@tagged("post_install", "-at_install")
class TestEvents(ArchiveCase):
    def test_study_appears_with_what_the_images_say(self):
        study = self.study_a
        self.assertEqual(study.hospital_id, self.a)
        self.assertEqual(study.patient_id.name, "王小东")
        self.assertEqual(study.patient_id.identifiers, "P100")
        self.assertEqual(study.patient_alphabetic_name, "Wang XiaoDong")
        self.assertEqual(str(study.study_date), "2026-11-20")
        self.assertEqual(study.modality, "CT")
        self.assertEqual(study.device_id, self.device_a)
        self.assertEqual((study.series_count, study.instance_count), (2, 300))
        self.assertEqual(study.size, 157286400)

    def test_event_that_comes_twice_changes_nothing(self):
        event = study_event(9, "1.2.826.1", accession_number="ACC-A")
        before = self.study_a.write_date
        answer = self._deliver([event, event])
        self.assertEqual(answer, {"accepted": [9, 9], "refused": []})
        self.assertEqual(len(self._study("1.2.826.1")), 1)
        self.assertEqual(self.study_a.write_date, before)

    def test_older_revision_never_overwrites_a_newer_one(self):
        self._deliver([study_event(3, "1.2.826.1", revision=8, instance_count=310)])
        self._deliver([study_event(4, "1.2.826.1", revision=7, instance_count=301)])
        self.assertEqual(self.study_a.instance_count, 310)
        self._deliver(
            [
                study_event(6, "1.2.826.1", revision=10, instance_count=330),
                study_event(5, "1.2.826.1", revision=9, instance_count=320),
            ]
        )
        self.assertEqual(self.study_a.instance_count, 330)

    def test_patient_with_a_number_is_one_person_over_many_studies(self):
        self._deliver([study_event(3, "1.2.826.3"), study_event(4, "1.2.826.4")])
        patient = self.study_a.patient_id
        self.assertEqual(self._study("1.2.826.3").patient_id, patient)
        self.assertEqual(self._study("1.2.826.4").patient_id, patient)
        self.assertEqual(patient.study_count, 3)

    def test_same_number_of_another_hospital_is_another_person(self):
        self._deliver([study_event(3, "1.2.826.3", "TESTB")])
        self.assertNotEqual(self._study("1.2.826.3").patient_id, self.study_a.patient_id)

    def test_studies_without_a_number_are_not_thrown_together(self):
        anonymous = {"id": "", "name": ""}
        self._deliver(
            [
                study_event(3, "1.2.826.3", patient=anonymous),
                study_event(4, "1.2.826.4", patient=anonymous),
            ]
        )
        first, second = self._study("1.2.826.3"), self._study("1.2.826.4")
        self.assertNotEqual(first.patient_id, second.patient_id)
        self._deliver([study_event(5, "1.2.826.3", revision=2, patient=anonymous)])
        self.assertEqual(first.patient_id, self._study("1.2.826.3").patient_id)

    def test_other_name_under_a_known_number_is_flagged_and_not_overwritten(self):
        self._deliver([study_event(3, "1.2.826.3", patient={"name": NAME_B})])
        study = self._study("1.2.826.3")
        self.assertTrue(study.identity_differs)
        self.assertEqual(study.patient_name, "李四")
        self.assertEqual(study.patient_id.name, "王小东")
        self.assertFalse(self.study_a.identity_differs)

    def test_main_modality_is_what_was_examined(self):
        self._deliver([study_event(3, "1.2.826.3", modalities=["SR", "MR", "PR"])])
        study = self._study("1.2.826.3")
        self.assertEqual((study.modality, study.modalities), ("MR", "SR, MR, PR"))

    def test_absent_values_stay_absent(self):
        self._deliver(
            [
                study_event(
                    3,
                    "1.2.826.3",
                    date=None,
                    time=None,
                    modalities=[],
                    patient={"birth_date": None, "sex": ""},
                )
            ]
        )
        study = self._study("1.2.826.3")
        self.assertFalse(study.study_date or study.study_time or study.modality)
        self.assertFalse(study.patient_birth_date or study.patient_age)

    def test_bad_event_is_refused_by_field_and_the_others_go_on(self):
        bad = {
            "study.uid": {"uid": "1.2.3/../../etc"},
            "study.hospital": {"hospital": "NOWHERE"},
            "study.revision": {"revision": "7"},
            "study.instance_count": {"instance_count": -1},
            "study.size": {"size": 2**60},
            "study.date": {"date": "2026-13-45"},
            "study.time": {"time": "25:00:00"},
            "study.description": {"description": "x" * 2000},
            "study.accession_number": {"accession_number": "A\x00B"},
            "study.modalities": {"modalities": "CT"},
            "study.modalities[0]": {"modalities": ["<script>"]},
            "study.patient.name": {"patient": {"id": "1", "name": 7}},
            "study.first_received": {"first_received": "yesterday"},
        }
        events = [study_event(100 + number, f"1.2.826.9.{number}") for number in range(len(bad))]
        for event, fault in zip(events, bad.values(), strict=True):
            event["study"].update(fault)
        events.append(study_event(99, "1.2.826.99"))
        with mute_logger("odoo.sql_db"):
            answer = self._deliver(events)
        self.assertEqual(answer["accepted"], [99])
        errors = {entry["id"]: entry["error"] for entry in answer["refused"]}
        for number, field in enumerate(bad):
            with self.subTest(field):
                self.assertTrue(errors[100 + number].startswith(f"{field}: "), errors[100 + number])

    def test_what_is_no_event_is_refused(self):
        answer = self._deliver(
            [7, {}, {"id": 5, "kind": "party"}, {"id": 6, "kind": "study"}, {"id": 8, "kind": []}]
        )
        self.assertEqual([entry["id"] for entry in answer["refused"]], [None, None, 5, 6, 8])

    def test_study_of_one_hospital_is_not_taken_over_by_another(self):
        answer = self._deliver([study_event(3, "1.2.826.1", "TESTB", revision=50)])
        self.assertIn("belongs to TESTA", answer["refused"][0]["error"])
        self.assertEqual(self.study_a.hospital_id, self.a)

    def test_hostile_text_is_kept_as_text(self):
        hostile = "<img src=x onerror=alert(1)>'; DROP TABLE imaging_study;--"
        self._deliver(
            [
                study_event(
                    3,
                    "1.2.826.3",
                    description=hostile,
                    patient={"id": "P'9", "name": "<b>'^<script>"},
                )
            ]
        )
        study = self._study("1.2.826.3")
        self.assertEqual(study.description, hostile)
        self.assertEqual(study.patient_id.name, "<b>' <script>")

    def test_batch_that_is_too_large_is_refused_as_a_whole(self):
        with self.assertRaises(UserError):
            self._deliver([study_event(n, f"1.2.826.9.{n}") for n in range(201)])

    def test_nobody_but_a_node_delivers_events(self):
        for user in (*self.users_a.values(), self.env.ref("base.user_admin")):
            with self.subTest(user.login), self.assertRaises(AccessError):
                self.env["imaging.study"].with_user(user).receive_events([])

    def test_quarantine_event_is_listed_once(self):
        event = {
            "id": 42,
            "kind": "quarantine",
            "at": "2026-11-24T05:57:19Z",
            "quarantine": {
                "key": "01J",
                "hospital": "TESTA",
                "calling_ae": "TEST_CT_A",
                "address": "10.1.2.3",
                "reason": "conflict",
                "detail": "other bytes",
                "study_uid": "1.2.3",
                "sop_instance_uid": "1.2.3.4",
                "size": 529888,
                "sha256": "0" * 64,
            },
        }
        for _time in range(2):
            self.assertEqual(self._deliver([event])["accepted"], [42])
        listed = self.env["imaging.quarantine"].search([("key", "=", "01J")])
        self.assertEqual(len(listed), 1)
        self.assertEqual((listed.hospital_id, listed.device_id), (self.a, self.device_a))
        wrong = copy.deepcopy(event)
        wrong["quarantine"]["reason"] = "because"
        self.assertIn("quarantine.reason", self._deliver([wrong])["refused"][0]["error"])

    def test_reads_at_the_node_are_in_the_access_log_once(self):
        reader = self.users_a["radiologist"]
        event = {
            "id": 43,
            "kind": "access",
            "at": "2026-11-24T05:57:19.5Z",
            "access": {
                "ticket": "j" * 22,
                "subject": f"user:{reader.id}",
                "purpose": "reading",
                "study_uid": "1.2.826.1",
                "action": "frames",
                "address": "10.1.2.9",
            },
        }
        for _time in range(2):
            self.assertEqual(self._deliver([event, event])["accepted"], [43, 43])
        entry = self.env["imaging.access.log"].search([("ticket", "=", "j" * 22)])
        self.assertEqual(len(entry), 1)
        self.assertEqual((entry.user_id, entry.study_id), (reader, self.study_a))
        self.assertEqual((entry.hospital_id, entry.action), (self.a, "frames"))
        saved = event["access"] | {"ticket": "k" * 22, "action": "annotate"}
        self.assertEqual(self._deliver([event | {"id": 44, "access": saved}])["accepted"], [44])
        kept = self.env["imaging.access.log"].search([("ticket", "=", "k" * 22)])
        self.assertEqual((kept.action, kept.study_id), ("annotate", self.study_a))

    def test_refused_association_is_listed_once(self):
        event = {
            "id": 44,
            "kind": "rejection",
            "at": "2026-11-24T05:57:19Z",
            "rejection": {
                "calling_ae": "TEST_EVIL",
                "called_ae": "YUNYING",
                "address": "10.1.2.9",
                "reason": "unknown calling AE",
            },
        }
        for _time in range(2):
            self.assertEqual(self._deliver([event])["accepted"], [44])
        self.assertEqual(
            self.env["imaging.rejection"].search_count([("calling_ae", "=", "TEST_EVIL")]), 1
        )

    def test_thousand_studies_are_taken_in_few_statements(self):
        batches = [
            [
                study_event(n, f"1.2.826.7.{n}", patient={"id": f"Q{n}"})
                for n in range(start, start + 200)
            ]
            for start in range(0, 1000, 200)
        ]
        self.env.flush_all()
        statements = self.env.cr.sql_log_count
        begun = time.monotonic()
        for batch in batches:
            self.assertEqual(len(self._deliver(batch)["accepted"]), 200)
        self.env.flush_all()
        self.assertLess(self.env.cr.sql_log_count - statements, 5 * 30)
        self.assertLess(time.monotonic() - begun, 20)
