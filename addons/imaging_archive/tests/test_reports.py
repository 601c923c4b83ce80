from datetime import UTC, datetime, timedelta

from odoo import fields
from odoo.addons.imaging_base.tests.requirements import req
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .test_configuration import FrontCase


def ago(**span):
    return (datetime.now(UTC) - timedelta(**span)).isoformat()


@tagged("post_install", "-at_install")
class TestReports(FrontCase):
    def _report(self, process, report, user=None):
        return self.env["imaging.node"].with_user(user or self.node_user).report(process, report)

    @req("ARC-5.2", part=True)
    def test_node_shows_what_its_processes_report(self):
        self._report("receive", {"associations": 3, "max_associations": 64, "refusing": ""})
        answer = self._report(
            "archive",
            {
                "spool_count": 12,
                "spool_size": 6_000_000,
                "spool_oldest": ago(minutes=5),
                "disk_size": 1000,
                "disk_free": 100,
                "something_new": {"kept": True},
            },
        )
        self.assertEqual(answer, {})
        self.assertEqual((self.node.associations, self.node.spool_count), (3, 12))
        self.assertAlmostEqual(self.node.spool_mb, 6.0)
        self.assertAlmostEqual(self.node.disk_percent, 90.0)
        self.assertAlmostEqual(self.node.spool_age, 300, delta=5)
        kept = self.node.process_ids.filtered(lambda one: one.process == "archive").report
        self.assertEqual(kept["something_new"], {"kept": True})

    @req("ARC-4.5", part=True)
    def test_node_shows_whether_the_bucket_answers(self):
        for told, state, error in (
            ("", "answers", ""),
            ("there is no such bucket", "fails", "there is no such bucket"),
            (None, "unused", ""),
            (7, "unused", ""),
        ):
            self._report("archive", {"s3": told})
            node = self.node.with_user(self.users_a["ops"])
            with self.subTest(told):
                self.assertEqual((node.s3_state, node.s3_error), (state, error))
                self.env["imaging.alarm"]._cron_watch()
                kinds = self.node.alarm_ids.mapped("kind")
                self.assertEqual("s3" in kinds, bool(error))
                self.env.invalidate_all()

    def test_second_report_takes_the_place_of_the_first(self):
        for count in (1, 2):
            self._report("archive", {"spool_count": count})
        self.assertEqual(len(self.node.process_ids), 1)
        self.assertEqual(self.node.spool_count, 2)

    def test_silent_process_is_down_and_raises_an_alarm_that_closes_by_itself(self):
        self._report("receive", {})
        process = self.node.process_ids
        self.assertFalse(process.down)
        process.last_report = fields.Datetime.now() - timedelta(seconds=61)
        self.assertTrue(process.down)
        self.assertIn(process, process.search([("down", "=", True)]))
        for _time in range(2):
            self.env["imaging.alarm"]._cron_watch()
        alarm = self.env["imaging.alarm"].search([("node_id", "=", self.node.id)])
        self.assertEqual((alarm.kind, alarm.process), ("silent", "receive"))
        self.assertEqual(alarm.opened, self.node.process_ids.last_report)
        self.assertFalse(alarm.closed)
        self._report("receive", {})
        self.env["imaging.alarm"]._cron_watch()
        self.assertTrue(alarm.closed)

    def test_full_disk_and_waiting_images_raise_alarms_by_their_thresholds(self):
        self.node.write({"alarm_spool_minutes": 10, "alarm_disk_percent": 80})
        report = {"spool_oldest": ago(minutes=11), "disk_size": 100, "disk_free": 15}
        self._report("archive", report)
        kinds = {kind for kind, _process, _detail, _since in self.node._faults()}
        self.assertEqual(kinds, {"spool", "disk"})
        self.node.write({"alarm_spool_minutes": 0, "alarm_disk_percent": 90})
        self.assertFalse(self.node._faults())

    def test_last_image_of_a_device_is_noted_and_never_goes_back(self):
        devices = [{"ae_title": "TEST_CT_A", "last_received": ago(hours=2), "instances": 3}]
        self._report("receive", {"devices": devices})
        noted = self.device_a.last_image
        self.assertTrue(self.device_a.silent_since)
        devices[0]["last_received"] = ago(hours=9)
        self._report("receive", {"devices": devices})
        self.assertEqual(self.device_a.last_image, noted)

    def test_front_end_notes_no_device_of_another_hospital(self):
        before = self.device_b.last_image
        devices = [{"ae_title": "TEST_CT_B", "last_received": ago(seconds=1), "instances": 3}]
        self._report("receive", {"devices": devices}, self.front_user)
        self.assertEqual(self.device_b.last_image, before)

    def test_report_that_is_none_is_refused_by_field(self):
        for process, report, field in (
            ("party", {}, "process"),
            ("web", [], "report"),
            ("web", {"x": "y" * 70000}, "report"),
            ("web", {"x": float("nan")}, "report"),
            ("web", {"x": "a\x00b"}, "report"),
        ):
            with self.subTest(field), self.assertRaisesRegex(UserError, f"^{field}: "):
                self._report(process, report)

    def test_value_of_another_type_is_shown_as_absent(self):
        self._report(
            "archive", {"spool_count": "many", "spool_oldest": 7, "disk_size": -1, "damaged": None}
        )
        self.assertEqual((self.node.spool_count, self.node.spool_age), (0, 0))
        self.assertEqual(self.node.disk_percent, 0)

    def test_nobody_else_reports(self):
        for user in self.users_a.values():
            with self.subTest(user.login), self.assertRaises(AccessError):
                self._report("web", {}, user)

    def test_hospital_sees_its_own_front_end_and_no_other_node(self):
        nodes = self.env["imaging.node"]
        self.assertEqual(nodes.with_user(self.users_a["hospital"]).search([]), self.front)
        self.assertFalse(nodes.with_user(self.users_b["hospital"]).search([]))
        self.assertIn(self.node, nodes.with_user(self.users_b["ops"]).search([]))
        self.assertNotIn(self.front, nodes.with_user(self.users_b["ops"]).search([]))
        for role in ("radiologist", "expert", "qc", "finance", "auditor"):
            with self.subTest(role), self.assertRaises(AccessError):
                nodes.with_user(self.users_a[role]).search([])
