import re

from odoo import api, fields, models
from odoo.exceptions import ValidationError

HOSPITAL_CODE = re.compile(r"[A-Z0-9_-]{1,16}")


class ImagingHospital(models.Model):
    """A hospital is a tenant: whoever does not belong to it sees nothing of it."""

    _name = "imaging.hospital"
    _description = "Hospital"
    _inherits = {"res.partner": "partner_id"}
    _order = "code"
    _rec_names_search = ["name", "code"]

    partner_id = fields.Many2one("res.partner", required=True, ondelete="restrict", index=True)
    code = fields.Char(
        required=True,
        copy=False,
        help="1 to 16 capital letters, digits, '-' or '_'. The archive's folders carry it: "
        "it cannot be changed once images have arrived.",
    )
    active = fields.Boolean(
        default=True,
        help="An inactive hospital keeps its images; its users and devices are refused.",
    )
    department_ids = fields.One2many("imaging.department", "hospital_id", string="Departments")
    device_ids = fields.One2many("imaging.device", "hospital_id", string="Devices")
    user_ids = fields.Many2many(
        "res.users",
        "imaging_hospital_res_users_rel",
        "hospital_id",
        "user_id",
        string="Users",
        help="Accounts that may see this hospital's data, each as far as its roles reach.",
    )
    user_count = fields.Integer(string="Number of Users", compute="_compute_user_count")
    study_properties_definition = fields.PropertiesDefinition(
        help="Extra fields that this hospital keeps with each study."
    )

    _code_unique = models.Constraint("UNIQUE (code)", "This hospital code is already in use.")

    @api.depends("user_ids")
    def _compute_user_count(self):
        for hospital in self:
            hospital.user_count = len(hospital.user_ids)

    @api.constrains("code")
    def _check_code(self):
        for hospital in self:
            if not HOSPITAL_CODE.fullmatch(hospital.code or ""):
                raise ValidationError(
                    self.env._(
                        "Hospital code %(code)r: 1 to 16 of the characters A-Z, 0-9, '-', '_'.",
                        code=hospital.code,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        hospitals = super().create([{"is_company": True, **vals} for vals in vals_list])
        if hospitals.user_ids:
            self.env.registry.clear_cache()
        return hospitals

    def write(self, vals):
        # Record rules are cached with the hospitals of the user in them.
        if {"active", "user_ids"} & vals.keys():
            self.env.registry.clear_cache()
        return super().write(vals)
