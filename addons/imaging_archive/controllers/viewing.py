import re
from urllib.parse import quote

from odoo import http
from odoo.exceptions import AccessError
from odoo.http import request

from ..models.imaging_study import MOST_TOGETHER
from ..study_events import UID

NUMBERS = re.compile(rf"[0-9]{{1,9}}(,[0-9]{{1,9}}){{0,{MOST_TOGETHER - 1}}}")


def viewer_url(study_uids, token, lang):
    """The viewer's address; the fragment reaches neither a server nor a log."""
    parts = [f"study={quote(uid)}" for uid in study_uids]
    return f"/viewer/#{'&'.join([*parts, f'ticket={token}', f'lang={quote(lang)}'])}"


def to_viewer(url):
    """A redirect that no cache keeps: its address carries a ticket."""
    response = request.redirect(url, code=303)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


class ViewingController(http.Controller):
    @http.route("/imaging/study/<numbers>/view", type="http", auth="user", methods=["GET"])
    def view_study(self, numbers, reason="", **_ignored):
        """To the viewer, with one ticket for these studies; the access log is written before."""
        if not NUMBERS.fullmatch(numbers):
            return self._refuse(404, "imaging_archive.study_not_found")
        ids = dict.fromkeys(int(number) for number in numbers.split(","))
        studies = request.env["imaging.study"].browse(ids)
        issuer = request.env["imaging.ticket"]
        # The same answer for a study that is not there and for one of another hospital.
        if len(studies.exists()) != len(studies) or not studies.has_access("read"):
            self._log_refusal(studies)
            return self._refuse(404, "imaging_archive.study_not_found")
        try:
            ticket = issuer._for_studies(studies, "open", reason=reason[:200].replace("\x00", ""))
        except AccessError:
            self._log_refusal(studies)
            return self._refuse(403, "imaging_archive.images_refused")
        uids = studies.mapped("study_uid")
        return to_viewer(viewer_url(uids, ticket.token, request.env.lang or "en_US"))

    def _log_refusal(self, studies):
        user = request.env.user
        request.env["imaging.ticket"]._log(
            studies.exists(),
            "open",
            subject=f"user:{user.id}",
            label=user.name,
            purpose="reading",
            outcome="refused",
        )

    def _refuse(self, status, template):
        response = request.render(template, lazy=False)
        return request.make_response(
            response, status=status, headers=[("Content-Type", "text/html; charset=utf-8")]
        )

    @http.route("/imaging/ticket", type="jsonrpc", auth="user", methods=["POST"])
    def ticket(self, study_uid=None, anonymous=False):
        """A ticket for a tool, for one study or for the user's hospitals."""
        issuer = request.env["imaging.ticket"]
        if study_uid is None:
            ticket = issuer._for_hospitals("ticket", anonymous=bool(anonymous))
            return self._answer(ticket)
        study = self._study(study_uid)
        return self._answer(
            issuer._for_studies(study, "ticket", purpose="tool", anonymous=bool(anonymous))
        )

    @http.route("/imaging/ticket/renew", type="jsonrpc", auth="public", methods=["POST"])
    def renew(self, ticket):
        """A new ticket for an old one; session or share are looked at again."""
        return self._answer(request.env["imaging.ticket"]._renew(str(ticket)[:8192]))

    @http.route("/imaging/ticket/extend", type="jsonrpc", auth="user", methods=["POST"])
    def extend(self, ticket, study_uid):
        """A ticket for one study more, beside those that are open in the window."""
        study = self._study(study_uid)
        return self._answer(request.env["imaging.ticket"]._extend(str(ticket)[:8192], study))

    @http.route("/imaging/viewer/priors", type="jsonrpc", auth="user", methods=["POST"])
    def priors(self, study_uids):
        """Earlier and later studies of the patients of these studies (CON-4.23)."""
        uids = [str(uid) for uid in study_uids] if isinstance(study_uids, list) else []
        if not uids or len(uids) > MOST_TOGETHER or not all(map(UID.fullmatch, uids)):
            raise AccessError(request.env._("There is no such study for you."))
        studies = request.env["imaging.study"].search([("study_uid", "in", uids)])
        return [prior._as_prior() for prior in studies._priors()]

    @http.route("/imaging/viewer/presets", type="http", auth="public", methods=["GET"])
    def presets(self, lang="zh_CN"):
        """Window presets, the general ones and those of the user's hospitals; no patient's data."""
        known = {code for code, _name in request.env["res.lang"].sudo().get_installed()}
        model = request.env["imaging.window.preset"]
        presets = model.with_context(lang=lang if lang in known else "en_US")._for_viewer()
        return request.make_json_response(
            presets, headers=[("Cache-Control", "private, max-age=60")]
        )

    @http.route("/imaging/viewer/hanging", type="http", auth="public", methods=["GET"])
    def hanging(self):
        """How studies are hung: the general rules and those of the user's hospitals."""
        rules = request.env["imaging.hanging.rule"]._for_viewer()
        return request.make_json_response(rules, headers=[("Cache-Control", "private, no-cache")])

    def _study(self, study_uid):
        """AccessError alike for a study that is not there and for one out of sight."""
        studies = request.env["imaging.study"]
        if UID.fullmatch(str(study_uid)):
            studies = studies.search([("study_uid", "=", study_uid)])
        if not studies:
            raise AccessError(request.env._("There is no such study for you."))
        return studies

    def _answer(self, ticket):
        return {"ticket": ticket.token, "expires_in": ticket.expires_in}
