from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from .. import quarantine_details
from ..study_events import EventError

REASONS = [
    ("unreadable", "Unreadable"),
    ("invalid_uid", "Invalid UID"),
    ("mismatch", "Command and data differ"),
    ("conflict", "Same UID, other content"),
    ("other_hospital", "Study of another hospital"),
]

STATES = [
    ("held", "Held"),
    ("releasing", "On Its Way"),
    ("archived", "Archived"),
    ("discarded", "Discarded"),
    ("refused", "Refused by the Node"),
]
ACTIONS = [("retry", "Judge Again"), ("accept", "Take In"), ("discard", "Discard")]
MAX_OPEN = 1000


class ImagingQuarantine(models.Model):
    """What a device sent and the node could not store; the bytes lie at the node."""

    _name = "imaging.quarantine"
    _inherit = ["imaging.guarded"]
    _description = "Quarantined Instance"
    _order = "at desc, id desc"
    _rec_name = "key"

    key = fields.Char(required=True, readonly=True, help="Under this name the node keeps it.")
    at = fields.Datetime(string="Time", required=True, readonly=True)
    hospital_id = fields.Many2one(
        "imaging.hospital", readonly=True, index=True, ondelete="restrict"
    )
    device_id = fields.Many2one("imaging.device", readonly=True, index=True, ondelete="set null")
    calling_ae = fields.Char(string="Calling AE Title", readonly=True)
    address = fields.Char(readonly=True)
    reason = fields.Selection(REASONS, required=True, readonly=True)
    detail = fields.Text(readonly=True)
    detail_text = fields.Text(string="What Is Wrong", compute="_compute_words")
    study_uid = fields.Char(string="Study UID", readonly=True)
    sop_instance_uid = fields.Char(string="SOP Instance UID", readonly=True)
    size = fields.Float(string="Size (bytes)", digits=(18, 0), readonly=True)
    sha256 = fields.Char(string="SHA-256", readonly=True)
    node_id = fields.Many2one(
        "imaging.node", readonly=True, index=True, ondelete="set null", help="Where it lies."
    )
    state = fields.Selection(
        STATES,
        required=True,
        readonly=True,
        default="held",
        help="On its way: the node has been asked and has not answered yet.",
    )
    action = fields.Selection(ACTIONS, string="Asked For", readonly=True)
    action_user_id = fields.Many2one("res.users", string="Asked By", readonly=True)
    action_at = fields.Datetime(string="Asked At", readonly=True)
    discard_reason = fields.Char(
        string="Why It Is Discarded", help="Why what lies here is not wanted by anybody."
    )
    discard_requester_id = fields.Many2one(
        "res.users",
        string="Discard Requested By",
        readonly=True,
        help="A second person has to agree before anything is deleted.",
    )
    result = fields.Text(string="Node's Answer", readonly=True)
    result_text = fields.Text(string="Node's Answer in Words", compute="_compute_words")
    result_at = fields.Datetime(string="Answered At", readonly=True)

    _key_unique = models.Constraint("UNIQUE (key)", "This instance is listed already.")
    _at_id_idx = models.Index("(at DESC, id DESC)")
    _open_idx = models.Index("(id) WHERE state IN ('held', 'releasing', 'refused')")

    @api.depends("detail", "result")
    @api.depends_context("lang")
    def _compute_words(self):
        for item in self:
            item.detail_text = quarantine_details.words(item.detail, self.env._)
            item.result_text = quarantine_details.words(item.result, self.env._)

    def action_retry(self):
        """Have the node judge it again: after a device or a hospital was put right."""
        self._ask("retry")

    def action_accept(self):
        """Have the node take it in in spite of its reason."""
        self._require_administrator()
        self._ask("accept")

    def action_request_discard(self):
        self._check_open()
        for item in self:
            if not (item.discard_reason or "").strip():
                raise UserError(self.env._("Say first why it is discarded."))
        # The fields are the buttons' to write, once the rules have been checked.
        self.sudo().discard_requester_id = self.env.user

    def action_withdraw_discard(self):
        self._check_open()
        self.sudo().discard_requester_id = False

    def action_approve_discard(self):
        self._require_administrator()
        for item in self:
            if not item.discard_requester_id:
                raise UserError(self.env._("Nobody has asked for it to be discarded."))
            if item.discard_requester_id == self.env.user:
                raise UserError(
                    self.env._("Whoever asked for it cannot approve it: a second person has to.")
                )
        self._ask("discard")

    def _require_administrator(self):
        user = self.env.user
        if not self.env.su and not (
            user.has_group("imaging_base.group_hospital_admin")
            or user.has_group("imaging_base.group_platform_admin")
        ):
            raise AccessError(self.env._("Only an administrator may decide this."))

    def _check_open(self):
        self.check_access("write")
        if closed := self.filtered(lambda item: item.state not in ("held", "refused")):
            raise UserError(self.env._("%(key)s is not held any more.", key=closed[0].key))

    def _ask(self, action):
        self._check_open()
        self.sudo().write(
            {
                "state": "releasing",
                "action": action,
                "action_user_id": self.env.uid,
                "action_at": fields.Datetime.now(),
                "result": False,
            }
        )
        for item in self:
            self.env["imaging.access.log"]._record_act(
                f"quarantine_{action}",
                item.hospital_id,
                study_uid=item.study_uid,
                reason=f"{item.key} {item.discard_reason or ''}".strip(),
            )

    @api.model
    def _configuration(self, node):
        """The entries of `quarantine[]` for the node where the instances lie."""
        asked = self.search(
            [("state", "=", "releasing"), ("node_id", "=", node.id)], order="id", limit=MAX_OPEN
        )
        return [
            {"key": item.key, "hospital": item.hospital_id.code or "", "action": item.action}
            for item in asked
        ]

    @api.model
    def _apply_results(self, events, node):
        """Close what the node has dealt with. `events`: list of QuarantineResultEvent."""
        items = {
            item.key: item for item in self.search([("key", "in", [one.key for one in events])])
        }
        for event in events:
            item = items.get(event.key)
            if not item or item.node_id != node:
                raise EventError(f"quarantine_result.key: {event.key!r} is not held by this node")
            if item.result_at and item.result_at >= event.at.replace(microsecond=0):
                continue
            item.write({"state": event.outcome, "result": event.detail, "result_at": event.at})

    @api.model
    def _apply(self, events, node):
        """Add what is not listed yet. `events`: list of study_events.QuarantineEvent."""
        events = {event.key: event for event in events}
        listed = set(self.search([("key", "in", list(events))]).mapped("key"))
        known = self.env["imaging.hospital"].with_context(active_test=False)
        hospitals = {
            hospital.code: hospital.id
            for hospital in known.search([("code", "in", [e.hospital for e in events.values()])])
        }
        devices = self.env["imaging.device"]._by_ae_title(
            event.calling_ae for event in events.values()
        )
        self.create(
            [
                {
                    "key": event.key,
                    "node_id": node.id,
                    "at": event.at,
                    "hospital_id": hospitals.get(event.hospital),
                    "device_id": devices.get(event.calling_ae),
                    "calling_ae": event.calling_ae,
                    "address": event.address,
                    "reason": event.reason,
                    "detail": event.detail,
                    "study_uid": event.study_uid,
                    "sop_instance_uid": event.sop_instance_uid,
                    "size": event.size,
                    "sha256": event.sha256,
                }
                for event in events.values()
                if event.key not in listed
            ]
        )
