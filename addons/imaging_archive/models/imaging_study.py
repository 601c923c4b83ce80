from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError

from ..models.imaging_patient import SEXES

# What a person may change by hand; everything else is as the images say.
EDITABLE = {"properties"}


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
        [("arriving", "Arriving"), ("settled", "Complete")],
        string="Status",
        required=True,
        readonly=True,
        default="arriving",
        help="Arriving: images came in during the last minutes. Complete: no further image "
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
    properties = fields.Properties(
        "Extra Fields", definition="hospital_id.study_properties_definition"
    )
    can_view = fields.Boolean(compute="_compute_can_view")

    _study_uid_unique = models.Constraint("UNIQUE (study_uid)", "This study is registered already.")
    _order_idx = models.Index("(study_date DESC NULLS LAST, id DESC)")
    _hospital_order_idx = models.Index("(hospital_id, study_date DESC NULLS LAST, id DESC)")
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
    def _compute_can_view(self):
        self.can_view = "view" in self.env["imaging.ticket"]._permissions(self.env.user)

    def write(self, vals):
        if not self.env.su and (fixed := vals.keys() - EDITABLE):
            raise AccessError(
                self.env._(
                    "These fields come from the images: %(fields)s.",
                    fields=", ".join(sorted(fixed)),
                )
            )
        return super().write(vals)

    def action_view_images(self):
        """Open the viewer in a new tab; the route behind decides and logs."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "url": f"/imaging/study/{self.id}/view",
            "target": "new",
        }

    @api.model
    def _cron_settle(self):
        """Studies to which nothing was added for the time set are complete."""
        minutes = int(
            self.env["ir.config_parameter"].get_param("imaging_archive.settle_minutes", 5)
        )
        limit = fields.Datetime.now() - timedelta(minutes=minutes)
        self.search([("state", "=", "arriving"), ("last_received", "<", limit)]).write(
            {"state": "settled"}
        )
