from datetime import timedelta

from odoo import fields
from odoo.addons.imaging_base.tests.requirements import req
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from .archive_case import ArchiveCase, study_event


@tagged("post_install", "-at_install")
class TestRetention(ArchiveCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._deliver([study_event(3, "1.2.826.3", date="1999-01-01", patient={"id": "OLD"})])
        cls.old = cls._study("1.2.826.3")
        cls.rule = cls.env["imaging.retention.rule"].create(
            {"name": "销毁", "action": "dispose", "after_days": 6000, "hospital_id": cls.a.id}
        )

    def _propose(self):
        self.env["imaging.retention.rule"]._cron_propose()
        return self.env["imaging.disposal"].search([("study_id", "=", self.old.id)])

    def _told(self):
        return self.env["imaging.node"].with_user(self.node_user).configuration()

    @req("GEN-7", part=True)
    def test_tier_is_told_to_the_centre(self):
        self.env["imaging.retention.rule"].create(
            {"name": "近线", "modality": "CT", "after_days": 365, "hospital_id": self.a.id}
        )
        self.assertIn(
            {"hospital": "TESTA", "modality": "CT", "after_days": 365}, self._told()["tiers"]
        )

    def test_nothing_is_proposed_before_the_legal_time(self):
        with self.assertRaisesRegex(ValidationError, "15"):
            self.rule.after_days = 5000
        self.env["ir.config_parameter"].set_param("imaging_archive.retention_minimum_years", "30")
        self.assertFalse(self._propose())

    def test_study_of_a_patient_who_came_back_is_kept(self):
        self._deliver([study_event(4, "1.2.826.4", patient={"id": "OLD"})])
        self.assertFalse(self._propose())

    @req("GEN-7", part=True)
    def test_two_persons_and_the_node_dispose_of_a_study(self):
        disposal = self._propose()
        self.assertEqual(disposal.state, "proposed")
        self.assertEqual(self._propose(), disposal, "proposed once")
        first, second = self.users_a["hospital"], self.users_a["platform"]
        disposal.with_user(first).action_request()
        with self.assertRaises(UserError):
            disposal.with_user(first).action_approve()
        self.assertEqual(self._told()["disposals"], [])
        disposal.with_user(second).action_approve()
        self.assertEqual(self._told()["disposals"], [{"id": disposal.id, "study_uid": "1.2.826.3"}])
        event = {
            "id": 9,
            "kind": "disposal",
            "at": "2026-11-24T06:00:00Z",
            "disposal": {
                "id": disposal.id,
                "study_uid": "1.2.826.3",
                "instances": 300,
                "size": 157286400,
                "error": "",
            },
        }
        for _time in range(2):
            self.assertEqual(self._deliver([event])["accepted"], [9])
        self.assertEqual((disposal.state, disposal.deleted_instances), ("done", 300))
        self.assertTrue(self.old.disposed)
        self.assertFalse(self.old.with_user(first).can_view)
        self.assertEqual(self._told()["disposals"], [])
        actions = self.env["imaging.access.log"].search([("study_id", "=", self.old.id)])
        self.assertEqual(
            sorted(actions.mapped("action")),
            ["disposal_approve", "disposal_done", "disposal_request"],
        )
        event["disposal"]["study_uid"] = "1.2.826.1"
        self.assertIn("disposal.id", self._deliver([event])["refused"][0]["error"])

    def test_study_on_hold_is_never_disposed_of(self):
        admin = self.users_a["hospital"]
        disposal = self._propose()
        disposal.with_user(admin).action_request()
        disposal.with_user(self.users_a["platform"]).action_approve()
        with self.assertRaises(ValidationError):
            self.old.with_user(admin).legal_hold = True
        self.old.with_user(admin).write({"legal_hold": True, "legal_hold_reason": "医疗纠纷"})
        self.assertEqual((disposal.state, self._told()["disposals"]), ("refused", []))
        disposal.with_user(admin).action_propose_again()
        with self.assertRaises(UserError):
            disposal.with_user(admin).action_request()
        log = self.env["imaging.access.log"].search([("action", "=", "hold")])
        self.assertEqual((log.user_id, log.reason), (admin, "医疗纠纷"))

    def test_who_may_decide(self):
        disposal = self._propose()
        for user in (self.users_b["hospital"], *(self.users_a[r] for r in ("radiologist", "ops"))):
            with self.subTest(user.login), self.assertRaises(AccessError):
                disposal.with_user(user).action_request()
        admin = self.users_a["hospital"]
        with self.assertRaises(AccessError):
            disposal.with_user(admin).write({"state": "approved"})
        with self.assertRaises(AccessError):
            self.old.with_user(self.users_a["radiologist"]).legal_hold = True
        with self.assertRaises(AccessError):
            self.env["imaging.retention.rule"].with_user(admin).create(
                {"name": "x", "after_days": 1, "hospital_id": False}
            )


@tagged("post_install", "-at_install")
class TestStatistics(ArchiveCase):
    def _volume(self, number, day, size, hospital="TESTA"):
        return {
            "id": number,
            "kind": "volume",
            "at": "2026-11-24T06:00:00Z",
            "volume": {
                "day": str(day),
                "hospital": hospital,
                "modality": "CT",
                "instances": size // 500000,
                "size": size,
            },
        }

    @req("ARC-5.2", "ARC-5.4")
    def test_volumes_are_absolute_and_the_console_counts_them(self):
        yesterday = fields.Date.today() - timedelta(days=1)
        self._deliver(
            [
                self._volume(1, yesterday, 2_000_000_000),
                self._volume(2, yesterday, 3_000_000_000),
                self._volume(3, yesterday, 9_000_000_000, "TESTB"),
            ]
        )
        self._deliver([self._volume(1, yesterday, 2_000_000_000)])
        console = self.env["imaging.console"].with_user(self.users_a["hospital"])
        console = console.with_context(tz="UTC")
        numbers = console.get_numbers()
        cards = {card["key"]: card for card in numbers["cards"]}
        self.assertEqual((cards["yesterday"]["value"], cards["yesterday"]["unit"]), (3, "GB"))
        for card in numbers["cards"]:
            if card["model"] == "imaging.storage.volume":
                continue
            rows = self.env[card["model"]].with_user(self.users_a["hospital"])
            with self.subTest(card["key"]):
                self.assertEqual(rows.search_count(card["domain"]), card["value"])
        self.assertEqual(numbers["chart"]["series"], [
            {"label": "CT", "data": [0] * 28 + [3, 0]}])  # fmt: skip

    def test_days_of_the_statistics_are_written_like_all_other_days(self):
        day = fields.Date.to_date("2026-11-20")
        self._deliver([self._volume(1, day, 2_000_000_000)])
        volumes = self.env["imaging.storage.volume"].with_user(self.users_a["hospital"])
        domain = [("day", "=", day), ("hospital_id", "=", self.a.id)]
        groups = volumes.with_context(lang="zh_CN").formatted_read_group(
            domain, ["day:day"], ["size_gb:sum"]
        )
        self.assertEqual([group["day:day"][1] for group in groups], ["2026-11-20"])
        self.assertEqual([group["size_gb:sum"] for group in groups], [2])

    def test_operator_sees_no_number_of_patients(self):
        console = self.env["imaging.console"].with_user(self.users_a["ops"])
        models = {card["model"] for card in console.get_numbers()["cards"]}
        self.assertFalse(models & {"imaging.study", "imaging.match", "imaging.disposal"})
        for role in ("radiologist", "expert", "qc", "finance", "auditor"):
            with self.subTest(role), self.assertRaises(AccessError):
                self.env["imaging.console"].with_user(self.users_a[role]).get_numbers()

    def test_damage_is_listed_once_and_settled_by_a_person(self):
        event = {
            "id": 7,
            "kind": "damage",
            "at": "2026-11-24T06:00:00Z",
            "damage": {
                "hospital": "TESTA",
                "study_uid": "1.2.826.1",
                "sop_instance_uid": "1.2.3.4",
                "object_key": "TESTA/x.dcm",
                "detail": "missing",
            },
        }
        for _time in range(2):
            self.assertEqual(self._deliver([event])["accepted"], [7])
        damage = self.env["imaging.damage"].search([("sop_instance_uid", "=", "1.2.3.4")])
        self.assertEqual(len(damage), 1)
        with self.assertRaises(AccessError):
            damage.with_user(self.users_b["ops"]).action_settle()
        damage.with_user(self.users_a["ops"]).action_settle()
        self.assertEqual(damage.settled_by_id, self.users_a["ops"])
