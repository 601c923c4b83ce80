"""The commands behind scripts/run, stop, status and ticket, and of containers and units."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable

from stack import (
    bench,
    debian,
    demo,
    health,
    odoo_tree,
    portal,
    postgres,
    processes,
    python_env,
    testing,
    ticket,
    viewer,
)
from stack.problem import Problem
from stack.settings import Settings

FREE_SPACE = 3 * 1024**3
LOGINS = "admin hospital radiologist expert qc finance ops auditor patient"
STATE = (
    *("config", "demo-images", "demo.stamp", "log", "node", "odoo", "portal.stamp", "postgres"),
    *("quarantine", "redis", "run", "secrets", "spool", "store"),
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="install what is missing, start everything")
    run.add_argument("--detach", action="store_true", help="return when all is healthy")
    run.add_argument("--fresh", action="store_true", help="delete all data first")
    commands.add_parser("stop", help="stop everything")
    commands.add_parser("install", help="install what is missing, start nothing").add_argument(
        "--tests", action="store_true", help="with what the tests need"
    )
    commands.add_parser(
        "prepare", help="bring the databases to this version; PostgreSQL and Redis run already"
    )
    become = commands.add_parser("exec", help="be one process, for another supervisor")
    become.add_argument("name", choices=(*processes.DATA_SERVICES, *processes.SERVICES))
    test = commands.add_parser("test", help="run the tests")
    test.add_argument(
        "suites", nargs="*", metavar="suite", help=", ".join(testing.SUITES + testing.ON_DEMAND)
    )
    measure = commands.add_parser("bench", help="measure the node beside its peers")
    measure.add_argument("names", nargs="*", metavar="name")
    measure.add_argument("--json", action="store_true")
    measure.add_argument(
        "--check", action="store_true", help="fail when a figure is 25 %% worse than the one kept"
    )
    measure.add_argument("--record", action="store_true", help="keep the figures for later checks")
    measure.add_argument("--studies", type=int, default=1_000_000, help="for scale")
    measure.add_argument("--instances", type=int, default=100_000_000, help="for scale")
    measure.add_argument("--keep", action="store_true", help="leave scale's index for another run")
    status = commands.add_parser("status", help="exit 0 only when every process is healthy")
    status.add_argument("--json", action="store_true")
    ask = commands.add_parser("ticket", help="print a bearer token for /dicom-web/")
    ask.add_argument("--login", required=True)
    ask.add_argument("--study", metavar="UID", help="for this study alone")
    ask.add_argument("--anonymous", action="store_true", help="no name or identifier in any answer")
    arguments, others = parser.parse_known_args()
    if others and arguments.command != "test":
        parser.error(f"unknown arguments: {' '.join(others)}")
    os.umask(0o077)
    settings = Settings.from_environment()
    handlers: dict[str, Callable[[], int]] = {
        "run": lambda: _run(settings, detach=arguments.detach, fresh=arguments.fresh),
        "install": lambda: _install(settings, tests=arguments.tests),
        "prepare": lambda: _prepare(settings),
        "exec": lambda: processes.become(settings, arguments.name),
        "stop": lambda: _stop(settings),
        "status": lambda: health.report(settings, as_json=arguments.json),
        "ticket": lambda: _ticket(settings, arguments),
        "bench": lambda: _bench(settings, arguments),
        "test": lambda: _test(settings, arguments.suites, others),
    }
    try:
        return handlers[arguments.command]()
    except Problem as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def install(settings: Settings, *, tests: bool = False) -> int:
    """Everything that is installed and not state."""
    _refuse_full_disk(settings)
    debian.install(settings, more=debian.TEST_PACKAGES if tests else ())
    odoo_tree.install(settings)
    python_env.install(settings, tests=tests)
    viewer.install(settings)
    return 0


def _install(settings: Settings, *, tests: bool) -> int:
    os.umask(0o022)  # nothing secret is installed, and another user may run it
    return install(settings, tests=tests)


def _stop(settings: Settings) -> int:
    print("stopped" if processes.stop(settings) else "nothing was running")
    return 0


def _prepare(settings: Settings) -> int:
    processes.wait_for_data_services(settings)
    processes.configure(settings)
    postgres.create_databases(settings)
    processes.migrate_index(settings)
    portal.install(settings)
    portal.set_origin(settings)
    return 0


def _ticket(settings: Settings, arguments: argparse.Namespace) -> int:
    print(ticket.fetch(settings, arguments.login, arguments.study, anonymous=arguments.anonymous))
    return 0


def _bench(settings: Settings, arguments: argparse.Namespace) -> int:
    install(settings, tests=True)
    debian.install(settings, more=debian.BENCH_PACKAGES)
    options = [option for option in ("json", "check", "record") if getattr(arguments, option)]
    size = bench.Size(arguments.studies, arguments.instances, arguments.keep)
    return bench.run(settings, [f"--{option}" for option in options], arguments.names, size)


def _test(settings: Settings, suites: list[str], pytest_arguments: list[str]) -> int:
    install(settings, tests=True)
    return testing.run(settings, suites, pytest_arguments)


def start(settings: Settings) -> None:
    """Start all processes and wait until each is healthy."""
    processes.start_data_services(settings)
    processes.migrate_index(settings)
    if portal.install(settings) and processes.state(settings).get("odoo") == "RUNNING":
        processes.restart(settings, "odoo")
    portal.set_origin(settings)
    processes.start(settings, processes.SERVICES)
    health.wait(settings)


def _run(settings: Settings, *, detach: bool, fresh: bool) -> int:
    if fresh:
        processes.stop(settings)
        for name in STATE:
            path = settings.home / name
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    print("云影 YunYing", file=sys.stderr)
    install(settings)
    start(settings)
    if not settings.production:
        demo.load(settings)
    _greet(settings)
    if detach:
        return 0
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
    try:
        while processes.supervisor_state(settings):
            time.sleep(1)
    except KeyboardInterrupt:
        processes.stop(settings)
    return 0


def _greet(settings: Settings) -> None:
    print(f"\n  {settings.origin}")
    print(f"  DICOM: AE title YUNYING, 127.0.0.1 port {settings.dicom_port}")
    if not settings.production:
        print(f"  logins: {LOGINS}; password: yunying-demo\n")


def _refuse_full_disk(settings: Settings) -> None:
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.home).free
    if free < FREE_SPACE:
        raise Problem(
            f"only {free / 1024**3:.1f} GB free at {settings.home}: "
            f"free {FREE_SPACE / 1024**3:.0f} GB, or set YUNYING_HOME to a larger disk"
        )


if __name__ == "__main__":
    sys.exit(main())
