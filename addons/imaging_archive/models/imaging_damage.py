from odoo import api, fields, models


class ImagingDamage(models.Model):
    """A stored object that the node found missing or changed."""

    _name = "imaging.damage"
    _inherit = ["imaging.guarded"]
    _description = "Damaged Object"
    _order = "at desc, id desc"
    _rec_name = "sop_instance_uid"

    at = fields.Datetime(string="Found", required=True, readonly=True)
    node_id = fields.Many2one("imaging.node", readonly=True, index=True, ondelete="set null")
    hospital_id = fields.Many2one(
        "imaging.hospital", required=True, readonly=True, index=True, ondelete="restrict"
    )
    study_uid = fields.Char(string="Study UID", readonly=True, index=True)
    sop_instance_uid = fields.Char(string="SOP Instance UID", readonly=True)
    object_key = fields.Char(readonly=True, help="Where the object lies, or should lie.")
    detail = fields.Char(readonly=True)
    state = fields.Selection(
        [("open", "Open"), ("settled", "Settled")],
        required=True,
        readonly=True,
        default="open",
        help="Settled: somebody has restored the object or had it sent again.",
    )
    settled_by_id = fields.Many2one("res.users", readonly=True)
    settled_at = fields.Datetime(readonly=True)
    event_digest = fields.Char(required=True, readonly=True)

    _event_digest_unique = models.UniqueIndex("(event_digest)")
    _at_id_idx = models.Index("(at DESC, id DESC)")

    def action_settle(self):
        self.check_access("write")
        # Nothing but this is anybody's to write.
        self.sudo().write(
            {
                "state": "settled",
                "settled_by_id": self.env.uid,
                "settled_at": fields.Datetime.now(),
            }
        )

    @api.model
    def _apply(self, events, node):
        """Add what is not listed yet. `events`: list of study_events.DamageEvent."""
        events = {event.digest: event for event in events}
        listed = set(self.search([("event_digest", "in", list(events))]).mapped("event_digest"))
        hospitals = self.env["imaging.study"]._hospitals_of(events.values(), "damage.hospital")
        self.create(
            [
                {
                    "at": event.at,
                    "node_id": node.id,
                    "hospital_id": hospitals[event.hospital].id,
                    "study_uid": event.study_uid,
                    "sop_instance_uid": event.sop_instance_uid,
                    "object_key": event.object_key,
                    "detail": event.detail,
                    "event_digest": digest,
                }
                for digest, event in events.items()
                if digest not in listed
            ]
        )
