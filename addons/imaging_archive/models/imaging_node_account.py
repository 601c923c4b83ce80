import base64
import json

from odoo import api, models
from odoo.exceptions import AccessError, UserError

# config/front-end.toml, filled in.
NODE_TOML = """\
# {title}
# {secret}

[dicom]
ae_title = "YUNYING"
host = "0.0.0.0"
port = 11112

[spool]
path = "/var/lib/yunying/spool"

[store]
path_template = "{{yyyy}}/{{mm}}/{{dd}}/{{study}}/{{series}}/{{instance}}.dcm"

[quarantine]
path = "/var/lib/yunying/quarantine"

[portal]
# {gateway}
url = {url}
database = {database}
api_key_file = "/etc/yunying/api_key"
cache_file = "/var/lib/yunying/portal.json"

[upload]
hospital = {hospital}

[archive]
time_zone = "Asia/Shanghai"
"""


class ImagingNode(models.Model):
    """The key and the file of settings that a front end is given (ARC-4.5)."""

    # One concern a file.  pylint: disable=consider-merging-classes-inherited
    _inherit = "imaging.node"

    def action_new_key(self):
        """A new key in place of all that the node's account had."""
        self.ensure_one()
        if not self.env.user.has_group("imaging_base.group_platform_admin"):
            raise AccessError(self.env._("Only the platform administrator gives out keys."))
        if self.kind != "front":
            raise UserError(self.env._("The centre's key is made by its installation."))
        return self.env["imaging.node.key"]._show(self)

    def _new_key(self):
        # The key belongs to the technical account, which nobody can log in as.
        keys = self.env(user=self.user_id.id)["res.users.apikeys"].sudo()
        keys.search([("user_id", "=", self.user_id.id)])._remove()
        return keys._generate("rpc", self.name, None)

    def _toml(self):
        quoted = json.dumps
        return NODE_TOML.format(
            title=f"{self.name}, {self.hospital_id.code}",
            url=quoted(self.upload_url or ""),
            database=quoted(self.env.cr.dbname),
            secret=self.env._("With the key beside it this file delivers for the hospital."),
            gateway=self.env._("Gateway of the centre"),
            hospital=quoted(self.hospital_id.code),
        )

    @api.model
    def _as_file(self, text):
        return base64.b64encode(text.encode()).decode()
