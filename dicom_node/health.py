"""``dicom-node health``: one look at every process and at what they need, as JSON."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import psycopg
from pynetdicom import _config
from pynetdicom.ae import ApplicationEntity
from pynetdicom.sop_class import Verification
from redis import Redis
from redis.exceptions import RedisError

from dicom_node.archive.loop import LOCK
from dicom_node.archive.migrate import is_current
from dicom_node.config import Config

TIMEOUT = 3


class UnhealthyError(Exception):
    """A check failed; the message is for the operator."""


def run(config: Config) -> int:
    """Print the result of every check; 0 when all passed."""
    checks: dict[str, Callable[[Config], Any]] = {"receive": _receive}
    if config.has("index"):
        checks |= {"archive": _archive, "index": _index}
    if config.has("web"):
        checks |= {"web": _web, "render": _render}
    if config.has("redis"):
        checks["redis"] = _redis
    results = {name: _result(check, config) for name, check in checks.items()}
    healthy = all(result["ok"] for result in results.values())
    print(json.dumps({"healthy": healthy, "checks": results}, ensure_ascii=False))
    return 0 if healthy else 1


def _result(check: Callable[[Config], Any], config: Config) -> dict[str, Any]:
    try:
        return {"ok": True, "detail": check(config)}
    except (UnhealthyError, OSError, psycopg.Error, httpx.HTTPError, RedisError) as error:
        return {"ok": False, "detail": str(error).split("\n")[0] or type(error).__name__}


def _receive(config: Config) -> str:
    _config.LOG_HANDLER_LEVEL = "none"
    # From its own title and this machine, the SCP answers C-ECHO whatever the portal said.
    entity = ApplicationEntity(config.dicom.ae_title)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = TIMEOUT
    entity.add_requested_context(Verification)
    host = "127.0.0.1" if config.dicom.host in ("", "0.0.0.0") else config.dicom.host  # noqa: S104
    association = entity.associate(host, config.dicom.port, ae_title=config.dicom.ae_title)
    if not association.is_established:
        raise UnhealthyError(f"no association with {host}:{config.dicom.port}")
    try:
        status = association.send_c_echo()
    finally:
        association.release()
    if status.get("Status") != 0:
        raise UnhealthyError("C-ECHO failed")
    return "C-ECHO answered"


def _archive(config: Config) -> str:
    with psycopg.connect(config.index.dsn, connect_timeout=TIMEOUT) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"
            " AND (classid::bigint << 32 | objid::bigint) = %s"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            (LOCK,),
        ).fetchone()
    if row is None or not row[0]:
        raise UnhealthyError("no process is archiving")
    return "archiving"


def _index(config: Config) -> str:
    with psycopg.connect(config.index.dsn, connect_timeout=TIMEOUT) as connection:
        if not is_current(connection):
            raise UnhealthyError("the schema archive is not migrated")
    return "reachable and current"


def _web(config: Config) -> str:
    address = f"http://{config.web.host}:{config.web.port}/dicom-web/healthz"
    httpx.get(address, timeout=TIMEOUT, trust_env=False).raise_for_status()
    return "answers"


def _render(config: Config) -> str:
    address = f"http://{config.render.host}:{config.render.port}/render/healthz"
    httpx.get(address, timeout=TIMEOUT, trust_env=False).raise_for_status()
    return "answers"


def _redis(config: Config) -> str:
    with Redis.from_url(config.redis.url, socket_timeout=TIMEOUT) as client:
        client.ping()
    return "answers"
