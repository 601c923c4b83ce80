from odoo import models


class ImagingHospitalOwned(models.AbstractModel):
    """Records of the hospital in `hospital_id`: none moves to one where its writer changes none."""

    _name = "imaging.hospital.owned"
    _description = "Records of a Hospital"

    def write(self, vals):
        result = super().write(vals)
        if "hospital_id" in vals:
            # Record rules are checked before a change; nothing moves to a hospital unseen.
            self.check_access("write")
        return result
