from urllib.parse import parse_qs, urlsplit

from odoo.addons.imaging_base.tests.requirements import req
from odoo.tests import tagged
from odoo.tools import mute_logger

from .share_case import ShareHttpCase


@tagged("post_install", "-at_install")
class TestSharePage(ShareHttpCase):
    def _path(self, share):
        return urlsplit(share.link).path

    def _get(self, share):
        return self.url_open(self._path(share))

    def _post(self, share, **data):
        return self.url_open(self._path(share), data=data or {"x": ""}, allow_redirects=False)

    def test_link_opens_the_viewer_without_a_login(self):
        share = self._share()
        self.assertEqual(self._get(share).status_code, 200)
        answer = self._post(share)
        self.assertEqual(answer.status_code, 303)
        address = urlsplit(answer.headers["Location"])
        self.assertEqual((address.path, address.query), ("/viewer/", ""))
        fragment = parse_qs(address.fragment)
        self.assertEqual(fragment["study"], ["1.2.826.1"])
        self.assertEqual(fragment["lang"], ["zh_CN"])
        claims = self._claims(fragment["ticket"][0])
        self.assertEqual((claims["sub"], claims["purpose"]), (f"share:{share.id}", "share"))

    def test_preview_of_a_messenger_does_not_count_as_opening(self):
        share = self._share(max_openings=1)
        for _time in range(3):
            self._get(share)
        self.assertFalse(share.opening_ids)
        self.assertEqual(self._post(share).status_code, 303)

    @req("PAT-1.22")
    def test_password_is_asked_for_and_checked(self):
        share = self._share(password="secret1")
        self.assertIn('name="password"', self._get(share).text)
        wrong = self._post(share, password="secret2")
        self.assertEqual(wrong.status_code, 403)
        self.assertIn("密码不正确", wrong.text)
        self.assertEqual(self._post(share, password=" secret1 ").status_code, 303)

    def test_page_without_password_does_not_ask_for_one(self):
        self.assertNotIn('name="password"', self._get(self._share()).text)

    @req("SHR-3.25", "PAT-1.19", part=True)
    def test_page_and_redirect_show_nothing_of_the_patient(self):
        for anonymous in (True, False):
            share = self._share(anonymous=anonymous, password="secret1")
            answers = [
                self._get(share),
                self._post(share, password="no"),
                self._post(share, password="secret1"),
            ]
            for answer in answers:
                everything = f"{answer.headers}{answer.text}"
                for secret in ("王小东", "Wang", "P100", "ACC-A", "1957"):
                    self.assertNotIn(secret, everything)

    def test_page_is_locked_after_five_wrong_passwords(self):
        share = self._share(password="secret1")
        for _guess in range(5):
            self._post(share, password="guess")
        answer = self._post(share, password="secret1")
        self.assertEqual(answer.status_code, 429)
        self.assertEqual(self._get(share).status_code, 429)

    @req("SHR-3.24", "PAT-1.11", part=True)
    def test_link_that_has_ended_says_so_and_is_logged(self):
        share = self._share()
        self._expire(share)
        answer = self._get(share)
        self.assertEqual(answer.status_code, 410)
        self.assertIn("已过期", answer.text)
        self.assertEqual(self._post(share).status_code, 410)
        self.assertEqual(set(share.opening_ids.mapped("outcome")), {"expired"})
        revoked = self._share()
        revoked.action_revoke()
        self.assertEqual(self._get(revoked).status_code, 410)
        self.assertEqual(self._post(revoked).status_code, 410)

    def test_unknown_link_is_not_found(self):
        for token in ("x", "A" * 43, "A" * 2000, "../admin", "%00"):
            with self.subTest(token[:50]), mute_logger("odoo.http"):
                self.assertEqual(self.url_open(f"/s/{token}").status_code, 404)

    def test_page_is_closed_to_scripts_frames_caches_and_search_engines(self):
        headers = self._get(self._share()).headers
        self.assertIn("default-src 'none'", headers["Content-Security-Policy"])
        self.assertIn("frame-ancestors 'none'", headers["Content-Security-Policy"])
        self.assertEqual(headers["Cache-Control"], "no-store")
        self.assertEqual(headers["Referrer-Policy"], "no-referrer")
        self.assertIn("noindex", headers["X-Robots-Tag"])
        self.assertNotIn("Set-Cookie", headers)

    def test_page_is_small_and_asks_no_foreign_host(self):
        text = self._get(self._share()).text
        self.assertLess(len(text.encode()), 4000)
        self.assertNotIn("<script", text)
        self.assertNotRegex(text, r'(?:src|href|action)="(?:https?:)?//')

    def test_hostile_name_of_a_hospital_is_shown_as_text(self):
        self.a.name = "<script>alert(1)</script>"
        text = self._get(self._share()).text
        self.assertNotIn("<script>", text)
        self.assertIn("&lt;script&gt;", text)

    def test_page_speaks_chinese_unless_english_is_asked_for(self):
        share = self._share()
        self.assertIn("打开影像", self._get(share).text)
        english = self.url_open(self._path(share), headers={"Accept-Language": "en-GB,en;q=0.9"})
        self.assertIn("Open the images", english.text)
        mixed = self.url_open(
            self._path(share), headers={"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"}
        )
        self.assertIn("打开影像", mixed.text)

    def test_viewer_renews_the_ticket_of_a_share_until_it_is_revoked(self):
        share = self._share()
        token = parse_qs(urlsplit(self._post(share).headers["Location"]).fragment)["ticket"][0]
        renewed = self.jsonrpc("/imaging/ticket/renew", ticket=token)
        self.assertEqual(self._claims(renewed["ticket"])["sub"], f"share:{share.id}")
        share.action_revoke()
        with mute_logger("odoo.http"):
            self.assertIn("error", self.jsonrpc("/imaging/ticket/renew", ticket=token))

    def test_hostile_password_is_a_wrong_one(self):
        share = self._share(password="secret1")
        for password in ("\x00", "x" * 100_000, "密码", "%00"):
            self.assertEqual(self._post(share, password=password).status_code, 403)
