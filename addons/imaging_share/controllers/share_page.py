import logging
import re

from odoo import http
from odoo.addons.imaging_archive.controllers.viewing import to_viewer, viewer_url
from odoo.exceptions import UserError
from odoo.http import request

_logger = logging.getLogger(__name__)

TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}
STATUS = {
    "ready": 200,
    "wrong_password": 403,
    "locked": 429,
    "unknown": 404,
    "expired": 410,
    "revoked": 410,
    "exhausted": 410,
    "unavailable": 503,
}


class SharePage(http.Controller):
    """The page behind a shared link. No cookie is set and no script runs on it."""

    @http.route(
        "/s/<string:token>",
        type="http",
        auth="public",
        methods=["GET"],
        save_session=False,
        sitemap=False,
    )
    def show(self, token, **_ignored):
        """The door. Looking at it opens nothing: messengers fetch links for a preview."""
        share = self._share(token)
        if not share:
            return self._page("unknown")
        refusal = share._refusal(self._address())
        if refusal and refusal != "locked":
            self._record_refusal(share, refusal)
        return self._page(refusal or "ready", share)

    # No CSRF token: the request carries no authority but the link and the password in it.
    @http.route(
        "/s/<string:token>",
        type="http",
        auth="public",
        methods=["POST"],
        csrf=False,
        save_session=False,
        sitemap=False,
    )
    def open(self, token, password="", **_ignored):
        """Through the door, to the viewer."""
        share = self._share(token)
        if not share:
            return self._page("unknown")
        agent = request.httprequest.user_agent.string
        try:
            outcome, ticket = share._open(password.strip(), self._address(), agent)
        except UserError:
            _logger.exception("share %s could not be opened", share.id)
            return self._page("unavailable", share)
        if outcome != "opened":
            return self._page(outcome, share)
        uids = share.study_ids.mapped("study_uid")
        return to_viewer(viewer_url(uids, ticket.token, self._language()))

    def _share(self, token):
        if not TOKEN.fullmatch(token):
            return None
        share = request.env["imaging.share"]._by_token(token)
        if not share:
            _logger.info("unknown share link from %s", self._address())
        return share

    def _record_refusal(self, share, outcome):
        agent = request.httprequest.user_agent.string
        openings = request.env["imaging.share.opening"].sudo()
        openings._record_refused_look(share, outcome, self._address(), agent)

    def _address(self):
        return request.httprequest.remote_addr

    def _language(self):
        """Chinese, unless the browser asks for English and not for Chinese."""
        wanted = request.httprequest.accept_languages.best_match(["zh", "zh-CN", "en", "en-US"])
        return "en_US" if wanted and wanted.startswith("en") else "zh_CN"

    def _page(self, state, share=None):
        language = self._language()
        # A link that opens nothing tells nothing either: neither hospital nor time.
        known = share if state in ("ready", "wrong_password", "locked") else None
        env = request.env(context={**request.env.context, "lang": language})
        values = {
            "html_lang": language.replace("_", "-"),
            "title": env._("Shared medical images"),
            "state": state,
            "has_password": bool(known and known.has_password),
            "hospital": known.hospital_id.name if known else "",
            "valid_until": known._local_expiry() if known else "",
        }
        page = env["ir.qweb"]._render("imaging_share.share_page", values)
        return request.make_response(page, headers=list(HEADERS.items()), status=STATUS[state])
