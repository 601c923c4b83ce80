from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger
from psycopg2 import IntegrityError

from .imaging_case import ImagingCase


@tagged("post_install", "-at_install")
class TestDevices(ImagingCase):
    def test_ae_title_belongs_to_one_device_over_all_hospitals(self):
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"):
            self._device(self.b, "TEST_CT_A")

    def test_ae_title_that_no_device_can_send_is_refused(self):
        for title in ("A" * 17, "A\\B", " LEADING", "TRAILING ", "设备", "A\tB"):
            with self.subTest(title), self.assertRaises(ValidationError):
                self._device(self.a, title)

    def test_every_legal_ae_title_is_accepted(self):
        for title in ("X", "A" * 16, "CT 1", "[CT]", "ct-1_a.b"):
            with self.subTest(title):
                self.assertEqual(self._device(self.a, title).ae_title, title)

    def test_address_that_is_no_ip_is_refused_by_name(self):
        with self.assertRaisesRegex(ValidationError, "10.1.2.300"):
            self._device(self.a, "TEST_X", addresses="10.1.2.3, 10.1.2.300")

    def test_addresses_are_read_in_canonical_form(self):
        device = self._device(self.a, "TEST_X", addresses="10.1.2.3;2001:DB8::0001\n10.1.2.4")
        self.assertEqual(device._address_list(), ["10.1.2.3", "2001:db8::1", "10.1.2.4"])

    def test_department_of_another_hospital_is_refused(self):
        department = self.env["imaging.department"].create(
            {"name": "影像科", "hospital_id": self.b.id}
        )
        with self.assertRaises(ValidationError):
            self.device_a.department_id = department

    def test_hospital_code_that_is_no_folder_name_is_refused(self):
        for code in ("../A", "lower", "A B", "A" * 17, "医院"):
            with self.subTest(code), self.assertRaises(ValidationError):
                self._hospital(code, "某医院")

    def test_form_of_a_new_device_proposes_the_only_hospital(self):
        admin = self.users_a["hospital"]
        devices = self.env["imaging.device"].with_user(admin)
        self.assertEqual(devices.new({"name": "CT"}).display_name, "CT")
        self.assertFalse(devices.new({}).display_name)
        self.assertEqual(devices.default_get(["hospital_id"])["hospital_id"], self.a.id)
        admin.hospital_ids |= self.b
        self.assertFalse(devices.default_get(["hospital_id"]).get("hospital_id"))
