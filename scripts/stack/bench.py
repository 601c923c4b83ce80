"""The node alone, in a state of its own, for scripts/benchmarks."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from stack import postgres, processes
from stack.problem import Problem
from stack.progress import run as run_command
from stack.progress import step
from stack.settings import REPOSITORY, Settings
from stack.testing import isolated

NODE = ("dicom-receive", "dicom-archive", "dicom-web", "dicom-render")
LARGE = "scale"
# What a generated instance takes in table and indexes, and in making these.
BYTES_PER_INSTANCE = 420


@dataclass(frozen=True)
class Size:
    """How much the large index holds, and whether it is left there for another time."""

    studies: int
    instances: int
    keep: bool


def run(settings: Settings, arguments: list[str], names: list[str], size: Size) -> int:
    """Start the node with an empty archive, and one with a large index if asked; measure, stop."""
    with ExitStack() as nodes:
        empty = nodes.enter_context(_node(settings))
        environment = {**os.environ, **_python_path(), **_variables(empty, "YUNYING_BENCH")}
        if LARGE in names:
            large = nodes.enter_context(_large_node(settings, size))
            environment |= _variables(large, "YUNYING_BENCH_LARGE")
        command = [str(settings.python), "-m", "benchmarks", *names, *arguments]
        return subprocess.run(command, cwd=REPOSITORY, env=environment, check=False).returncode


@contextmanager
def _node(settings: Settings) -> Iterator[Settings]:
    settings = isolated(settings, "bench")
    shutil.rmtree(settings.home, ignore_errors=True)
    try:
        with step("Node for the benchmarks"):
            processes.start_data_services(settings)
            _start(settings, (*NODE, "nginx"))
        yield settings
    finally:
        processes.stop(settings)


@contextmanager
def _large_node(settings: Settings, size: Size) -> Iterator[Settings]:
    settings = isolated(settings, "bench-scale")
    kept = False
    try:
        with step("Node for the large index"):
            processes.start_data_services(settings)
        if not _is_there(settings, size):
            _generate(settings, size)
        _start(settings, NODE)
        kept = size.keep
        yield settings
    finally:
        processes.stop(settings)
        if not kept:
            shutil.rmtree(settings.home, ignore_errors=True)


def _start(settings: Settings, names: tuple[str, ...]) -> None:
    processes.migrate_index(settings)
    _pretend_configuration(settings)
    processes.start(settings, names)
    processes.wait_for_port(settings, "dicom")
    processes.wait_for_port(settings, "dicom-web")
    processes.wait_for_port(settings, "dicom-render")


def _is_there(settings: Settings, size: Size) -> bool:
    database = postgres.NODE_DATABASE
    if not postgres.query(settings, "select to_regclass('public.generated')", database):
        return False
    found = postgres.query(settings, "select studies, instances from public.generated", database)
    return found == f"{size.studies}|{size.instances}"


def _generate(settings: Settings, size: Size) -> None:
    free = shutil.disk_usage(settings.home).free
    if free < size.instances * BYTES_PER_INSTANCE:
        raise Problem(
            f"only {free / 1024**3:.0f} GB free at {settings.home}, and {size.instances} instances"
            f" take {size.instances * BYTES_PER_INSTANCE / 1024**3:.0f} GB: give --instances"
        )
    with step(f"Index of {size.studies} studies and {size.instances} instances"):
        postgres.query(settings, f"drop database if exists {postgres.NODE_DATABASE} with (force)")
        postgres.create_databases(settings)
        processes.migrate_index(settings)
        # Without a log of what is written into tables made anew: it would be as large again.
        _set(settings, {"wal_level": "minimal", "max_wal_senders": "0"})
        run_command(
            [
                *(settings.python, "-m", "benchmarks.generate"),
                *(str(size.studies), str(size.instances)),
            ],
            log=processes.log_path(settings, "generate"),
            failure="generating the large index failed",
            cwd=REPOSITORY,
            env={**os.environ, **_python_path(), **_variables(settings, "YUNYING_BENCH_LARGE")},
        )
        _set(settings, {"wal_level": None, "max_wal_senders": None})


def _set(settings: Settings, values: dict[str, str | None]) -> None:
    for name, value in values.items():
        change = f"reset {name}" if value is None else f"set {name} = '{value}'"
        postgres.query(settings, f"alter system {change}")
    postgres.query(settings, "checkpoint")
    processes.restart(settings, "postgres")
    processes.wait_for_port(settings, "postgres")


def _python_path() -> dict[str, str]:
    return {"PYTHONPATH": str(REPOSITORY / "scripts")}


def _variables(settings: Settings, prefix: str) -> dict[str, str]:
    return {
        f"{prefix}_HOME": str(settings.home),
        f"{prefix}_DICOM_PORT": str(settings.dicom_port),
        f"{prefix}_WEB": f"http://127.0.0.1:{settings.web_port}/dicom-web",
        f"{prefix}_ORIGIN": settings.origin,
        f"{prefix}_DSN": postgres.node_dsn(settings),
        f"{prefix}_PIDS": json.dumps(processes.pids(settings)),
    }


def _pretend_configuration(settings: Settings) -> None:
    """What the portal would have told the node, in the copy that the node keeps."""
    document = {
        "check_calling_ae": True,
        "hospitals": [
            {"code": "H001", "active": True},
            {"code": "H002", "active": True, "htj2k": True},
        ],
        "devices": [
            {
                "ae_title": ae_title,
                "hospital": hospital,
                "addresses": [],
                "active": True,
                "roles": ["store", "query"],
            }
            for ae_title, hospital in (("BENCH", "H001"), ("BENCHSMALL", "H002"))
        ],
    }
    processes.node_configuration(settings).write_text(json.dumps(document))
