from odoo import http
from odoo.addons.portal.controllers.portal import CustomerPortal
from odoo.http import request

MAX_STUDIES = 200


class PatientPortal(CustomerPortal):
    @http.route("/my/studies", type="http", auth="user", website=True)
    def my_studies(self, **_ignored):
        """A person's own studies, newest first."""
        if not request.env.user.has_group("imaging_base.group_patient"):
            return request.redirect("/odoo")
        studies = request.env["imaging.study"].search([], limit=MAX_STUDIES)
        # Hospitals are closed to patients; of their own studies they may know the place.
        hospitals = {study.id: study.sudo().hospital_id.name for study in studies}
        return request.render(
            "imaging_archive.portal_my_studies",
            {
                **self._prepare_portal_layout_values(),
                "studies": studies,
                "hospitals": hospitals,
                "page_name": "imaging_studies",
            },
        )
