from itertools import combinations

from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import HttpCase, new_test_user, tagged

from .imaging_case import ImagingCase
from .requirements import req

SEPARATED = (
    "imaging_base.group_platform_admin",
    "imaging_base.group_security_admin",
    "imaging_base.group_audit_admin",
)


@tagged("post_install", "-at_install")
class TestRoles(ImagingCase):
    @req("BI-1.10", part=True)
    def test_system_security_and_audit_administration_are_never_one_account(self):
        for number, pair in enumerate(combinations(SEPARATED, 2)):
            with self.subTest(pair), self.assertRaisesRegex(ValidationError, "cannot be combined"):
                new_test_user(self.env, f"combined{number}", groups=",".join(pair))

    @req("BI-1.10", part=True)
    def test_duties_stay_apart_when_a_group_is_made_to_imply_another(self):
        radiologist = self.env.ref("imaging_base.group_radiologist")
        auditor = self.env.ref("imaging_base.group_auditor")
        new_test_user(
            self.env,
            "reading_admin",
            groups="imaging_base.group_platform_admin,imaging_base.group_radiologist",
        )
        with self.assertRaises(ValidationError):
            radiologist.implied_ids = [Command.link(auditor.id)]

    @req("BI-1.10", part=True)
    def test_nobody_changes_their_own_roles(self):
        security = new_test_user(self.env, "security", groups="imaging_base.group_security_admin")
        own = security.with_user(security)
        with self.assertRaises(UserError):
            own.group_ids = [Command.set(self.env.ref("imaging_base.group_platform_admin").ids)]
        with self.assertRaises(UserError):
            own.hospital_ids = [Command.link(self.a.id)]

    @req("BI-1.10", part=True)
    def test_nobody_changes_their_own_roles_through_a_group(self):
        security = new_test_user(self.env, "security", groups="imaging_base.group_security_admin")
        other = new_test_user(self.env, "other", groups="imaging_base.group_staff")
        groups = self.env["res.groups"].with_user(security)
        radiologist = groups.browse(self.env.ref("imaging_base.group_radiologist").id)
        staff = groups.browse(self.env.ref("imaging_base.group_staff").id)
        radiologist.user_ids = [Command.link(other.id)]
        with self.assertRaises(UserError):
            radiologist.user_ids = [Command.link(security.id)]
        with self.assertRaises(UserError):
            staff.implied_ids = [Command.link(radiologist.id)]
        with self.assertRaises(UserError):
            groups.create({"name": "mine", "user_ids": [Command.link(security.id)]})

    @req("BI-1.10", part=True)
    def test_security_administrator_changes_no_rule_and_no_model(self):
        security = new_test_user(self.env, "security", groups="imaging_base.group_security_admin")
        for name in ("ir.rule", "ir.model.access", "ir.model.fields", "ir.model", "res.company"):
            model = self.env[name].with_user(security)
            with self.subTest(name):
                self.assertTrue(model.has_access("read"))
                for operation in ("write", "create", "unlink"):
                    self.assertFalse(model.has_access(operation), operation)
                self.assertTrue(
                    self.env[name].with_user(self.users_a["platform"]).has_access("write")
                )

    @req("BI-1.10", "CON-5.3", part=True)
    def test_security_administrator_adds_an_account_with_role_and_hospital(self):
        security = new_test_user(self.env, "security", groups="imaging_base.group_security_admin")
        doctor = (
            self.env["res.users"]
            .with_user(security)
            .create(
                {
                    "name": "新医生",
                    "login": "new.doctor",
                    "group_ids": [Command.set(self.env.ref("imaging_base.group_radiologist").ids)],
                    "hospital_ids": [Command.set(self.a.ids)],
                }
            )
        )
        seen = self.env["imaging.hospital"].with_user(doctor).search([])
        self.assertEqual(seen, self.a)

    def test_chinese_and_shanghai_time_are_what_a_new_account_gets(self):
        user = new_test_user(self.env, "plain", groups="imaging_base.group_radiologist")
        self.assertEqual(user.lang, "zh_CN")
        self.assertEqual(user.tz, "Asia/Shanghai")
        self.assertEqual(self.env.ref("base.main_company").country_id.code, "CN")

    def test_ordinary_roles_see_the_menu_of_the_imaging_cloud_only(self):
        menus = self.env["ir.ui.menu"].with_user(self.users_a["radiologist"])
        roots = menus.search([("parent_id", "=", False)])._filter_visible_menus()
        self.assertEqual(roots, self.env.ref("imaging_base.menu_root"))


@tagged("post_install", "-at_install")
class TestLoginPage(HttpCase):
    def test_nobody_signs_up_alone(self):
        page = self.url_open("/web/login", headers={"Accept-Language": "zh-CN"}).text
        self.assertNotIn("/web/signup", page)
        self.assertNotIn("/web/reset_password", page)
        self.assertNotIn("odoo.com", page)
        self.assertIn("云影", page)
