from odoo import fields, models


class ImagingDepartment(models.Model):
    _name = "imaging.department"
    _inherit = ["imaging.hospital.owned"]
    _description = "Department"
    _order = "hospital_id, sequence, name"

    name = fields.Char(required=True, translate=False)
    sequence = fields.Integer(default=10)
    hospital_id = fields.Many2one(
        "imaging.hospital",
        required=True,
        index=True,
        ondelete="restrict",
        default=lambda self: self.env.user._only_hospital(),
    )
    device_ids = fields.One2many("imaging.device", "department_id", string="Devices")
    active = fields.Boolean(default=True)

    _name_unique = models.Constraint(
        "UNIQUE (hospital_id, name)", "This hospital already has a department of this name."
    )
