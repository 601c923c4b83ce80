import re
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

MINIMUM_YEARS = 15
DAYS_A_YEAR = 365.25
MAX_PROPOSALS = 500


class ImagingRetentionRule(models.Model):
    """What becomes of images with time: to the near line, or proposed for deletion (GEN-7)."""

    _name = "imaging.retention.rule"
    _inherit = ["imaging.hospital.owned"]
    _description = "Retention Rule"
    _order = "hospital_id, action, after_days, id"

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    hospital_id = fields.Many2one(
        "imaging.hospital",
        index=True,
        ondelete="restrict",
        default=lambda self: self.env.user._only_hospital(),
        help="Empty: every hospital.",
    )
    modality = fields.Char(help="Such as CT; empty: any.")
    action = fields.Selection(
        [("nearline", "Move to the near line"), ("dispose", "Propose for deletion")],
        required=True,
        default="nearline",
        help="Near line: a cheaper object store, a little slower. Deletion: a list that two "
        "persons approve; nothing is deleted by itself.",
    )
    after_days = fields.Integer(
        string="After (days)",
        required=True,
        help="Counted from the study; for a deletion from the patient's last study.",
    )

    @api.model
    def _minimum_years(self):
        years = (
            self.env["ir.config_parameter"]
            .sudo()
            .get_param("imaging_archive.retention_minimum_years", MINIMUM_YEARS)
        )
        return max(int(years), 1)

    @api.constrains("after_days", "action", "modality", "active")
    def _check_values(self):
        years = self._minimum_years()
        for rule in self:
            if rule.modality and not re.fullmatch(r"[A-Z0-9]{1,16}", rule.modality):
                raise ValidationError(self.env._("Modality: capital letters, such as CT."))
            if rule.after_days < 1:
                raise ValidationError(self.env._("After (days): at least 1."))
            if rule.action == "dispose" and rule.after_days < years * DAYS_A_YEAR:
                raise ValidationError(
                    self.env._(
                        "Rule %(rule)s: images are kept for %(years)s years at least "
                        '(%(days)s days), by the setting "Legal Retention".',
                        rule=rule.name,
                        years=years,
                        days=int(years * DAYS_A_YEAR) + 1,
                    )
                )

    @api.model
    def _configuration(self, node):
        """The entries of `tiers[]`; a front end stores nothing for good."""
        if node.kind != "centre":
            return []
        rules = self.search([("action", "=", "nearline"), ("active", "=", True)])
        return [
            {
                "hospital": rule.hospital_id.code or "*",
                "modality": rule.modality or "*",
                "after_days": rule.after_days,
            }
            for rule in rules
        ]

    @api.model
    def _cron_propose(self):
        """Put on the list what has reached its time, so many a run."""
        for rule in self.search([("action", "=", "dispose")]):
            studies = self.env["imaging.study"].search(
                rule._due(), order="study_date, id", limit=MAX_PROPOSALS
            )
            self.env["imaging.disposal"]._propose(studies, rule)

    def _due(self):
        """The domain of the studies that this rule proposes now."""
        self.ensure_one()
        days = max(self.after_days, int(self._minimum_years() * DAYS_A_YEAR) + 1)
        limit = fields.Date.today() - timedelta(days=days)
        old = Domain("study_date", "<", limit) | (
            Domain("study_date", "=", False) & Domain("first_received", "<", limit)
        )
        # From the last visit: whoever came back keeps the earlier images, too.
        back = Domain("patient_id", "any", [("study_ids", "any", [("study_date", ">=", limit)])])
        due = (
            old
            & ~back
            & Domain("legal_hold", "=", False)
            & Domain("disposed", "=", False)
            & Domain("disposal_ids", "=", False)
        )
        if self.hospital_id:
            due &= Domain("hospital_id", "=", self.hospital_id.id)
        if self.modality:
            due &= Domain("modality", "=", self.modality)
        return due
