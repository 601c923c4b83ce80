import json
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .archive_case import ArchiveCase, ArchiveHttpCase, study_event


@tagged("post_install", "-at_install")
class TestNode(ArchiveCase):
    def test_node_learns_hospitals_and_devices(self):
        self.device_a.addresses = "10.1.2.3"
        self.device_b.active = False
        answer = self.env["imaging.node"].with_user(self.node_user).configuration()
        self.assertTrue(answer["check_calling_ae"])
        self.assertIn(
            {"code": "TESTA", "active": True, "path_template": "", "htj2k": False},
            answer["hospitals"],
        )
        devices = {device["ae_title"]: device for device in answer["devices"]}
        self.assertEqual(devices["TEST_CT_A"]["hospital"], "TESTA")
        self.assertEqual(devices["TEST_CT_A"]["addresses"], ["10.1.2.3"])
        self.assertTrue(devices["TEST_CT_A"]["active"])
        self.assertFalse(devices["TEST_CT_B"]["active"])

    def test_devices_of_an_inactive_hospital_are_inactive(self):
        self.a.active = False
        answer = self.env["imaging.node"].with_user(self.node_user).configuration()
        devices = {device["ae_title"]: device for device in answer["devices"]}
        self.assertFalse(devices["TEST_CT_A"]["active"])
        hospitals = {hospital["code"]: hospital for hospital in answer["hospitals"]}
        self.assertFalse(hospitals["TESTA"]["active"])

    def test_node_that_is_silent_shows_as_offline(self):
        self.env["imaging.node"].with_user(self.node_user).configuration()
        self.assertTrue(self.node.online)
        self.node.last_seen = fields.Datetime.now() - timedelta(minutes=2)
        self.assertFalse(self.node.online)

    def test_nobody_else_reads_the_configuration(self):
        for user in self.users_a.values():
            with self.subTest(user.login), self.assertRaises(AccessError):
                self.env["imaging.node"].with_user(user).configuration()

    def test_technical_account_reads_no_list(self):
        for model in (
            "imaging.study",
            "imaging.patient",
            "imaging.device",
            "imaging.access.log",
            "imaging.quarantine",
            "imaging.order",
            "imaging.match",
            "imaging.retrieval",
            "imaging.disposal",
            "imaging.storage.volume",
            "imaging.node",
            "imaging.share",
        ):
            if model in self.env:
                with self.subTest(model), self.assertRaises(AccessError):
                    self.env[model].with_user(self.node_user).search([])


@tagged("post_install", "-at_install")
class TestNodeHttp(ArchiveHttpCase):
    def _call(self, path, body, key=None):
        keys = self.env["res.users.apikeys"].with_user(self.node_user).sudo()
        key = key or keys._generate(None, "node", fields.Datetime.now() + timedelta(days=1))
        return self.url_open(
            f"/json/2/{path}",
            data=json.dumps(body),
            headers={
                "Authorization": f"bearer {key}",
                "Content-Type": "application/json",
            },
        )

    def test_node_delivers_and_asks_with_its_api_key(self):
        answer = self._call(
            "imaging.study/receive_events", {"events": [study_event(7, "1.2.826.7")]}
        )
        self.assertEqual(answer.json(), {"accepted": [7], "refused": []})
        answer = self._call("imaging.node/configuration", {})
        self.assertEqual(answer.status_code, 200)
        self.assertIn("devices", answer.json())

    def test_stolen_node_key_reads_no_patient(self):
        for path in (
            "imaging.study/search_read",
            "imaging.patient/search_read",
            "res.partner/search_read",
        ):
            with self.subTest(path):
                self.assertEqual(self._call(path, {"domain": []}).status_code, 403)

    def test_wrong_key_is_turned_away(self):
        answer = self._call("imaging.node/configuration", {}, key="0" * 40)
        self.assertEqual(answer.status_code, 401)
