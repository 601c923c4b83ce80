from odoo import fields, models


class ImagingPatientIdentifier(models.Model):
    _name = "imaging.patient.identifier"
    _description = "Patient Identifier"
    _order = "hospital_id, value"
    _rec_name = "value"

    patient_id = fields.Many2one("imaging.patient", required=True, index=True, ondelete="cascade")
    hospital_id = fields.Many2one("imaging.hospital", required=True, ondelete="restrict")
    value = fields.Char(string="Patient Number", required=True, index="trigram")

    _value_unique = models.Constraint(
        "UNIQUE (hospital_id, value)", "This hospital gave the number to another patient."
    )
