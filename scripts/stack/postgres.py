"""Our own PostgreSQL cluster under ``$YUNYING_HOME/postgres``."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from stack import secret
from stack.problem import Problem
from stack.progress import run, step
from stack.settings import Settings

# Odoo's search uses trigrams and unaccent; both come with Debian's postgresql package.
EXTENSIONS = ("pg_trgm", "unaccent")
PORTAL_ROLE, PORTAL_DATABASE = "yunying_portal", "yunying"
NODE_ROLE, NODE_DATABASE = "yunying_node", "yunying_archive"


def server_command(settings: Settings) -> list[str]:
    """The command that runs the cluster in the foreground."""
    options = {
        "listen_addresses": "127.0.0.1",
        "port": str(settings.postgres_port),
        "unix_socket_directories": "",
        "shared_buffers": "256MB",
        "random_page_cost": "1.1",
        "log_min_duration_statement": "2000",
    }
    switches = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    return [*_as_unprivileged(), str(_binary("postgres")), "-D", str(_data(settings)), *switches]


def install(settings: Settings) -> None:
    """Create the cluster with a password for its administrator."""
    data = _data(settings)
    if (data / "PG_VERSION").exists():
        return
    log = settings.directory("log") / "initdb.log"
    directory = settings.directory("postgres")
    with step("PostgreSQL cluster"):
        password_file = directory / "initial-password"
        secret.write(password_file, secret.password(settings, "postgres-admin"))
        if os.geteuid() == 0:
            run(["chown", "-R", "postgres:", directory], log=log, failure="chown failed")
        partial = directory / "data.partial"
        run(["rm", "-rf", partial], log=log, failure=f"cannot remove {partial}")
        run(
            [
                *_as_unprivileged(),
                _binary("initdb"),
                *("-D", partial, "-U", "admin", "-E", "UTF8", "--locale=C.UTF-8"),
                *("--auth=scram-sha-256", "--data-checksums", f"--pwfile={password_file}"),
            ],
            log=log,
            failure="initdb failed",
        )
        password_file.unlink()
        partial.rename(data)


def answers(settings: Settings) -> bool:
    """Whether connections are accepted."""
    command = [_binary("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(settings.postgres_port)]
    return subprocess.run(command, check=False).returncode == 0


def create_databases(settings: Settings) -> None:
    """Have both roles and both databases; each role can connect to its own database alone."""
    for role, database in ((PORTAL_ROLE, PORTAL_DATABASE), (NODE_ROLE, NODE_DATABASE)):
        password = secret.password(settings, role)
        if role not in query(settings, "select rolname from pg_roles").split():
            query(settings, f"create role {role} login password '{password}'")
        if database not in query(settings, "select datname from pg_database").split():
            query(settings, f"create database {database} owner {role} template template0")
            query(settings, f"revoke connect, temporary on database {database} from public")
            for extension in EXTENSIONS:
                query(settings, f"create extension if not exists {extension}", database)


def query(settings: Settings, statement: str, database: str = "postgres") -> str:
    """Run one statement as the cluster's administrator; the rows as unaligned text."""
    result = subprocess.run(
        [
            "psql",
            "-XAtq",
            "-v",
            "ON_ERROR_STOP=1",
            "-d",
            admin_dsn(settings, database),
            "-c",
            statement,
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "PGPASSWORD": secret.password(settings, "postgres-admin")},
        check=False,
    )
    if result.returncode:
        raise Problem(f"PostgreSQL: {result.stderr.strip()}")
    return result.stdout.strip()


def admin_dsn(settings: Settings, database: str = "postgres") -> str:
    """Where the administrator connects; the password is passed apart."""
    return f"postgresql://admin@127.0.0.1:{settings.postgres_port}/{database}"


def node_dsn(settings: Settings) -> str:
    password = secret.password(settings, NODE_ROLE)
    return f"postgresql://{NODE_ROLE}:{password}@127.0.0.1:{settings.postgres_port}/{NODE_DATABASE}"


def _data(settings: Settings) -> Path:
    return settings.directory("postgres") / "data"


def _binary(name: str) -> Path:
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=_version)
    if not versions:
        raise Problem(
            f"PostgreSQL's {name} is not in /usr/lib/postgresql: apt-get install postgresql"
        )
    return versions[-1]


def _version(binary: Path) -> int:
    return int(binary.parts[4])


def _as_unprivileged() -> list[str]:
    """PostgreSQL refuses to be root: it runs as its own user, allowed to reach our paths."""
    if os.geteuid() != 0:
        return []
    user = ["--reuid=postgres", "--regid=postgres", "--clear-groups"]
    return ["setpriv", *user, "--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
