from datetime import timedelta

from odoo import fields
from odoo.addons.imaging_base.tests.requirements import req
from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged

from .share_case import ShareCase


@tagged("post_install", "-at_install")
class TestAccessRules(ShareCase):
    def _make(self, user, study):
        return (
            self.env["imaging.share"]
            .with_user(user)
            .create(
                {
                    "study_ids": [Command.set(study.ids)],
                    "expires_at": fields.Datetime.now() + timedelta(hours=1),
                }
            )
        )

    @req("SHR-2.2", "BI-1.10", part=True)
    def test_nobody_shares_a_study_of_another_hospital(self):
        for role in ("radiologist", "hospital"):
            with self.subTest(role), self.assertRaises(AccessError):
                self._make(self.users_a[role], self.study_b)

    @req("BI-1.10", part=True)
    def test_roles_that_may_not_share_make_no_share(self):
        for role in ("expert", "qc", "finance", "ops", "auditor"):
            with self.subTest(role), self.assertRaises(AccessError):
                self._make(self.users_a[role], self.study_a)

    def test_shares_and_openings_of_another_hospital_are_not_found(self):
        share = self._share(self.study_b)
        share.sudo()._open("", "10.1.1.1", "a browser")
        for role in ("radiologist", "hospital"):
            env = self.env(user=self.users_a[role])
            with self.subTest(role):
                self.assertNotIn(share, env["imaging.share"].search([]))
                self.assertFalse(env["imaging.share.opening"].search([("share_id", "=", share.id)]))
                with self.assertRaises(AccessError):
                    share.with_env(env).action_revoke()
                with self.assertRaises(AccessError):
                    share.with_env(env).read(["expires_at"])

    def test_radiologist_sees_own_shares_and_administrator_those_of_the_hospital(self):
        colleague = self._user_of_a("colleague")
        share = self._share()
        shares = self.env["imaging.share"]
        self.assertIn(share, shares.with_user(self.users_a["radiologist"]).search([]))
        self.assertNotIn(share, shares.with_user(colleague).search([]))
        administrator = shares.with_user(self.users_a["hospital"])
        self.assertIn(share, administrator.search([]))
        share.with_user(self.users_a["hospital"]).action_revoke()
        self.assertEqual(share.state, "revoked")

    def _user_of_a(self, login):
        return self.users_a["radiologist"].copy(
            {
                "name": login,
                "login": login,
                "hospital_ids": [Command.set(self.a.ids)],
            }
        )

    def test_share_is_not_changed_afterwards(self):
        share = self._share()
        for role in ("radiologist", "hospital", "platform"):
            for values in (
                {"expires_at": "2099-01-01"},
                {"anonymous": False},
                {"revoked_at": False},
                {"study_ids": [Command.clear()]},
                {"failed_count": 0},
            ):
                with self.subTest(values), self.assertRaises(AccessError):
                    share.with_user(self.users_a[role]).write(values)

    def test_what_the_server_sets_is_not_taken_from_a_client(self):
        for values in (
            {"token_hash": "0" * 64},
            {"user_id": self.users_b["radiologist"].id},
            {"opened_count": -5},
            {"nonce": "0"},
        ):
            with self.subTest(values), self.assertRaises(AccessError):
                self._share(**values)
