from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError

OFFLINE_AFTER = timedelta(seconds=60)
NOTED_EVERY = timedelta(seconds=20)


class ImagingNode(models.Model):
    """A DICOM node, known by its technical account."""

    _name = "imaging.node"
    _description = "DICOM Node"
    _order = "name"

    name = fields.Char(required=True)
    user_id = fields.Many2one(
        "res.users",
        string="Technical Account",
        required=True,
        ondelete="restrict",
        index=True,
        help="The account whose API key the node uses.",
    )
    check_calling_ae = fields.Boolean(
        string="Only Known Devices",
        default=True,
        help="Refuse associations of devices that are not listed. When off, what unknown "
        "devices send belongs to the hospital UNKNOWN until somebody assigns the device.",
    )
    last_seen = fields.Datetime(readonly=True)
    online = fields.Boolean(compute="_compute_online")

    _user_unique = models.Constraint(
        "UNIQUE (user_id)", "This technical account belongs to another node."
    )

    @api.depends("last_seen")
    def _compute_online(self):
        limit = fields.Datetime.now() - OFFLINE_AFTER
        for node in self:
            node.online = bool(node.last_seen and node.last_seen >= limit)

    @api.model
    def _require_node(self):
        """The calling node's record; nobody else may call the node's methods."""
        if not self.env.user.has_group("imaging_archive.group_node"):
            raise AccessError(self.env._("Only a DICOM node may call this."))
        # The technical account reads nothing by itself: an API key that leaks opens no list.
        node = self.sudo().search([("user_id", "=", self.env.uid)], limit=1)
        if not node:
            raise AccessError(self.env._("This account belongs to no DICOM node."))
        return node

    @api.model
    def configuration(self):
        """What the node needs to know to admit devices: docs/architecture.md,
        "Portal → node: configuration"."""
        node = self._require_node()
        now = fields.Datetime.now()
        if not node.last_seen or now - node.last_seen > NOTED_EVERY:
            node.last_seen = now
        everything = node.with_context(active_test=False)
        # The node admits by this list: all of it.  pylint: disable=no-search-all
        hospitals = everything.env["imaging.hospital"].search([])
        devices = everything.env["imaging.device"].search([])
        return {
            "check_calling_ae": node.check_calling_ae,
            "hospitals": [
                {"code": hospital.code, "active": hospital.active} for hospital in hospitals
            ],
            "devices": [
                {
                    "ae_title": device.ae_title,
                    "hospital": device.hospital_id.code,
                    "addresses": device._address_list(),
                    "active": device.active and device.hospital_id.active,
                }
                for device in devices
            ],
        }
