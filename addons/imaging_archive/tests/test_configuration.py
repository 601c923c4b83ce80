import json
import tomllib
from base64 import b64decode
from pathlib import Path

from odoo.addons.imaging_base.tests.requirements import req
from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .archive_case import ArchiveCase

BUCKET = {
    "s3_endpoint": "https://s3.example.org/",
    "s3_region": "cn-1",
    "s3_bucket": "images",
    "s3_prefix": "a/b/",
}


class FrontCase(ArchiveCase):
    """Beside the centre a front end of hospital A."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.front_user = new_test_user(cls.env, "test.front", groups="imaging_archive.group_node")
        cls.front_user.group_ids = [Command.set(cls.env.ref("imaging_archive.group_node").ids)]
        cls.front = cls.env["imaging.node"].create(
            {
                "name": "FRONT",
                "kind": "front",
                "hospital_id": cls.a.id,
                "user_id": cls.front_user.id,
                "upload_url": "https://cloud.example.org/",
            }
        )

    def _configuration(self, user):
        return self.env["imaging.node"].with_user(user).configuration()


@tagged("post_install", "-at_install")
class TestConfiguration(FrontCase):
    @req("ARC-4.3")
    def test_device_is_told_with_all_that_it_may_do(self):
        uids = self.env["imaging.dicom.uid"]
        self.device_a.write(
            {
                "max_associations": 4,
                "may_query": True,
                "host": "10.1.2.3",
                "port": 104,
                "tls": True,
                "ask_counts": True,
                "sop_class_ids": uids.search([("uid", "=", "1.2.840.10008.5.1.4.1.1.2")]),
                "transfer_syntax_ids": uids.search([("uid", "=", "1.2.840.10008.1.2.1")]),
            }
        )
        answer = self._configuration(self.node_user)
        devices = {device["ae_title"]: device for device in answer["devices"]}
        self.assertEqual(
            devices["TEST_CT_A"],
            {
                "ae_title": "TEST_CT_A",
                "hospital": "TESTA",
                "addresses": [],
                "active": True,
                "max_associations": 4,
                "sop_classes": ["1.2.840.10008.5.1.4.1.1.2"],
                "transfer_syntaxes": ["1.2.840.10008.1.2.1"],
                "roles": ["store", "query"],
                "host": "10.1.2.3",
                "port": 104,
                "tls": True,
                "ask_counts": True,
            },
        )
        self.assertEqual(
            {key: devices["TEST_CT_B"][key] for key in ("max_associations", "roles", "port")},
            {"max_associations": None, "roles": ["store"], "port": None},
        )
        json.dumps(answer)

    @req("ARC-4.3")
    def test_check_of_ae_titles_is_switched_off_and_on(self):
        for wanted in (False, True):
            self.node.check_calling_ae = wanted
            self.assertIs(self._configuration(self.node_user)["check_calling_ae"], wanted)

    def test_front_end_learns_nothing_of_other_hospitals(self):
        answer = self._configuration(self.front_user)
        self.assertEqual({one["code"] for one in answer["hospitals"]}, {"TESTA", "UNKNOWN"})
        self.assertNotIn("TEST_CT_B", {one["ae_title"] for one in answer["devices"]})
        self.assertEqual((answer["disposals"], answer["tiers"]), ([], []))

    @req("ARC-4.5", part=True)
    def test_front_end_gets_the_upload_parameters_set_in_the_portal(self):
        self.front.write(
            {
                "upload_batch": 50,
                "upload_threads": 4,
                "bandwidth_ids": [
                    Command.create({"hour_from": 8, "hour_to": 17.5, "kib_per_second": 2048})
                ],
            }
        )
        self.assertEqual(
            self._configuration(self.front_user)["node"]["upload"],
            {
                "url": "https://cloud.example.org",
                "hospital": "TESTA",
                "batch": 50,
                "threads": 4,
                "bandwidth": [{"from": "08:00", "to": "17:30", "kib_per_second": 2048}],
            },
        )
        self.assertIsNone(self._configuration(self.node_user)["node"]["upload"])

    @req("ARC-4.5", part=True)
    def test_bucket_is_set_in_the_portal_and_told_to_the_centre_alone(self):
        self.assertIsNone(self._configuration(self.node_user)["node"]["s3"])
        self.node.with_user(self.users_a["platform"]).write(BUCKET)
        self.assertEqual(
            self._configuration(self.node_user)["node"]["s3"],
            {
                "endpoint": "https://s3.example.org",
                "region": "cn-1",
                "bucket": "images",
                "prefix": "a/b",
            },
        )
        self.assertIsNone(self._configuration(self.front_user)["node"]["s3"])
        with self.assertRaises(ValidationError):
            self.front.write(BUCKET)

    def test_bucket_that_is_none_is_refused(self):
        for wrong in (
            {"s3_bucket": False},
            {"s3_endpoint": False},
            {"s3_endpoint": "https://u:p@x"},
            {"s3_endpoint": "https://x/path"},
            {"s3_region": "a b"},
            {"s3_bucket": "Images"},
            {"s3_bucket": "a/b"},
            {"s3_prefix": "../x"},
            {"s3_prefix": "/x"},
            {"s3_prefix": "a//b"},
        ):
            with self.subTest(wrong), self.assertRaises(ValidationError):
                self.node.write({**BUCKET, **wrong})

    def test_nobody_else_sets_the_bucket(self):
        for role in set(self.users_a) - {"platform"}:
            with self.subTest(role), self.assertRaises(AccessError):
                self.node.with_user(self.users_a[role]).write(BUCKET)

    def test_bucket_that_holds_images_is_not_changed_for_another(self):
        self.node.write(BUCKET)
        report = self.env["imaging.node"].with_user(self.node_user).report
        report("archive", {"s3": "", "s3_used": True})
        with self.assertRaisesRegex(ValidationError, "would not be found|找不到"):
            self.node.s3_bucket = "others"
        self.node.write(BUCKET)
        report("archive", {"s3": "", "s3_used": False})
        self.node.s3_bucket = "others"

    def test_bucket_is_not_changed_before_the_node_says_that_no_images_lie_in_it(self):
        self.node.write(BUCKET)
        report = self.env["imaging.node"].with_user(self.node_user).report
        refused = "has not said|尚未报告"
        with self.assertRaisesRegex(ValidationError, refused):
            self.node.s3_prefix = "others"
        for told in ({"s3": ""}, {"s3": "", "s3_used": None}):
            report("archive", told)
            with self.subTest(told), self.assertRaisesRegex(ValidationError, refused):
                self.node.write({"s3_endpoint": False, "s3_bucket": False})
        self.node.s3_region = "cn-2"
        report("archive", {"s3": "", "s3_used": False})
        self.node.write({"s3_endpoint": False, "s3_bucket": False, "s3_prefix": False})
        report("archive", {"s3": None, "s3_used": None})
        with self.assertRaisesRegex(ValidationError, refused):
            self.node.write(BUCKET)
        report("archive", {"s3": None, "s3_used": False})
        self.node.write(BUCKET)

    def test_address_that_is_none_is_refused(self):
        for url in (
            "cloud",
            "ftp://x",
            "https://u:p@x",
            "https://x/path",
            "https://x?y",
            "https://x:port",
        ):
            with self.subTest(url), self.assertRaises(ValidationError):
                self.front.upload_url = url

    def test_bandwidth_lines_do_not_overlap(self):
        line = {"hour_from": 8, "hour_to": 18, "kib_per_second": 100}
        self.front.bandwidth_ids = [Command.create(line)]
        for wrong in (
            {**line, "hour_from": 17, "hour_to": 20},
            {**line, "hour_from": 20, "hour_to": 19},
            {**line, "hour_from": 20, "hour_to": 25},
            {**line, "hour_from": 20, "hour_to": 22, "kib_per_second": 0},
        ):
            with self.subTest(wrong), self.assertRaises(ValidationError):
                self.front.bandwidth_ids = [Command.create(wrong)]

    @req("ARC-4.5", "ARC-5.3", part=True)
    def test_storage_path_is_checked_and_shown_by_example(self):
        self.a.path_template = "{modality}/{yyyy}{mm}/{patient}/{study}/{series}/{instance}.dcm"
        self.assertEqual(
            self.a.path_example,
            "TESTA/CT/202611/P100/1.2.840.1.11/1.2.840.1.11.2/1.2.840.1.11.2.7.dcm",
        )
        answer = self._configuration(self.node_user)
        told = {one["code"]: one["path_template"] for one in answer["hospitals"]}
        self.assertEqual((told["TESTA"], told["TESTB"]), (self.a.path_template, ""))
        for wrong in (
            "{study}/{instance}.dcm",
            "{study}/{series}/{instance}",
            "../{study}/{series}/{instance}.dcm",
            "/{study}/{series}/{instance}.dcm",
            "{study}//{series}/{instance}.dcm",
            "{name}/{study}/{series}/{instance}.dcm",
            "{study.__class__}/{series}/{instance}.dcm",
            "影像/{study}/{series}/{instance}.dcm",
            "{study}/{series}/" + "x" * 200 + "{instance}.dcm",
        ):
            with self.subTest(wrong), self.assertRaises(ValidationError):
                self.a.path_template = wrong

    def test_hospital_does_not_point_the_node_at_its_own_machine(self):
        device = self.device_a.with_user(self.users_a["hospital"])
        device.write({"host": "10.1.2.3", "port": 104})
        for host in ("127.0.0.1", "::1", "localhost", "127.1", "2130706433", "169.254.169.254"):
            with self.subTest(host), self.assertRaises(ValidationError):
                device.host = host
        for host in ("a b", "x;y", "-x", "x/y"):
            with self.subTest(host), self.assertRaises(ValidationError):
                device.host = host

    def test_front_end_speaks_of_its_own_hospital_only(self):
        events = self.env["imaging.study"].with_user(self.front_user)
        volume = {"day": "2026-11-24", "modality": "CT", "instances": 1, "size": 1}
        answer = events.receive_events(
            [
                {
                    "id": 1,
                    "kind": "volume",
                    "at": "2026-11-24T00:00:00Z",
                    "volume": {**volume, "hospital": "TESTB"},
                },
                {
                    "id": 2,
                    "kind": "volume",
                    "at": "2026-11-24T00:00:00Z",
                    "volume": {**volume, "hospital": "TESTA"},
                },
                {
                    "id": 3,
                    "kind": "disposal",
                    "at": "2026-11-24T00:00:00Z",
                    "disposal": {
                        "id": 1,
                        "study_uid": "1.2.826.2",
                        "instances": 1,
                        "size": 1,
                        "error": "",
                    },
                },
            ]
        )
        self.assertEqual(answer["accepted"], [2])
        self.assertEqual([one["id"] for one in answer["refused"]], [1, 3])

    def test_ticket_of_a_front_end_stores_for_its_hospital_and_nothing_else(self):
        answer = self.env["imaging.node"].with_user(self.front_user).ticket()
        claims = self._claims(answer["ticket"])
        self.assertEqual(claims["sub"], f"node:{self.front.id}")
        self.assertEqual(claims["scope"], {"hospitals": ["TESTA"]})
        self.assertEqual((claims["perms"], claims["purpose"]), (["store"], "upload"))
        self.assertLessEqual(answer["expires_in"], 900)
        for user in (self.node_user, *self.users_a.values()):
            with self.subTest(user.login), self.assertRaises(AccessError):
                self.env["imaging.node"].with_user(user).ticket()
        self.a.active = False
        with self.assertRaises(AccessError):
            self.env["imaging.node"].with_user(self.front_user).ticket()

    @req("ARC-4.5", part=True)
    def test_new_front_end_gets_an_account_and_a_key_shown_once(self):
        enroll = self.env["imaging.node.enroll"].with_user(self.users_a["platform"])
        action = enroll.create(
            {"name": "FRONT-B", "hospital_id": self.b.id, "url": "https://cloud.example.org"}
        ).action_enroll()
        key = action["context"]["node_key"]
        shown = self.env["imaging.node.key"].browse(action["res_id"])
        shown = shown.with_user(self.users_a["platform"])
        self.assertFalse(shown.read(["key"])[0]["key"], "it is kept nowhere")
        shown = shown.with_context(**action["context"]).read(["key", "toml", "toml_file"])[0]
        self.assertEqual(shown["key"], key)
        node = self.env["imaging.node"].search([("name", "=", "FRONT-B")])
        keys = self.env["res.users.apikeys"]
        self.assertEqual(keys._check_credentials(scope="rpc", key=key), node.user_id.id)
        self.assertEqual(node.user_id.group_ids, self.env.ref("imaging_archive.group_node"))
        settings = tomllib.loads(shown["toml"])
        self.assertEqual(settings["portal"]["url"], "https://cloud.example.org")
        self.assertEqual(settings["upload"], {"hospital": "TESTB"})
        example = Path(__file__).parents[3] / "config" / "front-end.toml"
        example = tomllib.loads(example.read_text())
        self.assertEqual(
            {key: set(section) for key, section in settings.items()},
            {key: set(section) for key, section in example.items()},
        )
        self.assertEqual(b64decode(shown["toml_file"]).decode(), shown["toml"])
        self.assertNotIn(key, shown["toml"])
        node.with_user(self.users_a["platform"]).action_new_key()
        self.assertFalse(keys._check_credentials(scope="rpc", key=key))
        for role in set(self.users_a) - {"platform"}:
            with self.subTest(role), self.assertRaises(AccessError):
                node.with_user(self.users_a[role]).action_new_key()
            with self.subTest(role), self.assertRaises(AccessError):
                self.env["imaging.node.key"].with_user(self.users_a[role]).browse(
                    action["res_id"]
                ).read(["toml"])
