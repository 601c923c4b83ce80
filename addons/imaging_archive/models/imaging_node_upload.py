import re
from urllib.parse import urlsplit

from odoo import api, fields, models
from odoo.exceptions import ValidationError

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
    bandwidth_ids = fields.One2many(
        "imaging.node.bandwidth", "node_id", string="Bandwidth by Time of Day", copy=True
    )

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

    @api.constrains("upload_url")
    def _check_upload_url(self):
        for node in self:
            if node.upload_url and not self._is_origin(node.upload_url):
                raise ValidationError(
                    self.env._(
                        "Node %(node)s, %(field)s: an address such as https://host:port is "
                        "expected, without a user name, a path or a question mark.",
                        node=node.name,
                        field=self._fields["upload_url"].get_description(self.env)["string"],
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
            "bandwidth": [line._configuration() for line in self.bandwidth_ids],
        }
