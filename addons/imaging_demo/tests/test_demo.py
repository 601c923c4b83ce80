import os
from unittest.mock import patch

from odoo.addons.imaging_demo.hooks import pre_init_hook
from odoo.exceptions import UserError
from odoo.tests import HttpCase, tagged

LOGINS = (
    "admin",
    "hospital",
    "radiologist",
    "radiologist2",
    "expert",
    "qc",
    "finance",
    "ops",
    "auditor",
    "patient",
)


@tagged("post_install", "-at_install")
class TestDemo(HttpCase):
    def test_every_demo_login_works(self):
        for login in LOGINS:
            with self.subTest(login):
                session = self.authenticate(login, "yunying-demo")
                self.assertEqual(self.env["res.users"].browse(session.uid).login, login)

    def test_each_radiologist_belongs_to_one_hospital(self):
        for login, code in (("radiologist", "H001"), ("radiologist2", "H002")):
            user = self.env["res.users"].search([("login", "=", login)])
            self.assertEqual(user.hospital_ids.mapped("code"), [code])

    def test_no_mail_is_sent_to_demo_accounts(self):
        self.assertFalse(self.env["mail.mail"].search([]))

    def test_production_refuses_the_demo(self):
        with (
            patch.dict(os.environ, {"YUNYING_PRODUCTION": "1"}),
            self.assertRaisesRegex(UserError, "YUNYING_PRODUCTION"),
        ):
            pre_init_hook(self.env)
        with patch.dict(os.environ, {"YUNYING_PRODUCTION": "0"}):
            pre_init_hook(self.env)
