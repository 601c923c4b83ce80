from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .imaging_case import ImagingCase


@tagged("post_install", "-at_install")
class TestPeople(ImagingCase):
    """Who sees which people, and who changes what about them."""

    def test_staff_see_the_people_of_their_own_hospitals_only(self):
        patient = new_test_user(self.env, "patient.a", groups="imaging_base.group_patient")
        for role in set(self.users_a) - {"platform"}:
            reader = self.users_a[role]
            users = self.env["res.users"].with_user(reader).search([])
            partners = self.env["res.partner"].with_user(reader).search([])
            with self.subTest(role):
                self.assertIn(self.users_a["expert"], users)
                self.assertIn(self.users_a["expert"].partner_id, partners)
                self.assertIn(self.a.partner_id, partners)
                for stranger in (self.users_b["expert"], patient):
                    self.assertNotIn(stranger, users)
                    self.assertNotIn(stranger.partner_id, partners)
                self.assertNotIn(self.b.partner_id, partners)

    def test_account_without_a_hospital_sees_nobody_else(self):
        lost = new_test_user(self.env, "lost", groups="imaging_base.group_radiologist")
        seen = self.env["res.users"].with_user(lost).search([])
        self.assertEqual(seen, lost)

    def test_administrators_of_accounts_see_them_all(self):
        security = new_test_user(self.env, "security", groups="imaging_base.group_security_admin")
        for admin in (security, self.users_a["platform"]):
            seen = self.env["res.users"].with_user(admin).search([])
            self.assertLessEqual({self.users_a["qc"], self.users_b["qc"]}, {*seen})

    def test_nobody_takes_another_name(self):
        doctor = self.users_a["radiologist"]
        own = doctor.with_user(doctor)
        own.write({"email": "doctor@example.com"})
        with self.assertRaises(AccessError):
            own.write({"name": "另一位医生"})

    def test_search_is_saved_for_oneself_only(self):
        def save(user, owners):
            return (
                self.env["ir.filters"]
                .with_user(user)
                .create(
                    {
                        "name": "nothing",
                        "model_id": "imaging.device",
                        "domain": "[('id', '=', 0)]",
                        "is_default": True,
                        "user_ids": [Command.set(owners.ids)],
                    }
                )
            )

        doctor, nobody = self.users_a["radiologist"], self.env["res.users"]
        own = save(doctor, doctor)
        for owners in (nobody, self.users_a["qc"], doctor | self.users_b["qc"]):
            with self.subTest(owners), self.assertRaises(AccessError):
                save(doctor, owners)
        with self.assertRaises(AccessError):
            own.user_ids = nobody
        self.assertTrue(save(self.users_a["platform"], nobody))

    def test_no_channel_joins_the_hospitals(self):
        channel = self.env.ref("mail.channel_all_employees")
        for one in (self.users_a["radiologist"], self.users_b["radiologist"]):
            self.assertNotIn(one.partner_id, channel.channel_member_ids.partner_id)
            with self.assertRaises(AccessError):
                channel.with_user(one).message_post(body="word of another hospital")

    def test_nothing_is_reported_to_odoos_maker(self):
        self.assertFalse(self.env.ref("mail.ir_cron_module_update_notification").active)
