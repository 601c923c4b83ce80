import re

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .. import node_report

REGION = re.compile(r"[a-z0-9-]{1,32}")
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
PREFIX = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*/?")
MAX_PREFIX = 200


class ImagingNode(models.Model):
    """Which bucket the centre's node uses (ARC-4.5); the keys to it lie in files on the node."""

    # One concern a file.  pylint: disable=consider-merging-classes-inherited
    _inherit = "imaging.node"

    s3_endpoint = fields.Char(
        string="S3 Address",
        help="Address of the object store (private cloud), such as https://s3.example.org. The "
        "keys to it are in files on the node, never here. Used from the node's next start; what "
        "the node's own file says goes first.",
    )
    s3_region = fields.Char(help="Such as cn-north-1; empty: us-east-1.")
    s3_bucket = fields.Char(
        help="Where old studies are moved to, or all objects are stored, as the node's file says."
    )
    s3_prefix = fields.Char(help="Folder inside the bucket; may be empty.")
    s3_error = fields.Char(string="Object Store's Trouble", compute="_compute_s3_state")
    s3_state = fields.Selection(
        [("unused", "Not Used"), ("answers", "Answers"), ("fails", "Fails")],
        string="Object Store",
        compute="_compute_s3_state",
        help="Whether the bucket answered the node when it asked last.",
    )

    @api.depends("process_ids.report", "process_ids.last_report")
    def _compute_s3_state(self):
        for node in self:
            report = node._archive_report()
            node.s3_error = node_report.text(report, "s3")
            answers = "answers" if report.get("s3") == "" else "unused"
            node.s3_state = "fails" if node.s3_error else answers

    def _archive_report(self):
        archive = self.process_ids.filtered(lambda one: one.process == "archive")
        return archive.report or {}

    @api.constrains("kind", "s3_endpoint", "s3_region", "s3_bucket", "s3_prefix")
    def _check_s3(self):
        for node in self:
            if problem := node._s3_problem():
                raise ValidationError(
                    self.env._("Node %(node)s: %(problem)s", node=node.name, problem=problem)
                )

    def _s3_problem(self):
        """What is wrong with the object store's settings, in words; empty when nothing is."""
        endpoint, region, bucket, prefix = (
            self[name] or "" for name in ("s3_endpoint", "s3_region", "s3_bucket", "s3_prefix")
        )
        problems = {
            self.env._("a front end stores nothing: the object store is the centre's."): (
                self.kind != "centre" and (endpoint or bucket)
            ),
            self.env._("the object store needs an address and a bucket."): (
                bool(endpoint) != bool(bucket)
            ),
            self.env._(
                "the object store's address is one such as https://host:port, without a user "
                "name, a path or a question mark."
            ): endpoint and not self._is_origin(endpoint),
            self.env._("the object store's region has small letters, digits and '-' only."): (
                region and not REGION.fullmatch(region)
            ),
            self.env._("a bucket has 3 to 63 small letters, digits, '.' and '-'."): (
                bucket and not BUCKET.fullmatch(bucket)
            ),
            self.env._("the folder has letters, digits, '.', '_', '-' and '/' only."): (
                prefix and (len(prefix) > MAX_PREFIX or not PREFIX.fullmatch(prefix))
            ),
        }
        return next((text for text, wrong in problems.items() if wrong), "")

    def write(self, vals):
        self._check_bucket_kept(vals)
        return super().write(vals)

    def _check_bucket_kept(self, vals):
        """Studies that lie in a bucket would not be found in another one.

        Only the node's word that none lie there opens the way, or that it has no bucket yet and
        never said a word.
        """
        changed = self.filtered(
            lambda node: any(
                (node[name] or "") != (vals[name] or "")
                for name in ("s3_endpoint", "s3_bucket", "s3_prefix")
                if name in vals
            )
        )
        for node in changed:
            report = node._archive_report()
            used = report.get("s3_used")
            if used is True:
                raise ValidationError(
                    self.env._(
                        "There are images in the object store: in another bucket they would not "
                        "be found. Have them copied, and the new bucket set in the node's own "
                        "file."
                    )
                )
            if used is not False and (report or node.s3_bucket):
                raise ValidationError(
                    self.env._(
                        "The node has not said whether there are images in the object store: its "
                        "archive process or its database does not answer. The object store can "
                        "be changed once it has."
                    )
                )

    def _s3_configuration(self):
        """`node.s3`: docs/architecture.md; None where no bucket is set."""
        if self.kind != "centre" or not self.s3_bucket:
            return None
        return {
            "endpoint": self.s3_endpoint.rstrip("/"),
            "region": self.s3_region or "",
            "bucket": self.s3_bucket,
            "prefix": (self.s3_prefix or "").strip("/"),
        }
