from odoo.addons.imaging_base.tests.imaging_case import PASSWORD
from odoo.addons.imaging_base.tests.requirements import req
from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from .archive_case import ArchiveHttpCase, study_event


@tagged("post_install", "-at_install")
class TestPatientPortal(ArchiveHttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._deliver(
            [
                study_event(
                    3,
                    "1.2.826.3",
                    patient={"id": "P300", "name": "Zhao^Liu=赵^六"},
                    description="<script>alert(1)</script>",
                ),
            ]
        )
        cls.own = cls._study("1.2.826.3")
        cls.person = new_test_user(
            cls.env, "a.patient", groups="imaging_base.group_patient", password=PASSWORD
        )
        cls.own.patient_id.user_id = cls.person

    def test_patient_sees_the_own_studies_only(self):
        studies = self.env["imaging.study"].with_user(self.person)
        self.assertEqual(studies.search([]), self.own)
        patients = self.env["imaging.patient"].with_user(self.person)
        self.assertEqual(patients.search([]), self.own.patient_id)
        with self.assertRaises(AccessError):
            self.study_a.with_user(self.person).read(["patient_name"])

    def _perms(self):
        issuer = self.env["imaging.ticket"].with_user(self.person)
        ticket = issuer._for_studies(self.own.with_user(self.person), "open")
        return self._claims(ticket.token)["perms"]

    @req("PAT-1.6", "PAT-1.7", "PAT-1.8", "PAT-1.27", part=True)
    def test_patient_has_planes_and_volumes_drawn_unless_the_hospital_says_no(self):
        self.assertEqual(self._perms(), ["render", "view"])
        self.a.outside_render = False
        self.assertEqual(self._perms(), ["view"])
        # That of another hospital is no matter, nor are the hospital's own people.
        self.b.outside_render = False
        self.a.outside_render = True
        self.assertEqual(self._perms(), ["render", "view"])

    def test_hospital_keeps_the_renderer_for_its_own_people(self):
        self.a.outside_render = False
        user = self.users_a["radiologist"]
        issuer = self.env["imaging.ticket"].with_user(user)
        ticket = issuer._for_studies(self.study_a.with_user(user), "open")
        self.assertIn("render", self._claims(ticket.token)["perms"])

    def test_patient_opens_the_own_images_and_no_others(self):
        self.login(self.person)
        page = self.url_open("/my/studies")
        self.assertIn("甲医院", page.text)
        self.assertIn("&lt;script&gt;alert(1)", page.text)
        self.assertNotIn("<script>alert(1)", page.text)
        own = self.url_open(f"/imaging/study/{self.own.id}/view", allow_redirects=False)
        self.assertEqual(own.status_code, 303)
        self.assertIn("/viewer/#study=1.2.826.3", own.headers["Location"])
        other = self.url_open(f"/imaging/study/{self.study_a.id}/view", allow_redirects=False)
        self.assertEqual(other.status_code, 404)
