import re

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..study_events import UID, EventError

METHODS = [("move", "C-MOVE"), ("get", "C-GET")]
STATES = [
    ("draft", "Draft"),
    ("waiting", "Waiting"),
    ("running", "Running"),
    ("done", "Done"),
    ("failed", "Failed"),
    ("cancelled", "Cancelled"),
]
OPEN = ("waiting", "running")
WINDOW = re.compile(r"\s*(\d{1,2})\s*-\s*(\d{1,2})\s*")
MAX_OPEN = 500
MAX_MISSING_JOBS = 200


class ImagingRetrieval(models.Model):
    """A query and retrieve job: the node fetches studies from a device (ARC-4.2)."""

    _name = "imaging.retrieval"
    _inherit = ["imaging.guarded"]
    _description = "Retrieval"
    _order = "id desc"

    name = fields.Char(compute="_compute_name")
    device_id = fields.Many2one(
        "imaging.device",
        string="Fetch From",
        required=True,
        index=True,
        ondelete="restrict",
        domain="[('host', '!=', False), ('port', '>', 0)]",
        help="A device or PACS whose own address and port are known.",
    )
    hospital_id = fields.Many2one(
        related="device_id.hospital_id", string="Hospital", store=True, index=True
    )
    node_id = fields.Many2one(
        "imaging.node",
        string="Done By",
        readonly=True,
        copy=False,
        index=True,
        ondelete="restrict",
        help="The centre's node: it knows what is stored already, and what is missing.",
    )
    plan_id = fields.Many2one(
        "imaging.retrieval.plan", readonly=True, copy=False, ondelete="set null"
    )
    parent_id = fields.Many2one(
        "imaging.retrieval",
        string="Repeats",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
    )
    method = fields.Selection(
        METHODS,
        required=True,
        default="move",
        help="C-MOVE: the device sends to the archive's own AE title. C-GET: over the same "
        "connection, for devices that cannot connect back.",
    )
    date_from = fields.Date(string="Study Date from")
    date_to = fields.Date(string="Study Date to")
    modality = fields.Char(help="Such as CT; empty: any.")
    accession_number = fields.Char(
        groups="imaging_base.group_hospital_admin,imaging_base.group_platform_admin"
    )
    patient_number = fields.Char(
        groups="imaging_base.group_hospital_admin,imaging_base.group_platform_admin"
    )
    study_uid = fields.Char(string="Study UID")
    hours = fields.Char(
        string="Only at These Hours",
        help="Whole hours in which the device may be asked, such as 20-24, 0-6. Empty: always.",
    )
    per_minute = fields.Integer(
        string="Studies per Minute", help="So that the device is not overloaded. 0: no limit."
    )
    state = fields.Selection(
        STATES, required=True, readonly=True, default="draft", copy=False, index=True
    )
    cancel_requested = fields.Boolean(readonly=True, copy=False)
    found = fields.Integer(string="Studies Found", readonly=True, copy=False)
    done = fields.Integer(string="Studies Fetched", readonly=True, copy=False)
    failed = fields.Integer(string="Studies Failed", readonly=True, copy=False)
    instances = fields.Integer(string="Images", readonly=True, copy=False)
    progress = fields.Float(string="Progress (%)", compute="_compute_progress")
    missing = fields.Text(string="Missing Studies", readonly=True, copy=False)
    missing_count = fields.Integer(string="Missing", readonly=True, copy=False)
    error = fields.Text(readonly=True, copy=False)
    reported_at = fields.Datetime(string="Last News", readonly=True, copy=False)

    _open_idx = models.Index("(node_id, id) WHERE state IN ('waiting', 'running')")

    @api.depends("device_id", "date_from", "date_to")
    def _compute_name(self):
        for job in self:
            days = [str(day) for day in (job.date_from, job.date_to) if day]
            job.name = " ".join([job.device_id.name or "", *dict.fromkeys(days)])

    @api.depends("found", "done", "failed")
    def _compute_progress(self):
        for job in self:
            job.progress = 100 * (job.done + job.failed) / job.found if job.found else 0

    @api.constrains("device_id")
    def _check_device(self):
        for job in self:
            if not (job.device_id.host and job.device_id.port):
                raise ValidationError(
                    self.env._(
                        "%(device)s: its own address and port are needed to fetch from it.",
                        device=job.device_id.display_name,
                    )
                )

    @api.constrains("date_from", "date_to", "hours", "per_minute", "study_uid", "modality")
    def _check_criteria(self):
        for job in self:
            if job.date_from and job.date_to and job.date_from > job.date_to:
                raise ValidationError(self.env._("The study dates are in the wrong order."))
            if not 0 <= job.per_minute <= 600:
                raise ValidationError(self.env._("Studies per minute: 0 to 600."))
            if job.study_uid and not UID.fullmatch(job.study_uid):
                raise ValidationError(self.env._("Study UID: digits and dots, 64 at most."))
            if job.modality and not re.fullmatch(r"[A-Z0-9]{1,16}", job.modality):
                raise ValidationError(self.env._("Modality: capital letters, such as CT."))
            self._windows(job.hours)

    @api.model
    def _windows(self, text):
        """`20-24, 0-6` as [[20, 24], [0, 6]]; raises ValidationError."""
        windows = []
        for part in (text or "").split(",") if (text or "").strip() else []:
            match = WINDOW.fullmatch(part)
            start, end = (int(match[1]), int(match[2])) if match else (0, 0)
            if not 0 <= start < end <= 24:
                raise ValidationError(
                    self.env._(
                        "Hours %(part)r: write them such as 20-24, 0-6; each from 0 to 24, the "
                        "first before the second.",
                        part=part,
                    )
                )
            windows.append([start, end])
        return windows

    def write(self, vals):
        if not self.env.su and self.filtered(lambda job: job.state != "draft"):
            raise UserError(self.env._("A retrieval that was started is not changed: repeat it."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_drafts_only(self):
        if self.filtered(lambda job: job.state != "draft"):
            raise UserError(self.env._("Only a draft is deleted; the others are the record."))

    def action_start(self):
        self.check_access("write")
        for job in self:
            if job.state != "draft":
                raise UserError(self.env._("This retrieval was started already."))
            # The patient's number is not every starter's to read.
            given = job.sudo()
            if not (
                given.date_from
                or given.date_to
                or given.accession_number
                or given.patient_number
                or given.study_uid
            ):
                raise UserError(
                    self.env._(
                        "Give a study date, an accession number, a patient number or a Study "
                        "UID: everything that a device has is too much."
                    )
                )
            # Which node does it is not the starter's to read.
            node = self.env["imaging.node"].sudo()._centre()
            job.sudo().write({"state": "waiting", "node_id": node.id})

    def action_cancel(self):
        self.check_access("write")
        for job in self:
            if job.state == "draft":
                job.sudo().state = "cancelled"
            elif job.state in OPEN:
                job.sudo().cancel_requested = True

    def action_repeat(self):
        """The same once more, as a draft that can be changed."""
        self.ensure_one()
        job = self.copy()
        job.sudo().parent_id = self
        return job._open()

    def action_fetch_missing(self):
        """A job for each study that this one could not get, started at once."""
        self.ensure_one()
        uids = [uid for uid in (self.missing or "").split() if UID.fullmatch(uid)]
        if not uids:
            raise UserError(self.env._("Nothing is missing."))
        jobs = self.create(
            [
                {
                    "device_id": self.device_id.id,
                    "method": self.method,
                    "hours": self.hours,
                    "per_minute": self.per_minute,
                    "study_uid": uid,
                }
                for uid in uids[:MAX_MISSING_JOBS]
            ]
        )
        jobs.sudo().parent_id = self
        jobs.action_start()
        return {
            **self.env["ir.actions.act_window"]._for_xml_id(
                "imaging_archive.imaging_retrieval_action"
            ),
            "domain": [("id", "in", jobs.ids)],
        }

    def _open(self):
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
        }

    @api.model
    def _configuration(self, node):
        """The entries of `retrievals[]` for the node that does them."""
        jobs = self.search(
            [("state", "in", OPEN), ("node_id", "=", node.id)], order="id", limit=MAX_OPEN
        )
        return [
            {
                "id": job.id,
                "device": job.device_id.ae_title,
                "method": job.method,
                "date_from": (job.date_from and job.date_from.isoformat()) or None,
                "date_to": (job.date_to and job.date_to.isoformat()) or None,
                "modality": job.modality or "",
                "accession_number": job.accession_number or "",
                "patient_id": job.patient_number or "",
                "study_uid": job.study_uid or "",
                "hours": self._windows(job.hours),
                "per_minute": job.per_minute,
                "cancelled": job.cancel_requested,
            }
            for job in jobs
        ]

    @api.model
    def _apply(self, events, node):
        """Keep the newest state of each job. `events`: list of study_events.RetrievalEvent."""
        newest = {}
        for event in events:
            if event.number not in newest or newest[event.number].at <= event.at:
                newest[event.number] = event
        jobs = {job.id: job for job in self.browse(newest).exists()}
        for number, event in newest.items():
            job = jobs.get(number)
            if not job or job.node_id != node:
                raise EventError(f"retrieval.id: {number} is no retrieval of this node")
            if job.reported_at and job.reported_at > event.at:
                continue
            job.write(
                {
                    "state": event.state,
                    "found": event.found,
                    "done": event.done,
                    "failed": event.failed,
                    "instances": event.instances,
                    "missing": "\n".join(event.missing),
                    "missing_count": len(event.missing),
                    "error": event.error,
                    "reported_at": event.at,
                }
            )
