from odoo.exceptions import AccessError
from odoo.tests import tagged

from .imaging_case import ROLES, ImagingCase
from .requirements import req


@tagged("post_install", "-at_install")
class TestAccessRules(ImagingCase):
    @req("SHR-2.2", "BI-1.10", part=True)
    def test_no_role_finds_the_other_hospital(self):
        for role in set(ROLES) - {"platform"}:
            env = self.env(user=self.users_a[role])
            with self.subTest(role):
                self.assertEqual(env["imaging.hospital"].search([]), self.a)
                self.assertFalse(env["imaging.hospital"].name_search("TESTB"))
                with self.assertRaises(AccessError):
                    self.b.with_env(env).read(["code"])

    @req("BI-1.10", part=True)
    def test_platform_administrator_sees_all_hospitals(self):
        hospitals = self.env["imaging.hospital"].with_user(self.users_a["platform"]).search([])
        self.assertLessEqual(self.a | self.b, hospitals)

    def test_hospital_administrator_keeps_to_the_own_devices(self):
        admin = self.users_a["hospital"]
        self.device_a.with_user(admin).location = "一层"
        for act in (
            lambda: self.device_b.with_user(admin).write({"location": "一层"}),
            lambda: self.device_a.with_user(admin).write({"hospital_id": self.b.id}),
            lambda: (
                self.env["imaging.device"]
                .with_user(admin)
                .create(
                    {"name": "x", "ae_title": "SNEAK", "modality": "CT", "hospital_id": self.b.id}
                )
            ),
            lambda: self.a.with_user(admin).write({"code": "OTHER"}),
        ):
            with self.assertRaises(AccessError):
                act()

    def test_leaving_a_hospital_closes_it_at_once(self):
        user = self.users_a["radiologist"]
        devices = self.env["imaging.device"].with_user(user)
        self.assertIn(self.device_a, devices.search([]))
        user.hospital_ids = False
        self.assertFalse(devices.search([]))
        self.a.user_ids = user
        self.assertIn(self.device_a, devices.search([]))
        self.a.active = False
        self.assertFalse(devices.search([]))
