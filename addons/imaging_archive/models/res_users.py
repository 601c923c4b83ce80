from odoo import models


class ResUsers(models.Model):
    _inherit = "res.users"

    def write(self, vals):
        result = super().write(vals)
        if {"active", "group_ids", "hospital_ids"} & vals.keys():
            self.env["imaging.revocation"]._revoke_users(self)
        return result

    def _notify_revocation_pending(self):
        user = self.with_context(lang=self.lang)
        user._bus_send(
            "simple_notification",
            {
                "type": "warning",
                "sticky": True,
                "title": user.env._("Revoked, but the image server has not heard of it yet"),
                "message": user.env._(
                    "No new access is possible. What is open already may go on for 15 minutes at "
                    "most; the message is repeated every minute."
                ),
            },
        )
