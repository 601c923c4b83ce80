"""The portal's database: created, kept at the version of the addons, given its node account."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from stack import postgres, processes, secret
from stack.progress import run, step
from stack.settings import REPOSITORY, Settings

ADDONS = REPOSITORY / "addons"
DEMO_ADDON = "imaging_demo"
STAMP = "portal.stamp"
PREPARE = Path(__file__).with_name("portal_prepare.py")


def install(settings: Settings) -> bool:
    """Have the addons installed at their present version; True when something changed."""
    if is_current(settings):
        return False
    log = processes.log_path(settings, "odoo-install")
    exists = postgres.query(
        settings,
        "select 1 from pg_tables where tablename = 'ir_module_module'",
        postgres.PORTAL_DATABASE,
    )
    names = ",".join(addons(settings))
    text = "Portal: updating the addons" if exists else "Portal: creating the database"
    environment = {**os.environ, **processes.environment(settings)}
    with step(text):
        run(
            processes.odoo_command(
                settings,
                "server",
                *(("-u", names) if exists else ()),
                *("-i", names),
                *(
                    "--load-language",
                    "zh_CN",
                    "--skip-auto-install",
                    "--stop-after-init",
                    "--no-http",
                    "--workers",
                    "0",
                ),
            ),
            log=log,
            failure="installing the portal's addons failed",
            env=environment,
        )
    with step("Portal: node account and first pages"):
        run(
            processes.odoo_command(settings, "shell", "--no-http", "--workers", "0"),
            log=log,
            failure="preparing the portal failed",
            env={
                **environment,
                "YUNYING_API_KEY_FILE": str(settings.directory("secrets") / secret.PORTAL_API_KEY),
            },
            stdin=PREPARE.read_text(),
        )
    secret.write(settings.home / STAMP, _digest(ADDONS))
    return True


def set_origin(settings: Settings) -> None:
    """The address that links of the portal begin with; Odoo reads it when it starts."""
    values = {"web.base.url": settings.origin, "web.base.url.freeze": "True"}
    for key, value in values.items():
        postgres.query(
            settings,
            f"insert into ir_config_parameter (key, value) values ('{key}', '{value}')"  # noqa: S608 (our own values)
            " on conflict (key) do update set value = excluded.value",
            postgres.PORTAL_DATABASE,
        )


def is_current(settings: Settings) -> bool:
    """Whether the database was made from the addons as they are now."""
    stamp = settings.home / STAMP
    return stamp.exists() and stamp.read_text() == _digest(ADDONS)


def addons(settings: Settings) -> list[str]:
    """Our addons; in production without the demonstration data."""
    names = sorted(path.parent.name for path in ADDONS.glob("imaging_*/__manifest__.py"))
    return [name for name in names if not (settings.production and name == DEMO_ADDON)]


def _digest(root: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(f"{path.relative_to(root)}\0".encode() + path.read_bytes())
    digest.update(PREPARE.read_bytes())
    return digest.hexdigest()
