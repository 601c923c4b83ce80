from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .archive_case import ArchiveCase, study_event


@tagged("post_install", "-at_install")
class TestStudy(ArchiveCase):
    def test_age_is_that_of_the_day_of_the_study(self):
        english = self.study_a.with_context(lang="en_US")
        for born, age in {
            "1957-03-01": "69 y",
            "2026-05-21": "5 mo",
            "2026-11-01": "19 d",
            "2027-01-01": False,
        }.items():
            english.patient_birth_date = born
            self.assertEqual(english.patient_age, age)

    def test_study_is_complete_when_nothing_came_for_the_time_set(self):
        now = fields.Datetime.now()
        self.study_a.last_received = now - timedelta(minutes=6)
        self.study_b.last_received = now - timedelta(minutes=4)
        self.env["imaging.study"]._cron_settle()
        self.assertEqual((self.study_a.state, self.study_b.state), ("settled", "arriving"))
        self._deliver([study_event(3, "1.2.826.1", revision=2, instance_count=301)])
        self.assertEqual(self.study_a.state, "arriving")

    def test_list_in_its_default_order_reads_an_index(self):
        self.env.flush_all()
        query = (
            self.env["imaging.study"]
            .with_user(self.users_a["platform"])
            ._search([], limit=80, order="study_date desc nulls last, id desc")
        )
        self.env.cr.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
        plan = "\n".join(row[0] for row in self.env.execute_query(_explain(query.select())))
        self.assertIn("imaging_study_order_idx", plan)
        self.assertNotIn("Sort", plan)

    def test_study_without_a_date_does_not_hide_todays_studies(self):
        self._deliver([study_event(9, "1.2.826.9", date=None)])
        listed = self.env["imaging.study"].with_user(self.users_a["platform"]).search([])
        self.assertTrue(listed[0].study_date)
        self.assertFalse(listed[-1].study_date)

    def test_what_the_images_say_is_not_changed_by_hand(self):
        for role in ("hospital", "platform"):
            for values in (
                {"hospital_id": self.b.id},
                {"patient_name": "x"},
                {"study_uid": "1.2"},
                {"instance_count": 1},
            ):
                with self.subTest(values), self.assertRaises(AccessError):
                    self.study_a.with_user(self.users_a[role]).write(values)

    def test_hospital_keeps_its_own_extra_fields_with_a_study(self):
        self.a.study_properties_definition = [{"name": "ward", "string": "病区", "type": "char"}]
        study = self.study_a.with_user(self.users_a["hospital"])
        study.write({"properties": {"ward": "三病区"}})
        self.assertEqual(self.study_a.properties["ward"], "三病区")
        self.assertNotIn("ward", dict(self.study_b.properties))

    def test_code_of_a_hospital_with_images_stays(self):
        with self.assertRaisesRegex(Exception, "stored under it"):
            self.a.code = "OTHER"

    def test_body_part_is_shown_and_found_in_chinese(self):
        studies = self.env["imaging.study"].with_context(lang="zh_CN")
        chinese = self.study_a.with_context(lang="zh_CN")
        for told, shown in (
            ("CHEST", "胸部"),
            ("chest, ABDOMEN", "胸部, 腹部"),
            ("THORAX", "胸部"),
            ("SOMETHING", "SOMETHING"),
            ("", ""),
        ):
            self.study_a.body_part = told
            with self.subTest(told):
                self.assertEqual(chinese.body_part_text, shown)
        self.study_a.body_part = "LSPINE"
        for wanted in ("腰椎", "lspine"):
            found = studies.search([("body_part_text", "ilike", wanted)])
            with self.subTest(wanted):
                self.assertIn(self.study_a, found)
                self.assertNotIn(self.study_b, found)

    def test_body_part_is_found_as_a_whole_term(self):
        studies = self.env["imaging.study"].with_context(lang="zh_CN")
        for told, found in (
            ("EAR", True),
            ("neck,ear", True),
            ("HEAD\\EAR", True),
            ("SKULL, EAR, NECK", True),
            ("HEART", False),
            ("FOREARM", False),
            ("", False),
        ):
            self.study_a.body_part = told
            with self.subTest(told):
                self.assertEqual(
                    self.study_a in studies.search([("body_part_text", "ilike", "耳部")]), found
                )
        self.study_a.body_part = "SI JOINT"
        self.assertIn(self.study_a, studies.search([("body_part_text", "ilike", "骶髂关节")]))


def _explain(select):
    from odoo.tools import SQL  # noqa: PLC0415

    return SQL("EXPLAIN %s", select)
