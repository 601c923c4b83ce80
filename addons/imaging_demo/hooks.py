import os

from odoo.exceptions import UserError


def pre_init_hook(_env):
    """Accounts with a published password have no place in production."""
    if os.environ.get("YUNYING_PRODUCTION", "") not in ("", "0"):
        raise UserError(
            "imaging_demo creates accounts with a known password: it is not installed while "
            "YUNYING_PRODUCTION is set."
        )
