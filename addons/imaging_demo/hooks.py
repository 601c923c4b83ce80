import os

from odoo.exceptions import UserError

PASSWORD = "yunying-demo"  # noqa: S105 published, for demonstrations only


def pre_init_hook(env):
    """Accounts with a published password have no place in production."""
    if os.environ.get("YUNYING_PRODUCTION", "") not in ("", "0"):
        raise UserError(
            env._(
                "imaging_demo creates accounts with a known password: it is not installed while "
                "YUNYING_PRODUCTION is set."
            )
        )


def post_init_hook(env):
    """Give the administrator the demo's password, without the mail that a change sends."""
    users = env["res.users"]
    hashed = users._crypt_context().hash(PASSWORD)
    users._set_encrypted_password(env.ref("base.user_admin").id, hashed)
