from odoo.fields import Command
from odoo.tests import TransactionCase, new_test_user

ROLES = {
    "platform": "imaging_base.group_platform_admin",
    "hospital": "imaging_base.group_hospital_admin",
    "radiologist": "imaging_base.group_radiologist",
    "expert": "imaging_base.group_expert",
    "qc": "imaging_base.group_qc",
    "finance": "imaging_base.group_finance",
    "ops": "imaging_base.group_operations",
    "auditor": "imaging_base.group_auditor",
}
PASSWORD = "a test password"


class ImagingData:
    """Two hospitals that know nothing of each other, with an account a role in each.

    Mixed into a test case class; `cls.a` and `cls.b` are the hospitals, `cls.users_a` and
    `cls.users_b` the accounts by role.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.a = cls._hospital("TESTA", "甲医院")
        cls.b = cls._hospital("TESTB", "乙医院")
        cls.device_a = cls._device(cls.a, "TEST_CT_A")
        cls.device_b = cls._device(cls.b, "TEST_CT_B")
        cls.users_a = {role: cls._user(role, cls.a) for role in ROLES}
        cls.users_b = {role: cls._user(role, cls.b) for role in ROLES}

    @classmethod
    def _hospital(cls, code, name):
        return cls.env["imaging.hospital"].create({"code": code, "name": name})

    @classmethod
    def _device(cls, hospital, ae_title, **values):
        return cls.env["imaging.device"].create(
            {
                "name": ae_title,
                "ae_title": ae_title,
                "modality": "CT",
                "hospital_id": hospital.id,
                **values,
            }
        )

    @classmethod
    def _user(cls, role, hospital):
        return new_test_user(
            cls.env,
            login=f"{role}.{hospital.code.lower()}",
            groups=ROLES[role],
            password=PASSWORD,
            context={"no_reset_password": True},
            hospital_ids=[Command.set(hospital.ids)],
        )


class ImagingCase(ImagingData, TransactionCase):
    pass
