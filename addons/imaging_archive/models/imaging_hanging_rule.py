import re

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .imaging_viewer_setting import MODALITY

# The viewer's own grids (layout.ts), rows × columns.
GRIDS = {
    "desktop": ("1x1", "1x2", "2x1", "1x3", "2x2", "2x3", "2x4", "3x3", "4x4"),
    "phone": ("1x1", "2x1", "1x2", "2x2", "3x2"),
}


class ImagingHangingRule(models.Model):
    """How a study is hung when it is opened; the reader's own change wins (SHR-3.16, PAT-1.24)."""

    _name = "imaging.hanging.rule"
    _inherit = ["imaging.viewer.setting"]
    _description = "Hanging Rule"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(
        default=10,
        help="Of several rules that fit, the hospital's own, then those for a body part, then the "
        "smallest of these counts.",
    )
    hospital_id = fields.Many2one(
        "imaging.hospital",
        index=True,
        ondelete="restrict",
        default=lambda self: self.env.user._only_hospital(),
        help="Whose studies are hung so. Empty: every hospital's.",
    )
    modality = fields.Char(
        required=True, default="CT", help="Of the study's first series of pictures, such as CT."
    )
    body_parts = fields.Char(
        string="Only for",
        help="Words of a body part or a series description, separated by commas, such as "
        "CHEST, LUNG. Empty: every part of the body.",
    )
    device = fields.Selection(
        [("desktop", "Computer"), ("phone", "Phone")],
        required=True,
        default="desktop",
        help="A tablet counts as a computer when its screen is as wide as one.",
    )
    grid = fields.Selection(
        [(grid, grid.replace("x", " × ")) for grid in sorted({*sum(GRIDS.values(), ())})],
        string="Layout",
        required=True,
        default="1x1",
        help="Rows × columns. With fewer series than places the viewer takes a smaller layout.",
    )
    content = fields.Selection(
        [
            ("series", "The series in their order"),
            ("film", "The first series, picture by picture"),
            ("prior", "The first series and the newest earlier study beside it"),
        ],
        required=True,
        default="series",
        help="What goes into the places. An earlier study is of the same patient and modality, "
        "and one that the reader may see; without one the series stay alone.",
    )
    linked = fields.Boolean(
        string="Linked Scrolling",
        help="All places scroll together, by where they lie in the patient.",
    )
    window_preset_id = fields.Many2one(
        "imaging.window.preset",
        string="First Window",
        index="btree_not_null",
        ondelete="restrict",
        domain="[('modality', '=', modality)]",
        help="The window in which the pictures are shown at first. Empty: the file's own.",
    )

    @api.constrains("modality", "body_parts", "device", "grid", "content", "window_preset_id")
    def _check_values(self):
        for rule in self:
            if not re.fullmatch(MODALITY, rule.modality or ""):
                raise ValidationError(self.env._("Modality: capital letters, such as CT."))
            if len(rule.body_parts or "") > 500:
                raise ValidationError(self.env._("Only for: 500 characters at most."))
            if rule.grid not in GRIDS[rule.device]:
                raise ValidationError(
                    self.env._("Layout: a phone has no room for %s.", rule.grid)
                    if rule.device == "phone"
                    else self.env._("Layout: %s is for phones alone.", rule.grid)
                )
            if rule.content == "film" and rule.grid == "1x1":
                raise ValidationError(
                    self.env._("Layout: picture by picture needs more than one place.")
                )
            preset = rule.window_preset_id
            if preset and preset.modality != rule.modality:
                raise ValidationError(
                    self.env._("First window: the preset is for %s.", preset.modality)
                )

    @api.constrains("window_preset_id", "hospital_id")
    def _check_preset_hospital(self):
        for rule in self:
            owner = rule.window_preset_id.sudo().hospital_id
            if owner and owner != rule.hospital_id:
                raise ValidationError(self.env._("First window: the preset is another hospital's."))

    @api.model
    def _for_viewer(self):
        """What the present user's viewer hangs by: the own hospitals' rules, then the general."""
        rules = self._of_reader().sorted(lambda rule: not rule.hospital_id)
        return [rule._as_rule() for rule in rules]

    def _usable_preset(self):
        """The first window, unless its owner has made another thing of it since."""
        preset = self.window_preset_id
        fits = preset.active and preset.modality == self.modality
        return preset if fits and preset.hospital_id <= self.hospital_id else preset.browse()

    def _as_rule(self):
        rows, columns = self.grid.split("x")
        preset = self._usable_preset()
        return {
            "hospital": self.hospital_id.code or "",
            "modality": self.modality,
            "body_parts": self._body_part_words(),
            "device": self.device,
            "rows": int(rows),
            "columns": int(columns),
            "content": self.content,
            "linked": self.linked,
            "window": {"width": preset.width, "center": preset.center} if preset else None,
        }
