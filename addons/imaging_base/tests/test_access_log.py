from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger
from psycopg2.errors import RaiseException

from .imaging_case import ImagingCase


@tagged("post_install", "-at_install")
class TestAccessLog(ImagingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.entry = cls._entry(cls.a)
        cls.entry_b = cls._entry(cls.b)

    @classmethod
    def _entry(cls, hospital):
        return cls.env["imaging.access.log"]._record(
            [
                {
                    "subject": "user:1",
                    "label": "某人",
                    "action": "open",
                    "purpose": "reading",
                    "study_uid": "1.2.3",
                    "hospital_id": hospital.id,
                    "address": "10.0.0.1",
                }
            ]
        )

    def test_nobody_changes_or_deletes_an_entry(self):
        for user in (self.env.user, self.env.ref("base.user_admin"), *self.users_a.values()):
            entry = self.entry.with_user(user)
            for change in (lambda e: e.write({"label": "x"}), lambda e: e.unlink()):
                with self.subTest(user.login), self.assertRaises(AccessError):
                    change(entry)
        with self.assertRaises(AccessError):
            self.entry.sudo().write({"label": "x"})

    def test_the_database_itself_refuses_a_change(self):
        for statement in (
            "UPDATE imaging_access_log SET label = 'x'",
            "DELETE FROM imaging_access_log",
            "TRUNCATE imaging_access_log",
        ):
            with (
                self.subTest(statement),
                mute_logger("odoo.sql_db"),
                self.assertRaisesRegex(RaiseException, "append-only"),
                self.env.cr.savepoint(),
            ):
                self.env.cr.execute(statement)

    def test_nobody_writes_an_entry_by_hand(self):
        values = {
            "at": "2026-01-01",
            "subject": "user:1",
            "action": "open",
            "outcome": "granted",
            "source": "portal",
        }
        for user in (*self.users_a.values(), self.env.ref("base.user_admin")):
            with self.subTest(user.login), self.assertRaises(AccessError):
                self.env["imaging.access.log"].with_user(user).create(values)

    def test_auditor_reads_the_log_of_the_own_hospital_only(self):
        for role in ("auditor", "hospital"):
            log = self.env["imaging.access.log"].with_user(self.users_a[role])
            found = log.search([("id", "in", (self.entry | self.entry_b).ids)])
            self.assertEqual(found, self.entry, role)

    def test_audit_administrator_reads_every_log(self):
        user = new_test_user(self.env, "audit.admin", groups="imaging_base.group_audit_admin")
        log = self.env["imaging.access.log"].with_user(user)
        self.assertEqual(len(log.search([("id", "in", (self.entry | self.entry_b).ids)])), 2)

    def test_other_roles_do_not_read_the_log(self):
        for role in ("radiologist", "expert", "qc", "finance", "ops", "platform"):
            with self.subTest(role), self.assertRaises(AccessError):
                self.entry.with_user(self.users_a[role]).read(["label"])
