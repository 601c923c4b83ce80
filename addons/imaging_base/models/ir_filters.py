from odoo import api, models
from odoo.exceptions import AccessError


class IrFilters(models.Model):
    """A saved search of one account; Odoo's own lets everybody save one for everybody, of all
    hospitals, as the default that hides what it likes."""

    _inherit = "ir.filters"

    @api.model_create_multi
    def create(self, vals_list):
        filters = super().create(vals_list)
        filters._check_own()
        return filters

    def write(self, vals):
        result = super().write(vals)
        self._check_own()
        return result

    def _check_own(self):
        user = self.env.user
        if self.env.su or user.has_group("imaging_base.group_platform_admin"):
            return
        if any(one.user_ids != user for one in self):
            raise AccessError(
                self.env._("Only the platform administrator saves a search for others.")
            )
