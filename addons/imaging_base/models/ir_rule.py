import logging

from odoo import models
from odoo.exceptions import AccessError

_logger = logging.getLogger(__name__)


class IrRule(models.Model):
    _inherit = "ir.rule"

    def _make_access_error(self, operation, records):
        """A refusal that tells nothing of what was refused.

        Odoo's own names the records (a patient, that is) and the rules to every internal user
        who switches the debug mode on.
        """
        _logger.info(
            "Refused by record rules: %s %s %s, user %s",
            operation,
            records._name,
            records.ids[:6],
            self.env.uid,
        )
        env = self.with_context(**self.env.user.context_get()).env
        model = env["ir.model"]._get(records._name).name
        messages = {
            "read": env._("%(model)s: this is not yours to see.", model=model),
            "write": env._("%(model)s: this is not yours to change.", model=model),
            "create": env._("%(model)s: this is not yours to create.", model=model),
            "unlink": env._("%(model)s: this is not yours to delete.", model=model),
        }
        return AccessError(messages[operation])
