from odoo import models
from odoo.exceptions import AccessError


class ImagingTicket(models.AbstractModel):
    _inherit = "imaging.ticket"

    def _renew_share(self, claims, number):
        # The signed ticket names the share; the share decides anew.
        share = self.env["imaging.share"].sudo().browse(number).exists()
        if not share or share.state not in ("active", "exhausted") or not share._owner_may_view():
            raise AccessError(self.env._("This share has ended."))
        return share._ticket("renew")
