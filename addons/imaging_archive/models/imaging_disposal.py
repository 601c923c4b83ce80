from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..study_events import EventError

STATES = [
    ("proposed", "Proposed"),
    ("requested", "Requested"),
    ("approved", "Approved"),
    ("done", "Deleted"),
    ("refused", "Kept"),
]
MAX_OPEN = 200


class ImagingDisposal(models.Model):
    """The deletion of a study's images after their time: proposed by a rule, requested by one
    person, approved by another, done by the node."""

    _name = "imaging.disposal"
    _inherit = ["imaging.guarded"]
    _description = "Disposal"
    _order = "id desc"
    _rec_name = "study_id"

    study_id = fields.Many2one(
        "imaging.study", required=True, readonly=True, index=True, ondelete="restrict"
    )
    hospital_id = fields.Many2one(
        "imaging.hospital", required=True, readonly=True, index=True, ondelete="restrict"
    )
    rule_id = fields.Many2one("imaging.retention.rule", readonly=True, ondelete="set null")
    state = fields.Selection(STATES, required=True, readonly=True, default="proposed", index=True)
    patient_name = fields.Char(related="study_id.patient_name")
    study_date = fields.Date(related="study_id.study_date")
    modality = fields.Char(related="study_id.modality")
    accession_number = fields.Char(related="study_id.accession_number")
    instance_count = fields.Integer(related="study_id.instance_count")
    size_mb = fields.Float(related="study_id.size_mb")
    reason = fields.Char(help="Why the images are kept, or what there is to say of the deletion.")
    requested_by_id = fields.Many2one("res.users", readonly=True)
    requested_at = fields.Datetime(readonly=True)
    approved_by_id = fields.Many2one("res.users", readonly=True)
    approved_at = fields.Datetime(readonly=True)
    done_at = fields.Datetime(string="Deleted At", readonly=True)
    deleted_instances = fields.Integer(string="Images Deleted", readonly=True)
    deleted_size = fields.Float(string="Deleted (bytes)", digits=(18, 0), readonly=True)
    error = fields.Text(readonly=True)

    _open_unique = models.UniqueIndex(
        "(study_id) WHERE state IN ('proposed', 'requested', 'approved')"
    )

    @api.model
    def _propose(self, studies, rule):
        """Put `studies` on the list; the caller has chosen them by `rule`."""
        self.create(
            [
                {"study_id": study.id, "hospital_id": study.hospital_id.id, "rule_id": rule.id}
                for study in studies
            ]
        )

    def action_request(self):
        self._check_may("proposed")
        self._set("requested", "requested_by_id", "requested_at", "disposal_request")

    def action_approve(self):
        self._check_may("requested")
        if any(one.requested_by_id == self.env.user for one in self):
            raise UserError(
                self.env._("Whoever asked for it cannot approve it: a second person has to.")
            )
        self._set("approved", "approved_by_id", "approved_at", "disposal_approve")

    def action_refuse(self):
        """Keep the images; the rule does not propose them again."""
        self._check_may("proposed", "requested", "approved")
        for one in self:
            if not (one.reason or "").strip():
                raise UserError(self.env._("Say first why the images are kept."))
            self._log(one, "disposal_refuse")
        # The buttons write what no form may, once the rules have been checked.
        self.sudo().state = "refused"

    def action_propose_again(self):
        self._check_may("refused")
        if self.sudo().filtered("study_id.disposed"):
            raise UserError(self.env._("These images are deleted already."))
        self.sudo().write({"state": "proposed", "requested_by_id": False, "approved_by_id": False})

    def _check_may(self, *states):
        self.check_access("write")
        user = self.env.user
        if not (
            user.has_group("imaging_base.group_hospital_admin")
            or user.has_group("imaging_base.group_platform_admin")
        ):
            raise AccessError(self.env._("Only an administrator may decide this."))
        if self.filtered(lambda one: one.state not in states):
            raise UserError(self.env._("Somebody else has decided already: load the page anew."))
        if states != ("refused",) and self.sudo().filtered("study_id.legal_hold"):
            raise UserError(self.env._("This study is on legal hold."))

    def _set(self, state, who, when, act):
        self.sudo().write({"state": state, who: self.env.uid, when: fields.Datetime.now()})
        for one in self:
            self._log(one, act)

    @api.model
    def _log(self, one, act):
        self.env["imaging.access.log"]._record_act(
            act, one.hospital_id, study=one.study_id, reason=one.reason or ""
        )

    @api.model
    def _stop(self, studies):
        """Nothing of `studies` (on hold) is deleted any more, whoever approved it."""
        self.search(
            [
                ("study_id", "in", studies.ids),
                ("state", "in", ("proposed", "requested", "approved")),
            ]
        ).write({"state": "refused", "reason": self.env._("Legal hold")})

    @api.model
    def _configuration(self, node):
        """The entries of `disposals[]`: approved by two, and not held in the meantime."""
        if node.kind != "centre":
            return []
        approved = self.search(
            [("state", "=", "approved"), ("study_id.legal_hold", "=", False)],
            order="id",
            limit=MAX_OPEN,
        )
        return [{"id": one.id, "study_uid": one.study_id.study_uid} for one in approved]

    @api.model
    def _apply(self, events):
        """Note what the node has deleted. `events`: list of study_events.DisposalEvent."""
        known = {one.id: one for one in self.browse({e.number for e in events}).exists()}
        for event in events:
            one = known.get(event.number)
            if not one or one.study_id.study_uid != event.study_uid:
                raise EventError(f"disposal.id: {event.number} is no disposal of this study")
            if one.state == "done":
                continue
            if event.error:
                one.error = event.error
                continue
            one.write(
                {
                    "state": "done",
                    "done_at": event.at,
                    "deleted_instances": event.instances,
                    "deleted_size": event.size,
                    "error": False,
                }
            )
            one.study_id.disposed = True
            self.env["imaging.access.log"]._record_act(
                "disposal_done", one.hospital_id, study=one.study_id, reason=f"{event.instances}"
            )
