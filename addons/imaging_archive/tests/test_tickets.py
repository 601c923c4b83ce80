import os
from unittest.mock import patch

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from odoo.addons.imaging_archive import tickets
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .archive_case import ArchiveCase


@tagged("post_install", "-at_install")
class TestTickets(ArchiveCase):
    def _ticket(self, role, study=None):
        study = study or self.study_a
        user = self.users_a[role]
        ticket = (
            self.env["imaging.ticket"].with_user(user)._for_studies(study.with_user(user), "open")
        )
        return self._claims(ticket.token)

    def test_ticket_says_who_what_and_how_long(self):
        claims = self._ticket("radiologist")
        user = self.users_a["radiologist"]
        self.assertEqual(claims["sub"], f"user:{user.id}")
        self.assertEqual(claims["scope"], {"studies": ["1.2.826.1"]})
        self.assertEqual(claims["perms"], ["annotate", "download", "render", "view"])
        self.assertEqual(claims["exp"] - claims["iat"], 900)
        self.assertEqual(len(claims["jti"]), 22)
        self.assertEqual((claims["anon"], claims["purpose"]), (False, "reading"))
        self.assertEqual(claims["label"], user.name)

    def test_roles_get_no_more_than_their_work_needs(self):
        for role, perms in {
            "radiologist": {"view", "download", "annotate", "render"},
            "expert": {"view", "annotate", "render"},
            "qc": {"view", "render"},
            "hospital": {"view", "render"},
        }.items():
            self.assertEqual(set(self._ticket(role)["perms"]), perms, role)

    def test_finance_operations_and_audit_get_no_ticket(self):
        for role in ("finance", "ops", "auditor"):
            with self.subTest(role), self.assertRaises(AccessError):
                self._ticket(role)
            with self.subTest(role), self.assertRaises(AccessError):
                self.env["imaging.ticket"].with_user(self.users_a[role])._for_hospitals("ticket")

    def test_no_ticket_for_a_study_of_another_hospital(self):
        with self.assertRaises(AccessError):
            self._ticket("radiologist", self.study_b)

    def test_ticket_for_a_tool_covers_the_own_hospitals(self):
        for role, scope in {"radiologist": ["TESTA"], "platform": ["*"]}.items():
            issuer = self.env["imaging.ticket"].with_user(self.users_a[role])
            claims = self._claims(issuer._for_hospitals("ticket").token)
            self.assertEqual(claims["scope"], {"hospitals": scope})
            self.assertEqual(claims["purpose"], "tool")

    def test_every_ticket_is_in_the_access_log(self):
        claims = self._ticket("qc")
        entry = self.env["imaging.access.log"].search([("ticket", "=", claims["jti"])])
        self.assertEqual(entry.study_id, self.study_a)
        self.assertEqual(entry.user_id, self.users_a["qc"])
        self.assertEqual((entry.action, entry.outcome), ("open", "granted"))

    def test_missing_key_is_named(self):
        for path in ("", "/nonexistent/key.pem", __file__):
            with (
                self.subTest(path),
                patch.dict(os.environ, {"YUNYING_TICKET_KEY": path}),
                self.assertRaisesRegex(UserError, path or "YUNYING_TICKET_KEY"),
            ):
                self._ticket("radiologist")

    def test_renewal_looks_at_the_rights_again(self):
        user = self.users_a["radiologist"]
        issuer = self.env["imaging.ticket"].with_user(user)
        token = issuer._for_studies(self.study_a.with_user(user), "open").token
        renewed = self._claims(issuer._renew(token).token)
        self.assertEqual(renewed["scope"], {"studies": ["1.2.826.1"]})
        self.assertNotEqual(renewed["jti"], self._claims(token)["jti"])
        with self.assertRaises(AccessError):
            self.env["imaging.ticket"].with_user(self.users_a["qc"])._renew(token)
        user.hospital_ids = self.b
        with self.assertRaises(AccessError):
            issuer._renew(token)

    def test_forged_or_foreign_ticket_is_not_renewed(self):
        user = self.users_a["radiologist"]
        issuer = self.env["imaging.ticket"].with_user(user)
        token = issuer._for_studies(self.study_a.with_user(user), "open").token
        head, body, signature = token.split(".")
        other = Ed25519PrivateKey.generate()
        with patch.object(tickets, "signing_key", lambda: tickets.SigningKey(other)):
            foreign = tickets.sign(
                subject=f"user:{user.id}",
                scope={"hospitals": ["*"]},
                perms=["view"],
                anonymous=False,
                purpose="tool",
                label="",
            ).token
        for forged in (
            "",
            "x",
            f"{head}.{body}.",
            f"{head}.{body}.{signature[::-1]}",
            f"eyJhbGciOiJub25lIn0.{body}.",
            foreign,
        ):
            with self.subTest(forged[:20]), self.assertRaises(AccessError):
                issuer._renew(forged)
