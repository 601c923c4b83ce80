import re

from odoo import fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")


class ImagingNodeEnroll(models.TransientModel):
    """A front end gets its technical account, its key and its file of settings (ARC-4.5)."""

    _name = "imaging.node.enroll"
    _description = "New Front End"

    name = fields.Char(
        string="Name of the Front End",
        required=True,
        help="Letters, digits, '-' and '_', such as FRONT-H001. The technical account gets it too.",
    )
    hospital_id = fields.Many2one("imaging.hospital", required=True, ondelete="cascade")
    url = fields.Char(
        string="Centre's Address",
        required=True,
        default=lambda self: self.env["ir.config_parameter"].sudo().get_param("web.base.url"),
        help="Under this address the front end reaches the centre.",
    )

    def action_enroll(self):
        self.ensure_one()
        if not self.env.user.has_group("imaging_base.group_platform_admin"):
            raise AccessError(self.env._("Only the platform administrator adds a front end."))
        if not NAME.fullmatch(self.name):
            raise UserError(
                self.env._("Name: 1 to 32 letters, digits, '-' and '_', beginning with a letter.")
            )
        if not self.env["imaging.node"]._is_origin(self.url):
            raise UserError(
                self.env._("Centre's address: an address such as https://host:port is expected.")
            )
        node = self.env["imaging.node"].create(
            {
                "name": self.name,
                "kind": "front",
                "hospital_id": self.hospital_id.id,
                "user_id": self._account().id,
                "upload_url": self.url,
            }
        )
        return self.env["imaging.node.key"]._show(node)

    def _account(self):
        """A new technical account: it may do what a node does, and cannot log in."""
        users = self.env["res.users"].with_context(no_reset_password=True)
        login = f"node-{self.name.lower()}"
        if users.with_context(active_test=False).search_count([("login", "=", login)]):
            raise UserError(self.env._("An account %(login)s exists already.", login=login))
        return users.create(
            {
                "name": self.name,
                "login": login,
                "group_ids": [Command.set(self.env.ref("imaging_archive.group_node").ids)],
            }
        )
