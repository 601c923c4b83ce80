import logging
from unittest import TestCase

from odoo.addons.imaging_base.request_log import without_secrets
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger


@tagged("post_install", "-at_install")
class TestAnswers(HttpCase):
    @mute_logger("odoo.http")
    def test_error_tells_the_reason_and_no_place_in_the_code(self):
        rpc = self.url_open("/web/dataset/call_kw", json={"params": {"model": "res.users"}})
        plain = self.url_open("/json/2/res.users/search", json={})
        for answer in (rpc, plain):
            self.assertIn("message", answer.text)
            self.assertNotIn("Traceback", answer.text)
            self.assertNotIn(".py", answer.text)


@tagged("post_install", "-at_install")
class TestRequestLog(TestCase):
    def test_log_keeps_neither_share_tokens_nor_queries(self):
        token = "A-b_9" * 8 + "xyz"
        logger = logging.getLogger("werkzeug")
        with self.assertLogs(logger) as logs:
            logger.info('%s "GET %s HTTP/1.1" 200 -', "10.0.0.1", f"/s/{token}?password=geheim")
            logger.info('"GET /web/login?login=%%E7%%8E%%8B HTTP/1.1" 200 -')
            logger.info('"POST /web/dataset/call_kw/x/read#x.read HTTP/1.1" 200 -')
        for secret in (token, "geheim", "%E7"):
            self.assertNotIn(secret, "".join(logs.output))
        self.assertIn('10.0.0.1 "GET /s/-?- HTTP/1.1" 200', logs.output[0])
        self.assertIn("x.read", logs.output[2])

    def test_line_without_secrets_stays_as_it_is(self):
        line = '127.0.0.1 - - [24/Nov/2026] "GET /odoo/studies/7 HTTP/1.1" 200 - 4 0.002'
        self.assertEqual(without_secrets(line), line)
