"""The whole node on this machine: real processes, PostgreSQL, Redis, and a fake portal."""

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import jwt
import psutil
import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from redis import Redis

from .fake_portal import API_KEY, DATABASE, FakePortal

try:
    ADMIN_DSN, REDIS_URL = os.environ["YUNYING_TEST_DSN"], os.environ["YUNYING_TEST_REDIS"]
except KeyError as missing:
    raise RuntimeError(f"{missing} is not set: run scripts/test node faults") from missing
REPOSITORY = Path(__file__).resolve().parents[2]
ORIGIN = "http://viewer.test"
# Each process asks the portal for itself, every 0.3 s; only one of them writes what is kept.
ASKED = 0.7
PROCESSES = ("receive", "archive", "web")
# Below those that outgoing connections get, one of which may take a port before a process listens
# there, or even be one that asks whether it listens: connected to itself.
PORTS = range(10_000, 20_000)
# Seconds, on a machine that starts those of several workers at once.
STARTING = 120

_given: set[int] = set()


def free_port() -> int:
    """A port for a process that is still to start, which no other caller has got."""
    while True:
        port = secrets.choice(PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            if port not in _given:
                _given.add(port)
                return port


def wait_until(condition: Callable[[], Any], what: str, seconds: float = 15) -> Any:
    """Poll *condition* until it is true; fail naming *what* the user would have seen."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {what}")


class Stack:
    """One node below *root*, with its own database. Nothing outside *root* is touched."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.portal = FakePortal()
        self.dicom_port, self.web_port = free_port(), free_port()
        self.render_port = free_port()
        self.database = f"node_test_{uuid.uuid4().hex[:12]}"
        with psycopg.connect(ADMIN_DSN, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{self.database}"')
        information = psycopg.conninfo.conninfo_to_dict(ADMIN_DSN) | {"dbname": self.database}
        self.dsn = psycopg.conninfo.make_conninfo(**information)
        self.redis = Redis.from_url(REDIS_URL)
        self.key = Ed25519PrivateKey.generate()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._write_secrets()
        self.environment = os.environ | self._settings()
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.web_port}", timeout=60)

    @property
    def public_pem(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def _write_secrets(self) -> None:
        (self.root / "api_key").write_text(API_KEY)
        (self.root / "ticket.pem").write_bytes(self.public_pem)

    def _settings(self) -> dict[str, str]:
        settings = {
            "DICOM_PORT": self.dicom_port,
            "SPOOL_PATH": self.root / "spool",
            "STORE_PATH": self.root / "store",
            "QUARANTINE_PATH": self.root / "quarantine",
            "INDEX_DSN": self.dsn,
            "PORTAL_URL": self.portal.url,
            "PORTAL_DATABASE": DATABASE,
            "PORTAL_API_KEY_FILE": self.root / "api_key",
            "PORTAL_CACHE_FILE": self.root / "node" / "portal.json",
            "PORTAL_POLL_SECONDS": 0.3,
            "PORTAL_REPORT_SECONDS": 0.5,
            "WEB_PORT": self.web_port,
            "WEB_ORIGIN": ORIGIN,
            "RENDER_PORT": self.render_port,
            "WEB_RENDER_WORKERS": 1,
            "TICKETS_PUBLIC_KEY_FILE": self.root / "ticket.pem",
            "REDIS_URL": REDIS_URL,
        }
        return {f"YUNYING_NODE_{key}": str(value) for key, value in settings.items()}

    def command(self, *arguments: str) -> list[str]:
        config = str(REPOSITORY / "config" / "node.toml")
        return [sys.executable, "-m", "dicom_node.cli", *arguments, "--config", config]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command that ends by itself."""
        return subprocess.run(
            self.command(*arguments), env=self.environment, cwd=REPOSITORY, check=False,
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip

    def start(self, *names: str, **environment: str) -> None:
        for name in names:
            with (self.root / f"{name}.log").open("ab") as log:
                self.processes[name] = subprocess.Popen(
                    self.command(name),
                    env=self.environment | environment,
                    cwd=REPOSITORY,
                    stderr=log,
                )

    def start_all(self) -> None:
        done = self.run("migrate")
        assert done.returncode == 0, done.stderr
        self.start(*PROCESSES)
        self.wait_ready(*PROCESSES)
        wait_until(self._archiving, "the archive process is at work", STARTING)

    def _archiving(self) -> bool:
        return bool(
            self.query(
                "SELECT 1 FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
                " WHERE l.locktype = 'advisory' AND l.granted AND d.datname = current_database()"
            )
        )

    def wait_ready(self, *names: str) -> None:
        """Wait until each of the processes itself listens; another may have got its port."""
        ports = {"receive": self.dicom_port, "web": self.web_port, "render": self.render_port}
        for name in names:
            if name in ports:
                process = psutil.Process(self.processes[name].pid)
                wait_until(
                    lambda p=process, n=name: _listens(p, ports[n]),
                    f"{name} listens on {ports[name]}",
                    STARTING,
                )

    def stop(self, name: str) -> int:
        """End a process as a supervisor does; return its exit code."""
        process = self.processes.pop(name)
        process.send_signal(signal.SIGTERM)
        return process.wait(10)

    def restart(self, name: str, **environment: str) -> None:
        """End a process and start it with *environment* over its own."""
        self.stop(name)
        self.start(name, **environment)
        self.wait_ready(name)

    def kill(self, name: str) -> None:
        process = self.processes.pop(name)
        process.kill()
        process.wait(10)

    def log(self, name: str) -> list[dict[str, Any]]:
        """The JSON lines that a process wrote; what Python says of one that was killed is none."""
        lines = (self.root / f"{name}.log").read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def wait_configured(self, title: str) -> None:
        """Wait until the receiver knows *title*."""
        cache = self.root / "node" / "portal.json"
        wait_until(
            lambda: cache.exists() and f'"{title}"' in cache.read_text(),
            f"the receiver knows {title}",
        )
        time.sleep(ASKED)

    def configure(self, **values: Any) -> None:
        """Change the portal's configuration, and wait until every process has taken it over."""
        self.portal.configuration |= values
        self.wait_told()

    @contextmanager
    def device(self, title: str, *roles: str, **values: Any) -> Iterator[dict[str, Any]]:
        """The portal knows one device more, of H001 unless *values* say otherwise."""
        entry = {
            "ae_title": title, "hospital": "H001", "addresses": [], "active": True,
            "roles": list(roles), **values,
        }  # fmt: skip
        before = self.portal.configuration["devices"]
        self.configure(devices=[*before, entry])
        try:
            yield entry
        finally:
            self.configure(devices=before)

    def portal_report(self, process: str = "receive") -> dict[str, Any]:
        """The last report of a process, once there is one."""
        report: dict[str, Any] = wait_until(
            lambda: self.portal.reports.get(process), f"{process} reports"
        )
        return report

    def wait_told(self) -> None:
        """Wait until every process knows the portal's configuration of this moment."""
        cache = self.root / "node" / "portal.json"
        wanted = self.portal.configuration
        wait_until(
            lambda: cache.exists() and json.loads(cache.read_bytes()) == wanted,
            "the node knows the configuration",
        )
        time.sleep(ASKED)

    def spooled(self) -> list[Path]:
        return [*self.root.glob("spool/*/*.dcm"), *self.root.glob("spool/notes/*.json")]

    def wait_archived(self, seconds: float = 30) -> None:
        wait_until(lambda: not self.spooled(), "the spool is empty", seconds)

    def query(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            return connection.execute(sql, parameters).fetchall()

    def execute(self, sql: str) -> None:
        """Run statements that return no rows."""
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            connection.execute(sql)

    def forget(self) -> None:
        """Empty the index, and that alone."""
        self.wait_archived()
        # What the processes do in the background takes its locks in another order.
        wait_until(self._truncated, "the index is empty")

    def _truncated(self) -> bool:
        try:
            self.execute(
                "TRUNCATE archive.study, archive.series, archive.instance, archive.arrival,"
                " archive.outbox, archive.access, archive.volume, archive.decision, archive.doomed,"
                " archive.progress, archive.evidence, archive.retrieval RESTART IDENTITY CASCADE"
            )
        except psycopg.errors.DeadlockDetected:
            return False
        return True

    def reset(self) -> None:
        """Forget every instance; the processes go on."""
        self.forget()
        for name in ("store", "quarantine"):
            for path in (self.root / name).iterdir():
                shutil.rmtree(path)
        for path in self.root.glob("spool/*/*.upload"):
            path.unlink()
        self.portal.events.clear()

    def ticket(self, *, key: Any = None, algorithm: str = "EdDSA", **claims: Any) -> str:
        """A ticket for everything, unless *claims* say otherwise."""
        now = int(time.time())
        body = {
            "iss": "yunying",
            "aud": "dicom-node",
            "jti": uuid.uuid4().hex[:22],
            "sub": "user:7",
            "iat": now,
            "nbf": now,
            "exp": now + 600,
            "scope": {"hospitals": ["*"]},
            "perms": ["view", "download"],
            "anon": False,
            "purpose": "reading",
            "label": "王医生",
        } | claims
        return jwt.encode(body, key or self.key, algorithm=algorithm, headers={"kid": "test"})

    def get(
        self, path: str, *, ticket: str | None = None, accept: str = "", **keywords: Any
    ) -> httpx.Response:
        """GET below /dicom-web, with a ticket for everything unless told otherwise."""
        headers = {"Authorization": f"Bearer {ticket or self.ticket()}"}
        if accept:
            headers["Accept"] = accept
        headers |= keywords.pop("headers", {})
        return self.client.get(f"/dicom-web{path}", headers=headers, **keywords)

    def close(self) -> None:
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)
        self.client.close()
        self.redis.close()
        self.portal.close()
        with psycopg.connect(ADMIN_DSN, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{self.database}" WITH (FORCE)')


def _listens(process: psutil.Process, port: int) -> bool:
    return any(
        connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
        for connection in process.net_connections("tcp")
    )


def parts_of(response: httpx.Response) -> list[tuple[dict[str, str], bytes]]:
    """The parts of a multipart answer, by RFC 2046 to the letter."""
    content_type = response.headers["content-type"]
    assert content_type.startswith("multipart/related; "), content_type
    boundary = content_type.split("boundary=")[1].split(";")[0].encode()
    body = response.content
    assert body.startswith(b"--" + boundary + b"\r\n")
    assert body.endswith(b"\r\n--" + boundary + b"--\r\n")
    inner = body[len(boundary) + 4 : -len(boundary) - 8]
    parts = []
    for part in inner.split(b"\r\n--" + boundary + b"\r\n"):
        head, content = part.split(b"\r\n\r\n", 1)
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        parts.append((headers, content))
    return parts
