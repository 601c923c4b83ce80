from odoo import models


class ImagingAccessLog(models.Model):
    _inherit = "imaging.access.log"

    def _labels_of(self, subjects, users):
        labels = super()._labels_of(subjects, users)
        numbers = {
            int(number): subject
            for subject in subjects
            for kind, _colon, number in [subject.partition(":")]
            if kind == "share" and int(number) < 2**31
        }
        shares = self.env["imaging.share"].search([("id", "in", list(numbers))])
        return labels | {numbers[share.id]: share._label() for share in shares}
