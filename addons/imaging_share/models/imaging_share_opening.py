from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError

REPEATED = timedelta(minutes=1)
OUTCOMES = [
    ("opened", "Opened"),
    ("wrong_password", "Wrong password"),
    ("locked", "Locked"),
    ("expired", "Expired"),
    ("revoked", "Revoked"),
    ("exhausted", "Used up"),
]


class ImagingShareOpening(models.Model):
    """One try to open a share. Rows are only ever added, by `_record`."""

    _name = "imaging.share.opening"
    _description = "Opening of a Share"
    _order = "id desc"
    _rec_name = "outcome"

    share_id = fields.Many2one(
        "imaging.share",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    hospital_id = fields.Many2one(
        "imaging.hospital",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    at = fields.Datetime(string="Time", required=True, readonly=True)
    outcome = fields.Selection(OUTCOMES, required=True, readonly=True)
    address = fields.Char(readonly=True)
    user_agent = fields.Char(string="Browser", readonly=True)

    _address_idx = models.Index("(address, at) WHERE outcome = 'wrong_password'")

    @api.model
    def _record(self, share, outcome, address, user_agent):
        return self.create(
            {
                "share_id": share.id,
                "hospital_id": share.hospital_id.id,
                "at": fields.Datetime.now(),
                "outcome": outcome,
                "address": address,
                "user_agent": user_agent[:200].replace("\x00", ""),
            }
        )

    @api.model
    def _record_refused_look(self, share, outcome, address, user_agent):
        """A look at a link that has ended; at most one row a minute, address and share."""
        since = fields.Datetime.now() - REPEATED
        recent = [("share_id", "=", share.id), ("address", "=", address), ("at", ">", since)]
        if not self.search_count(recent, limit=1):
            self._record(share, outcome, address, user_agent)

    def write(self, vals):  # pylint: disable=method-required-super
        raise AccessError(self.env._("The opening log cannot be changed."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise AccessError(self.env._("The opening log cannot be deleted."))
