import re

from odoo import api, models
from odoo.fields import Domain

MODALITY = r"[A-Z0-9]{1,16}"
MOST = 200


class ImagingViewerSetting(models.AbstractModel):
    """What viewers are set by: a hospital's own, or without one for all hospitals."""

    _name = "imaging.viewer.setting"
    _inherit = ["imaging.hospital.owned"]
    _description = "Viewer Setting"

    @api.model
    def _of_reader(self):
        """The general ones and those of the present user's hospitals, without rights of his own."""
        hospitals = [] if self.env.user._is_public() else self.env.user.hospital_ids.ids
        return self.sudo().search(Domain("hospital_id", "in", [False, *hospitals]), limit=MOST)

    def _body_part_words(self):
        """The words of the field that holds them, separated by commas of either kind."""
        words = re.split("[,，]", self.body_parts or "")
        return [word.strip() for word in words if word.strip()]
