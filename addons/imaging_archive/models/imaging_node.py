from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

OFFLINE_AFTER = timedelta(seconds=60)
NOTED_EVERY = timedelta(seconds=20)
KINDS = [("centre", "Centre"), ("front", "Front End")]


class ImagingNode(models.Model):
    """A DICOM node, known by its technical account."""

    _name = "imaging.node"
    _description = "DICOM Node"
    _order = "kind, name"

    name = fields.Char(required=True)
    kind = fields.Selection(
        KINDS,
        required=True,
        default="centre",
        help="The centre stores and serves. A front end stands in a hospital, keeps what its "
        "devices send, and uploads it to the centre.",
    )
    hospital_id = fields.Many2one(
        "imaging.hospital",
        index=True,
        ondelete="restrict",
        help="A front end belongs to one hospital, and learns nothing of the others.",
    )
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
    high_water = fields.Integer(
        string="Refuse above (% of Disk)",
        default=90,
        help="From this share of the spool's disk in use the node refuses new associations, "
        "before the disk is full.",
    )
    verify_mib_per_second = fields.Integer(
        string="Check Pace (MiB/s)",
        default=8,
        help="How fast stored objects are read again and compared with their digests, all the "
        "time in the background. 0: not at all.",
    )
    last_seen = fields.Datetime(readonly=True, copy=False)
    online = fields.Boolean(compute="_compute_online")

    _user_unique = models.Constraint(
        "UNIQUE (user_id)", "This technical account belongs to another node."
    )

    @api.depends("last_seen")
    def _compute_online(self):
        limit = fields.Datetime.now() - OFFLINE_AFTER
        for node in self:
            node.online = bool(node.last_seen and node.last_seen >= limit)

    @api.constrains("kind", "hospital_id")
    def _check_hospital(self):
        for node in self:
            if (node.kind == "front") != bool(node.hospital_id):
                raise ValidationError(
                    self.env._(
                        "Node %(node)s: a front end needs a hospital, a centre has none.",
                        node=node.name,
                    )
                )

    @api.constrains("high_water", "verify_mib_per_second")
    def _check_limits(self):
        for node in self:
            if not 50 <= node.high_water <= 98:
                raise ValidationError(
                    self.env._("Node %(node)s: refuse above 50 to 98 %%.", node=node.name)
                )
            if not 0 <= node.verify_mib_per_second <= 10000:
                raise ValidationError(
                    self.env._("Node %(node)s: check pace 0 to 10000 MiB/s.", node=node.name)
                )

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

    def _hospitals(self):
        """The hospitals that this node may know of, inactive ones too."""
        # A centre serves them all.  pylint: disable=no-search-all
        hospitals = self.env["imaging.hospital"].with_context(active_test=False)
        if self.kind == "front":
            return self.hospital_id | self.env.ref("imaging_archive.hospital_unknown")
        return hospitals.search([])

    @api.model
    def configuration(self):
        """What the node needs to know: docs/architecture.md, "Portal → node: configuration"."""
        node = self._require_node()
        now = fields.Datetime.now()
        if not node.last_seen or now - node.last_seen > NOTED_EVERY:
            node.last_seen = now
        return node.with_context(active_test=False)._configuration()

    def _configuration(self):
        hospitals = self._hospitals()
        devices = self.env["imaging.device"].search([("hospital_id", "in", hospitals.ids)])
        return {
            "check_calling_ae": self.check_calling_ae,
            "hospitals": hospitals._configuration(),
            "devices": devices._configuration(),
            "node": {
                "high_water": self.high_water,
                "verify_mib_per_second": self.verify_mib_per_second,
                "upload": self._upload_configuration(),
                "s3": self._s3_configuration(),
            },
            "retrievals": self.env["imaging.retrieval"]._configuration(self),
            "quarantine": self.env["imaging.quarantine"]._configuration(self),
            "disposals": self.env["imaging.disposal"]._configuration(self),
            "tiers": self.env["imaging.retention.rule"]._configuration(self),
            "expected": self.env["imaging.order"]._configuration(hospitals),
        }

    @api.model
    def ticket(self):
        """A front end's ticket for its upload: docs/architecture.md, "reports"."""
        node = self._require_node()
        if node.kind != "front":
            raise AccessError(self.env._("Only a front end uploads."))
        if not node.hospital_id.active:
            raise AccessError(self.env._("The front end's hospital is not active."))
        ticket = self.env["imaging.ticket"]._for_node(node)
        return {"ticket": ticket.token, "expires_in": ticket.expires_in}

    @api.model
    def _centre(self):
        """The node that holds the index: it knows what is there, and so what is missing."""
        node = self.search([("kind", "=", "centre")], limit=1)
        if not node:
            raise UserError(self.env._("There is no centre node that could do this."))
        return node
