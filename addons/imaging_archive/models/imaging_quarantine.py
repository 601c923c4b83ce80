from odoo import api, fields, models

REASONS = [
    ("unreadable", "Unreadable"),
    ("invalid_uid", "Invalid UID"),
    ("mismatch", "Command and data differ"),
    ("conflict", "Same UID, other content"),
    ("other_hospital", "Study of another hospital"),
]


class ImagingQuarantine(models.Model):
    """What a device sent and the node could not store; the bytes lie at the node."""

    _name = "imaging.quarantine"
    _description = "Quarantined Instance"
    _order = "at desc, id desc"
    _rec_name = "key"

    key = fields.Char(required=True, readonly=True, help="Under this name the node keeps it.")
    at = fields.Datetime(string="Time", required=True, readonly=True)
    hospital_id = fields.Many2one(
        "imaging.hospital", readonly=True, index=True, ondelete="restrict"
    )
    device_id = fields.Many2one("imaging.device", readonly=True, index=True, ondelete="set null")
    calling_ae = fields.Char(string="Calling AE Title", readonly=True)
    address = fields.Char(readonly=True)
    reason = fields.Selection(REASONS, required=True, readonly=True)
    detail = fields.Text(readonly=True)
    study_uid = fields.Char(string="Study UID", readonly=True)
    sop_instance_uid = fields.Char(string="SOP Instance UID", readonly=True)
    size = fields.Float(string="Size (bytes)", digits=(18, 0), readonly=True)
    sha256 = fields.Char(string="SHA-256", readonly=True)

    _key_unique = models.Constraint("UNIQUE (key)", "This instance is listed already.")
    _at_id_idx = models.Index("(at DESC, id DESC)")

    @api.model
    def _apply(self, events):
        """Add what is not listed yet. `events`: list of study_events.QuarantineEvent."""
        events = {event.key: event for event in events}
        listed = set(self.search([("key", "in", list(events))]).mapped("key"))
        known = self.env["imaging.hospital"].with_context(active_test=False)
        hospitals = {
            hospital.code: hospital.id
            for hospital in known.search([("code", "in", [e.hospital for e in events.values()])])
        }
        devices = self.env["imaging.device"]._by_ae_title(
            event.calling_ae for event in events.values()
        )
        self.create(
            [
                {
                    "key": event.key,
                    "at": event.at,
                    "hospital_id": hospitals.get(event.hospital),
                    "device_id": devices.get(event.calling_ae),
                    "calling_ae": event.calling_ae,
                    "address": event.address,
                    "reason": event.reason,
                    "detail": event.detail,
                    "study_uid": event.study_uid,
                    "sop_instance_uid": event.sop_instance_uid,
                    "size": event.size,
                    "sha256": event.sha256,
                }
                for event in events.values()
                if event.key not in listed
            ]
        )
