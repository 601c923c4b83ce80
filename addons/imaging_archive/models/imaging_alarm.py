from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

from .imaging_node_process import PROCESSES

KINDS = [
    ("silent", "Process Is Silent"),
    ("spool", "Images Wait Too Long"),
    ("disk", "Disk Is Filling Up"),
    ("upload", "Upload Fails"),
    ("s3", "Object Store Fails"),
    ("damage", "Damaged Objects"),
]


class ImagingAlarm(models.Model):
    """Something at a node that somebody has to look after; opened and closed by itself."""

    _name = "imaging.alarm"
    _description = "Alarm"
    _order = "id desc"
    _rec_name = "kind"

    node_id = fields.Many2one(
        "imaging.node", required=True, readonly=True, index=True, ondelete="cascade"
    )
    kind = fields.Selection(KINDS, required=True, readonly=True)
    process = fields.Selection(PROCESSES, readonly=True)
    detail = fields.Char(readonly=True)
    opened = fields.Datetime(string="Since", required=True, readonly=True)
    closed = fields.Datetime(string="Until", readonly=True, index=True)

    _open_unique = models.UniqueIndex("(node_id, kind, COALESCE(process, '')) WHERE closed IS NULL")

    @api.model
    def _cron_watch(self):
        """Open what has become wrong, close what is right again, tell the operators."""
        # Every node is watched.  pylint: disable=no-search-all
        nodes = self.env["imaging.node"].search([])
        wrong = {}
        for node in nodes:
            for kind, process, detail, since in node._faults():
                wrong[node.id, kind, process] = (detail, since)
        known = {
            (one.node_id.id, one.kind, one.process): one
            for one in self.search([("closed", "=", False)])
        }
        for key, alarm in known.items():
            if key not in wrong:
                alarm.closed = fields.Datetime.now()
            elif (alarm.detail or "") != wrong[key][0]:
                alarm.detail = wrong[key][0]
        opened = self.create(
            [
                {
                    "node_id": node,
                    "kind": kind,
                    "process": process,
                    "detail": detail,
                    "opened": since,
                }
                for (node, kind, process), (detail, since) in wrong.items()
                if (node, kind, process) not in known
            ]
        )
        opened._tell()

    def _tell(self):
        """A banner on the screen of whoever may see the alarm and is there."""
        for alarm in self:
            for user in alarm._watchers():
                words = alarm.with_context(lang=user.lang)
                user._bus_send(
                    "simple_notification",
                    {
                        "type": "danger",
                        "sticky": True,
                        "title": words._title(),
                        "message": words.detail or "",
                    },
                )

    def _title(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        return f"{self.node_id.name}: {kinds[self.kind]}"

    def _watchers(self):
        operators = self.env.ref("imaging_base.group_operations").all_user_ids
        operators |= self.env.ref("imaging_base.group_platform_admin").all_user_ids
        return operators.filtered(lambda user: user.active).filtered(
            lambda user: self.with_user(user)._filtered_access("read")
        )

    @api.autovacuum
    def _vacuum(self):
        """Closed alarms of a year ago are forgotten."""
        limit = fields.Datetime.now() - timedelta(days=366)
        self.search(Domain("closed", "<", limit), limit=10000).unlink()
