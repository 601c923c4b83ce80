from odoo.addons.imaging_base.tests.requirements import req
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .archive_case import ArchiveCase, ArchiveHttpCase


@tagged("post_install", "-at_install")
class TestHangingRules(ArchiveCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rules = cls.env["imaging.hanging.rule"]

    def _offered(self, role):
        return self.rules.with_user(self.users_a[role])._for_viewer()

    @req("SHR-3.16", "PAT-1.24", "CON-4.29", part=True)
    def test_a_hospitals_rule_comes_before_the_general_ones_and_is_no_one_elses(self):
        lung = self.env.ref("imaging_archive.window_preset_lung")
        self.rules.with_user(self.users_a["hospital"]).create({
            "name": "胸部对比", "modality": "CT", "body_parts": "CHEST，胸", "grid": "1x2",
            "content": "prior", "linked": True, "window_preset_id": lung.id,
        })  # fmt: skip
        self.rules.create({"name": "乙院", "modality": "US", "hospital_id": self.b.id})
        offered = self._offered("radiologist")
        self.assertEqual(
            offered[0],
            {
                "hospital": self.a.code,
                "modality": "CT",
                "body_parts": ["CHEST", "胸"],
                "device": "desktop",
                "rows": 1,
                "columns": 2,
                "content": "prior",
                "linked": True,
                "window": {"width": 1500, "center": -600},
            },
        )
        general = {(rule["modality"], rule["rows"], rule["columns"]) for rule in offered[1:]}
        self.assertEqual(general, {("CR", 1, 2), ("DX", 1, 2), ("MG", 2, 2), ("MR", 2, 2)})

    def test_only_administrators_change_rules_and_only_their_own(self):
        general = self.env.ref("imaging_archive.hanging_rule_mr")
        other = self.rules.create({"name": "乙院", "modality": "US", "hospital_id": self.b.id})
        for role in ("radiologist", "expert", "qc"):
            with self.subTest(role), self.assertRaises(AccessError), mute_logger("odoo.models"):
                self.rules.with_user(self.users_a[role]).create({"name": "x", "modality": "CT"})
        mine = self.rules.with_user(self.users_a["hospital"])
        for rule in (general, other):
            with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models.ir_rule"):
                rule.with_user(self.users_a["hospital"]).write({"grid": "1x2"})
            with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models.ir_rule"):
                rule.with_user(self.users_a["hospital"]).unlink()
        own = mine.create({"name": "甲院", "modality": "CT"})
        for hospital in (self.b, self.env["imaging.hospital"]):
            with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models.ir_rule"):
                own.write({"hospital_id": hospital.id})
        self.assertNotIn(other, mine.search([]))
        for role in ("finance", "ops"):
            if role in self.users_a:
                with self.assertRaises(AccessError), mute_logger("odoo.models"):
                    self.rules.with_user(self.users_a[role]).search([])

    def test_what_cannot_be_hung_is_refused_by_name(self):
        lung = self.env.ref("imaging_archive.window_preset_lung")
        foreign = self.env["imaging.window.preset"].create(
            {"name": "乙院", "width": 90, "center": 45, "hospital_id": self.b.id}
        )
        for wrong, word in (
            ({"modality": "ct"}, "Modality"),
            ({"modality": "CT' OR 1"}, "Modality"),
            ({"body_parts": "x" * 501}, "Only for"),
            ({"device": "phone", "grid": "3x3"}, "Layout"),
            ({"device": "desktop", "grid": "3x2"}, "Layout"),
            ({"grid": "1x1", "content": "film"}, "Layout"),
            ({"modality": "MR", "window_preset_id": lung.id}, "First window"),
            ({"window_preset_id": foreign.id, "hospital_id": self.a.id}, "First window"),
            ({"window_preset_id": foreign.id, "hospital_id": False}, "First window"),
        ):
            with self.subTest(wrong), self.assertRaisesRegex(ValidationError, word):
                self.rules.create({"name": "x", "modality": "CT", **wrong})

    def test_a_window_that_became_another_hospitals_or_was_archived_is_not_used(self):
        preset = self.env["imaging.window.preset"].create(
            {"name": "甲院", "width": 90, "center": 45, "hospital_id": self.a.id}
        )
        self.rules.create(
            {"name": "x", "modality": "CT", "hospital_id": self.a.id, "window_preset_id": preset.id}
        )
        self.assertEqual(self._offered("radiologist")[0]["window"], {"width": 90, "center": 45})
        for change in ({"active": False}, {"active": True, "hospital_id": self.b.id}):
            preset.write(change)
            self.assertIsNone(self._offered("radiologist")[0]["window"], change)


@tagged("post_install", "-at_install")
class TestHangingRoute(ArchiveHttpCase):
    def test_without_login_only_the_general_rules_are_told(self):
        rules = self.env["imaging.hanging.rule"].sudo()
        rules.create({"name": "甲院", "modality": "US", "hospital_id": self.a.id})
        answer = self.url_open("/imaging/viewer/hanging")
        self.assertEqual(answer.status_code, 200)
        self.assertEqual({rule["hospital"] for rule in answer.json()}, {""})
        self.login(self.users_a["radiologist"])
        mine = self.url_open("/imaging/viewer/hanging").json()
        self.assertEqual((mine[0]["hospital"], mine[0]["modality"]), (self.a.code, "US"))
