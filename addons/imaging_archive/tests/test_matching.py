import time

from odoo.addons.imaging_base.tests.requirements import req
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from .archive_case import NAME_B, ArchiveCase, study_event


@tagged("post_install", "-at_install")
class TestMatching(ArchiveCase):
    def _order(self, **values):
        return self.env["imaging.order"].create(
            {
                "hospital_id": self.a.id,
                "accession_number": "ACC-A",
                "patient_number": "P100",
                "patient_name": "王小东",
                "patient_sex": "M",
                "patient_birth_date": "1957-03-01",
                "modality": "CT",
                "scheduled_at": "2026-11-20 01:00:00",
                **values,
            }
        )

    def _match(self):
        self.env["imaging.match"]._cron_match()
        return self.env["imaging.match"].search([("study_id", "=", self.study_a.id)])

    @req("ARC-5.9", part=True)
    def test_study_and_order_that_agree_are_matched_by_themselves(self):
        order = self._order()
        match = self._match()
        self.assertEqual((match.state, match.order_id, match.confidence), ("automatic", order, 1))
        self.assertEqual((self.study_a.order_id, order.state), (order, "imaged"))
        self.assertIn("60", match.criteria)

    @req("ARC-5.9", part=True)
    def test_order_that_comes_first_is_found_by_the_images(self):
        order = self._order(accession_number="LATER", scheduled_at=False)
        self._match()
        self._deliver([study_event(5, "1.2.826.5", accession_number="LATER")])
        self._match()
        self.assertEqual(self._study("1.2.826.5").order_id, order)

    def test_same_spelling_of_another_chinese_name_is_looked_at(self):
        self._order(patient_name="王晓东", patient_alphabetic_name="Wang XiaoDong")
        self.assertEqual(self._match().state, "doubtful")

    def test_same_number_of_another_person_is_looked_at(self):
        self._order(patient_number="P999", patient_name="李四", patient_birth_date="1980-01-01")
        match = self._match()
        self.assertEqual(match.state, "doubtful")
        self.assertFalse(self.study_a.order_id)
        self.assertIn("table-warning", str(match.sides))

    def test_patient_date_and_modality_match_without_a_number(self):
        self._deliver([study_event(5, "1.2.826.5", accession_number="")])
        order = self._order(accession_number="OTHER")
        self._match()
        self.assertEqual(self._study("1.2.826.5").order_id, order)
        self.assertFalse(self.study_a.order_id, "its accession number says otherwise")

    def test_two_orders_that_fit_equally_are_looked_at(self):
        self._deliver([study_event(5, "1.2.826.5", accession_number="")])
        self._order(accession_number="ONE")
        self._order(accession_number="TWO")
        self._match()
        study = self._study("1.2.826.5")
        self.assertFalse(study.order_id)
        self.assertEqual(study.match_ids.mapped("state"), ["doubtful", "doubtful"])

    def test_earlier_studies_of_the_patient_are_left_alone(self):
        self._deliver([study_event(5, "1.2.826.5", accession_number="OLD", date="2020-01-01")])
        self._order()
        self._match()
        self.assertFalse(self._study("1.2.826.5").match_ids)

    def test_other_hospital_is_never_matched(self):
        self._order(hospital_id=self.b.id)
        self.assertFalse(self._match())

    def test_confirmed_and_undone_puts_back_what_was_there(self):
        admin = self.users_a["hospital"]
        order = self._order(patient_name="王小冬", patient_birth_date="1957-03-02")
        match = self._match().with_user(admin)
        match.action_confirm()
        self.assertEqual((self.study_a.order_id, match.decided_by_id), (order, admin))
        match.action_undo()
        self.assertFalse(self.study_a.order_id)
        self.assertEqual((order.state, match.state), ("registered", "undone"))
        self.study_a.match_due = True
        self.assertEqual(self._match().state, "undone")
        log = self.env["imaging.access.log"].search([("study_id", "=", self.study_a.id)])
        self.assertLessEqual({"match_confirm", "match_undo"}, {*log.mapped("action")})

    def test_confirming_another_order_takes_the_place_and_undoing_gives_it_back(self):
        first = self._order()
        self._match()
        second = self._order(accession_number="SECOND")
        match = self.env["imaging.match"].create(
            {
                "study_id": self.study_a.id,
                "order_id": second.id,
                "hospital_id": self.a.id,
                "state": "doubtful",
            }
        )
        match.action_confirm()
        self.assertEqual((self.study_a.order_id, first.state), (second, "registered"))
        match.action_undo()
        self.assertEqual((self.study_a.order_id, first.state), (first, "imaged"))
        self.assertEqual(second.state, "registered")
        self.assertEqual(first.study_ids.match_ids.filtered(lambda m: m.order_id == first).state,
                         "automatic")  # fmt: skip

    def test_rejected_pair_is_not_proposed_again(self):
        self._order(patient_number="P999")
        match = self._match()
        match.action_reject()
        self.study_a.match_due = True
        self.assertEqual(self._match().state, "rejected")
        with self.assertRaises(UserError):
            match.action_undo()

    def test_rule_of_a_hospital_is_its_own(self):
        rules = self.env["imaging.match.rule"].with_user(self.users_a["hospital"])
        values = {
            "name": "x",
            "line_ids": [(0, 0, {"criterion": "accession_number", "weight": 1})],
        }
        own = rules.create({**values, "hospital_id": self.a.id})
        self.assertIn(own, rules.search([]))
        for hospital in (self.b.id, False):
            with self.assertRaises(AccessError):
                rules.create({**values, "hospital_id": hospital})
        with self.assertRaises(AccessError):
            own.hospital_id = False
        with self.assertRaises(AccessError):
            self.env.ref("imaging_archive.match_rule_accession").with_user(
                self.users_a["hospital"]
            ).automatic = 0.1
        with self.assertRaises(ValidationError):
            own.write({"doubtful": 0.9, "automatic": 0.5})

    def test_who_sees_and_decides(self):
        self._order()
        match = self._match()
        for user in (self.users_b["hospital"], *(self.users_a[r] for r in ("ops", "radiologist"))):
            with self.subTest(user.login), self.assertRaises(AccessError):
                match.with_user(user).action_undo()
        with self.assertRaises(AccessError):
            match.with_user(self.users_a["hospital"]).write({"state": "confirmed"})

    def test_orders_are_created_and_updated_by_their_number(self):
        orders = self.env["imaging.order"]
        values = {"hospital_id": self.a.id, "accession_number": " U1 ", "patient_name": "赵六"}
        first = orders._upsert([values, {**values, "accession_number": "U2"}])
        again = orders._upsert([{**values, "patient_name": "赵七"}])
        self.assertEqual(again, first[0])
        self.assertEqual((again.patient_name, again.accession_number), ("赵七", "U1"))
        other = orders._upsert([{**values, "hospital_id": self.b.id}])
        self.assertNotIn(other, first)
        twice = orders._upsert([{**values, "modality": "MR"}, {**values, "body_part": "HEAD"}])
        self.assertEqual(
            (twice[0], twice[0].modality, twice[0].body_part), (twice[1], "MR", "HEAD")
        )

    def test_order_of_a_hospital_is_kept_from_the_others(self):
        order = self._order()
        self.assertIn(order, order.with_user(self.users_a["radiologist"]).search([]))
        self.assertNotIn(order, order.with_user(self.users_b["hospital"]).search([]))
        with self.assertRaises(AccessError):
            order.with_user(self.users_a["hospital"]).hospital_id = self.b
        with self.assertRaises(AccessError):
            order.with_user(self.users_a["radiologist"]).procedure = "x"
        for role in ("ops", "finance", "auditor"):
            with self.subTest(role), self.assertRaises(AccessError):
                order.with_user(self.users_a[role]).search([])
        for values in ({"state": "imaged"}, {"complete": True}):
            with self.assertRaises(AccessError):
                order.with_user(self.users_a["hospital"]).write(values)

    def test_expected_images_are_told_until_the_study_is_complete(self):
        self._order(study_uid="1.2.826.1", expected_instances=303)
        node = self.env["imaging.node"].with_user(self.node_user)
        told = {"study_uid": "1.2.826.1", "instances": 303}
        self.assertIn(told, node.configuration()["expected"])
        part = {"state": "incomplete", "expected": 303, "missing": 3, "source": "ris"}
        self._deliver([study_event(8, "1.2.826.1", revision=2, completeness=part)])
        self.assertEqual((self.study_a.completeness, self.study_a.missing_count), ("incomplete", 3))
        whole = {"state": "complete", "expected": 303, "missing": 0, "source": "ris"}
        self._deliver([study_event(9, "1.2.826.1", revision=3, completeness=whole)])
        self.assertNotIn(told, node.configuration()["expected"])

    def test_completeness_without_evidence_is_unknown(self):
        self.assertEqual((self.study_a.completeness, self.study_a.location), ("unknown", "online"))
        claimed = {"state": "complete", "expected": None, "missing": None, "source": ""}
        answer = self._deliver([study_event(8, "1.2.826.1", revision=2, completeness=claimed)])
        self.assertIn("study.completeness.state", answer["refused"][0]["error"])

    def test_five_hundred_studies_and_orders_are_matched_in_few_statements(self):
        number = 500
        for start in range(0, number, 200):
            self._deliver(
                [
                    study_event(n, f"1.2.826.7.{n}", patient={"id": f"Q{n}"},
                                accession_number=f"N{n}")
                    for n in range(start, min(start + 200, number))
                ]
            )  # fmt: skip
        for model in ("imaging.study", "imaging.order"):
            self.env[model].search([("match_due", "=", True)]).match_due = False
        self.env["imaging.order"]._upsert(
            [
                {"hospital_id": self.a.id, "accession_number": f"N{n}", "patient_name": "王小东",
                 "patient_number": f"Q{n}"}
                for n in range(number)
            ]
        )  # fmt: skip
        self.env.flush_all()
        statements, begun = self.env.cr.sql_log_count, time.monotonic()
        self.env["imaging.match"]._cron_match()
        self.env.flush_all()
        self.assertEqual(
            self.env["imaging.match"].search_count([("state", "=", "automatic")]), number
        )
        self.assertLess(self.env.cr.sql_log_count - statements, 8 * number)
        self.assertLess(time.monotonic() - begun, 30)

    @req("ARC-5.9", part=True)
    def test_name_in_other_letters_is_no_contradiction(self):
        self._deliver([study_event(5, "1.2.826.5", accession_number="PY",
                                   patient={"id": "P5", "name": "WANG^XIAO DONG"})])  # fmt: skip
        order = self._order(accession_number="PY", patient_number="P5")
        self._match()
        self.assertEqual(self._study("1.2.826.5").order_id, order)
        self._deliver([study_event(6, "1.2.826.6", accession_number="PZ",
                                   patient={"id": "P6", "name": NAME_B})])  # fmt: skip
        self._order(accession_number="PZ", patient_number="P6")
        self._match()
        self.assertFalse(self._study("1.2.826.6").order_id)
