from odoo import api, fields, models
from odoo.fields import Domain

from .. import body_parts


class ImagingStudy(models.Model):
    """The body part in the reader's language; what the images say is kept as it is."""

    # One concern a file.  pylint: disable=consider-merging-classes-inherited
    _inherit = "imaging.study"

    body_part_text = fields.Char(
        string="Body Part in Words",
        compute="_compute_body_part_text",
        search="_search_body_part_text",
    )

    @api.depends("body_part")
    @api.depends_context("lang")
    def _compute_body_part_text(self):
        for study in self:
            study.body_part_text = body_parts.words(study.body_part, self.env._)

    def _search_body_part_text(self, operator, value):
        if operator not in ("ilike", "=ilike") or not isinstance(value, str):
            return NotImplemented
        terms = body_parts.terms(value.strip("%"), self.env._)
        return Domain.OR(
            [Domain("body_part", "ilike", value)]
            + [Domain("body_part", "ilike", term) for term in sorted(terms)]
        )
