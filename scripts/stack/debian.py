"""Debian packages: what is missing is installed, and no service of the machine is started."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stack.problem import Problem
from stack.progress import run, step
from stack.settings import Settings

RUN_PACKAGES = (
    "ca-certificates",
    "dcmtk",
    "fonts-noto-cjk",
    "libegl1",  # with the next one: OpenGL without a screen or a card, for dicom-node render
    "libgl1-mesa-dri",
    "libnginx-mod-http-brotli-static",
    "libnginx-mod-http-lua",
    "nginx-light",
    "postgresql",
    "python3-venv",
    "redis-server",
    "util-linux",
    "xz-utils",
)
TEST_PACKAGES = ("chromium", "dicom3tools", "orthanc")
BENCH_PACKAGES = ("orthanc", "orthanc-dicomweb", "wrk")
POLICY = Path("/usr/sbin/policy-rc.d")
CREATE_CLUSTER = Path("/etc/postgresql-common/createcluster.conf")


def install(settings: Settings, *, more: tuple[str, ...] = ()) -> None:
    """Install the Debian packages that are not there yet: those that run it, and ``more``."""
    wanted = RUN_PACKAGES + more
    missing = [name for name in wanted if not _installed(name)]
    if not missing:
        return
    if shutil.which("apt-get") is None:
        raise Problem(
            "this machine has no apt-get: install these yourself and run again: "
            + " ".join(missing)
        )
    log = settings.directory("log") / "apt.log"
    root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    apt = [
        *root,
        "env",
        "DEBIAN_FRONTEND=noninteractive",
        "apt-get",
        "-q",
        "-o",
        "DPkg::Lock::Timeout=300",
    ]
    failure = "installing Debian packages failed; try: apt-get install " + " ".join(missing)
    with step(f"Debian packages: {' '.join(missing)}"):
        run([*apt, "update"], log=log, failure=failure)
        with _no_services(root):
            run(
                [*apt, "install", "-y", "--no-install-recommends", *missing],
                log=log,
                failure=failure,
            )


def _installed(package: str) -> bool:
    result = subprocess.run(
        ["dpkg-query", "-W", "-f=${db:Status-Status}", package],
        capture_output=True,
        text=True,
        check=False,
    )
    return result.stdout == "installed"


@contextmanager
def _no_services(root: list[str]) -> Iterator[None]:
    """Keep the packages from starting services and from creating a PostgreSQL cluster.

    Both files are the ones that Debian provides for this; they are put aside again, and a
    machine that has them already keeps its own.
    """
    made: list[Path] = []
    for path, text, mode in (
        (POLICY, "#!/bin/sh\nexit 101\n", "755"),
        (CREATE_CLUSTER, "create_main_cluster = false\n", "644"),
    ):
        if path.exists() or (path is CREATE_CLUSTER and _installed("postgresql-common")):
            continue
        subprocess.run([*root, "mkdir", "-p", str(path.parent)], check=True)
        subprocess.run(
            [*root, "tee", str(path)], input=text.encode(), stdout=subprocess.DEVNULL, check=True
        )
        subprocess.run([*root, "chmod", mode, str(path)], check=True)
        made.append(path)
    try:
        yield
    finally:
        if POLICY in made:
            subprocess.run([*root, "rm", "-f", str(POLICY)], check=True)
