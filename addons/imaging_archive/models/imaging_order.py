from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..study_events import UID
from .imaging_patient import SEXES

STATES = [("registered", "Registered"), ("imaged", "Has Images"), ("cancelled", "Cancelled")]
# A change of these has the matching look again.
IDENTIFYING = {
    "accession_number",
    "patient_number",
    "patient_name",
    "patient_alphabetic_name",
    "patient_birth_date",
    "patient_sex",
    "modality",
    "study_uid",
    "scheduled_at",
    "hospital_id",
}
MAX_EXPECTED = 1000


class ImagingOrder(models.Model):
    """An examination as the RIS or the registration desk knows it, before or after the images."""

    _name = "imaging.order"
    _inherit = ["imaging.guarded", "imaging.hospital.owned"]
    _description = "Examination Order"
    _order = "scheduled_at desc nulls last, id desc"
    _rec_name = "accession_number"
    _rec_names_search = ["accession_number", "patient_name"]

    hospital_id = fields.Many2one(
        "imaging.hospital",
        required=True,
        ondelete="restrict",
        default=lambda self: self.env.user._only_hospital(),
    )
    accession_number = fields.Char(
        required=True, index="trigram", help="Unique within the hospital."
    )
    patient_number = fields.Char(
        index="trigram", help="The hospital's number of the patient, as in the images."
    )
    visit_number = fields.Char(help="Number of the outpatient visit or the admission.")
    patient_name = fields.Char(required=True, index="trigram")
    patient_alphabetic_name = fields.Char(string="Name in Latin Letters")
    patient_sex = fields.Selection(SEXES, string="Sex")
    patient_birth_date = fields.Date(string="Birth Date")
    modality = fields.Char(index=True, help="Such as CT.")
    body_part = fields.Char()
    procedure = fields.Char(string="Requested Procedure")
    scheduled_at = fields.Datetime(string="Examination Time")
    registered_at = fields.Datetime(default=fields.Datetime.now)
    study_uid = fields.Char(
        string="Study UID",
        index="btree_not_null",
        copy=False,
        help="When the RIS has given it to the device beforehand (worklist).",
    )
    expected_instances = fields.Integer(
        string="Expected Images",
        help="When the RIS knows how many images there should be: with the Study UID the "
        "archive then says whether the study is complete. 0: not known.",
    )
    complete = fields.Boolean(
        string="All Images There", readonly=True, copy=False, help="By the archive's count."
    )
    state = fields.Selection(
        STATES, string="Status", required=True, default="registered", readonly=True, copy=False
    )
    study_ids = fields.One2many("imaging.study", "order_id", string="Studies", readonly=True)
    match_due = fields.Boolean(default=True, readonly=True, copy=False)

    _accession_unique = models.Constraint(
        "UNIQUE (hospital_id, accession_number)",
        "This hospital has an order with this accession number already.",
    )
    _order_idx = models.Index("(scheduled_at DESC NULLS LAST, id DESC)")
    _hospital_order_idx = models.Index("(hospital_id, scheduled_at DESC NULLS LAST, id DESC)")
    _patient_number_idx = models.Index("(hospital_id, patient_number)")
    _person_idx = models.Index("(hospital_id, patient_birth_date, patient_name)")
    _match_due_idx = models.Index("(id) WHERE match_due")
    _expected_idx = models.Index("(id) WHERE expected_instances > 0 AND complete IS NOT TRUE")

    @api.depends("accession_number", "patient_name")
    def _compute_display_name(self):
        for order in self:
            parts = (order.accession_number, order.patient_name)
            order.display_name = " ".join(part for part in parts if part)

    @api.constrains("study_uid", "expected_instances", "accession_number")
    def _check_values(self):
        for order in self:
            if order.study_uid and not UID.fullmatch(order.study_uid):
                raise ValidationError(self.env._("Study UID: digits and dots, 64 at most."))
            if order.expected_instances < 0:
                raise ValidationError(self.env._("Expected images: 0 or more."))
            if not order.accession_number.strip():
                raise ValidationError(self.env._("The accession number is missing."))

    @api.model_create_multi
    def create(self, vals_list):
        orders = super().create([self._tidy(vals) for vals in vals_list])
        orders._wake_matching()
        return orders

    def write(self, vals):
        vals = self._tidy(vals)
        renumbers = not self.env.su and {"hospital_id", "accession_number"} & vals.keys()
        if renumbers and self.filtered("study_ids"):
            raise UserError(
                self.env._(
                    "Images belong to this order: undo the match before its hospital or "
                    "accession number is changed."
                )
            )
        wakes = bool(IDENTIFYING & vals.keys())
        result = super().write(vals)
        if wakes:
            self.sudo().match_due = True
            self._wake_matching()
        return result

    @api.model
    def _tidy(self, vals):
        """Numbers without the spaces that copying brings, names as studies have them."""
        tidy = dict(vals)
        for name in ("accession_number", "patient_number", "study_uid", "modality"):
            if isinstance(tidy.get(name), str):
                tidy[name] = tidy[name].strip() or False
        return tidy

    @api.ondelete(at_uninstall=False)
    def _unlink_without_images(self):
        if self.filtered("study_ids"):
            raise UserError(self.env._("Images belong to this order: cancel it instead."))

    def action_cancel(self):
        self.check_access("write")
        if self.filtered("study_ids"):
            raise UserError(self.env._("Images belong to this order: undo the match first."))
        self.sudo().state = "cancelled"

    def action_reopen(self):
        self.check_access("write")
        self.sudo().filtered(lambda order: order.state == "cancelled").write(
            {"state": "registered", "match_due": True}
        )
        self._wake_matching()

    def _wake_matching(self):
        if self:
            self.env.ref("imaging_archive.cron_match").sudo()._trigger()

    @api.model
    def _upsert(self, values_list):
        """Create or update by hospital and accession number, in few statements.

        `values_list`: list of field values, `hospital_id` and `accession_number` in each. Answers
        the orders in the same sequence. Of two for the same number the later one holds.
        """
        values_list = [self._tidy(values) for values in values_list]
        keys = [(one["hospital_id"], one["accession_number"]) for one in values_list]
        merged = {}
        for key, values in zip(keys, values_list, strict=True):
            merged[key] = {**merged.get(key, {}), **values}
        known = {
            (one.hospital_id.id, one.accession_number): one
            for one in self.search(
                [
                    ("hospital_id", "in", list({hospital for hospital, _number in keys})),
                    ("accession_number", "in", list({number for _hospital, number in keys})),
                ]
            )
        }
        for key, order in known.items():
            changed = {
                name: value
                for name, value in merged.get(key, {}).items()
                if self._fields[name].convert_to_write(order[name], order) != (value or False)
            }
            if changed:
                order.write(changed)
        missing = [key for key in merged if key not in known]
        created = self.create([merged[key] for key in missing])
        known.update(zip(missing, created, strict=True))
        return self.browse([known[key].id for key in keys])

    @api.model
    def _configuration(self, hospitals):
        """The entries of `expected[]`: what the RIS says of studies not yet complete."""
        orders = self.search(
            [
                ("expected_instances", ">", 0),
                ("complete", "=", False),
                ("study_uid", "!=", False),
                ("state", "!=", "cancelled"),
                ("hospital_id", "in", hospitals.ids),
            ],
            order="id desc",
            limit=MAX_EXPECTED,
        )
        return [
            {"study_uid": order.study_uid, "instances": order.expected_instances}
            for order in orders
        ]

    @api.model
    def _note_complete(self, uids):
        """The studies of `uids` have all their images: the node need not be told any more."""
        if uids:
            self.search([("study_uid", "in", uids), ("complete", "=", False)]).complete = True

    def _settle_state(self, otherwise="registered"):
        """The status follows the studies; without any it is as it was (`otherwise`)."""
        for order in self.sudo():
            if order.state == "cancelled":
                continue
            order.state = "imaged" if order.study_ids else otherwise or "registered"
