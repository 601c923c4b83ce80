from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .imaging_match_rule import CRITERION_NAMES


class ImagingMatchRuleLine(models.Model):
    _name = "imaging.match.rule.line"
    _description = "Matching Criterion"
    _order = "rule_id, weight desc, id"
    _rec_name = "criterion"

    rule_id = fields.Many2one("imaging.match.rule", required=True, index=True, ondelete="cascade")
    criterion = fields.Selection(CRITERION_NAMES, required=True)
    weight = fields.Integer(
        required=True,
        default=10,
        help="Its share of the sum of all weights counts when both sides agree. A value that is "
        "missing on one side counts as no agreement.",
    )
    on_difference = fields.Selection(
        [
            ("ignore", "Counts as no agreement"),
            ("doubt", "Somebody has to look"),
            ("exclude", "Excludes the match"),
            ("must", "Must agree"),
        ],
        string="If the Values Differ",
        required=True,
        default="ignore",
        help="Somebody has to look: the match is never made by itself. Must agree: also a missing "
        "value excludes the match by this rule.",
    )
    days = fields.Integer(
        string="Window (days)",
        default=1,
        help="For the examination date: by how many days it may differ.",
    )

    _criterion_unique = models.Constraint(
        "UNIQUE (rule_id, criterion)", "Each criterion stands once in a rule."
    )

    @api.constrains("weight", "days")
    def _check_values(self):
        for line in self:
            if not 0 <= line.weight <= 1000:
                raise ValidationError(self.env._("Weight: 0 to 1000."))
            if not 0 <= line.days <= 365:
                raise ValidationError(self.env._("Window: 0 to 365 days."))
