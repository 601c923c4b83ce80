from odoo import api, fields, models
from odoo.exceptions import ValidationError


class ImagingHospital(models.Model):
    _inherit = "imaging.hospital"

    study_ids = fields.One2many("imaging.study", "hospital_id", string="Studies")
    study_count = fields.Integer(string="Number of Studies", compute="_compute_study_count")

    def _compute_study_count(self):
        counts = dict(
            self.env["imaging.study"]._read_group(
                [("hospital_id", "in", self.ids)], ["hospital_id"], ["__count"]
            )
        )
        for hospital in self:
            hospital.study_count = counts.get(hospital, 0)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_unknown(self):
        if self.env.ref("imaging_archive.hospital_unknown") in self:
            raise ValidationError(
                self.env._("Images of unknown senders belong to this hospital: it stays.")
            )

    def write(self, vals):
        if "code" in vals:
            for hospital in self.filtered(lambda one: one.code != vals["code"]):
                if (
                    self.env["imaging.study"]
                    .sudo()
                    .search_count([("hospital_id", "=", hospital.id)], limit=1)
                ):
                    raise ValidationError(
                        self.env._(
                            "Hospital code %(code)s: images are stored under it already.",
                            code=hospital.code,
                        )
                    )
        before = {hospital: self._reaching(hospital) for hospital in self}
        result = super().write(vals)
        for hospital, users in before.items():
            self.env["imaging.revocation"]._revoke_difference(users, self._reaching(hospital))
        return result

    def _reaching(self, hospital):
        """The accounts whose tickets may cover `hospital`: none when it is inactive."""
        # Accounts out of the editor's sight count as well.
        users = hospital.sudo().with_context(active_test=False).user_ids
        return users if hospital.active else users.browse()
