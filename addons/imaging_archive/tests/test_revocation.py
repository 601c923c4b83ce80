import json
from unittest.mock import patch

from odoo.addons.imaging_archive import revocations
from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged

from .archive_case import ArchiveCase


@tagged("post_install", "-at_install")
class TestRevocation(ArchiveCase):
    def test_revocation_waits_until_redis_has_heard(self):
        record = self.env["imaging.revocation"]._revoke(["share:1"])
        self.env["imaging.revocation"]._cron_publish()
        self.assertFalse(record.published)
        self.assertEqual(record.attempts, 1)
        self.assertIn("ConnectionError", record.last_error)
        with patch.object(revocations, "publish") as publish:
            self.env["imaging.revocation"]._cron_publish()
        self.assertIn("share:1", publish.call_args.args[0])
        self.assertTrue(record.published)

    def test_tickets_of_an_account_that_loses_a_role_are_revoked(self):
        user = self.users_a["radiologist"]
        issuer = self.env["imaging.ticket"].with_user(user)
        token = issuer._for_studies(self.study_a.with_user(user), "open").token
        number = self._claims(token)["jti"]
        for change in ({"hospital_ids": [Command.set(self.b.ids)]}, {"active": False}):
            self.env["imaging.revocation"].search([]).unlink()
            user.write(change)
            self.assertIn(number, self.env["imaging.revocation"].search([]).mapped("name"))

    def test_tickets_of_an_account_end_whatever_form_takes_its_rights(self):
        user, colleague = self.users_a["radiologist"], self.users_a["qc"]
        numbers = {}
        for one in (user, colleague):
            issuer = self.env["imaging.ticket"].with_user(one)
            token = issuer._for_studies(self.study_a.with_user(one), "open").token
            numbers[one] = self._claims(token)["jti"]
        group = self.env.ref("imaging_base.group_radiologist")
        for change, ended in (
            (lambda: self.a.write({"user_ids": [Command.unlink(user.id)]}), {user}),
            (lambda: group.write({"user_ids": [Command.unlink(user.id)]}), {user}),
            (lambda: self.a.write({"active": False}), {user, colleague}),
        ):
            with self.env.cr.savepoint() as point:
                self.env["imaging.revocation"].search([]).unlink()
                change()
                revoked = self.env["imaging.revocation"].search([]).mapped("name")
                self.assertEqual({numbers[one] for one in ended}, {*revoked})
                point.rollback()
                self.env.invalidate_all()
                self.env.registry.clear_cache()

    def test_revoked_ticket_is_not_renewed(self):
        user = self.users_a["radiologist"]
        issuer = self.env["imaging.ticket"].with_user(user)
        token = issuer._for_studies(self.study_a.with_user(user), "open").token
        self.env["imaging.revocation"]._revoke([self._claims(token)["jti"]])
        with self.assertRaisesRegex(AccessError, "revoked"):
            issuer._renew(token)

    def test_user_is_told_when_the_revocation_is_pending(self):
        user = self.users_a["radiologist"]
        self.env.cr.postcommit.clear()
        with self._registry_of_the_test():
            self.env["imaging.revocation"].with_user(user)._revoke(["share:1"])
            with self.assertLogs("odoo.addons.imaging_archive.models.imaging_revocation"):
                self.env.cr.postcommit.run()
        self.env.cr.precommit.run()
        told = self.env["bus.bus"].search([("message", "ilike", "simple_notification")], limit=1)
        title = json.loads(told.message)["payload"]["title"]
        self.assertEqual(title, "已撤销，但影像服务器尚未收到通知")

    def _registry_of_the_test(self):
        return patch.object(type(self.registry), "cursor", lambda *_a, **_k: _Same(self.env.cr))


class _Same:
    """The test's own cursor in the place of a new one."""

    def __init__(self, cr):
        self.cr = cr

    def __enter__(self):
        return self.cr

    def __exit__(self, *_failure):
        return False
