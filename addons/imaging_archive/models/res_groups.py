from odoo import models


class ResGroups(models.Model):
    _inherit = "res.groups"

    def write(self, vals):
        before = {group: group.all_user_ids for group in self.sudo()}
        result = super().write(vals)
        for group, users in before.items():
            self.env["imaging.revocation"]._revoke_difference(users, group.all_user_ids)
        return result
