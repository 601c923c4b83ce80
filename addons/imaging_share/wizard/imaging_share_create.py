from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .. import tokens

DURATIONS = [
    ("1", "1 hour"),
    ("24", "1 day"),
    ("168", "7 days"),
    ("720", "30 days"),
    ("custom", "Other"),
]


class ImagingShareCreate(models.TransientModel):
    _name = "imaging.share.create"
    _description = "Share Studies"

    study_ids = fields.Many2many("imaging.study", string="Studies", required=True)
    hospital_id = fields.Many2one("imaging.hospital", compute="_compute_hospital_id")
    duration = fields.Selection(
        DURATIONS,
        string="Valid for",
        required=True,
        compute="_compute_policy",
        store=True,
        readonly=False,
        precompute=True,
    )
    expires_at = fields.Datetime(string="Valid until")
    with_password = fields.Boolean(
        compute="_compute_policy",
        store=True,
        readonly=False,
        precompute=True,
        help="A password is made up and shown once, to be sent with the link.",
    )
    password_required = fields.Boolean(related="hospital_id.share_password_required")
    anonymous = fields.Boolean(
        default=True,
        help="The image server gives out neither name nor numbers of the patient, and withholds "
        "pictures in which they may be burned in.",
    )
    anonymous_required = fields.Boolean(related="hospital_id.share_anonymous_required")
    allow_download = fields.Boolean(help="Whoever opens the link may save the original files.")
    allow_render = fields.Boolean(
        string="Allow 3D",
        default=True,
        help="For whoever opens the link the server draws planes, slabs and volumes, on a phone "
        "too, unless the hospital has switched that off for all shares.",
    )
    render_allowed = fields.Boolean(related="hospital_id.outside_render")
    max_openings = fields.Integer(
        string="Openings at Most", help="How many times the link may be opened. 0: without limit."
    )
    note = fields.Char(help="For whom or what for; only staff sees it.")

    @api.depends("study_ids")
    def _compute_hospital_id(self):
        for wizard in self:
            wizard.hospital_id = wizard.study_ids[:1].hospital_id

    @api.depends("study_ids")
    def _compute_policy(self):
        offered = {hours for hours, _label in DURATIONS}
        for wizard in self:
            hospital = wizard.study_ids[:1].hospital_id
            hours = str(hospital.share_default_hours or 168)
            wizard.duration = hours if hours in offered else "168"
            wizard.with_password = True

    def action_create(self):
        """Make the share and show its link, QR code and password."""
        self.ensure_one()
        if self.duration == "custom":
            if not self.expires_at:
                raise ValidationError(self.env._("Valid until: a time is expected."))
            expires_at = self.expires_at
        else:
            expires_at = fields.Datetime.now() + timedelta(hours=int(self.duration))
        password = tokens.new_password() if self.with_password else None
        share = self.env["imaging.share"].create(
            {
                "study_ids": [fields.Command.set(self.study_ids.ids)],
                "expires_at": expires_at,
                "anonymous": self.anonymous,
                "allow_download": self.allow_download,
                "allow_render": self.allow_render,
                "max_openings": self.max_openings,
                "password": password,
                "note": self.note,
            }
        )
        return {**share.action_show(), "context": {"share_password": password}}
