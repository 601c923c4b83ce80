from odoo import api, fields, models
from odoo.exceptions import UserError

from .. import node_report


class ImagingNode(models.Model):
    """How a node is, from what its processes report."""

    # One concern a file.  pylint: disable=consider-merging-classes-inherited
    _inherit = "imaging.node"

    process_ids = fields.One2many("imaging.node.process", "node_id", string="Processes")
    down_count = fields.Integer(string="Processes Down", compute="_compute_state")
    associations = fields.Integer(string="Connections", compute="_compute_state")
    max_associations = fields.Integer(string="Connections at Most", compute="_compute_state")
    refusing = fields.Char(string="Refuses Because", compute="_compute_state")
    received = fields.Integer(string="Received since Start", compute="_compute_state")
    spool_count = fields.Integer(string="Waiting Images", compute="_compute_state")
    spool_mb = fields.Float(string="Waiting (MB)", digits=(12, 1), compute="_compute_state")
    spool_age = fields.Integer(string="Oldest Waiting (s)", compute="_compute_state")
    spool_age_text = fields.Char(string="Oldest Waiting", compute="_compute_state")
    outbox_count = fields.Integer(string="Events on Their Way", compute="_compute_state")
    quarantine_count = fields.Integer(string="In Quarantine", compute="_compute_state")
    disk_percent = fields.Float(string="Disk in Use (%)", digits=(5, 1), compute="_compute_state")
    disk_free_gb = fields.Float(string="Disk Free (GB)", digits=(12, 1), compute="_compute_state")
    damaged_count = fields.Integer(string="Damaged Objects", compute="_compute_state")
    upload_count = fields.Integer(string="Waiting for Upload", compute="_compute_state")
    upload_age = fields.Integer(string="Upload Lag (s)", compute="_compute_state")
    upload_age_text = fields.Char(string="Upload Lag", compute="_compute_state")
    upload_kib = fields.Float(
        string="Upload Speed (KiB/s)", digits=(12, 0), compute="_compute_state"
    )
    upload_error = fields.Char(compute="_compute_state")

    @api.depends("process_ids.report", "process_ids.last_report")
    def _compute_state(self):
        for node in self:
            reports = {one.process: one.report or {} for one in node.process_ids}
            receive, archive, upload = (
                reports.get(name, {}) for name in ("receive", "archive", "upload")
            )
            node.down_count = len(node.process_ids.filtered("down"))
            node.associations = node_report.number(receive, "associations")
            node.max_associations = node_report.number(receive, "max_associations")
            node.refusing = node_report.text(receive, "refusing")
            node.received = node_report.number(receive, "received")
            node.spool_count = node_report.number(archive, "spool_count")
            node.spool_mb = (node_report.number(archive, "spool_size") or 0) / 1e6
            node.spool_age, node.spool_age_text = node._age(archive)
            node.outbox_count = node_report.number(archive, "outbox_count")
            node.quarantine_count = node_report.number(archive, "quarantine_count")
            size = node_report.number(archive, "disk_size")
            free = node_report.number(archive, "disk_free")
            known = bool(size) and free is not None
            node.disk_percent = 100 * (1 - min(free / size, 1)) if known else 0
            node.disk_free_gb = (free or 0) / 1e9
            node.damaged_count = node_report.number(archive, "damaged")
            node.upload_count = node_report.number(upload, "spool_count")
            node.upload_age, node.upload_age_text = node._age(upload)
            node.upload_kib = (node_report.number(upload, "bytes_per_second") or 0) / 1024
            node.upload_error = node_report.text(upload, "error")

    @api.model
    def _age(self, report):
        """Seconds and words for how old the oldest waiting file is."""
        if not report:
            return 0, False
        oldest = node_report.moment(report, "spool_oldest")
        if not oldest:
            return 0, self.env._("None Waiting")
        span = fields.Datetime.now() - oldest
        return max(int(span.total_seconds()), 0), self.env["imaging.device"]._duration(span)

    @api.model
    def report(self, process, report):
        """Keep what a process of the calling node tells of itself: docs/architecture.md,
        "Node → portal: reports"."""
        node = self._require_node()
        try:
            node.process_ids._keep(node, process, report)
        except node_report.ReportError as error:
            raise UserError(str(error)) from error
        if process == "receive":
            moments = node_report.last_images(report)
            hospitals = node._hospitals()
            node.env["imaging.device"]._note_images(moments, hospitals)
        return {}
