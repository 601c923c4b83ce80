from odoo import api, fields, models
from odoo.exceptions import UserError

STATES = [
    ("doubtful", "To Be Looked at"),
    ("automatic", "Automatic"),
    ("confirmed", "Confirmed"),
    ("rejected", "Rejected"),
    ("undone", "Undone"),
]
MADE = ("automatic", "confirmed")
# What stands side by side: field of the study, field of the order.
SIDES = (
    ("accession_number", "accession_number"),
    ("patient_number", "patient_number"),
    ("patient_name", "patient_name"),
    ("patient_alphabetic_name", "patient_alphabetic_name"),
    ("patient_sex", "patient_sex"),
    ("patient_birth_date", "patient_birth_date"),
    ("modality", "modality"),
    ("body_part", "body_part"),
    ("description", "procedure"),
    ("study_date", "scheduled_at"),
    ("study_uid", "study_uid"),
)


class ImagingMatch(models.Model):
    """A study and an order that are, or may be, the same examination."""

    _name = "imaging.match"
    _inherit = ["imaging.guarded"]
    _description = "Match of Study and Order"
    _order = "id desc"

    study_id = fields.Many2one(
        "imaging.study", required=True, readonly=True, index=True, ondelete="cascade"
    )
    order_id = fields.Many2one(
        "imaging.order", required=True, readonly=True, index=True, ondelete="cascade"
    )
    hospital_id = fields.Many2one(
        "imaging.hospital", required=True, readonly=True, ondelete="restrict"
    )
    rule_id = fields.Many2one("imaging.match.rule", readonly=True, ondelete="set null")
    confidence = fields.Float(digits=(5, 4), readonly=True, aggregator="avg")
    outcomes = fields.Json(readonly=True)
    criteria = fields.Text(compute="_compute_criteria")
    sides = fields.Html(string="Side by Side", compute="_compute_sides", sanitize=False)
    state = fields.Selection(STATES, required=True, readonly=True, index=True)
    decided_by_id = fields.Many2one("res.users", readonly=True)
    decided_at = fields.Datetime(readonly=True)
    before = fields.Json(readonly=True)

    patient_name = fields.Char(related="study_id.patient_name")
    study_date = fields.Date(related="study_id.study_date")
    modality = fields.Char(related="study_id.modality")
    accession_number = fields.Char(
        related="study_id.accession_number", string="Accession Number of the Images"
    )
    order_number = fields.Char(
        related="order_id.accession_number", string="Accession Number of the Order"
    )
    order_patient_name = fields.Char(
        related="order_id.patient_name", string="Patient Name of the Order"
    )

    _pair_unique = models.UniqueIndex("(study_id, order_id)")
    _work_idx = models.Index("(hospital_id, id DESC) WHERE state = 'doubtful'")

    @api.depends("study_id", "order_id")
    def _compute_display_name(self):
        for match in self:
            match.display_name = f"{match.study_id.display_name} – {match.order_id.display_name}"

    @api.depends("outcomes")
    def _compute_criteria(self):
        criterion = self.env["imaging.match.rule.line"]._fields["criterion"]
        names = dict(criterion._description_selection(self.env))
        words = {
            "agrees": self.env._("agrees"),
            "differs": self.env._("differs"),
            "missing": self.env._("missing"),
        }
        for match in self:
            match.criteria = "\n".join(
                f"{names.get(criterion, criterion)}: {words[outcome]} ({weight})"
                for criterion, outcome, weight in match.outcomes or []
            )

    @api.depends("study_id", "order_id")
    def _compute_sides(self):
        for match in self:
            match.sides = self.env["ir.qweb"]._render(
                "imaging_archive.match_sides", {"rows": match._rows()}
            )

    def _rows(self):
        """What stands side by side: name, the study's words, the order's, whether they differ."""
        rows = []
        for left, right in SIDES:
            study, order = self.study_id, self.order_id
            ours = self._words(study, left)
            theirs = self._words(order, right)
            same = theirs[: len(ours)] == ours if left == "study_date" else ours == theirs
            free = left in ("description", "body_part")
            rows.append(
                {
                    "name": order._fields[right].get_description(self.env)["string"],
                    "study": ours,
                    "order": theirs,
                    "differs": bool(ours and theirs and not same and not free),
                }
            )
        return rows

    @api.model
    def _words(self, record, name):
        field, value = record._fields[name], record[name]
        if not value:
            return ""
        if field.type == "selection":
            return dict(field._description_selection(self.env)).get(value, value)
        if field.type == "datetime":
            return fields.Datetime.context_timestamp(record, value).strftime("%Y-%m-%d %H:%M")
        return str(value)

    def action_confirm(self):
        self.check_access("write")
        for match in self:
            if match.state not in ("doubtful", "rejected", "undone"):
                raise UserError(self.env._("This match is made already."))
            match._decide("confirmed", "match_confirm")
            match._make()

    def action_reject(self):
        self.check_access("write")
        for match in self:
            if match.state != "doubtful":
                raise UserError(self.env._("Only a match to be looked at is rejected."))
            match._decide("rejected", "match_reject")

    def action_undo(self):
        """Put back what was there before; the pair is not proposed again."""
        self.check_access("write")
        for match in self:
            if match.state not in MADE:
                raise UserError(self.env._("This match is not made."))
            match._decide("undone", "match_undo")
            match._restore()

    def _decide(self, state, act):
        # The buttons write what no form may, once the rules have been checked.
        self.sudo().write(
            {"state": state, "decided_by_id": self.env.uid, "decided_at": fields.Datetime.now()}
        )
        self.env["imaging.access.log"]._record_act(
            act, self.hospital_id, study=self.study_id, reason=self.order_id.accession_number
        )

    def _make(self):
        """Tie the study to the order, noting what was there before."""
        for match in self.sudo():
            study, order = match.study_id, match.order_id
            other = match.search(
                [
                    ("study_id", "=", study.id),
                    ("state", "in", MADE),
                    ("id", "!=", match.id),
                ]
            )
            match.before = {
                "order_id": study.order_id.id,
                "order_state": order.state,
                "match_id": other[:1].id,
                "match_state": other[:1].state,
            }
            other.state = "undone"
            previous = study.order_id
            study.order_id = order
            order.state = "imaged"
            (previous - order)._settle_state()

    def _restore(self):
        for match in self.sudo():
            before, study, order = match.before or {}, match.study_id, match.order_id
            if study.order_id == order:
                study.order_id = (
                    self.env["imaging.order"].sudo().browse(before.get("order_id") or []).exists()
                )
                study.order_id._settle_state()
            earlier = match.browse(before.get("match_id") or []).exists()
            if earlier and study.order_id == earlier.order_id:
                earlier.state = before["match_state"]
            order._settle_state(before.get("order_state"))

    def action_open_study(self):
        self.ensure_one()
        return self.study_id.get_formview_action()
