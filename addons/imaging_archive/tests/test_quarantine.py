from odoo.addons.imaging_base.tests.requirements import req
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .archive_case import ArchiveCase
from .test_configuration import FrontCase


def held(number, key, hospital="TESTA"):
    return {
        "id": number,
        "kind": "quarantine",
        "at": "2026-11-24T05:57:19Z",
        "quarantine": {
            "key": key,
            "hospital": hospital,
            "calling_ae": "TEST_CT_A",
            "address": "10.1.2.3",
            "reason": "conflict",
            "detail": "other bytes",
            "study_uid": "1.2.3",
            "sop_instance_uid": "1.2.3.4",
            "size": 529888,
            "sha256": "0" * 64,
        },
    }


def result(number, key, outcome, at="2026-11-24T06:00:00Z", detail=""):
    return {
        "id": number,
        "kind": "quarantine_result",
        "at": at,
        "quarantine_result": {"key": key, "outcome": outcome, "detail": detail},
    }


@tagged("post_install", "-at_install")
class TestQuarantine(ArchiveCase):
    def setUp(self):
        super().setUp()
        self._deliver([held(1, "Q1")])
        self.item = self.env["imaging.quarantine"].search([("key", "=", "Q1")])

    def _asked(self):
        return self.env["imaging.node"].with_user(self.node_user).configuration()["quarantine"]

    def test_item_judged_again_is_asked_for_until_the_node_answers(self):
        self.item.with_user(self.users_a["ops"]).action_retry()
        for _time in range(2):
            self.assertEqual(self._asked(), [{"key": "Q1", "hospital": "TESTA", "action": "retry"}])
        self.assertEqual(self._deliver([result(2, "Q1", "archived")])["accepted"], [2])
        self.assertEqual((self.item.state, self._asked()), ("archived", []))
        with self.assertRaises(UserError):
            self.item.with_user(self.users_a["ops"]).action_retry()

    def test_refused_item_can_be_decided_again_and_an_old_answer_changes_nothing(self):
        self.item.action_retry()
        self._deliver([result(2, "Q1", "refused", detail="still differs")])
        self.assertEqual((self.item.state, self.item.result), ("refused", "still differs"))
        self.item.action_retry()
        self._deliver([result(2, "Q1", "refused", detail="still differs")])
        self.assertEqual(self.item.state, "releasing")

    @req("ARC-5.2", part=True)
    def test_discarding_needs_a_reason_and_a_second_person(self):
        admin, operator = self.users_a["hospital"], self.users_a["ops"]
        with self.assertRaises(UserError):
            self.item.with_user(admin).action_request_discard()
        with self.assertRaises(UserError):
            self.item.with_user(admin).action_approve_discard()
        self.item.with_user(admin).discard_reason = "重复发送"
        self.item.with_user(admin).action_request_discard()
        with self.assertRaisesRegex(UserError, "second person|第二人"):
            self.item.with_user(admin).action_approve_discard()
        with self.assertRaises(AccessError):
            self.item.with_user(operator).action_approve_discard()
        self.assertEqual(self._asked(), [])
        self.item.with_user(self.users_a["platform"]).action_approve_discard()
        self.assertEqual(self._asked()[0]["action"], "discard")
        entry = self.env["imaging.access.log"].search([("action", "=", "quarantine_discard")])
        self.assertEqual(entry.user_id, self.users_a["platform"])

    def test_nothing_else_of_it_is_written_by_hand(self):
        for user in (self.users_a["ops"], self.users_a["hospital"], self.users_a["platform"]):
            for values in ({"state": "archived"}, {"discard_requester_id": False}, {"detail": ""}):
                with self.subTest(user.login), self.assertRaises(AccessError):
                    self.item.with_user(user).write(values)

    def test_who_may_decide(self):
        with self.assertRaises(AccessError):
            self.item.with_user(self.users_a["ops"]).action_accept()
        for user in (
            self.users_a["radiologist"],
            self.users_a["auditor"],
            self.users_b["hospital"],
            self.users_b["ops"],
        ):
            for act in ("action_retry", "action_accept", "action_request_discard"):
                with self.subTest(user.login), self.assertRaises(AccessError):
                    getattr(self.item.with_user(user), act)()

    def test_answer_about_what_the_node_does_not_hold_is_refused(self):
        answer = self._deliver([result(2, "NONE", "archived"), result(3, "Q1", "eaten")])
        self.assertEqual([one["id"] for one in answer["refused"]], [3, 2])

    def test_what_is_wrong_is_said_in_the_readers_language(self):
        chinese = self.item.with_context(lang="zh_CN")
        for detail, words in (
            ("SOP Instance UID 1.2.3.4 is stored with other bytes", "SOP实例UID为1.2.3.4的影像"),
            ("study 1.2 belongs to another hospital", "检查1.2属于另一家医院"),
            ("SOP Class UID of the request and of the data set differ", "SOP Class UID：设备声明"),
            ("SOP Instance UID of the request is not a UID", "SOP Instance UID：设备发送"),
            ("Study Instance UID is not a UID", "Study Instance UID：设备发送"),
            ("Series Instance UID has 80 bytes", "80字节"),
            ("the data set is empty", "数据为空"),
            ("the data ends within an element header at byte 700", "第700字节"),
            ("(7FE0,0010) says 512 bytes, 7 are left", "(7FE0,0010)应有512字节，只剩7字节"),
            ("the deflated data set is cut short", "压缩数据不完整"),
            ("transfer syntax '1.2.840' is not known", "传输语法1.2.840"),
            ("100% of something new", "100% of something new"),
        ):
            self.item.detail = detail
            with self.subTest(detail):
                self.assertIn(words, chinese.detail_text)
        self.item.result = "mismatch: SOP Class UID of the request and of the data set differ"
        self.assertIn("不一致", chinese.result_text)
        self.assertIn("differ", self.item.with_context(lang="en_US").result_text)


@tagged("post_install", "-at_install")
class TestFrontEndQuarantine(FrontCase):
    @req("ARC-5.2", part=True)
    def test_decision_goes_to_the_front_end_where_the_instance_lies(self):
        events = self.env["imaging.study"]
        events.with_user(self.front_user).receive_events([held(1, "Q7")])
        item = self.env["imaging.quarantine"].search([("key", "=", "Q7")])
        item.with_user(self.users_a["ops"]).action_retry()
        asked = [{"key": "Q7", "hospital": "TESTA", "action": "retry"}]
        self.assertEqual(self._configuration(self.front_user)["quarantine"], asked)
        self.assertEqual(self._configuration(self.node_user)["quarantine"], [])
        answer = events.with_user(self.node_user).receive_events([result(2, "Q7", "archived")])
        self.assertEqual([one["id"] for one in answer["refused"]], [2])
        events.with_user(self.front_user).receive_events([result(3, "Q7", "archived")])
        self.assertEqual(item.state, "archived")
        self.assertEqual(self._configuration(self.front_user)["quarantine"], [])
