import logging
from datetime import timedelta

from odoo import SUPERUSER_ID, api, fields, models

from .. import revocations, tickets

_logger = logging.getLogger(__name__)


class ImagingRevocation(models.Model):
    """A ticket's subject or number that the node shall refuse from now on.

    The row is committed with what caused it; Redis is told right after the commit, and again
    every minute until it has heard.
    """

    _name = "imaging.revocation"
    _description = "Revoked Ticket"
    _order = "id desc"

    name = fields.Char(string="Subject or Number", required=True, readonly=True, index=True)
    published = fields.Boolean(
        string="Known to the Node",
        readonly=True,
        help="The node refuses the ticket. Until then a ticket already given out may work for "
        "15 minutes at most.",
    )
    attempts = fields.Integer(readonly=True)
    last_error = fields.Char(readonly=True)

    _pending_idx = models.Index("(id) WHERE published IS NOT TRUE")

    @api.model
    def _revoke(self, names):
        """Revoke by subjects (`share:12`) or ticket numbers."""
        if not names:
            return self
        # Whoever may end an access has been checked by the caller; the list is nobody's own.
        records = self.sudo().create([{"name": name} for name in names])
        dbname, registry, uid = self.env.cr.dbname, self.env.registry, self.env.uid

        @self.env.cr.postcommit.add
        def publish():
            with registry.cursor() as cr:
                env = api.Environment(cr, SUPERUSER_ID, {})
                if not env["imaging.revocation"].browse(records.ids)._publish():
                    _logger.error("%s: revocation of %s is pending", dbname, names)
                    env["res.users"].browse(uid)._notify_revocation_pending()

        return records

    @api.model
    def _revoke_users(self, users):
        """Revoke what was issued to `users` and may still be valid."""
        if not users:
            return self
        return self._revoke_issued([("user_id", "in", users.ids)])

    @api.model
    def _revoke_difference(self, before, after):
        """Revoke what was issued to the users who are in one of the two sets only."""
        return self._revoke_users((before - after) | (after - before))

    @api.model
    def _revoke_issued(self, domain):
        """Revoke the tickets that may still be valid, of the access log's rows in `domain`."""
        since = fields.Datetime.now() - timedelta(seconds=tickets.LIFETIME + 60)
        issued = (
            self.env["imaging.access.log"]
            .sudo()
            .search(
                [
                    *domain,
                    ("at", ">=", since),
                    ("source", "=", "portal"),
                    ("ticket", "!=", False),
                ]
            )
        )
        return self._revoke(sorted(set(issued.mapped("ticket"))))

    @api.model
    def _is_revoked(self, names):
        return bool(self.sudo().search_count([("name", "in", names)], limit=1))

    def _publish(self):
        """Tell the node; answers whether it has heard."""
        try:
            revocations.publish(self.mapped("name"))
        except revocations.RevocationError as error:
            for record in self:
                record.write({"attempts": record.attempts + 1, "last_error": str(error)[:500]})
            return False
        self.write({"published": True, "last_error": False})
        return True

    @api.model
    def _cron_publish(self):
        self.search([("published", "=", False)])._publish()

    @api.autovacuum
    def _gc_expired(self):
        """No ticket lives, or can be renewed, as long as that."""
        limit = tickets.LIFETIME + tickets.RENEWAL_GRACE + revocations.KEPT
        before = fields.Datetime.now() - timedelta(seconds=limit)
        self.search([("create_date", "<", before)]).unlink()
