"""Is every process healthy? Asked in the process's own protocol, not only of the supervisor."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable
from dataclasses import asdict, dataclass

from stack import postgres, processes, secret
from stack.problem import Problem
from stack.progress import step
from stack.settings import Settings


@dataclass(frozen=True)
class Health:
    """One process: the supervisor's state, and the answer to our question ("" = healthy)."""

    name: str
    port: int | None
    state: str
    trouble: str

    @property
    def healthy(self) -> bool:
        return self.state == "RUNNING" and not self.trouble


def check(settings: Settings) -> list[Health]:
    """Ask every process."""
    states = processes.state(settings)
    questions: dict[str, tuple[int | None, Callable[[], str]]] = {
        "postgres": (settings.postgres_port, lambda: _postgres(settings)),
        "redis": (settings.redis_port, lambda: _redis(settings)),
        "odoo": (
            settings.odoo_port,
            lambda: _http(f"http://127.0.0.1:{settings.odoo_port}/web/health"),
        ),
        "dicom-receive": (settings.dicom_port, lambda: _configured(settings) or _echo(settings)),
        "dicom-archive": (None, lambda: ""),
        "dicom-retrieve": (None, lambda: ""),
        "dicom-web": (
            settings.web_port,
            lambda: _http(f"http://127.0.0.1:{settings.web_port}/dicom-web/healthz"),
        ),
        "dicom-render": (
            settings.render_port,
            lambda: _http(f"http://127.0.0.1:{settings.render_port}/render/healthz"),
        ),
        "nginx": (
            settings.http_port,
            lambda: _http(f"http://127.0.0.1:{settings.http_port}/viewer/"),
        ),
    }
    rows = []
    for name, (port, ask) in questions.items():
        state = states.get(name, "STOPPED")
        rows.append(Health(name, port, state, ask() if state == "RUNNING" else "not running"))
    return rows


def wait(settings: Settings, seconds: float = 120) -> None:
    """Wait until every process is healthy."""
    with step("Waiting until every process is healthy"):
        deadline = time.monotonic() + seconds
        while True:
            ill = [row for row in check(settings) if not row.healthy]
            if not ill:
                return
            if time.monotonic() > deadline:
                raise Problem(
                    "not healthy: "
                    + "; ".join(
                        f"{row.name}: {row.trouble} (see {processes.log_path(settings, row.name)})"
                        for row in ill
                    )
                )
            time.sleep(0.3)


def report(settings: Settings, *, as_json: bool) -> int:
    """Print the table (or JSON); 0 only when all are healthy."""
    rows = check(settings)
    healthy = all(row.healthy for row in rows)
    if as_json:
        document = {
            "healthy": healthy,
            "processes": [{**asdict(row), "healthy": row.healthy} for row in rows],
        }
        print(json.dumps(document, indent=2))
    else:
        for row in rows:
            verdict = "healthy" if row.healthy else row.trouble or row.state
            print(f"{row.name:<15} {row.port or '':>6}  {row.state:<9} {verdict}")
    return 0 if healthy else 1


def _http(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 (our own http URLs)
            answer.read(64)
    except (OSError, http.client.HTTPException) as error:
        return f"{url}: {error}"
    return ""


def _postgres(settings: Settings) -> str:
    try:
        postgres.query(settings, "select 1", postgres.PORTAL_DATABASE)
    except Problem as problem:
        return str(problem)
    return ""


def _redis(settings: Settings) -> str:
    request = f"AUTH {secret.password(settings, 'redis')}\r\nPING\r\n".encode()
    try:
        with socket.create_connection(("127.0.0.1", settings.redis_port), timeout=5) as connection:
            connection.sendall(request)
            answer = b""
            while answer.count(b"\r\n") < 2 and (more := connection.recv(256)):
                answer += more
    except OSError as error:
        return str(error)
    return "" if answer == b"+OK\r\n+PONG\r\n" else answer.decode(errors="replace").strip()


def _configured(settings: Settings) -> str:
    """Without the portal's list of modalities every one of them is turned away."""
    if processes.node_configuration(settings).exists():
        return ""
    return "no configuration from the portal yet"


def _echo(settings: Settings) -> str:
    """A real C-ECHO from the node to itself (DICOM PS3.4 Annex A)."""
    result = subprocess.run(
        [
            "echoscu",
            "-to",
            "5",
            "-aet",
            "YUNYING",
            "-aec",
            "YUNYING",
            "127.0.0.1",
            str(settings.dicom_port),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if result.returncode == 0 else (result.stderr or result.stdout).strip()[:200]
