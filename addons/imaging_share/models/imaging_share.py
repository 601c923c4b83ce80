import base64
import io

import segno
from odoo import api, fields, models
from odoo.addons.imaging_archive import tickets
from odoo.exceptions import AccessError, ValidationError
from odoo.tools.misc import format_datetime

from .. import tokens

# What the creator of a share decides; everything else is the server's.
CHOSEN = {
    "study_ids",
    "expires_at",
    "anonymous",
    "allow_download",
    "allow_render",
    "max_openings",
    "password",
    "note",
}
MAX_STUDIES = 20


class ImagingShare(models.Model):
    """A link that opens studies without a login, until it expires or is revoked."""

    _name = "imaging.share"
    _description = "Share"
    _order = "id desc"

    study_ids = fields.Many2many("imaging.study", string="Studies", required=True, readonly=True)
    hospital_id = fields.Many2one(
        "imaging.hospital",
        compute="_compute_hospital_id",
        store=True,
        index=True,
        ondelete="restrict",
    )
    user_id = fields.Many2one(
        "res.users",
        string="Shared by",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
        default=lambda self: self.env.user,
    )
    expires_at = fields.Datetime(string="Valid until", required=True, readonly=True)
    anonymous = fields.Boolean(
        default=True,
        readonly=True,
        help="The image server gives out neither name nor numbers of the patient, and withholds "
        "pictures in which they may be burned in.",
    )
    allow_download = fields.Boolean(
        readonly=True, help="Whoever opens the link may save the original files."
    )
    allow_render = fields.Boolean(
        string="Allow 3D",
        default=True,
        readonly=True,
        help="For whoever opens the link the server draws planes, slabs and volumes, on a phone "
        "too, unless the hospital has switched that off for all shares.",
    )
    max_openings = fields.Integer(
        readonly=True, help="How many times the link may be opened. 0: without limit."
    )
    note = fields.Char(readonly=True, help="For whom or what for; only staff sees it.")
    nonce = fields.Char(required=True, readonly=True, copy=False, groups=fields.NO_ACCESS)
    token_hash = fields.Char(required=True, readonly=True, copy=False, groups=fields.NO_ACCESS)
    password_hash = fields.Char(readonly=True, copy=False, groups=fields.NO_ACCESS)
    has_password = fields.Boolean(compute="_compute_has_password", compute_sudo=True)
    revoked_at = fields.Datetime(readonly=True, copy=False)
    revocation_pending = fields.Boolean(compute="_compute_revocation_pending")
    failed_count = fields.Integer(string="Wrong Passwords in a Row", readonly=True)
    locked_until = fields.Datetime(readonly=True)
    opened_count = fields.Integer(string="Openings", readonly=True)
    last_opened = fields.Datetime(readonly=True)
    opening_ids = fields.One2many(
        "imaging.share.opening", "share_id", string="Opening Log", readonly=True
    )
    state = fields.Selection(
        [
            ("active", "Active"),
            ("expired", "Expired"),
            ("revoked", "Revoked"),
            ("exhausted", "Used Up"),
        ],
        string="Status",
        compute="_compute_state",
    )
    link = fields.Char(compute="_compute_link", help="Shown to who created the share, only.")
    qr_code = fields.Binary(string="QR Code", compute="_compute_link")
    shown_password = fields.Char(string="Password", compute="_compute_shown_password")
    share_text = fields.Text(string="Text to Send", compute="_compute_shown_password")

    _token_hash_unique = models.UniqueIndex("(token_hash)")

    @api.depends("study_ids")
    def _compute_hospital_id(self):
        for share in self:
            share.hospital_id = share.study_ids[:1].hospital_id

    @api.depends_context("lang")
    def _compute_display_name(self):
        for share in self:
            share.display_name = self.env._("Share #%(number)s", number=share.id)

    @api.depends("password_hash")
    def _compute_has_password(self):
        for share in self:
            share.has_password = bool(share.password_hash)

    def _compute_revocation_pending(self):
        # Whoever sees the share may know how far its revocation is.
        pending = (
            self.env["imaging.revocation"]
            .sudo()
            .search(
                [
                    ("name", "in", [share._subject() for share in self]),
                    ("published", "=", False),
                ]
            )
        )
        names = set(pending.mapped("name"))
        for share in self:
            share.revocation_pending = share._subject() in names

    @api.depends("revoked_at", "expires_at", "max_openings", "opened_count")
    def _compute_state(self):
        now = fields.Datetime.now()
        for share in self:
            if share.revoked_at:
                share.state = "revoked"
            elif not share.expires_at or share.expires_at <= now:
                share.state = "expired"
            elif share.max_openings and share.opened_count >= share.max_openings:
                share.state = "exhausted"
            else:
                share.state = "active"

    @api.depends_context("uid")
    def _compute_link(self):
        for share in self:
            share.link = share.qr_code = False
            if share.user_id != self.env.user or not share.id:
                continue
            # The owner's check stands above; the fields are closed to direct reading.
            secret = share.sudo()
            try:
                token = tokens.token_of(secret.nonce)
            except tickets.KeyUnavailableError:
                continue
            if tokens.digest_of(token) != secret.token_hash:
                continue
            share.link = f"{share.get_base_url()}/s/{token}"
            picture = io.BytesIO()
            segno.make(share.link, error="m").save(picture, kind="png", scale=6, border=3)
            share.qr_code = base64.b64encode(picture.getvalue())

    @api.depends_context("uid", "share_password", "lang")
    def _compute_shown_password(self):
        """The password exists in clear in the dialog that follows the creation, and there only."""
        password = self.env.context.get("share_password")
        for share in self:
            share.shown_password = password if share.has_password else False
            lines = [
                self.env._("Medical images from %(hospital)s", hospital=share.hospital_id.name),
                share.link or "",
            ]
            if share.shown_password:
                lines.append(self.env._("Password: %(password)s", password=password))
            lines.append(self.env._("Valid until: %(time)s", time=share._local_expiry()))
            share.share_text = "\n".join(lines)

    def _local_expiry(self):
        """The end as the hospital's clock shows it, for people outside: `2026-11-24 14:30`."""
        zone = self.hospital_id.tz or "Asia/Shanghai"
        return format_datetime(self.env, self.expires_at, tz=zone, dt_format="yyyy-MM-dd HH:mm")

    @api.constrains("study_ids")
    def _check_studies(self):
        for share in self:
            if not 1 <= len(share.study_ids) <= MAX_STUDIES:
                raise ValidationError(
                    self.env._("Studies: from 1 to %(limit)s to a share.", limit=MAX_STUDIES)
                )
            if len(share.study_ids.hospital_id) > 1:
                raise ValidationError(self.env._("Studies: all of one hospital to a share."))

    @api.constrains("expires_at", "anonymous", "password_hash", "max_openings")
    def _check_policy(self):
        for share in self:
            hospital = share.hospital_id
            now = fields.Datetime.now()
            limit = hospital._share_limit()
            if share.expires_at <= now:
                raise ValidationError(self.env._("Valid until: the time has passed already."))
            if share.expires_at > now + limit:
                raise ValidationError(
                    self.env._(
                        "Valid until: a share of %(hospital)s lasts %(hours)s hours at most.",
                        hospital=hospital.name,
                        hours=int(limit.total_seconds() // 3600),
                    )
                )
            if hospital.share_password_required and not share.has_password:
                raise ValidationError(
                    self.env._("Password: %(hospital)s requires one.", hospital=hospital.name)
                )
            if hospital.share_anonymous_required and not share.anonymous:
                raise ValidationError(
                    self.env._("Anonymous: %(hospital)s requires it.", hospital=hospital.name)
                )
            if share.max_openings < 0:
                raise ValidationError(self.env._("Openings: 0 or more are expected."))

    @api.model_create_multi
    def create(self, vals_list):
        if "view" not in self.env["imaging.ticket"]._permissions(self.env.user):
            raise AccessError(self.env._("Your role does not include looking at images."))
        prepared = []
        for vals in vals_list:
            if foreign := vals.keys() - CHOSEN:
                raise AccessError(
                    self.env._("Set by the server: %(fields)s.", fields=", ".join(sorted(foreign)))
                )
            studies = self._studies_of(vals.get("study_ids"))
            prepared.append(
                {**self._with_secrets(vals), "study_ids": [fields.Command.set(studies.ids)]}
            )
        self.check_access("create")
        # The secret fields are closed to everybody; what the user decided is checked as the user.
        created = super(ImagingShare, self.sudo()).create(prepared)
        shares = created.with_env(self.env)
        shares.check_access("write")
        shares._log_action("share")
        return shares

    def _log_action(self, action):
        """What the present user does with these shares, in the access log."""
        for share in self:
            self.env["imaging.ticket"]._log(
                share.study_ids,
                action,
                subject=f"user:{self.env.uid}",
                label=self.env.user.name,
                purpose="share",
                reason=share._subject(),
            )

    def _studies_of(self, commands):
        """The studies that `commands` (for the field `study_ids`) name, all in the user's sight.

        The server's rights write the share: a command that makes or changes a study would be
        carried out with them, too.
        """
        numbers = []
        for command in commands or []:
            match command:
                case [fields.Command.LINK, int(number), *_rest]:
                    numbers.append(number)
                case [fields.Command.SET, _zero, [*listed]]:
                    numbers += listed
                case _:
                    raise AccessError(self.env._("Studies: a share names them, and no more."))
        studies = self.env["imaging.study"].browse(numbers)
        studies.check_access("read")
        return studies

    def _with_secrets(self, vals):
        vals = dict(vals)
        nonce = tokens.new_nonce()
        try:
            token = tokens.token_of(nonce)
        except tickets.KeyUnavailableError as error:
            raise ValidationError(
                self.env._("No share can be made: %(error)s", error=error)
            ) from error
        if password := vals.pop("password", None):
            if not 6 <= len(password) <= 64:
                raise ValidationError(self.env._("Password: 6 to 64 characters."))
            vals["password_hash"] = self._password_context().hash(password)
        return {**vals, "nonce": nonce, "token_hash": tokens.digest_of(token)}

    def _password_context(self):
        return self.env["res.users"]._crypt_context()

    def write(self, vals):
        if not self.env.su:
            raise AccessError(self.env._("A share is not changed: revoke it and make another."))
        return super().write(vals)

    def _subject(self):
        return f"share:{self.id}"

    def _label(self):
        """The share's name in the access log and on tickets, in its owner's language: whoever
        opens it has a language of their own."""
        return self.with_context(lang=self.user_id.lang).display_name

    def action_revoke(self):
        """End the share now: no new opening, no renewal, and the node is told."""
        self.check_access("write")
        due = self.filtered(lambda share: not share.revoked_at)
        # The rules have admitted the user to these shares; fields are written by the server only.
        due.sudo().write({"revoked_at": fields.Datetime.now()})
        self.env["imaging.revocation"]._revoke([share._subject() for share in due])
        due._log_action("share_revoke")
        return True

    def action_show(self):
        """The dialog with link, QR code and the text to send."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Share"),
            "res_model": "imaging.share",
            "res_id": self.id,
            "view_mode": "form",
            "views": [(self.env.ref("imaging_share.imaging_share_view_form_created").id, "form")],
            "target": "new",
        }
