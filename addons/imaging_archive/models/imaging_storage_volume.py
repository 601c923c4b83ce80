from odoo import api, fields, models


class ImagingStorageVolume(models.Model):
    """What a node newly stored on a day, of a hospital and modality; the basis of statistics."""

    _name = "imaging.storage.volume"
    _description = "Stored Volume"
    _order = "day desc, hospital_id, modality, id"
    _rec_name = "day"

    node_id = fields.Many2one("imaging.node", required=True, readonly=True, ondelete="restrict")
    day = fields.Date(required=True, readonly=True, index=True)
    hospital_id = fields.Many2one(
        "imaging.hospital", required=True, readonly=True, index=True, ondelete="restrict"
    )
    modality = fields.Char(readonly=True)
    instances = fields.Integer(string="Images", readonly=True)
    size = fields.Float(string="Size (bytes)", digits=(18, 0), readonly=True)
    size_gb = fields.Float(
        string="Size (GB)", digits=(16, 3), compute="_compute_size_gb", store=True
    )

    _day_unique = models.UniqueIndex("(day, hospital_id, COALESCE(modality, ''), node_id)")
    _order_idx = models.Index("(day DESC, hospital_id, modality, id)")

    @api.depends("size")
    def _compute_size_gb(self):
        for volume in self:
            volume.size_gb = volume.size / 1e9

    def _web_read_group_groupby_formatter(self, groupby_spec, values):
        """Days as on the rest of the page: the platform's order of day, month and year is
        English in every language."""
        formatter = super()._web_read_group_groupby_formatter(groupby_spec, values)
        if groupby_spec != "day:day":
            return formatter

        def by_day(value):
            label, domain = formatter(value)
            return (label[0], label[0]) if label else label, domain

        return by_day

    @api.model
    def _apply(self, events, node):
        """Keep the largest sums told of a day: a day's sums only grow, and events may come out
        of order. `events`: list of study_events.VolumeEvent."""
        hospitals = self.env["imaging.study"]._hospitals_of(events, "volume.hospital")
        largest = {}
        for event in events:
            key = (event.day, hospitals[event.hospital].id, event.modality)
            if key not in largest or largest[key].size < event.size:
                largest[key] = event
        days = {day for day, _hospital, _modality in largest}
        known = {
            (one.day, one.hospital_id.id, one.modality or ""): one
            for one in self.search([("node_id", "=", node.id), ("day", "in", list(days))])
        }
        created = []
        for key, event in largest.items():
            day, hospital, modality = key
            sums = {"instances": event.instances, "size": event.size}
            if key not in known:
                created.append(
                    {
                        "node_id": node.id,
                        "day": day,
                        "hospital_id": hospital,
                        "modality": modality or False,
                        **sums,
                    }
                )
            elif known[key].size < event.size:
                known[key].write(sums)
        self.create(created)
