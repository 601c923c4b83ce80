import re

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .imaging_viewer_setting import MODALITY


class ImagingWindowPreset(models.Model):
    """A window that readers choose by its name or number key (SHR-3.9, CON-4.11, PAT-1.5)."""

    _name = "imaging.window.preset"
    _inherit = ["imaging.viewer.setting"]
    _description = "Window Preset"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10, help="The smaller comes first in the viewer.")
    hospital_id = fields.Many2one(
        "imaging.hospital",
        index=True,
        ondelete="restrict",
        default=lambda self: self.env.user._only_hospital(),
        help="Empty: every hospital.",
    )
    modality = fields.Char(
        required=True, default="CT", help="Such as CT: a window in HU is for CT alone."
    )
    body_parts = fields.Char(
        string="First for",
        help="Words of a body part or a series description, separated by commas, such as "
        "CHEST, LUNG: there this preset comes first. Empty: after those.",
    )
    width = fields.Float(string="Window Width", required=True, digits=(8, 1))
    center = fields.Float(string="Window Center", required=True, digits=(8, 1))

    @api.constrains("modality", "width", "center", "body_parts")
    def _check_values(self):
        for preset in self:
            if not re.fullmatch(MODALITY, preset.modality or ""):
                raise ValidationError(self.env._("Modality: capital letters, such as CT."))
            if not 1 <= preset.width <= 65535:
                raise ValidationError(self.env._("Window width: from 1 to 65535."))
            if abs(preset.center) > 65535:
                raise ValidationError(self.env._("Window center: from -65535 to 65535."))
            if len(preset.body_parts or "") > 500:
                raise ValidationError(self.env._("First for: 500 characters at most."))

    @api.model
    def _for_viewer(self):
        """What the present user's viewer offers: the general presets and the own hospitals'."""
        presets = self._of_reader()
        keys = presets._built_in_keys()
        return [
            {
                "key": keys.get(preset.id, str(preset.id)),
                "name": preset.name,
                "modality": preset.modality,
                "body_parts": preset._body_part_words(),
                "width": preset.width,
                "center": preset.center,
            }
            for preset in presets
        ]

    def _built_in_keys(self):
        """By id the viewer's names of those that came with the product."""
        data = self.env["ir.model.data"].sudo()
        rows = data.search([("model", "=", self._name), ("module", "=", "imaging_archive")])
        return {row.res_id: row.name.removeprefix("window_preset_") for row in rows}
