from odoo import api, models


class ImagingRevocation(models.Model):
    _inherit = "imaging.revocation"

    @api.model
    def _revoke_users(self, users):
        """A share gives no more than its owner has: its tickets end with the owner's own."""
        revoked = super()._revoke_users(users)
        # Whoever changes an account need not see its shares.
        shares = self.env["imaging.share"].sudo().search([("user_id", "in", users.ids)])
        subjects = [share._subject() for share in shares]
        return revoked | self._revoke_issued([("subject", "in", subjects)])
