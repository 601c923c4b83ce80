from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

# Each pair of these excludes the other: who runs the platform neither grants rights nor
# watches over the records, and the other way round.
SEPARATED_GROUPS = [
    "base.group_system",
    "imaging_base.group_security_admin",
    "imaging_base.group_auditor",
]


class ResUsers(models.Model):
    _inherit = "res.users"

    hospital_ids = fields.Many2many(
        "imaging.hospital",
        "imaging_hospital_res_users_rel",
        "user_id",
        "hospital_id",
        string="Hospitals",
        help="The hospitals whose data this account may see, as far as its roles reach.",
    )

    @property
    def SELF_WRITEABLE_FIELDS(self):  # noqa: N802 Odoo's name
        """The name stands in the access log and on tickets: it is the administrator's to change."""
        return [name for name in super().SELF_WRITEABLE_FIELDS if name != "name"]

    def _get_invalidation_fields(self):
        # Record rules are cached with the hospitals of the user in them.
        return super()._get_invalidation_fields() | {"hospital_ids"}

    def write(self, vals):
        concerns_roles = {"group_ids", "hospital_ids"} & vals.keys()
        if concerns_roles and not self.env.su and self.env.user in self:
            raise UserError(
                self.env._("Nobody changes their own roles or hospitals: ask a colleague.")
            )
        return super().write(vals)

    def _only_hospital(self):
        """The hospital of an account that has one: whoever has more chooses."""
        return self.hospital_ids if len(self.hospital_ids) == 1 else self.hospital_ids.browse()

    @api.model
    def _separated_groups(self):
        found = [self.env.ref(name, raise_if_not_found=False) for name in SEPARATED_GROUPS]
        return self.env["res.groups"].union(*[group for group in found if group])

    @api.constrains("group_ids")
    def _check_separated_duties(self):
        separated = self._separated_groups()
        for user in self:
            held = user.all_group_ids & separated
            if len(held) > 1:
                raise ValidationError(
                    self.env._(
                        "%(user)s: system, security and audit administration cannot be combined "
                        "in one account (%(groups)s).",
                        user=user.login,
                        groups=", ".join(held.mapped("full_name")),
                    )
                )
