from datetime import timedelta

from odoo import fields
from odoo.addons.imaging_base.tests.requirements import req
from odoo.exceptions import ValidationError
from odoo.tests import Form, tagged

from .share_case import ShareCase


@tagged("post_install", "-at_install")
class TestPolicy(ShareCase):
    def _dialog(self):
        action = self.study_a.with_user(self.users_a["radiologist"]).action_share()
        dialogs = self.env[action["res_model"]].with_user(self.users_a["radiologist"])
        return Form(dialogs.with_context(**action["context"]))

    def _made(self, action):
        return self.env["imaging.share"].browse(action["res_id"])

    @req("SHR-3.24", "PAT-1.17")
    def test_user_sets_how_long_the_share_lasts(self):
        for duration, hours in {"1": 1, "24": 24, "168": 168}.items():
            with self._dialog() as dialog:
                dialog.duration = duration
            share = self._made(dialog.record.action_create())
            left = share.expires_at - fields.Datetime.now()
            self.assertAlmostEqual(left.total_seconds(), hours * 3600, delta=5)

    @req("SHR-3.24", "PAT-1.17")
    def test_user_sets_a_time_of_the_own_choice(self):
        until = fields.Datetime.now() + timedelta(hours=5)
        with self._dialog() as dialog:
            dialog.duration = "custom"
            dialog.expires_at = until
        self.assertEqual(self._made(dialog.record.action_create()).expires_at, until)

    @req("PAT-1.11", part=True)
    def test_hospital_sets_how_long_its_shares_last(self):
        self.a.write({"share_default_hours": 24, "share_max_hours": 48})
        self.assertEqual(self._dialog().duration, "24")
        with self.assertRaisesRegex(ValidationError, "48"):
            self._share(hours=49)
        self.assertTrue(self._share(hours=47))

    def test_platform_limits_all_shares(self):
        self.env["ir.config_parameter"].set_param("imaging_share.max_days", 2)
        self.a.share_max_hours = 1000
        with self.assertRaises(ValidationError):
            self._share(hours=49)

    def test_platform_administrator_sets_the_limits_in_the_settings(self):
        settings = (
            self.env["res.config.settings"]
            .with_user(self.users_a["platform"])
            .create(
                {
                    "imaging_share_max_days": 3,
                    "imaging_settle_minutes": 7,
                    "imaging_login_attempts": 4,
                    "imaging_session_seconds": 3600,
                }
            )
        )
        settings.execute()
        with self.assertRaises(ValidationError):
            self._share(hours=73)
        self.assertTrue(self._share(hours=71))

    def test_time_that_has_passed_is_refused(self):
        with self.assertRaises(ValidationError):
            self._share(hours=-1)

    def test_hospital_may_insist_on_password_and_anonymity(self):
        self.a.write({"share_password_required": True, "share_anonymous_required": True})
        for values in ({}, {"password": "abcdef", "anonymous": False}):
            with self.subTest(values), self.assertRaises(ValidationError):
                self._share(**values)
        self.assertTrue(self._share(password="abcdef"))

    def test_dialog_proposes_anonymous_with_password(self):
        with self._dialog() as dialog:
            pass
        share = self._made(dialog.record.action_create())
        self.assertTrue(share.anonymous)
        self.assertTrue(share.has_password)
        self.assertFalse(share.allow_download)
