from urllib.parse import parse_qs, urlsplit

from odoo.tests import tagged
from odoo.tools import mute_logger

from .archive_case import ArchiveHttpCase


@tagged("post_install", "-at_install")
class TestViewing(ArchiveHttpCase):
    def _view(self, study):
        return self.url_open(f"/imaging/study/{study.id}/view", allow_redirects=False)

    def test_one_click_leads_to_the_viewer_with_a_ticket_and_is_logged(self):
        self.login(self.users_a["radiologist"])
        answer = self._view(self.study_a)
        self.assertEqual(answer.status_code, 303)
        address = urlsplit(answer.headers["Location"])
        self.assertEqual(address.path, "/viewer/")
        self.assertFalse(address.query)
        fragment = parse_qs(address.fragment)
        self.assertEqual(fragment["study"], ["1.2.826.1"])
        claims = self._claims(fragment["ticket"][0])
        self.assertEqual(claims["scope"], {"studies": ["1.2.826.1"]})
        self.assertEqual(answer.headers["Cache-Control"], "no-store")
        entry = self.env["imaging.access.log"].search([("ticket", "=", claims["jti"])])
        self.assertEqual((entry.study_id, entry.address), (self.study_a, "127.0.0.1"))

    def test_study_of_another_hospital_looks_like_none_and_the_try_is_logged(self):
        self.login(self.users_a["radiologist"])
        answer = self._view(self.study_b)
        nothing = self.url_open("/imaging/study/999999999/view", allow_redirects=False)
        self.assertEqual((answer.status_code, nothing.status_code), (404, 404))
        self.assertNotIn("李四", answer.text)
        entry = self.env["imaging.access.log"].search([("study_id", "=", self.study_b.id)], limit=1)
        self.assertEqual((entry.outcome, entry.user_id), ("refused", self.users_a["radiologist"]))

    def test_role_without_images_is_refused(self):
        for role in ("finance", "ops", "auditor"):
            self.login(self.users_a[role])
            self.assertEqual(self._view(self.study_a).status_code, 404, role)

    def test_without_a_login_there_is_no_view(self):
        answer = self._view(self.study_a)
        self.assertEqual(answer.status_code, 303)
        self.assertIn("/web/login", answer.headers["Location"])

    def test_tool_gets_a_ticket_for_the_hospitals_or_for_one_study(self):
        self.login(self.users_a["radiologist"])
        answer = self.jsonrpc("/imaging/ticket")
        self.assertEqual(answer["expires_in"], 900)
        self.assertEqual(self._claims(answer["ticket"])["scope"], {"hospitals": ["TESTA"]})
        answer = self.jsonrpc("/imaging/ticket", study_uid="1.2.826.1", anonymous=True)
        claims = self._claims(answer["ticket"])
        self.assertEqual((claims["scope"], claims["anon"]), ({"studies": ["1.2.826.1"]}, True))
        with mute_logger("odoo.http"):
            self.assertIn("error", self.jsonrpc("/imaging/ticket", study_uid="1.2.826.2"))

    def test_hostile_parameters_are_answered_not_stumbled_over(self):
        self.login(self.users_a["radiologist"])
        answer = self.url_open(
            f"/imaging/study/{self.study_a.id}/view?reason=%00a", allow_redirects=False
        )
        self.assertEqual(answer.status_code, 303)
        for uid in ("1.2\x00", ["1.2"], {}, 12, "", "' OR 1=1", "1" * 100_000):
            with self.subTest(uid), mute_logger("odoo.http"):
                error = self.jsonrpc("/imaging/ticket", study_uid=uid)["error"]
                self.assertEqual(error["data"]["name"], "odoo.exceptions.AccessError")

    def test_debug_mode_shows_no_name_of_another_hospitals_patient(self):
        self.login(self.users_a["radiologist"])
        self.url_open("/odoo?debug=1")
        with mute_logger("odoo.http"):
            answer = self.jsonrpc(
                "/web/dataset/call_kw",
                model="imaging.study",
                method="read",
                args=[[self.study_b.id], ["patient_name"]],
                kwargs={},
            )
        self.assertIn("error", answer)
        for told in ("李四", "imaging.study: ", "Studies: of"):
            self.assertNotIn(told, str(answer))

    def test_renewal_needs_the_session(self):
        self.login(self.users_a["radiologist"])
        token = self.jsonrpc("/imaging/ticket", study_uid="1.2.826.1")["ticket"]
        renewed = self.jsonrpc("/imaging/ticket/renew", ticket=token)
        self.assertEqual(self._claims(renewed["ticket"])["scope"], {"studies": ["1.2.826.1"]})
        self.logout()
        with mute_logger("odoo.http"):
            self.assertIn("error", self.jsonrpc("/imaging/ticket/renew", ticket=token))
