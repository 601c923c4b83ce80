from odoo import api, fields, models


class ImagingRejection(models.Model):
    """An association that the node refused."""

    _name = "imaging.rejection"
    _description = "Refused Association"
    _order = "at desc, id desc"
    _rec_name = "calling_ae"

    at = fields.Datetime(string="Time", required=True, readonly=True)
    calling_ae = fields.Char(string="Calling AE Title", readonly=True, index=True)
    called_ae = fields.Char(string="Called AE Title", readonly=True)
    address = fields.Char(readonly=True, index=True)
    reason = fields.Char(readonly=True)
    device_id = fields.Many2one("imaging.device", readonly=True, index=True, ondelete="set null")
    hospital_id = fields.Many2one(
        related="device_id.hospital_id", string="Hospital", store=True, index=True
    )
    event_digest = fields.Char(required=True, readonly=True)

    _event_digest_unique = models.UniqueIndex("(event_digest)")
    _at_id_idx = models.Index("(at DESC, id DESC)")

    @api.model
    def _apply(self, events):
        """Add what is not listed yet. `events`: list of study_events.RejectionEvent."""
        events = {event.digest: event for event in events}
        listed = set(self.search([("event_digest", "in", list(events))]).mapped("event_digest"))
        devices = self.env["imaging.device"]._by_ae_title(
            event.calling_ae for event in events.values()
        )
        self.create(
            [
                {
                    "at": event.at,
                    "calling_ae": event.calling_ae,
                    "called_ae": event.called_ae,
                    "address": event.address,
                    "reason": event.reason,
                    "device_id": devices.get(event.calling_ae),
                    "event_digest": digest,
                }
                for digest, event in events.items()
                if digest not in listed
            ]
        )
