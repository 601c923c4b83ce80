from datetime import timedelta

from odoo import api, fields, models

from .. import node_report

PROCESSES = [
    ("receive", "Receiver"),
    ("archive", "Archive"),
    ("retrieve", "Retrieval"),
    ("upload", "Upload"),
    ("web", "Image Server"),
    ("render", "3D Renderer"),
]
SILENT_AFTER = timedelta(seconds=60)


class ImagingNodeProcess(models.Model):
    """A process of a node and its last report."""

    _name = "imaging.node.process"
    _description = "Node Process"
    _order = "node_id, process"
    _rec_name = "process"

    node_id = fields.Many2one("imaging.node", required=True, readonly=True, ondelete="cascade")
    process = fields.Selection(PROCESSES, required=True, readonly=True)
    last_report = fields.Datetime(required=True, readonly=True)
    started = fields.Datetime(readonly=True)
    version = fields.Char(readonly=True)
    host = fields.Char(string="Machine", readonly=True)
    report = fields.Json(readonly=True)
    down = fields.Boolean(
        compute="_compute_down", search="_search_down", help="It has been silent for 60 seconds."
    )
    state_text = fields.Char(string="State", compute="_compute_state_text")

    _process_unique = models.Constraint(
        "UNIQUE (node_id, process)", "This process is listed already."
    )

    @api.depends("last_report")
    def _compute_down(self):
        limit = fields.Datetime.now() - SILENT_AFTER
        for process in self:
            process.down = process.last_report < limit

    def _search_down(self, operator, value):
        if operator != "in":
            return NotImplemented
        limit = fields.Datetime.now() - SILENT_AFTER
        if set(value) == {True}:
            return [("last_report", "<", limit)]
        if set(value) == {False}:
            return [("last_report", ">=", limit)]
        return []

    @api.depends("last_report", "report")
    def _compute_state_text(self):
        duration = self.env["imaging.device"]._duration
        now = fields.Datetime.now()
        for process in self:
            if process.down:
                process.state_text = self.env._(
                    "Down, silent for %(time)s", time=duration(now - process.last_report)
                )
            else:
                process.state_text = self.env._("Running")

    @api.model
    def _keep(self, node, process, report):
        """Keep the newest report of one process of `node`."""
        kept = node_report.check(process, report)
        values = {
            "last_report": fields.Datetime.now(),
            "started": node_report.moment(report, "started"),
            "version": node_report.text(report, "version", 64),
            "host": node_report.text(report, "host", 255),
            "report": kept,
        }
        found = self.search([("node_id", "=", node.id), ("process", "=", process)])
        if found:
            found.write(values)
        else:
            self.create({**values, "node_id": node.id, "process": process})
