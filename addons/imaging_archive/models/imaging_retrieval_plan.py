from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .imaging_retrieval import METHODS

TIMEZONE = "Asia/Shanghai"
MAX_DAYS = 31


class ImagingRetrievalPlan(models.Model):
    """Fetches from a device each day what the last days brought."""

    _name = "imaging.retrieval.plan"
    _inherit = ["imaging.guarded"]
    _description = "Daily Retrieval"
    _order = "hospital_id, hour, id"

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    device_id = fields.Many2one(
        "imaging.device",
        string="Fetch From",
        required=True,
        index=True,
        ondelete="restrict",
        domain="[('host', '!=', False), ('port', '>', 0)]",
    )
    hospital_id = fields.Many2one(
        related="device_id.hospital_id", string="Hospital", store=True, index=True
    )
    method = fields.Selection(METHODS, required=True, default="move")
    hour = fields.Float(
        string="Daily at", required=True, default=1, help="In the hospital's time zone."
    )
    days = fields.Integer(
        string="Days Back",
        required=True,
        default=1,
        help="1: yesterday's studies; 3: those of the last three days. Today is not asked for.",
    )
    modality = fields.Char(help="Such as CT; empty: any.")
    hours = fields.Char(
        string="Only at These Hours",
        help="Whole hours in which the device may be asked, such as 20-24, 0-6. Empty: always.",
    )
    per_minute = fields.Integer(
        string="Studies per Minute", help="So that the device is not overloaded. 0: no limit."
    )
    last_day = fields.Date(string="Last Run", readonly=True, copy=False)
    retrieval_ids = fields.One2many("imaging.retrieval", "plan_id", string="Retrievals")

    @api.constrains("hour", "days", "hours", "per_minute", "device_id")
    def _check_values(self):
        for plan in self:
            if not 0 <= plan.hour < 24:
                raise ValidationError(self.env._("Daily at: a time from 00:00 to 23:59."))
            if not 1 <= plan.days <= MAX_DAYS:
                raise ValidationError(self.env._("Days back: 1 to %(limit)s.", limit=MAX_DAYS))
            # As a job it would be refused in the night, when nobody looks.
            self.env["imaging.retrieval"].new(plan._values(fields.Date.today()))._check_criteria()
            if not (plan.device_id.host and plan.device_id.port):
                raise ValidationError(
                    self.env._(
                        "%(device)s: its own address and port are needed to fetch from it.",
                        device=plan.device_id.display_name,
                    )
                )

    def _values(self, today):
        return {
            "device_id": self.device_id.id,
            "method": self.method,
            "date_from": today - timedelta(days=self.days),
            "date_to": today - timedelta(days=1),
            "modality": self.modality,
            "hours": self.hours,
            "per_minute": self.per_minute,
        }

    @api.model
    def _cron_plan(self):
        """Start what is due today and was not started yet."""
        now = datetime.now(UTC)
        for plan in self.search([("hospital_id.active", "=", True)]):
            local = now.astimezone(ZoneInfo(plan.hospital_id.tz or TIMEZONE))
            due = local.hour + local.minute / 60 >= plan.hour
            if due and (not plan.last_day or plan.last_day < local.date()):
                plan._run(local.date())

    def action_run(self):
        """Now, whatever the hour."""
        self.ensure_one()
        self.check_access("write")
        return self._run(fields.Date.context_today(self))._open()

    def _run(self, today):
        job = self.env["imaging.retrieval"].create(self._values(today))
        job.sudo().plan_id = self
        job.action_start()
        # The day is the plan's own note.
        self.sudo().last_day = today
        return job
