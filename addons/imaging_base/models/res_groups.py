from odoo import api, models
from odoo.exceptions import UserError


class ResGroups(models.Model):
    _inherit = "res.groups"

    @api.model_create_multi
    def create(self, vals_list):
        held = self.env.user.all_group_ids
        groups = super().create(vals_list)
        self._check_nobody_promotes_themselves(held)
        return groups

    def write(self, vals):
        held = self.env.user.all_group_ids
        result = super().write(vals)
        self._check_nobody_promotes_themselves(held)
        return result

    def _check_nobody_promotes_themselves(self, held):
        if not self.env.su and self.env.user.all_group_ids != held:
            raise UserError(
                self.env._("Nobody changes their own roles or hospitals: ask a colleague.")
            )

    @api.constrains("implied_ids", "implied_by_ids", "user_ids")
    def _check_separated_duties(self):
        """Roles that reach an account through a changed group, too, keep the duties apart."""
        users = self.env["res.users"]
        separated = users._separated_groups()
        if not (self | self.all_implied_ids | self.all_implied_by_ids) & separated:
            return
        holders = users.search([("all_group_ids", "in", separated.ids)])
        holders._check_separated_duties()
