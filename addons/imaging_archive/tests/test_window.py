from odoo.addons.imaging_base.tests.requirements import req
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .archive_case import ArchiveCase, ArchiveHttpCase, study_event

ACCESS_ERROR = "odoo.exceptions.AccessError"


@tagged("post_install", "-at_install")
class TestWindowPresets(ArchiveCase):
    def _presets(self, role):
        model = self.env["imaging.window.preset"]
        return {
            preset["name"]: preset for preset in model.with_user(self.users_a[role])._for_viewer()
        }

    @req("CON-4.11", part=True)
    def test_hospital_adds_a_window_that_only_its_readers_are_offered(self):
        presets = self.env["imaging.window.preset"]
        added = presets.with_user(self.users_a["hospital"]).create(
            {"name": "肺结节", "width": 1600, "center": -500, "body_parts": "CHEST，胸"}
        )
        presets.create({"name": "乙院", "width": 90, "center": 45, "hospital_id": self.b.id})
        offered = self._presets("radiologist")
        self.assertEqual(
            offered["肺结节"],
            {
                "key": str(added.id),
                "name": "肺结节",
                "modality": "CT",
                "body_parts": ["CHEST", "胸"],
                "width": 1600,
                "center": -500,
            },
        )
        self.assertNotIn("乙院", offered)
        lung = offered["Lung Window"]
        self.assertEqual((lung["key"], lung["width"], lung["center"]), ("lung", 1500, -600))

    def test_only_administrators_change_presets_and_only_their_own(self):
        general = self.env.ref("imaging_archive.window_preset_lung")
        for role in ("radiologist", "expert", "qc", "hospital", "ops", "finance", "auditor"):
            with self.subTest(role), self.assertRaises(AccessError):
                general.with_user(self.users_a[role]).width = 1
        own = (
            self.env["imaging.window.preset"]
            .with_user(self.users_a["hospital"])
            .create({"name": "x", "width": 100, "center": 0})
        )
        self.assertEqual(own.hospital_id, self.a)
        with self.assertRaises(AccessError):
            own.hospital_id = self.b

    def test_a_wrong_value_is_refused_with_the_fields_name(self):
        for field, value, named in (
            ("width", 0, "Window width"),
            ("center", 1e9, "Window center"),
            ("modality", "ct!", "Modality"),
            ("body_parts", "x" * 501, "First for"),
        ):
            values = {"name": "x", "width": 100, "center": 0, field: value}
            with self.subTest(field), self.assertRaisesRegex(ValidationError, named):
                self.env["imaging.window.preset"].create(values)


@tagged("post_install", "-at_install")
class TestOneWindow(ArchiveHttpCase):
    """Several studies in one window of the viewer, and what belongs to them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._deliver([study_event(11, "1.2.826.11", date="2026-05-22", accession_number="ACC-OLD")])
        cls.prior = cls.env["imaging.study"].search([("study_uid", "=", "1.2.826.11")])

    @req("CON-4.20", part=True)
    def test_studies_chosen_in_the_list_open_together_and_each_is_logged(self):
        self.login(self.users_a["radiologist"])
        chosen = (self.study_a | self.prior).with_user(self.users_a["radiologist"])
        url = chosen.action_view_images()["url"]
        answer = self.url_open(url, allow_redirects=False)
        self.assertEqual(answer.status_code, 303)
        address = answer.headers["Location"]
        for study in chosen:
            self.assertIn(f"study={study.study_uid}", address)
            self.assertTrue(
                self.env["imaging.access.log"].search(
                    [("study_id", "=", study.id), ("outcome", "=", "granted")]
                )
            )

    def test_one_study_of_another_hospital_among_them_opens_none(self):
        self.login(self.users_a["radiologist"])
        for numbers in (
            f"{self.study_a.id},{self.study_b.id}",
            f"{self.study_a.id},999999999",
            "1,",
            ",".join(["1"] * 13),
            "1;2",
        ):
            answer = self.url_open(f"/imaging/study/{numbers}/view", allow_redirects=False)
            self.assertEqual(answer.status_code, 404, numbers)

    @req("CON-4.23", part=True)
    def test_priors_are_the_patients_other_studies_and_no_one_elses(self):
        self.login(self.users_a["radiologist"])
        (prior,) = self.jsonrpc("/imaging/viewer/priors", study_uids=["1.2.826.1"])
        self.assertEqual((prior["uid"], prior["date"]), ("1.2.826.11", "2026-05-22"))
        self.prior.sudo().disposed = True
        self.assertEqual(self.jsonrpc("/imaging/viewer/priors", study_uids=["1.2.826.1"]), [])
        # The other hospital's patient has a second study, too.
        other = {"patient": {"id": "P900"}, "accession_number": "ACC-B2"}
        self._deliver([study_event(12, "1.2.826.12", "TESTB", **other)])
        second = self.env["imaging.study"].search([("study_uid", "=", "1.2.826.12")])
        second.sudo().patient_id = self.study_b.patient_id
        self.assertEqual(self.jsonrpc("/imaging/viewer/priors", study_uids=["1.2.826.2"]), [])
        for wrong in ("1.2", [], ["' OR 1"], ["1.2"] * 13, [None], {"a": 1}):
            with self.subTest(wrong), mute_logger("odoo.http"):
                answer = self.jsonrpc("/imaging/viewer/priors", study_uids=wrong)
                self.assertEqual(answer["error"]["data"]["name"], ACCESS_ERROR)

    @req("CON-4.23", part=True)
    def test_a_ticket_is_extended_by_a_prior_and_the_prior_is_logged(self):
        self.login(self.users_a["radiologist"])
        token = self.jsonrpc("/imaging/ticket", study_uid="1.2.826.1")["ticket"]
        answer = self.jsonrpc("/imaging/ticket/extend", ticket=token, study_uid="1.2.826.11")
        claims = self._claims(answer["ticket"])
        self.assertEqual(claims["scope"], {"studies": ["1.2.826.1", "1.2.826.11"]})
        entry = self.env["imaging.access.log"].search([("ticket", "=", claims["jti"])])
        self.assertEqual(entry.study_id, self.prior)

    def test_no_ticket_is_extended_beyond_its_owners_sight(self):
        self.login(self.users_a["radiologist"])
        token = self.jsonrpc("/imaging/ticket", study_uid="1.2.826.1")["ticket"]
        tool = self.jsonrpc("/imaging/ticket")["ticket"]
        anonymous = self.jsonrpc("/imaging/ticket", study_uid="1.2.826.1", anonymous=True)["ticket"]
        other = self.env["imaging.ticket"].with_user(self.users_b["radiologist"])
        foreign = other._for_studies(self.study_b.with_user(self.users_b["radiologist"]), "open")
        for ticket, uid in (
            (token, "1.2.826.2"),
            (token, "9.9"),
            (tool, "1.2.826.11"),
            (anonymous, "1.2.826.11"),
            (foreign.token, "1.2.826.1"),
            ("no.ticket.atall", "1.2.826.11"),
        ):
            with self.subTest(uid), mute_logger("odoo.http"):
                answer = self.jsonrpc("/imaging/ticket/extend", ticket=ticket, study_uid=uid)
                self.assertEqual(answer["error"]["data"]["name"], ACCESS_ERROR)

    def test_presets_are_there_for_whoever_looks_also_by_a_share(self):
        answer = self.url_open("/imaging/viewer/presets?lang=xx'")
        self.assertEqual(answer.status_code, 200)
        self.assertIn("Lung Window", [preset["name"] for preset in answer.json()])
