"""The supervised processes: their configuration files, start and stop."""

from __future__ import annotations

import hashlib
import json
import os
import pwd
import socket
import subprocess
import time
import xmlrpc.client
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from stack import postgres, secret
from stack.problem import Problem
from stack.progress import run, step
from stack.settings import REPOSITORY, Settings

DATA_SERVICES = ("postgres", "redis")
SERVICES = (
    *("odoo", "dicom-receive", "dicom-archive", "dicom-retrieve", "dicom-web", "dicom-render"),
    "nginx",
)
# Debian's, for web servers.
WEB_USER = "www-data"
FRAMES = REPOSITORY / "config" / "frames.lua"
LUA_MODULE = Path("/etc/nginx/modules-enabled/50-mod-http-lua.conf")
VIEWER_CSP = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' blob: data:; media-src blob:; "
    "connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'"
)


def configure(settings: Settings) -> None:
    """Write every configuration file from the settings; running it again changes nothing."""
    secret.ticket_keys(settings)
    if os.geteuid() == 0:
        _admit_web_server(settings)
    for name, render in (
        ("redis.conf", _redis),
        ("odoo.conf", _odoo),
        ("node.toml", _node),
        ("nginx.conf", _nginx),
        ("supervisord.conf", _supervisord),  # the last: it holds the others' digests
    ):
        path, text = settings.directory("config") / name, render(settings)
        if not path.exists() or path.read_text() != text:
            secret.write(path, text)


def migrate_index(settings: Settings) -> None:
    """Bring the archive's schema to this version."""
    run(
        [
            settings.python.with_name("dicom-node"),
            "migrate",
            *("--config", settings.directory("config") / "node.toml"),
        ],
        log=log_path(settings, "dicom-migrate"),
        failure="migrating the archive's index failed",
    )


