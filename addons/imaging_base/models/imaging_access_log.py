from odoo import api, fields, models
from odoo.exceptions import AccessError

ACTIONS = [
    ("open", "Opened the viewer"),
    ("ticket", "Was given a ticket"),
    ("renew", "Renewed a ticket"),
    ("metadata", "Read metadata"),
    ("frames", "Read images"),
    ("rendered", "Read rendered pictures"),
    ("instance", "Downloaded files"),
    ("search", "Searched"),
    ("annotate", "Saved measurements"),
    ("share", "Created a share"),
    ("share_open", "Opened a share"),
    ("share_revoke", "Revoked a share"),
]
PURPOSES = [
    ("reading", "Reading"),
    ("share", "Share"),
    ("tool", "Tool"),
]


class ImagingAccessLog(models.Model):
    """Who looked at what, when, from where and why.

    Rows are only ever added: by `_record`, before the answer is sent, in its transaction.
    """

    _name = "imaging.access.log"
    _description = "Access Log"
    _order = "id desc"
    _rec_name = "subject"

    at = fields.Datetime(string="Time", required=True, readonly=True, index=True)
    subject = fields.Char(
        required=True,
        readonly=True,
        index=True,
        help="user:<number>, share:<number>, tool:<number> or node:<number>, as on the ticket.",
    )
    label = fields.Char(string="Who", readonly=True)
    user_id = fields.Many2one("res.users", readonly=True, index=True, ondelete="restrict")
    hospital_id = fields.Many2one(
        "imaging.hospital", readonly=True, index=True, ondelete="restrict"
    )
    study_uid = fields.Char(string="Study UID", readonly=True, index=True)
    action = fields.Selection(ACTIONS, readonly=True, required=True)
    purpose = fields.Selection(PURPOSES, readonly=True)
    reason = fields.Char(readonly=True)
    outcome = fields.Selection(
        [("granted", "Granted"), ("refused", "Refused")], readonly=True, required=True
    )
    address = fields.Char(readonly=True)
    ticket = fields.Char(readonly=True, index=True, help="Number of the ticket (jti).")
    source = fields.Selection(
        [("portal", "Portal"), ("node", "Node")], readonly=True, required=True
    )

    def init(self):
        """Refuse changes in the database itself, whatever program makes them."""
        self.env.cr.execute("""
            CREATE OR REPLACE FUNCTION imaging_access_log_append_only() RETURNS trigger
            LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION 'imaging_access_log is append-only';
            END $$;
            DROP TRIGGER IF EXISTS append_only ON imaging_access_log;
            CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE
                ON imaging_access_log FOR EACH STATEMENT
                EXECUTE FUNCTION imaging_access_log_append_only();
        """)

    @api.model
    def _record(self, entries):
        """Append `entries` (lists of field values; `at`, `outcome` and `source` have defaults).

        Callers have decided already whether access is granted; the log itself is written for
        everybody, and is nobody's to write by hand.
        """
        defaults = {"at": fields.Datetime.now(), "outcome": "granted", "source": "portal"}
        return self.sudo().create([{**defaults, **entry} for entry in entries])

    def write(self, vals):  # pylint: disable=method-required-super
        raise AccessError(self.env._("The access log cannot be changed."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise AccessError(self.env._("The access log cannot be deleted."))
