from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    imaging_settle_minutes = fields.Integer(
        string="A Study Is Complete after (minutes)",
        config_parameter="imaging_archive.settle_minutes",
        default=5,
        help="A study to which no image was added for so long is complete.",
    )
    imaging_retention_minimum_years = fields.Integer(
        string="Legal Retention (years)",
        config_parameter="imaging_archive.retention_minimum_years",
        default=15,
        help="No rule proposes images for deletion before this time has passed since the "
        "patient's last study.",
    )
