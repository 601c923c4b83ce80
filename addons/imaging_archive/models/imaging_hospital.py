from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .. import path_template


class ImagingHospital(models.Model):
    _inherit = "imaging.hospital"

    study_ids = fields.One2many("imaging.study", "hospital_id", string="Studies")
    study_count = fields.Integer(string="Number of Studies", compute="_compute_study_count")
    path_template = fields.Char(
        string="Storage Path",
        help="Where the hospital's images lie, below its code. Fields: {hospital} {yyyy} {mm} {dd} "
        "{modality} {patient} {accession} {study} {series} {instance}. It must hold {study} and "
        "{series} and end in {instance}.dcm. Empty: {yyyy}/{mm}/{dd}/{study}/{series}/"
        "{instance}.dcm. A change concerns what comes from now on.",
    )
    path_example = fields.Char(string="Example", compute="_compute_path_example")
    htj2k = fields.Boolean(
        string="Fast Copies (HTJ2K)",
        help="In the background a compressed copy is made of each image, which opens faster over "
        "slow lines. The original stays as it came; a third more space is needed.",
    )

    outside_render = fields.Boolean(
        string="3D for Patients and Shares",
        default=True,
        help="The server draws planes, slabs and volumes for patients and for whoever opens a "
        "share, on a phone too. Off: they see the images as they were taken.",
    )

    @api.depends("path_template", "code")
    def _compute_path_example(self):
        for hospital in self:
            hospital.path_example = path_template.example(
                hospital.path_template, hospital.code or "H001"
            )

    @api.onchange("path_template")
    def _onchange_path_template(self):
        if mistake := self._path_mistake():
            return {"warning": {"title": self.env._("Storage Path"), "message": mistake}}
        return None

    @api.constrains("path_template")
    def _check_path_template(self):
        for hospital in self:
            if mistake := hospital._path_mistake():
                raise ValidationError(mistake)

    def _path_mistake(self):
        """What is wrong with the storage path, in words; nothing when it is right."""
        found = path_template.problem(self.path_template) if self.path_template else None
        if not found:
            return ""
        kind, part = found
        return {
            "long": self.env._("Storage path: 200 characters and 12 folders at most."),
            "field": self.env._("Storage path: there is no field %(part)s.", part=part),
            "segment": self.env._(
                "Storage path, folder %(part)r: letters, digits, '.', '_' and '-' only, never "
                "empty, never dots alone.",
                part=part,
            ),
            "missing": self.env._("Storage path: %(part)s is missing.", part=part),
            "end": self.env._(
                "Storage path: it must end in {instance}.dcm, not in %(part)r.", part=part
            ),
        }[kind]

    def _configuration(self):
        """The entries of `hospitals[]`: docs/architecture.md."""
        return [
            {
                "code": hospital.code,
                "active": hospital.active,
                "path_template": hospital.path_template or "",
                "htj2k": hospital.htj2k,
            }
            for hospital in self
        ]

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
