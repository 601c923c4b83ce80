from odoo import api, fields, models
from odoo.exceptions import ValidationError


class ImagingNodeBandwidth(models.Model):
    """How much of the line a front end may use at a time of day; outside the lines: all of it."""

    _name = "imaging.node.bandwidth"
    _description = "Upload Bandwidth"
    _order = "node_id, hour_from, id"
    _rec_name = "hour_from"

    node_id = fields.Many2one("imaging.node", required=True, index=True, ondelete="cascade")
    hour_from = fields.Float(string="From", required=True)
    hour_to = fields.Float(string="To", required=True, default=24)
    kib_per_second = fields.Integer(
        string="KiB/s", required=True, help="Kibibytes a second; 128 are about 1 Mbit/s."
    )

    @api.constrains("hour_from", "hour_to", "kib_per_second")
    def _check_values(self):
        for line in self:
            if not 0 <= line.hour_from < line.hour_to <= 24:
                raise ValidationError(
                    self.env._(
                        "Bandwidth: times from 00:00 to 24:00, the first before the second. A "
                        "night is two lines."
                    )
                )
            if line.kib_per_second < 1:
                raise ValidationError(self.env._("Bandwidth: at least 1 KiB/s."))
            others = line.node_id.bandwidth_ids - line
            if any(one.hour_from < line.hour_to and line.hour_from < one.hour_to for one in others):
                raise ValidationError(self.env._("Bandwidth: two lines overlap."))

    def _configuration(self):
        return {
            "from": self._clock(self.hour_from),
            "to": self._clock(self.hour_to),
            "kib_per_second": self.kib_per_second,
        }

    @api.model
    def _clock(self, hours):
        minutes = round(hours * 60)
        return f"{minutes // 60:02d}:{minutes % 60:02d}"
