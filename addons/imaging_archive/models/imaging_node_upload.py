import re
from urllib.parse import urlsplit

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from .. import sealed, tickets

BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
PREFIX = re.compile(r"([A-Za-z0-9_-][A-Za-z0-9._-]*/)*[A-Za-z0-9_-]?[A-Za-z0-9._-]*")
MAX_BATCH = 1000
MAX_THREADS = 32


class ImagingNode(models.Model):
    """How a front end uploads to the centre (ARC-4.5): set here, kept by the node."""

    # One concern a file.  pylint: disable=consider-merging-classes-inherited
    _inherit = "imaging.node"

    upload_url = fields.Char(
        string="Centre's Address",
        help="Public address of the centre, such as https://cloud.example.org. Empty: the front "
        "end does not upload.",
    )
    upload_batch = fields.Integer(
        string="Images at a Time", default=20, help="How many images one upload run takes."
    )
    upload_threads = fields.Integer(
        string="Uploads in Parallel", default=2, help="More fill a fast line better."
    )
    upload_compress = fields.Boolean(
        string="Compress for the Way",
        help="Losslessly compressed for the transport; what is stored is what was received.",
    )
    bandwidth_ids = fields.One2many(
        "imaging.node.bandwidth", "node_id", string="Bandwidth by Time of Day", copy=True
    )
    s3_endpoint = fields.Char(
        string="S3 Address",
        help="When given, objects go to this object store (private cloud) instead of the "
        "centre's own address.",
    )
    s3_region = fields.Char()
    s3_bucket = fields.Char()
    s3_prefix = fields.Char(help="Folder inside the bucket; may be empty.")
    s3_access_key = fields.Char(groups="imaging_base.group_platform_admin", copy=False)
    s3_secret_key = fields.Char(
        compute="_compute_s3_secret_key",
        inverse="_inverse_s3_secret_key",
        groups="imaging_base.group_platform_admin",
        copy=False,
        help="Written once, never shown again. Only the node itself receives it.",
    )
    s3_secret_sealed = fields.Char(groups=fields.NO_ACCESS, copy=False)
    s3_secret_set = fields.Boolean(
        string="S3 Secret Key Is Set", compute="_compute_s3_secret_set", compute_sudo=True
    )

    def _compute_s3_secret_key(self):
        self.s3_secret_key = False

    @api.depends("s3_secret_sealed")
    def _compute_s3_secret_set(self):
        for node in self:
            node.s3_secret_set = bool(node.s3_secret_sealed)

    def _inverse_s3_secret_key(self):
        for node in self:
            secret = node.s3_secret_key
            if not secret:
                continue
            try:
                text = sealed.seal(secret, node._seal_context())
            except tickets.KeyUnavailableError as error:
                raise UserError(
                    self.env._("The secret cannot be stored: %(error)s", error=error)
                ) from error
            # Readable by nobody; whoever may write the node may replace it.
            node.sudo().s3_secret_sealed = text
        self.invalidate_recordset(["s3_secret_key"])

    def _seal_context(self):
        return f"imaging.node,{self.id}".encode()

    def action_forget_s3_secret(self):
        self.check_access("write")
        # Readable by nobody; whoever may write the node may remove it.
        self.sudo().s3_secret_sealed = False

    @api.constrains("upload_batch", "upload_threads")
    def _check_upload(self):
        for node in self:
            if not 1 <= node.upload_batch <= MAX_BATCH:
                raise ValidationError(
                    self.env._(
                        "Node %(node)s: images at a time 1 to %(limit)s.",
                        node=node.name,
                        limit=MAX_BATCH,
                    )
                )
            if not 1 <= node.upload_threads <= MAX_THREADS:
                raise ValidationError(
                    self.env._(
                        "Node %(node)s: uploads in parallel 1 to %(limit)s.",
                        node=node.name,
                        limit=MAX_THREADS,
                    )
                )

    @api.constrains("upload_url", "s3_endpoint", "s3_bucket", "s3_prefix")
    def _check_addresses(self):
        for node in self:
            for name in ("upload_url", "s3_endpoint"):
                if node[name] and not self._is_origin(node[name]):
                    raise ValidationError(
                        self.env._(
                            "Node %(node)s, %(field)s: an address such as https://host:port is "
                            "expected, without a user name, a path or a question mark.",
                            node=node.name,
                            field=self._fields[name].get_description(self.env)["string"],
                        )
                    )
            if node.s3_endpoint and not node.s3_bucket:
                raise ValidationError(
                    self.env._("Node %(node)s: the S3 bucket is missing.", node=node.name)
                )
            if node.s3_bucket and not BUCKET.fullmatch(node.s3_bucket):
                raise ValidationError(
                    self.env._(
                        "Node %(node)s, S3 bucket: 3 to 63 small letters, digits, '.' and '-'.",
                        node=node.name,
                    )
                )
            if node.s3_prefix and not PREFIX.fullmatch(node.s3_prefix):
                raise ValidationError(
                    self.env._(
                        "Node %(node)s, S3 prefix: letters, digits, '.', '_', '-' and '/' only.",
                        node=node.name,
                    )
                )

    @api.model
    def _is_origin(self, url):
        try:
            parts = urlsplit(url)
            parts.port  # noqa: B018 raises on a bad port
        except ValueError:
            return False
        return bool(
            parts.scheme in ("https", "http")
            and re.fullmatch(r"[A-Za-z0-9.:\[\]-]+", parts.netloc)
            and parts.path in ("", "/")
            and not (parts.query or parts.fragment)
        )

    def _upload_configuration(self):
        """`node.upload`: docs/architecture.md; None for the centre and while it is not set up."""
        if self.kind != "front" or not self.upload_url:
            return None
        return {
            "url": self.upload_url.rstrip("/"),
            "hospital": self.hospital_id.code,
            "batch": self.upload_batch,
            "threads": self.upload_threads,
            "compress": self.upload_compress,
            "bandwidth": [line._configuration() for line in self.bandwidth_ids],
            "s3": self._s3_configuration(),
        }

    def _s3_configuration(self):
        if not self.s3_endpoint:
            return None
        return {
            "endpoint": self.s3_endpoint.rstrip("/"),
            "region": self.s3_region or "",
            "bucket": self.s3_bucket,
            "prefix": self.s3_prefix or "",
            "access_key": self.s3_access_key or "",
            "secret_key": self._s3_secret(),
        }

    def _s3_secret(self):
        """The secret key for the node itself; raises UserError when it cannot be opened."""
        if not self.s3_secret_sealed:
            return ""
        try:
            return sealed.unseal(self.s3_secret_sealed, self._seal_context())
        except (sealed.SealError, tickets.KeyUnavailableError) as error:
            # The node goes on with the configuration that it has.
            raise UserError(
                self.env._("S3 secret key of %(node)s: %(error)s", node=self.name, error=error)
            ) from error
