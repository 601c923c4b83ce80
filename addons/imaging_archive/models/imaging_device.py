import ipaddress
import re
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError

HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?")
ROLES = ("store", "query", "retrieve", "commitment", "mpps")
MAX_DEVICE_ASSOCIATIONS = 1000


class ImagingDevice(models.Model):
    """What the node has to know of a device beyond its name."""

    _inherit = "imaging.device"

    may_store = fields.Boolean(
        string="May Send Images", default=True, help="The archive accepts its images (C-STORE)."
    )
    may_query = fields.Boolean(
        string="May Search", help="It may ask what studies its hospital has (C-FIND)."
    )
    may_retrieve = fields.Boolean(
        string="May Fetch Images", help="It may have images sent to it (C-MOVE, C-GET)."
    )
    may_commitment = fields.Boolean(
        string="May Ask for Storage Commitment",
        help="It may ask for a confirmation that its images are kept, before it deletes its own.",
    )
    may_mpps = fields.Boolean(
        string="May Report Procedure Steps",
        help="It may tell which images an examination has (MPPS); by this the archive knows "
        "whether a study is complete.",
    )
    max_associations = fields.Integer(
        string="Connections at Once",
        help="How many associations of this device are accepted at once. 0: no limit of its own.",
    )
    sop_class_ids = fields.Many2many(
        "imaging.dicom.uid",
        "imaging_device_sop_class_rel",
        string="Accepted SOP Classes",
        domain="[('kind', '=', 'sop_class')]",
        help="What kinds of objects are accepted from it. Empty: all that the node knows.",
    )
    transfer_syntax_ids = fields.Many2many(
        "imaging.dicom.uid",
        "imaging_device_transfer_syntax_rel",
        string="Accepted Transfer Syntaxes",
        domain="[('kind', '=', 'transfer_syntax')]",
        help="In what encodings objects are accepted from it. Empty: all that the node knows.",
    )
    host = fields.Char(
        string="Own Address",
        help="IP address or host name at which the device itself listens. Needed to fetch images "
        "from it, to send images to it, and for commitment reports.",
    )
    port = fields.Integer(
        string="Own Port", help="TCP port at which the device listens. 0: it does not listen."
    )
    tls = fields.Boolean(string="Own Port Speaks TLS")
    ask_counts = fields.Boolean(
        string="Ask It for Image Counts",
        help="The archive asks the device by C-FIND how many images a study has, and says by "
        "that whether the study is complete. Needs its own address and port.",
    )
    last_image = fields.Datetime(
        readonly=True, copy=False, help="When the node last received an image from it."
    )
    silent_since = fields.Char(
        string="Silent for",
        compute="_compute_silent_since",
        help="How long no image has come. Nothing is shown until the first image.",
    )

    @api.model
    def _by_ae_title(self, titles):
        """Numbers of the devices, by AE title, inactive ones too."""
        devices = self.with_context(active_test=False).search([("ae_title", "in", [*{*titles}])])
        return {device.ae_title: device.id for device in devices}

    @api.depends("last_image")
    def _compute_silent_since(self):
        now = fields.Datetime.now()
        for device in self:
            device.silent_since = device.last_image and self._duration(now - device.last_image)

    @api.model
    def _duration(self, span):
        """A timedelta in the words of the interface."""
        span = max(span, timedelta())
        if span.days:
            return self.env._("%(days)s days", days=span.days)
        hours, minutes = span.seconds // 3600, span.seconds // 60 % 60
        if hours:
            return self.env._("%(hours)s h %(minutes)s min", hours=hours, minutes=minutes)
        if minutes:
            return self.env._("%(minutes)s min", minutes=minutes)
        return self.env._("%(seconds)s s", seconds=span.seconds)

    @api.constrains("sop_class_ids", "transfer_syntax_ids")
    def _check_uids(self):
        for device in self:
            if device.sop_class_ids.filtered(
                lambda one: one.kind != "sop_class"
            ) or device.transfer_syntax_ids.filtered(lambda one: one.kind != "transfer_syntax"):
                raise ValidationError(
                    self.env._(
                        "%(device)s: SOP classes and transfer syntaxes are mixed up.",
                        device=device.ae_title,
                    )
                )

    @api.constrains("max_associations", "port")
    def _check_numbers(self):
        for device in self:
            if not 0 <= device.max_associations <= MAX_DEVICE_ASSOCIATIONS:
                raise ValidationError(
                    self.env._(
                        "Connections at once of %(device)s: 0 to %(limit)s.",
                        device=device.ae_title,
                        limit=MAX_DEVICE_ASSOCIATIONS,
                    )
                )
            if not 0 <= device.port <= 65535:
                raise ValidationError(
                    self.env._("Port of %(device)s: 0 to 65535.", device=device.ae_title)
                )

    @api.constrains("host", "port", "ask_counts", "hospital_id")
    def _check_host(self):
        # A constraint is checked with all rights: it is the person who counts.
        user = self.env.user
        trusted = user._is_superuser() or user.has_group("imaging_base.group_platform_admin")
        for device in self:
            if device.host and not HOST.fullmatch(device.host):
                raise ValidationError(
                    self.env._(
                        "Own address of %(device)s: an IP address or a host name is expected.",
                        device=device.ae_title,
                    )
                )
            if device.ask_counts and not (device.host and device.port):
                raise ValidationError(
                    self.env._(
                        "%(device)s can be asked for image counts once its own address and port "
                        "are given.",
                        device=device.ae_title,
                    )
                )
            # The node connects there: a hospital must not point it at its own machine.
            if device.host and not trusted and self._is_internal(device.host):
                raise ValidationError(
                    self.env._(
                        "Own address of %(device)s: only the platform administrator may name the "
                        "platform's own machine.",
                        device=device.ae_title,
                    )
                )

    @api.model
    def _is_internal(self, host):
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            # Names in digits, such as 127.1 or 2130706433, are read as addresses by resolvers.
            return "localhost" in host.lower() or not re.search("[A-Za-z]", host)
        address = getattr(address, "ipv4_mapped", None) or address
        return (
            address.is_loopback
            or address.is_link_local
            or address.is_unspecified
            or address.is_multicast
        )

    def _configuration(self):
        """The entries of `devices[]`: docs/architecture.md, "Portal → node: configuration"."""
        uids = self.env["imaging.dicom.uid"]._by_id()
        return [
            {
                "ae_title": device.ae_title,
                "hospital": device.hospital_id.code,
                "addresses": device._address_list(),
                "active": device.active and device.hospital_id.active,
                "max_associations": device.max_associations or None,
                "sop_classes": sorted(uids[number] for number in device.sop_class_ids.ids),
                "transfer_syntaxes": sorted(
                    uids[number] for number in device.transfer_syntax_ids.ids
                ),
                "roles": [role for role in ROLES if device[f"may_{role}"]],
                "host": device.host or "",
                "port": device.port or None,
                "tls": device.tls,
                "ask_counts": device.ask_counts,
            }
            for device in self
        ]

    @api.model
    def _note_images(self, moments, hospitals):
        """Keep the newest moment (naive UTC) by AE title (`moments`: dict) of the devices of
        `hospitals`."""
        devices = self.with_context(active_test=False).search(
            [("ae_title", "in", list(moments)), ("hospital_id", "in", hospitals.ids)]
        )
        for device in devices:
            moment = moments[device.ae_title]
            if not device.last_image or moment > device.last_image:
                device.last_image = moment
