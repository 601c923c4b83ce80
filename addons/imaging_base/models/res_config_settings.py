from odoo import fields, models
from odoo.http import SESSION_LIFETIME


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    imaging_login_attempts = fields.Integer(
        string="Failed Logins before a Pause",
        config_parameter="base.login_cooldown_after",
        default=5,
        help="After this many wrong passwords from one address, further attempts have to wait.",
    )
    imaging_login_pause = fields.Integer(
        string="Pause (seconds)",
        config_parameter="base.login_cooldown_duration",
        default=60,
        help="How long an address waits after each further wrong password.",
    )
    imaging_session_seconds = fields.Integer(
        string="Session Ends after (seconds)",
        config_parameter="sessions.max_inactivity_seconds",
        default=SESSION_LIFETIME,
        help="Whoever does nothing for so long has to log in again.",
    )
