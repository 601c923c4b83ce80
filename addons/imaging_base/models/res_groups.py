from odoo import api, models


class ResGroups(models.Model):
    _inherit = "res.groups"

    @api.constrains("implied_ids", "implied_by_ids", "user_ids")
    def _check_separated_duties(self):
        """Roles that reach an account through a changed group, too, keep the duties apart."""
        users = self.env["res.users"]
        separated = users._separated_groups()
        if not (self | self.all_implied_ids | self.all_implied_by_ids) & separated:
            return
        holders = users.search([("all_group_ids", "in", separated.ids)])
        holders._check_separated_duties()
