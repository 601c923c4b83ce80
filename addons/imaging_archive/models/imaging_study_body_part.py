import re

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

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
        as_told = Domain("body_part", "ilike", value)
        terms = body_parts.terms(value.strip("%"), self.env._)
        return as_told | self._has_one_of(terms) if terms else as_told

    def _has_one_of(self, terms):
        """Whole terms alone: EAR is a part of HEART."""
        alternatives = "|".join(map(re.escape, sorted(terms)))
        pattern = rf"(^|[,\\])\s*({alternatives})\s*([,\\]|$)"

        def to_sql(model, alias, query):
            return SQL("%s ~* %s", model._field_to_sql(alias, "body_part", query), pattern)

        return Domain.custom(to_sql=to_sql)
