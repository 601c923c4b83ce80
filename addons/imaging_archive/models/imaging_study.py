from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

from ..models.imaging_patient import SEXES

# What a person may change by hand; everything else is as the images say.
EDITABLE = {"properties", "legal_hold", "legal_hold_reason"}
MOST_TOGETHER = 12
MOST_PRIORS = 100
# By these a study finds its order.
IDENTIFYING = (
    "accession_number",
    "patient_number",
    "patient_name",
    "patient_alphabetic_name",
    "patient_birth_date",
    "patient_sex",
    "study_date",
    "modality",
)


class ImagingStudy(models.Model):
    """One row a study, written from the node's events; series and instances stay at the node."""

    _name = "imaging.study"
    _description = "Study"
    _order = "study_date desc nulls last, id desc"
    _rec_names_search = ["patient_name", "accession_number"]

    study_uid = fields.Char(
        string="Study UID", required=True, readonly=True, copy=False, index="trigram"
    )
    hospital_id = fields.Many2one(
        "imaging.hospital", required=True, readonly=True, ondelete="restrict"
    )
    department_id = fields.Many2one(related="device_id.department_id", string="Department")
    patient_id = fields.Many2one(
        "imaging.patient",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    patient_name = fields.Char(readonly=True, index="trigram")
    patient_alphabetic_name = fields.Char(
        string="Name in Latin Letters", readonly=True, index="trigram"
    )
    patient_number = fields.Char(readonly=True, index="trigram")
    patient_sex = fields.Selection(SEXES, string="Sex", readonly=True)
    patient_birth_date = fields.Date(string="Birth Date", readonly=True)
    patient_age = fields.Char(string="Age", compute="_compute_patient_age")
    identity_differs = fields.Boolean(
        readonly=True,
        help="Name, sex or birth date in these images differ from the patient's record: "
        "somebody has to look whether it is the same person.",
    )
    accession_number = fields.Char(readonly=True, index="trigram")
    study_number = fields.Char(readonly=True)
    study_date = fields.Date(readonly=True)
    study_time = fields.Char(readonly=True)
    modality = fields.Char(readonly=True, index=True)
    modalities = fields.Char(string="All Modalities", readonly=True)
    body_part = fields.Char(readonly=True, index=True)
    description = fields.Char(readonly=True)
    referring_physician = fields.Char(readonly=True)
    station_name = fields.Char(readonly=True)
    device_id = fields.Many2one("imaging.device", readonly=True, index=True, ondelete="restrict")
    calling_ae = fields.Char(string="Calling AE Title", readonly=True)
    state = fields.Selection(
        [("arriving", "Arriving"), ("settled", "Settled")],
        string="Status",
        required=True,
        readonly=True,
        default="arriving",
        help="Arriving: images came in during the last minutes. Settled: no further image "
        "came for the time given in the settings.",
    )
    series_count = fields.Integer(string="Series", readonly=True)
    instance_count = fields.Integer(string="Images", readonly=True)
    duplicate_count = fields.Integer(
        string="Duplicates",
        readonly=True,
        help="Images that were sent again, unchanged, and not stored a second time.",
    )
    size = fields.Float(string="Size (bytes)", digits=(18, 0), readonly=True)
    size_mb = fields.Float(string="Size (MB)", digits=(12, 1), compute="_compute_size_mb")
    revision = fields.Float(digits=(18, 0), readonly=True)
    first_received = fields.Datetime(readonly=True)
    last_received = fields.Datetime(readonly=True)
    completeness = fields.Selection(
        [
            ("complete", "Complete"),
            ("incomplete", "Incomplete"),
            ("unknown", "Unknown (no evidence)"),
        ],
        required=True,
        readonly=True,
        default="unknown",
        help="Whether every image has arrived, by what the device or the order says. Without "
        "such evidence it is unknown, however long ago the last image came.",
    )
    expected_count = fields.Integer(string="Expected Images", readonly=True)
    missing_count = fields.Integer(string="Missing Images", readonly=True)
    completeness_source = fields.Selection(
        [
            ("c-find", "Asked the device (C-FIND)"),
            ("mpps", "Told by the device (MPPS)"),
            ("ris", "Order"),
        ],
        string="Evidence",
        readonly=True,
    )
    location = fields.Selection(
        [("online", "Online"), ("nearline", "Near Line"), ("mixed", "Both")],
        string="Stored",
        required=True,
        readonly=True,
        default="online",
        help="Near line: in the object store, a little slower to open.",
    )
    disposed = fields.Boolean(
        readonly=True, help="The images were deleted after their retention time, by two persons."
    )
    order_id = fields.Many2one(
        "imaging.order",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        help="The order that the images belong to, by the matching rules or by hand.",
    )
    match_ids = fields.One2many("imaging.match", "study_id", string="Matches", readonly=True)
    match_due = fields.Boolean(default=True, readonly=True)
    disposal_ids = fields.One2many(
        "imaging.disposal", "study_id", string="Disposals", readonly=True
    )
    legal_hold = fields.Boolean(
        index=True,
        help="The images of this study are not deleted, whatever the retention rules say: a "
        "dispute, an inquiry, research.",
    )
    legal_hold_reason = fields.Char(string="Reason of the Hold")
    properties = fields.Properties(
        "Extra Fields", definition="hospital_id.study_properties_definition"
    )
    can_view = fields.Boolean(compute="_compute_can_view")

    _study_uid_unique = models.Constraint("UNIQUE (study_uid)", "This study is registered already.")
    _order_idx = models.Index("(study_date DESC NULLS LAST, id DESC)")
    _hospital_order_idx = models.Index("(hospital_id, study_date DESC NULLS LAST, id DESC)")
    _incomplete_idx = models.Index(
        "(study_date DESC NULLS LAST, id DESC) WHERE completeness = 'incomplete'"
    )
    _match_due_idx = models.Index("(id) WHERE match_due")
    _accession_idx = models.Index("(hospital_id, accession_number)")
    _patient_number_idx = models.Index("(hospital_id, patient_number)")
    _person_idx = models.Index("(hospital_id, patient_birth_date)")
    _arriving_idx = models.Index("(last_received) WHERE state = 'arriving'")

    @api.depends("patient_name", "study_date", "modality")
    def _compute_display_name(self):
        for study in self:
            parts = (study.patient_name, study.modality, study.study_date)
            study.display_name = " ".join(str(part) for part in parts if part)

    @api.depends("patient_birth_date", "study_date")
    def _compute_patient_age(self):
        for study in self:
            born, day = study.patient_birth_date, study.study_date
            if not born or not day or day < born:
                study.patient_age = False
                continue
            months = (day.year - born.year) * 12 + day.month - born.month - (day.day < born.day)
            if months >= 36:
                study.patient_age = self.env._("%(years)s y", years=months // 12)
            elif months >= 1:
                study.patient_age = self.env._("%(months)s mo", months=months)
            else:
                study.patient_age = self.env._("%(days)s d", days=(day - born).days)

    @api.depends("size")
    def _compute_size_mb(self):
        for study in self:
            study.size_mb = study.size / 1e6

    @api.depends_context("uid")
    @api.depends("disposed")
    def _compute_can_view(self):
        permitted = "view" in self.env["imaging.ticket"]._permissions(self.env.user)
        for study in self:
            study.can_view = permitted and not study.disposed

    def _identifies_otherwise(self, values):
        """Whether `values` name the study in another way than now."""
        return any((self[name] or False) != (values[name] or False) for name in IDENTIFYING)

    def write(self, vals):
        if not self.env.su and (fixed := vals.keys() - EDITABLE):
            raise AccessError(
                self.env._(
                    "These fields come from the images: %(fields)s.",
                    fields=", ".join(sorted(fixed)),
                )
            )
        held = self.filtered("legal_hold")
        result = super().write(vals)
        if "legal_hold" in vals:
            self._log_hold(held)
        return result

    @api.constrains("legal_hold", "legal_hold_reason")
    def _check_legal_hold(self):
        for study in self:
            if study.legal_hold and not (study.legal_hold_reason or "").strip():
                raise ValidationError(self.env._("Say why this study is held."))

    def _log_hold(self, held):
        """A change of the hold is in the access log; a hold stops what is under way."""
        log = self.env["imaging.access.log"]
        for study in self.filtered("legal_hold") - held:
            log._record_act("hold", study.hospital_id, study=study, reason=study.legal_hold_reason)
        for study in held - self.filtered("legal_hold"):
            log._record_act("hold_release", study.hospital_id, study=study)
        # Whoever may hold a study stops its disposal, also one out of sight.
        self.env["imaging.disposal"].sudo()._stop(self.filtered("legal_hold"))

    def action_view_images(self):
        """Open the viewer in a new tab, several studies in one window (CON-4.20); the route behind
        decides and logs."""
        if not self:
            raise UserError(self.env._("Choose the studies to look at."))
        if len(self) > MOST_TOGETHER:
            raise UserError(
                self.env._("%(count)s studies at most in one window.", count=MOST_TOGETHER)
            )
        numbers = ",".join(map(str, self.ids))
        return {
            "type": "ir.actions.act_url",
            "url": f"/imaging/study/{numbers}/view",
            "target": "new",
        }

    def _priors(self):
        """Other studies of the same patients that the present user may see, the newest first."""
        return self.search(
            [
                ("patient_id", "in", self.patient_id.ids),
                ("id", "not in", self.ids),
                ("disposed", "=", False),
            ],
            limit=MOST_PRIORS,
        )

    def _as_prior(self):
        """What the viewer lists of a study before it opens it."""
        self.ensure_one()
        return {
            "uid": self.study_uid,
            "patient": self.patient_id.id,
            "patient_name": self.patient_name or "",
            "date": self.study_date and self.study_date.isoformat(),
            "modality": self.modality or "",
            "body_part": self.body_part_text or "",
            "description": self.description or "",
            "hospital": self.hospital_id.name,
            "images": self.instance_count,
        }

    @api.model
    def _cron_settle(self):
        """Studies to which nothing was added for the time set have settled."""
        minutes = int(
            self.env["ir.config_parameter"].get_param("imaging_archive.settle_minutes", 5)
        )
        limit = fields.Datetime.now() - timedelta(minutes=minutes)
        self.search([("state", "=", "arriving"), ("last_received", "<", limit)]).write(
            {"state": "settled"}
        )
