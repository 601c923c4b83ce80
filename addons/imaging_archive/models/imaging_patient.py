from odoo import api, fields, models

SEXES = [("M", "Male"), ("F", "Female"), ("O", "Other")]


class ImagingPatient(models.Model):
    """One person, with the identifiers that hospitals gave."""

    _name = "imaging.patient"
    _description = "Patient"
    _order = "id desc"
    _rec_names_search = ["name", "alphabetic_name", "identifier_ids.value"]

    name = fields.Char(string="Patient Name", required=True, index="trigram", readonly=True)
    alphabetic_name = fields.Char(string="Name in Latin Letters", index="trigram", readonly=True)
    sex = fields.Selection(SEXES, readonly=True)
    birth_date = fields.Date(readonly=True)
    identifier_ids = fields.One2many(
        "imaging.patient.identifier", "patient_id", string="Identifiers", readonly=True
    )
    identifiers = fields.Char(compute="_compute_identifiers", string="Patient Numbers")
    hospital_ids = fields.Many2many(
        "imaging.hospital",
        string="Hospitals",
        readonly=True,
        help="The hospitals that know this person; others do not see the record.",
    )
    study_ids = fields.One2many("imaging.study", "patient_id", string="Studies", readonly=True)
    study_count = fields.Integer(string="Number of Studies", compute="_compute_study_count")
    user_id = fields.Many2one(
        "res.users",
        string="Account",
        index="btree_not_null",
        ondelete="set null",
        copy=False,
        groups="imaging_base.group_platform_admin",
        help="With this account the person sees the own studies.",
    )

    @api.depends("identifier_ids.value")
    def _compute_identifiers(self):
        for patient in self:
            patient.identifiers = ", ".join(patient.identifier_ids.mapped("value"))

    @api.depends("study_ids")
    def _compute_study_count(self):
        counts = dict(
            self.env["imaging.study"]._read_group(
                [("patient_id", "in", self.ids)], ["patient_id"], ["__count"]
            )
        )
        for patient in self:
            patient.study_count = counts.get(patient, 0)
