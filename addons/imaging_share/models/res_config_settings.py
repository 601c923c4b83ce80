from odoo import fields, models

from .imaging_hospital import DEFAULT_MAX_DAYS


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    imaging_share_max_days = fields.Integer(
        string="Shares Last at Most (days)",
        config_parameter="imaging_share.max_days",
        default=DEFAULT_MAX_DAYS,
        help="The limit of the whole platform; a hospital may set a shorter one.",
    )
