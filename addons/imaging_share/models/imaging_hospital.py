from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError

DEFAULT_MAX_DAYS = 30


class ImagingHospital(models.Model):
    _inherit = "imaging.hospital"

    share_default_hours = fields.Integer(
        string="Shares Last (hours)",
        default=168,
        help="The duration proposed for a new share.",
    )
    share_max_hours = fields.Integer(
        string="Shares Last at Most (hours)",
        default=0,
        help="No share of this hospital lasts longer. 0: the platform's limit.",
    )
    share_password_required = fields.Boolean(
        string="Shares Need a Password",
        help="Every new share of this hospital gets a password.",
    )
    share_anonymous_required = fields.Boolean(
        string="Shares Are Anonymous",
        help="No share of this hospital shows the patient's name.",
    )

    @api.constrains("share_default_hours", "share_max_hours")
    def _check_share_hours(self):
        for hospital in self:
            if hospital.share_default_hours < 1 or hospital.share_max_hours < 0:
                raise ValidationError(
                    self.env._("The duration of shares: at least one hour is expected.")
                )

    def _share_limit(self):
        """The longest duration of a new share, as a timedelta."""
        self.ensure_one()
        # The setting is the platform's; everybody's shares obey it.
        days = int(
            self.env["ir.config_parameter"]
            .sudo()
            .get_param("imaging_share.max_days", DEFAULT_MAX_DAYS)
        )
        limit = timedelta(days=max(1, days))
        if self.share_max_hours:
            limit = min(limit, timedelta(hours=self.share_max_hours))
        return limit
