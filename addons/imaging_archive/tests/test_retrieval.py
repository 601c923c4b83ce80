from datetime import date

from odoo.addons.imaging_base.tests.requirements import req
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from .test_configuration import FrontCase


def news(number, job, state, at="2026-11-24T06:00:00Z", **values):
    return {
        "id": number,
        "kind": "retrieval",
        "at": at,
        "retrieval": {
            "id": job.id,
            "state": state,
            "found": 0,
            "done": 0,
            "failed": 0,
            "instances": 0,
            "missing": [],
            "error": "",
            **values,
        },
    }


@tagged("post_install", "-at_install")
class TestRetrieval(FrontCase):
    def setUp(self):
        super().setUp()
        for device in (self.device_a, self.device_b):
            device.write({"host": "10.1.2.3", "port": 104})
        self.centre_user = self.env["imaging.node"]._centre().user_id

    def _job(self, user=None, **values):
        jobs = self.env["imaging.retrieval"].with_user(user or self.users_a["hospital"])
        return jobs.create(
            {
                "device_id": self.device_a.id,
                "date_from": "2026-11-01",
                "date_to": "2026-11-02",
                **values,
            }
        )

    def _told(self, user):
        return self._configuration(user)["retrievals"]

    @req("ARC-4.2", part=True)
    def test_started_job_goes_to_the_centre(self):
        job = self._job(modality="CT", hours="20-24, 0-6", per_minute=5)
        self.assertEqual(self._told(self.centre_user), [])
        job.action_start()
        self.assertEqual(
            self._told(self.centre_user),
            [
                {
                    "id": job.id,
                    "device": "TEST_CT_A",
                    "method": "move",
                    "date_from": "2026-11-01",
                    "date_to": "2026-11-02",
                    "modality": "CT",
                    "accession_number": "",
                    "patient_id": "",
                    "study_uid": "",
                    "hours": [[20, 24], [0, 6]],
                    "per_minute": 5,
                    "cancelled": False,
                }
            ],
        )
        self.assertEqual(self._told(self.front_user), [])
        job.action_cancel()
        self.assertTrue(self._told(self.centre_user)[0]["cancelled"])

    def test_counts_come_from_the_node_and_what_is_missing_is_fetched_again(self):
        job = self._job()
        job.action_start()
        events = self.env["imaging.study"].with_user(self.centre_user)
        answer = events.receive_events(
            [
                news(2, job, "done", "2026-11-24T07:00:00Z", found=3, done=2, failed=1,
                     missing=["1.2.3"]),
                news(1, job, "running", "2026-11-24T06:00:00Z", found=3),
            ]
        )  # fmt: skip
        self.assertEqual(answer["accepted"], [1, 2])
        events.receive_events([news(1, job, "running", "2026-11-24T06:00:00Z")])
        self.assertEqual((job.state, job.done, job.missing_count), ("done", 2, 1))
        self.assertEqual(self._told(self.centre_user), [])
        job.action_fetch_missing()
        again = self.env["imaging.retrieval"].search([("parent_id", "=", job.id)])
        self.assertEqual((again.study_uid, again.state), ("1.2.3", "waiting"))
        copy = self.env["imaging.retrieval"].browse(job.action_repeat()["res_id"])
        self.assertEqual((copy.state, copy.date_from, copy.done), ("draft", date(2026, 11, 1), 0))

    def test_node_that_does_not_do_the_job_says_nothing_of_it(self):
        job = self._job()
        job.action_start()
        events = self.env["imaging.study"].with_user(self.front_user)
        answer = events.receive_events([news(1, job, "done")])
        self.assertIn("retrieval.id", answer["refused"][0]["error"])
        self.assertEqual(job.state, "waiting")

    def test_started_job_is_neither_changed_nor_deleted_nor_forged(self):
        job = self._job()
        for values in ({"state": "done"}, {"node_id": self.node.id}):
            with self.assertRaises(AccessError):
                job.write(values)
            with self.assertRaises(AccessError):
                self._job(**values)
        job.action_start()
        with self.assertRaises(UserError):
            job.modality = "MR"
        with self.assertRaises(UserError):
            job.unlink()

    def test_criteria_that_cannot_be_are_refused(self):
        for wrong in (
            {"hours": "24-20"},
            {"hours": "x"},
            {"hours": "0-25"},
            {"date_to": "2026-10-01"},
            {"per_minute": -1},
            {"study_uid": "1.2/3"},
            {"modality": "*"},
        ):
            with self.subTest(wrong), self.assertRaises(ValidationError):
                self._job(**wrong)
        with self.assertRaises(UserError):
            self._job(date_from=False, date_to=False).action_start()
        self.device_a.port = 0
        with self.assertRaises(ValidationError):
            self._job()

    def test_who_may_fetch(self):
        with self.assertRaises(AccessError):
            self._job(self.users_b["hospital"])
        for role in ("radiologist", "expert", "qc", "finance", "auditor"):
            with self.subTest(role), self.assertRaises(AccessError):
                self._job(self.users_a[role])
        job = self._job(patient_number="P100")
        with self.assertRaises(AccessError):
            job.with_user(self.users_a["ops"]).read(["patient_number"])

    @req("ARC-4.2", part=True)
    def test_daily_plan_starts_once_a_day(self):
        plan = self.env["imaging.retrieval.plan"].create(
            {"name": "夜间", "device_id": self.device_a.id, "hour": 0, "days": 3}
        )
        for _time in range(2):
            self.env["imaging.retrieval.plan"]._cron_plan()
        job = plan.retrieval_ids
        self.assertEqual(len(job), 1)
        self.assertEqual(job.state, "waiting")
        self.assertEqual((job.date_to - job.date_from).days, 2)
        self.assertEqual((plan.last_day - job.date_to).days, 1)
