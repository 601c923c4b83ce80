from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    imaging_settle_minutes = fields.Integer(
        string="A Study Is Complete after (minutes)",
        config_parameter="imaging_archive.settle_minutes",
        default=5,
        help="A study to which no image was added for so long is complete.",
    )
