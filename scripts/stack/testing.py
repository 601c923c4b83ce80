"""The tests: their own cluster and processes, a template database, one pytest run a kind.

State lies in ``$YUNYING_HOME/test``; what is installed is shared with the product. Odoo's tests
run on a clone of the template, the end-to-end tests on a product that starts from another.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from dataclasses import replace

from stack import demo, health, portal, postgres, processes, progress, secret
from stack.problem import Problem
from stack.progress import step
from stack.settings import REPOSITORY, Settings

# In the order they run; the first one is Odoo's own, the others are folders of tests/.
SUITES = ("portal", "static", "node", "faults", "e2e")
# Only when named: it takes minutes, root, and programs that the others do without.
ON_DEMAND = ("containers",)
# One pytest run each, with so many workers: these tests mostly wait. Each worker has a node of its
# own, or is another reader of the one product.
RUNS = (("static", 0), ("node", 2), ("faults", 2), ("e2e", 2), ("containers", 0))
NO_TESTS = 5  # pytest's exit code
TEMPLATE = "yunying_template"
PORTAL_TEST = "portal_test"
NODE_STATE = ("spool", "store", "quarantine", "node")


def run(settings: Settings, suites: list[str], pytest_arguments: list[str]) -> int:
    """Run the suites (all when none is named); 0 when every test passed."""
    every = SUITES + ON_DEMAND
    unknown = set(suites) - set(every)
    if unknown:
        raise Problem(f"no such suite: {', '.join(sorted(unknown))}; there are: {', '.join(every)}")
    chosen = [name for name in every if name in (suites or SUITES)]
    settings = isolated(settings, "test")
    environment = _environment(settings)
    codes = []
    try:
        if set(chosen) - {"static", *ON_DEMAND}:
            processes.start_data_services(settings)
        if {"portal", "e2e"} & set(chosen):
            _template(settings)
        if "portal" in chosen:
            codes.append(_portal(settings, environment, pytest_arguments))
        for name, workers in RUNS:
            if name not in chosen:
                continue
            if name == "e2e":
                _start_product(settings)
            options = ["-n", str(workers), "--dist", "loadfile", *pytest_arguments]
            codes.append(_pytest(settings, environment, [f"tests/{name}", *options]))
    finally:
        processes.stop(settings)
    # A choice of tests may leave a suite without any.
    return max([code for code in codes if code != NO_TESTS] or codes)


def isolated(settings: Settings, name: str) -> Settings:
    """The same installation with its own state and free ports."""
    home = settings.home / name
    first = _free_port_range(7)
    return replace(
        settings,
        home=home,
        http_port=_free_port_range(1),
        dicom_port=_free_port_range(1),
        internal_port=first,
        production=False,
        bind="127.0.0.1",
        public_origin="",
    )


def _free_port_range(count: int) -> int:
    for first in range(20000 + os.getpid() % 5000, 60000, count):
        probes = [socket.socket() for _ in range(count)]
        try:
            for offset, probe in enumerate(probes):
                probe.bind(("127.0.0.1", first + offset))
        except OSError:
            continue
        finally:
            for probe in probes:
                probe.close()
        ports = set(range(first, first + count))
        if not ports & _taken:
            _taken.update(ports)
            return first
    raise Problem("no free ports for the tests")


_taken: set[int] = set()


def _environment(settings: Settings) -> dict[str, str]:
    password = secret.password(settings, "postgres-admin")
    return {
        **os.environ,
        **processes.environment(settings),
        "YUNYING_TEST_DSN": f"postgresql://admin:{password}@127.0.0.1:{settings.postgres_port}/postgres",
        "YUNYING_TEST_REDIS": processes.redis_url(settings, database=1),
        "YUNYING_TEST_ORIGIN": settings.origin,
        "YUNYING_TEST_DICOM_PORT": str(settings.dicom_port),
        "YUNYING_TEST_HOME": str(settings.home),
        "YUNYING_TEST_VIEWER": str(settings.viewer_build),
        "YUNYING_TEST_DATA": os.environ.get("YUNYING_TEST_DATA")
        or str(REPOSITORY.parent / "shared" / "data"),
    }


def _template(settings: Settings) -> None:
    """Have the template database, made from nothing by the present version of the addons.

    An update would keep what an older version's installation hooks once wrote.
    """
    if portal.is_current(settings):
        return
    postgres.query(settings, f"drop database if exists {postgres.PORTAL_DATABASE} with (force)")
    postgres.create_databases(settings)
    portal.install(settings)
    _clone(settings, postgres.PORTAL_DATABASE, TEMPLATE)


def _clone(settings: Settings, source: str, target: str) -> None:
    """Copy a database and its file store."""
    postgres.query(settings, f"drop database if exists {target} with (force)")
    postgres.query(
        settings,
        f"create database {target} owner {postgres.PORTAL_ROLE}"
        f" template {source} strategy file_copy",
    )
    filestore = settings.directory("odoo") / "filestore"
    shutil.rmtree(filestore / target, ignore_errors=True)
    if (filestore / source).is_dir():
        shutil.copytree(filestore / source, filestore / target)


def _portal(settings: Settings, environment: dict[str, str], arguments: list[str]) -> int:
    _clone(settings, TEMPLATE, PORTAL_TEST)
    tests = [str(path) for path in sorted((REPOSITORY / "addons").glob("*/tests"))]
    return _pytest(
        settings,
        environment,
        [
            *("-p", "no:asyncio", "-p", "odoo", "--odoo-http"),
            f"--odoo-config={settings.directory('config') / 'odoo.conf'}",
            f"--odoo-database={PORTAL_TEST}",
            *tests,
            *arguments,
        ],
    )


def _start_product(settings: Settings) -> None:
    """The whole product from an empty archive and the template, with the demonstration data."""
    with step("Product for the end-to-end tests: empty state"):
        for name in NODE_STATE:
            shutil.rmtree(settings.home / name, ignore_errors=True)
        (settings.home / "demo.stamp").unlink(missing_ok=True)
        progress.run(
            ["redis-cli", "-u", processes.redis_url(settings), "--no-auth-warning", "flushdb"],
            log=processes.log_path(settings, "redis-flush"),
            failure="emptying Redis failed",
        )
        postgres.query(settings, f"drop database if exists {postgres.NODE_DATABASE} with (force)")
        postgres.create_databases(settings)
        _clone(settings, TEMPLATE, postgres.PORTAL_DATABASE)
        processes.configure(settings)
        processes.migrate_index(settings)
        portal.set_origin(settings)
    processes.start(settings, processes.SERVICES)
    health.wait(settings)
    demo.load(settings)


def _pytest(settings: Settings, environment: dict[str, str], arguments: list[str]) -> int:
    sys.stderr.flush()
    command = [settings.python, "-m", "pytest", *arguments]
    return subprocess.run(
        [str(part) for part in command], cwd=REPOSITORY, env=environment, check=False
    ).returncode