def start_supervisor(settings: Settings) -> None:
    """Start supervisord, which starts nothing by itself, if it does not run."""
    if supervisor_state(settings) == "RUNNING":
        return
    _refuse_busy_ports(settings)
    result = subprocess.run(
        [
            settings.python.with_name("supervisord"),
            "-c",
            settings.directory("config") / "supervisord.conf",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise Problem(f"supervisord did not start: {(result.stdout + result.stderr).strip()}")
    _wait(lambda: supervisor_state(settings) == "RUNNING", "supervisord", settings)


def start_data_services(settings: Settings) -> None:
    """Configure everything; have PostgreSQL with both databases, and Redis."""
    postgres.install(settings)
    configure(settings)
    start_supervisor(settings)
    start(settings, DATA_SERVICES)
    wait_for_data_services(settings)
    postgres.create_databases(settings)


def wait_for_data_services(settings: Settings) -> None:
    """Wait until both answer; PostgreSQL listens long before, while it replays its log."""
    for name in DATA_SERVICES:
        wait_for_port(settings, name)
    _wait(lambda: postgres.answers(settings), "postgres", settings, seconds=600)


def start(settings: Settings, names: tuple[str, ...]) -> None:
    """Start these processes and reload those whose command line changed."""
    proxy = _supervisor(settings).supervisor
    added, changed, removed = proxy.reloadConfig()[0]
    for name in (*removed, *changed):
        proxy.stopProcessGroup(name)
        proxy.removeProcessGroup(name)
    for name in (*added, *changed):
        proxy.addProcessGroup(name)
    states = state(settings)
    for name in names:
        if states.get(name) not in ("RUNNING", "STARTING", "BACKOFF"):
            proxy.startProcess(name, False)


def restart(settings: Settings, name: str) -> None:
    """Stop and start one process."""
    proxy = _supervisor(settings).supervisor
    if state(settings).get(name) in ("RUNNING", "STARTING", "BACKOFF"):
        proxy.stopProcess(name)
    proxy.startProcess(name, False)


def stop(settings: Settings) -> bool:
    """Stop everything; False when nothing ran."""
    if supervisor_state(settings) is None:
        return False
    pid_file = settings.directory("run") / "supervisord.pid"
    pid = int(pid_file.read_text())
    with step("Stopping"):
        _supervisor(settings).supervisor.shutdown()
        deadline = time.monotonic() + 60
        while Path(f"/proc/{pid}").exists():
            if time.monotonic() > deadline:
                raise Problem(f"supervisord (process {pid}) did not end within 60 s")
            time.sleep(0.05)
    return True


def state(settings: Settings) -> dict[str, str]:
    """Process name → supervisor's state (RUNNING, BACKOFF, FATAL, …); empty when nothing runs."""
    if supervisor_state(settings) is None:
        return {}
    rows: list[dict[str, str]] = _supervisor(settings).supervisor.getAllProcessInfo()
    return {row["name"]: row["statename"] for row in rows}


def pids(settings: Settings) -> dict[str, int]:
    """Process name → its process id."""
    rows = _supervisor(settings).supervisor.getAllProcessInfo()
    return {row["name"]: row["pid"] for row in rows if row["pid"]}


def supervisor_state(settings: Settings) -> str | None:
    """supervisord's own state, None when it does not answer."""
    try:
        answer: dict[str, str] = _supervisor(settings).supervisor.getState()
    except (OSError, xmlrpc.client.Error):
        return None
    return answer["statename"]


def wait_for_port(settings: Settings, name: str, seconds: float = 120) -> None:
    """Wait until a listener accepts connections; a process that gave up is named at once."""
    port = settings.ports[name]
    _wait(lambda: _listens(port), name, settings, seconds)


def _wait(condition, what: str, settings: Settings, seconds: float = 60) -> None:  # type: ignore[no-untyped-def]
    deadline = time.monotonic() + seconds
    while not condition():
        fatal = [name for name, value in state(settings).items() if value == "FATAL"]
        if fatal:
            raise Problem(f"{fatal[0]} does not start; see {settings.home}/log/{fatal[0]}.log")
        if time.monotonic() > deadline:
            raise Problem(f"waited {seconds:.0f} s for {what}; see {settings.home}/log/")
        time.sleep(0.1)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _refuse_busy_ports(settings: Settings) -> None:
    hints = {"nginx": "YUNYING_HTTP_PORT", "dicom": "YUNYING_DICOM_PORT"}
    for name, port in settings.ports.items():
        if _listens(port):
            hint = hints.get(name, "YUNYING_INTERNAL_PORT")
            raise Problem(f"port {port} ({name}) is in use: stop what uses it, or set {hint}")


def _supervisor(settings: Settings) -> xmlrpc.client.ServerProxy:
    password = secret.password(settings, "supervisor")
    return xmlrpc.client.ServerProxy(
        f"http://yunying:{password}@127.0.0.1:{settings.supervisor_port}/RPC2"
    )


def _redis(settings: Settings) -> str:
    return (
        "bind 127.0.0.1\n"
        f"port {settings.redis_port}\n"
        f"dir {settings.directory('redis')}\n"
        f"requirepass {secret.password(settings, 'redis')}\n"
        "appendonly yes\n"
        "appendfsync everysec\n"
        "daemonize no\n"
    )


def redis_url(settings: Settings, database: int = 0) -> str:
    password = secret.password(settings, "redis")
    return f"redis://default:{password}@127.0.0.1:{settings.redis_port}/{database}"


def _odoo(settings: Settings) -> str:
    addons = settings.odoo_tree / "usr/lib/python3/dist-packages/odoo/addons"
    base = (REPOSITORY / "odoo.conf").read_text()
    return base + (
        f"addons_path = {addons},{REPOSITORY / 'addons'}\n"
        f"data_dir = {settings.directory('odoo')}\n"
        "db_host = 127.0.0.1\n"
        f"db_port = {settings.postgres_port}\n"
        f"db_user = {postgres.PORTAL_ROLE}\n"
        f"db_password = {secret.password(settings, postgres.PORTAL_ROLE)}\n"
        f"db_name = {postgres.PORTAL_DATABASE}\n"
        f"admin_passwd = {secret.password(settings, 'odoo-master')}\n"
        f"http_port = {settings.odoo_port}\n"
        f"gevent_port = {settings.websocket_port}\n"
    )


def _node(settings: Settings) -> str:
    secrets = settings.directory("secrets")
    sections = {
        "dicom": {"ae_title": "YUNYING", "host": settings.bind, "port": settings.dicom_port},
        "spool": {"path": settings.directory("spool")},
        "store": {"path": settings.directory("store")},
        "quarantine": {"path": settings.directory("quarantine")},
        "index": {"dsn": postgres.node_dsn(settings)},
        "portal": {
            "url": f"http://127.0.0.1:{settings.odoo_port}",
            "database": postgres.PORTAL_DATABASE,
            "api_key_file": secrets / secret.PORTAL_API_KEY,
            "cache_file": node_configuration(settings),
        },
        "web": {"host": "127.0.0.1", "port": settings.web_port, "origin": settings.origin},
        "render": {"host": "127.0.0.1", "port": settings.render_port},
        "tickets": {"public_key_file": secrets / secret.TICKET_PUBLIC_KEY},
        "redis": {"url": redis_url(settings)},
    }
    return "".join(
        f"[{section}]\n"
        + "".join(
            f"{key} = {json.dumps(value if isinstance(value, int) else str(value))}\n"
            for key, value in keys.items()
        )
        for section, keys in sections.items()
    )


def node_configuration(settings: Settings) -> Path:
    """Where the node keeps what the portal told it last."""
    return settings.directory("node") / "portal.json"


def _nginx(settings: Settings) -> str:
    values = {
        "@USER@": f"user {_worker(settings)};" if os.geteuid() == 0 else "",
        "@RUN@": str(settings.directory("run")),
        "@LOG@": str(settings.directory("log")),
        "@ODOO_PORT@": str(settings.odoo_port),
        "@WEBSOCKET_PORT@": str(settings.websocket_port),
        "@WEB_PORT@": str(settings.web_port),
        "@RENDER_PORT@": str(settings.render_port),
        "@HTTP_LISTEN@": f"{settings.bind}:{settings.http_port}",
        "@VIEWER@": str(settings.viewer),
        "@STORE@": str(settings.directory("store")),
        "@CONFIG@": str(REPOSITORY / "config"),
        "@LUA@": "" if LUA_MODULE.exists() else "# ",
        "@VIEWER_CSP@": VIEWER_CSP,
    }
    return _fill((REPOSITORY / "config" / "nginx.conf").read_text(), values)


def _worker(settings: Settings) -> str:
    """Who nginx's workers are when root starts it: nobody who may write, or read what is secret.

    Root's group lets them through to what they send: the viewer, the stored files, `FRAMES`. Where
    something on the way is root's alone, and not ours to open, they have to stay root.
    """
    try:
        pwd.getpwnam(WEB_USER)
    except KeyError:
        return "root"
    reached = [settings.viewer, settings.directory("store"), settings.directory("run"), FRAMES]
    ways = {parent.resolve() for path in reached for parent in path.parents}
    admitted = all(_admits(way, 0o011) for way in ways) and _admits(FRAMES, 0o044)
    return f"{WEB_USER} root" if admitted else "root"


def _admits(path: Path, bits: int) -> bool:
    """Whether root's group has one of *bits*, given for a group and for all others."""
    found = path.stat()
    return bool(found.st_mode & bits & (0o070 if found.st_gid == 0 else 0o007))


def _admit_web_server(settings: Settings) -> None:
    """Let root's group, and so nginx's workers, pass to what they send (see `_worker`)."""
    pages = [settings.viewer, *settings.viewer.rglob("*")]
    ways = [settings.directory("store"), settings.directory("run"), *settings.viewer.parents[:2]]
    for path in (settings.home, *ways, *filter(Path.exists, pages)):
        bits = 0o010 if path in ways or path == settings.home else 0o050 if path.is_dir() else 0o040
        path.chmod(path.stat().st_mode | bits)


def _fill(text: str, values: dict[str, str]) -> str:
    for placeholder, value in values.items():
        text = text.replace(placeholder, value)
    return text


def environment(settings: Settings) -> dict[str, str]:
    """What the portal's processes find in their environment."""
    return {
        "YUNYING_TICKET_KEY": str(settings.directory("secrets") / secret.TICKET_KEY),
        "YUNYING_REDIS_URL": redis_url(settings),
        "YUNYING_ORIGIN": settings.origin,  # a change of it restarts Odoo
        "YUNYING_PRODUCTION": "1" if settings.production else "",
        "LANG": "C.UTF-8",
    }


def odoo_command(settings: Settings, *arguments: str) -> list[str]:
    return [
        str(settings.python),
        str(settings.odoo_tree / "usr/bin/odoo"),
        *arguments,
        "-c",
        str(settings.directory("config") / "odoo.conf"),
    ]


@dataclass(frozen=True)
class Process:
    """How one process is started, asked to end, and what it finds in its environment."""

    command: list[str]
    stop_signal: str = "TERM"
    variables: dict[str, str] = field(default_factory=dict)
    umask: int = 0o077


def process(settings: Settings, name: str) -> Process:
    """The process *name* of `DATA_SERVICES` or `SERVICES`."""
    config = settings.directory("config")
    match name:
        case "postgres":
            return Process(postgres.server_command(settings), "INT")
        case "redis":
            return Process(["redis-server", str(config / "redis.conf")])
        case "odoo":
            return Process(odoo_command(settings, "server"), variables=environment(settings))
        case "nginx":
            return Process(["nginx", "-c", str(config / "nginx.conf")], "QUIT")
    node = str(settings.python.with_name("dicom-node"))
    return Process(
        [node, name.removeprefix("dicom-"), "--config", str(config / "node.toml")],
        # nginx's workers read the stored files as members of root's group: see `_worker`.
        umask=0o027 if os.geteuid() == 0 else 0o077,
    )


def become(settings: Settings, name: str) -> NoReturn:
    """Be the process *name* from now on: for whatever supervises it instead of supervisord."""
    if name == "postgres":
        postgres.install(settings)
    configure(settings)
    chosen = process(settings, name)
    os.chdir(REPOSITORY)
    os.umask(chosen.umask)
    os.execvpe(chosen.command[0], chosen.command, {**os.environ, **chosen.variables})  # noqa: S606


def _supervisord(settings: Settings) -> str:
    pids, log = settings.directory("run"), settings.directory("log")
    versions = _versions(settings)
    text = (
        "[supervisord]\n"
        f"logfile={log}/supervisord.log\npidfile={pids}/supervisord.pid\nchildlogdir={log}\n"
        "umask=077\nminfds=4096\n"
        f"{'user=root' if os.geteuid() == 0 else ''}\n"
        "[inet_http_server]\n"
        f"port=127.0.0.1:{settings.supervisor_port}\nusername=yunying\n"
        f"password={secret.password(settings, 'supervisor')}\n"
        "[rpcinterface:supervisor]\n"
        "supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface\n"
    )
    for name in (*DATA_SERVICES, *SERVICES):
        chosen = process(settings, name)
        # A process whose code or configuration changed is restarted by supervisord's reload.
        version = {"YUNYING_VERSION": versions.get(name, "")}
        pairs = ",".join(
            f"{key}={_quote(value)}" for key, value in (chosen.variables | version).items()
        )
        text += (
            f"[program:{name}]\n"
            f"command={' '.join(_quote(part) for part in chosen.command)}\n"
            f"directory={REPOSITORY}\n"
            f"environment={pairs}\n"
            f"umask={chosen.umask:03o}\n"
            f"priority={10 if name in DATA_SERVICES else 20}\n"  # started first, stopped last
            "autostart=false\nautorestart=true\nstartsecs=1\nstartretries=100\n"
            f"stopsignal={chosen.stop_signal}\nstopwaitsecs=20\nstopasgroup=false\nkillasgroup=true\n"
            f"stdout_logfile={log}/{name}.log\nredirect_stderr=true\n"
            "stdout_logfile_maxbytes=20MB\nstdout_logfile_backups=5\n"
        )
    return text


def _versions(settings: Settings) -> dict[str, str]:
    """Process name → digest of the code and the configuration that it read when it started."""
    config = settings.directory("config")
    node = [config / "node.toml", *sorted((REPOSITORY / "dicom_node").rglob("*.py"))]
    files = {
        "redis": [config / "redis.conf"],
        "odoo": [config / "odoo.conf"],
        "dicom-receive": node,
        "dicom-archive": node,
        "dicom-retrieve": node,
        "dicom-web": node,
        "dicom-render": node,
        "nginx": [config / "nginx.conf", FRAMES],
    }
    return {
        name: hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()[:16]
        for name, paths in files.items()
    }


def _quote(text: str) -> str:
    """For supervisord's shell-like parser, whose own % expansion is escaped."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'


def log_path(settings: Settings, name: str) -> Path:
    return settings.directory("log") / f"{name}.log"
