from odoo import api, fields, models
from odoo.exceptions import ValidationError


class ImagingNode(models.Model):
    """When a node needs somebody: thresholds of its own, each with a default."""

    # One concern a file.  pylint: disable=consider-merging-classes-inherited
    _inherit = "imaging.node"

    alarm_spool_minutes = fields.Integer(
        string="Alarm: Images Wait (minutes)",
        default=15,
        help="An alarm is raised when the oldest image in the spool or the upload has waited "
        "longer. 0: never.",
    )
    alarm_disk_percent = fields.Integer(
        string="Alarm: Disk in Use (%)",
        default=80,
        help="An alarm is raised from this share of the disk. Keep it below the share from which "
        "the node refuses. 0: never.",
    )
    alarm_ids = fields.One2many(
        "imaging.alarm", "node_id", string="Open Alarms", domain=[("closed", "=", False)]
    )
    alarm_count = fields.Integer(string="Number of Open Alarms", compute="_compute_alarm_count")

    @api.depends("alarm_ids.closed")
    def _compute_alarm_count(self):
        counts = dict(
            self.env["imaging.alarm"]._read_group(
                [("node_id", "in", self.ids), ("closed", "=", False)], ["node_id"], ["__count"]
            )
        )
        for node in self:
            node.alarm_count = counts.get(node, 0)

    @api.constrains("alarm_spool_minutes", "alarm_disk_percent")
    def _check_alarms(self):
        for node in self:
            if node.alarm_spool_minutes < 0 or not 0 <= node.alarm_disk_percent <= 100:
                raise ValidationError(
                    self.env._("Node %(node)s: an alarm's threshold is impossible.", node=node.name)
                )

    def _faults(self):
        """What is wrong now: list of (kind, process or False, detail, since)."""
        self.ensure_one()
        faults = [
            ("silent", one.process, one.host or "", one.last_report)
            for one in self.process_ids.filtered("down")
        ]
        now = fields.Datetime.now()
        # What a silent process said last is no news.
        running = set(self.process_ids.filtered(lambda one: not one.down).mapped("process"))
        for process, age in (("archive", self.spool_age), ("upload", self.upload_age)):
            if self.alarm_spool_minutes and age > self.alarm_spool_minutes * 60:
                faults.append(("spool", process, f"> {self.alarm_spool_minutes} min", now))
        if self.alarm_disk_percent and self.disk_percent >= self.alarm_disk_percent:
            faults.append(("disk", "archive", f">= {self.alarm_disk_percent} %", now))
        if self.upload_error:
            faults.append(("upload", "upload", self.upload_error, now))
        if self.s3_error:
            faults.append(("s3", "archive", self.s3_error, now))
        if self.damaged_count:
            faults.append(("damage", "archive", str(self.damaged_count), now))
        return [fault for fault in faults if fault[0] == "silent" or fault[1] in running]
