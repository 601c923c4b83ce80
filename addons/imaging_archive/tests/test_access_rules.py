import json
from datetime import timedelta

from odoo import fields
from odoo.addons.imaging_base.tests.requirements import req
from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .archive_case import ArchiveCase, ArchiveHttpCase

READERS = ("radiologist", "expert", "qc", "hospital")
WITHOUT_PATIENTS = ("finance", "ops", "auditor")
MODELS = ("imaging.study", "imaging.patient", "imaging.patient.identifier")


@tagged("post_install", "-at_install")
class TestAccessRules(ArchiveCase):
    def _of_b(self, model):
        return {
            "imaging.study": self.study_b,
            "imaging.patient": self.study_b.patient_id,
            "imaging.patient.identifier": self.study_b.patient_id.identifier_ids,
        }[model]

    @req("SHR-2.2", "BI-1.10", part=True)
    def test_no_reader_finds_a_record_of_the_other_hospital(self):
        for role in READERS:
            user = self.users_a[role]
            user.group_ids |= self.env.ref("base.group_allow_export")
            env = self.env(user=user)
            for model in MODELS:
                other = self._of_b(model).with_env(env)
                with self.subTest(role=role, model=model):
                    self.assertNotIn(other, env[model].search([]))
                    self.assertFalse(env[model].search([("id", "=", other.id)]))
                    self.assertFalse(env[model].search_count([("id", "=", other.id)]))
                    groups = env[model]._read_group([("id", "=", other.id)], [], ["__count"])
                    self.assertEqual(groups, [(0,)])
                    self.assertFalse(env[model].name_search("李四"))
                    for reading in (
                        lambda other=other: other.read(),
                        lambda other=other: other.export_data(["id", "display_name"]),
                        lambda other=other: other.display_name,
                    ):
                        with self.assertRaises(AccessError):
                            reading()

    @req("SHR-2.2", "BI-1.10", part=True)
    def test_reader_finds_the_own_hospital(self):
        for role in READERS:
            studies = self.env["imaging.study"].with_user(self.users_a[role])
            with self.subTest(role):
                self.assertIn(self.study_a, studies.search([]))
                self.assertEqual(self.study_a.with_user(self.users_a[role]).patient_name, "王小东")

    @req("BI-1.10", part=True)
    def test_roles_without_patients_find_none(self):
        for role in WITHOUT_PATIENTS:
            for model in MODELS:
                with self.subTest(role=role, model=model), self.assertRaises(AccessError):
                    self.env[model].with_user(self.users_a[role]).search([])

    def test_patient_known_to_two_hospitals_shows_each_only_its_studies(self):
        patient = self.study_a.patient_id
        patient.hospital_ids |= self.b
        self.study_b.patient_id = patient
        seen = patient.with_user(self.users_a["radiologist"])
        self.assertEqual(seen.study_ids, self.study_a)
        self.assertEqual(seen.identifier_ids.hospital_id, self.a)
        self.assertEqual(seen.study_count, 1)

    def test_nobody_creates_or_deletes_studies_by_hand(self):
        values = {
            "study_uid": "1.9",
            "hospital_id": self.a.id,
            "patient_id": self.study_a.patient_id.id,
        }
        for role, user in self.users_a.items():
            with self.subTest(role):
                with self.assertRaises(AccessError):
                    self.env["imaging.study"].with_user(user).create(values)
                with self.assertRaises(AccessError):
                    self.study_a.with_user(user).unlink()

    def test_quarantine_is_for_operators_and_administrators_of_the_hospital(self):
        row = self.env["imaging.quarantine"].create(
            {
                "key": "q",
                "at": "2026-01-01",
                "reason": "conflict",
                "hospital_id": self.b.id,
            }
        )
        for role in ("ops", "hospital"):
            rows = self.env["imaging.quarantine"]
            self.assertNotIn(row, rows.with_user(self.users_a[role]).search([]))
            self.assertIn(row, rows.with_user(self.users_b[role]).search([]))
        for role in ("radiologist", "finance", "auditor", "qc", "expert"):
            with self.subTest(role), self.assertRaises(AccessError):
                self.env["imaging.quarantine"].with_user(self.users_b[role]).search([])

    def test_patient_sees_nobody_else_even_when_given_a_hospital(self):
        patient = new_test_user(
            self.env,
            "patient.a",
            groups="imaging_base.group_patient",
            hospital_ids=[Command.set(self.a.ids)],
        )
        for model in ("imaging.patient", "imaging.study"):
            self.assertFalse(self.env[model].with_user(patient).search([]), model)
        self.study_a.patient_id.sudo().user_id = patient
        self.assertEqual(
            self.env["imaging.patient"].with_user(patient).search([]), self.study_a.patient_id
        )


@tagged("post_install", "-at_install")
class TestAccessRulesHttp(ArchiveHttpCase):
    @req("SHR-2.2", "BI-1.10", part=True)
    def test_api_gives_nothing_of_the_other_hospital(self):
        user = self.users_a["radiologist"]
        key = (
            self.env["res.users.apikeys"]
            .with_user(user)
            .sudo()
            ._generate(None, "test", fields.Datetime.now() + timedelta(days=1))
        )
        headers = {"Authorization": f"bearer {key}", "Content-Type": "application/json"}
        calls = {
            "imaging.study/search_read": {"domain": [["study_uid", "=", "1.2.826.2"]]},
            "imaging.study/search_count": {"domain": [["study_uid", "=", "1.2.826.2"]]},
            "imaging.study/formatted_read_group": {
                "domain": [["study_uid", "=", "1.2.826.2"]],
                "groupby": ["patient_name"],
                "aggregates": ["__count"],
            },
            "imaging.patient/name_search": {"name": "李四"},
        }
        for path, body in calls.items():
            with self.subTest(path):
                answer = self.url_open(f"/json/2/{path}", data=json.dumps(body), headers=headers)
                self.assertEqual(answer.status_code, 200, answer.text)
                self.assertFalse(answer.json())
        with mute_logger("odoo.http"):
            answer = self.url_open(
                "/json/2/imaging.study/read",
                headers=headers,
                data=json.dumps({"ids": [self.study_b.id], "fields": ["patient_name"]}),
            )
        self.assertEqual(answer.status_code, 403)
        self.assertNotIn("李四", answer.text)
