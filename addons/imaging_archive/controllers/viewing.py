from urllib.parse import quote

from odoo import http
from odoo.exceptions import AccessError
from odoo.http import request

from ..study_events import UID


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
    @http.route("/imaging/study/<int:study_id>/view", type="http", auth="user", methods=["GET"])
    def view_study(self, study_id, reason="", **_ignored):
        """To the viewer, with a ticket for this study; the access log is written before."""
        study = request.env["imaging.study"].browse(study_id)
        issuer = request.env["imaging.ticket"]
        # The same answer for a study that is not there and for one of another hospital.
        if not study.exists() or not study.has_access("read"):
            self._log_refusal(study)
            return self._refuse(404, "imaging_archive.study_not_found")
        try:
            ticket = issuer._for_studies(study, "open", reason=reason[:200].replace("\x00", ""))
        except AccessError:
            self._log_refusal(study)
            return self._refuse(403, "imaging_archive.images_refused")
        return to_viewer(viewer_url([study.study_uid], ticket.token, request.env.lang or "en_US"))

    def _log_refusal(self, study):
        user = request.env.user
        request.env["imaging.ticket"]._log(
            study.exists(),
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
        studies = request.env["imaging.study"]
        if UID.fullmatch(str(study_uid)):
            studies = studies.search([("study_uid", "=", study_uid)])
        if not studies:
            raise AccessError(request.env._("There is no such study for you."))
        return self._answer(
            issuer._for_studies(studies, "ticket", purpose="tool", anonymous=bool(anonymous))
        )

    @http.route("/imaging/ticket/renew", type="jsonrpc", auth="public", methods=["POST"])
    def renew(self, ticket):
        """A new ticket for an old one; session or share are looked at again."""
        return self._answer(request.env["imaging.ticket"]._renew(str(ticket)[:8192]))

    def _answer(self, ticket):
        return {"ticket": ticket.token, "expires_in": ticket.expires_in}
