from odoo import api, models
from odoo.exceptions import AccessError


class ImagingGuarded(models.AbstractModel):
    """Fields marked readonly are the program's to write, not only in forms but by any call."""

    _name = "imaging.guarded"
    _description = "Fields That Only the Program Writes"

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._refuse_guarded(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._refuse_guarded(vals)
        return super().write(vals)

    def _refuse_guarded(self, vals):
        if self.env.su:
            return
        if guarded := [
            name for name in vals if name in self._fields and self._fields[name].readonly
        ]:
            raise AccessError(
                self.env._(
                    "These fields are not written by hand: %(fields)s.",
                    fields=", ".join(sorted(guarded)),
                )
            )
