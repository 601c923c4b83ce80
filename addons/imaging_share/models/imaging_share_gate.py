from datetime import timedelta

from odoo import api, fields, models
from odoo.addons.imaging_archive import tickets

from .. import tokens

# Who guesses is locked out long before the share is, so that a stranger who holds the link does
# not keep its patient out. A made-up password has 9e8 forms: 24 guesses a day are none.
ADDRESS_WINDOW = timedelta(minutes=15)
ADDRESS_ATTEMPTS_A_SHARE = 5
ADDRESS_ATTEMPTS = 20
FREE_ATTEMPTS = 50
FIRST_LOCK = timedelta(minutes=1)
LONGEST_LOCK = timedelta(hours=1)


class ImagingShare(models.Model):
    """The door: what happens when somebody comes with a link."""

    _inherit = "imaging.share"

    @api.model
    def _by_token(self, token):
        """The share of a link, with the server's rights: the link itself is the authority, and
        callers show nothing of the record but what `_refusal` admits."""
        return self.sudo().search([("token_hash", "=", tokens.digest_of(token))], limit=1)

    def _refusal(self, address):
        """Why the share does not open now, whatever the password; False when it does."""
        self.ensure_one()
        now = fields.Datetime.now()
        if self.state != "active":
            return self.state
        if not self._owner_may_view():
            return "revoked"
        if self.locked_until and self.locked_until > now:
            return "locked"
        if self.has_password and self._guesses(address, now):
            return "locked"
        return False

    def _owner_may_view(self):
        """A share gives no more than its owner has today."""
        owner = self.user_id
        return (
            owner.active
            and "view" in self.env["imaging.ticket"]._permissions(owner)
            and self.study_ids.with_user(owner).has_access("read")
        )

    def _permissions(self):
        perms = {"view"}
        if self.allow_download:
            perms.add("download")
        issuer = self.env["imaging.ticket"]
        if self.allow_render and "render" in issuer._permissions(self.user_id):
            perms.add("render")
        return issuer._outside(perms, self.study_ids)

    def _guesses(self, address, now):
        """Whether too many wrong passwords came from `address`, here or at all shares."""
        wrong = self.env["imaging.share.opening"].search(
            [
                ("address", "=", address),
                ("outcome", "=", "wrong_password"),
                ("at", ">", now - ADDRESS_WINDOW),
            ],
            limit=ADDRESS_ATTEMPTS,
        )
        here = wrong.filtered(lambda opening: opening.share_id == self)
        return len(wrong) >= ADDRESS_ATTEMPTS or len(here) >= ADDRESS_ATTEMPTS_A_SHARE

    def _open(self, password, address, user_agent):
        """Try to open; answers (outcome, ticket or None). Every try is logged."""
        self.ensure_one()
        # Guesses that come at the same time wait for each other, so that each is counted.
        # (The one that waited starts again on what the other has written: no error to log.)
        self.env.cr.execute(
            "SELECT id FROM imaging_share WHERE id = %s FOR UPDATE",
            [self.id],
            log_exceptions=False,
        )
        self.invalidate_recordset()
        outcome = self._refusal(address) or self._check_password(password)
        ticket = None
        if outcome == "opened":
            ticket = self._ticket("share_open")
            self.write(
                {
                    "failed_count": 0,
                    "locked_until": False,
                    "opened_count": self.opened_count + 1,
                    "last_opened": fields.Datetime.now(),
                }
            )
        else:
            self.env["imaging.ticket"]._log(
                self.study_ids,
                "share_open",
                subject=self._subject(),
                label=self._label(),
                purpose="share",
                outcome="refused",
                reason=outcome,
            )
        self.env["imaging.share.opening"]._record(self, outcome, address, user_agent)
        return outcome, ticket

    def _check_password(self, password):
        if not self.password_hash:
            return "opened"
        if self._password_context().verify(password[:64], self.password_hash):
            return "opened"
        failed = self.failed_count + 1
        values = {"failed_count": failed}
        if failed >= FREE_ATTEMPTS:
            lock = FIRST_LOCK * 2 ** min(failed - FREE_ATTEMPTS, 12)
            values["locked_until"] = fields.Datetime.now() + min(lock, LONGEST_LOCK)
        self.write(values)
        return "wrong_password"

    def _ticket(self, action):
        """A ticket for the share's studies, no longer than the share itself."""
        left = (self.expires_at - fields.Datetime.now()).total_seconds()
        return self.env["imaging.ticket"]._issue(
            {"studies": self.study_ids.mapped("study_uid")},
            self.study_ids,
            action,
            subject=self._subject(),
            perms=self._permissions(),
            label=self._label(),
            anonymous=self.anonymous,
            purpose="share",
            lifetime=min(left, tickets.LIFETIME),
        )
