from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..matching import CRITERIA

CRITERION_NAMES = [
    ("accession_number", "Accession Number"),
    ("patient_number", "Patient Number"),
    ("study_uid", "Study UID"),
    ("patient_name", "Patient Name"),
    ("patient_birth_date", "Birth Date"),
    ("patient_sex", "Sex"),
    ("modality", "Modality"),
    ("date", "Examination Date"),
]


class ImagingMatchRule(models.Model):
    """By what a study and an order are held to be the same examination (ARC-5.9)."""

    _name = "imaging.match.rule"
    _inherit = ["imaging.hospital.owned"]
    _description = "Matching Rule"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10, index=True)
    active = fields.Boolean(default=True)
    hospital_id = fields.Many2one(
        "imaging.hospital",
        index=True,
        ondelete="restrict",
        default=lambda self: self.env.user._only_hospital(),
        help="Empty: every hospital.",
    )
    automatic = fields.Float(
        string="Automatic from",
        required=True,
        default=0.9,
        help="From this share of the weights on the match is made without asking.",
    )
    doubtful = fields.Float(
        string="To Be Looked at from",
        required=True,
        default=0.5,
        help="From this share on the match is put on the work list; below it is none.",
    )
    line_ids = fields.One2many(
        "imaging.match.rule.line", "rule_id", string="Criteria", required=True, copy=True
    )

    @api.constrains("automatic", "doubtful", "line_ids")
    def _check_values(self):
        for rule in self:
            if not 0 < rule.doubtful <= rule.automatic <= 1:
                raise ValidationError(
                    self.env._(
                        "Rule %(rule)s: 0 < to be looked at <= automatic <= 1.", rule=rule.name
                    )
                )
            if not any(line.weight for line in rule.line_ids):
                raise ValidationError(
                    self.env._("Rule %(rule)s: some criterion needs a weight.", rule=rule.name)
                )

    def _as_data(self):
        """The rules for `matching.best`, in their sequence."""
        return [
            {
                "id": rule.id,
                "hospital": rule.hospital_id.id,
                "automatic": rule.automatic,
                "doubtful": rule.doubtful,
                "lines": [
                    (line.criterion, line.weight, line.on_difference, line.days)
                    for line in rule.line_ids
                    if line.criterion in CRITERIA
                ],
            }
            for rule in self
        ]
