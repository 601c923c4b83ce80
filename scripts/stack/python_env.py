"""The virtual environment, from the committed lock files."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from stack.progress import run, step
from stack.settings import REPOSITORY, Settings


def install(settings: Settings, *, tests: bool = False) -> None:
    """Make ``runtime/venv`` hold exactly what the lock file names, and our own package."""
    lock = REPOSITORY / ("requirements-dev.txt" if tests else "requirements.txt")
    stamp = settings.runtime / "venv.stamp"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest() + str(REPOSITORY)
    if settings.python.exists() and stamp.exists():
        have = stamp.read_text().splitlines()
        if wanted in have:
            _link_sources(settings)
            return
    log = settings.directory("log") / "python.log"
    venv = settings.runtime / "venv"
    with step(f"Python environment from {lock.name}"):
        settings.runtime.mkdir(parents=True, exist_ok=True)
        stamp.unlink(missing_ok=True)
        if not (venv / "bin" / "pip").exists():
            shutil.rmtree(venv, ignore_errors=True)
            run(["/usr/bin/python3", "-m", "venv", venv], log=log, failure="python3 -m venv failed")
        run(
            [settings.python, "-m", "pip", "install", "-q", "uv"],
            log=log,
            failure="pip cannot install uv; is the Python package index reachable?",
        )
        environment = {**os.environ, "VIRTUAL_ENV": str(venv)}
        run(
            [venv / "bin" / "uv", "pip", "install", "-q", "--require-hashes", "-r", lock],
            log=log,
            failure="installing the locked Python packages failed",
            env=environment,
        )
        _link_sources(settings)
        stamps = [wanted]
        if tests:  # the development lock is a superset of the other
            run_lock = REPOSITORY / "requirements.txt"
            stamps.append(hashlib.sha256(run_lock.read_bytes()).hexdigest() + str(REPOSITORY))
        stamp.write_text("\n".join(stamps) + "\n")


def _link_sources(settings: Settings) -> None:
    """Make ``import odoo`` find the extracted tree and ``import dicom_node`` this repository."""
    (site,) = (settings.runtime / "venv" / "lib").glob("python3*/site-packages")
    packages: Path = settings.odoo_tree / "usr" / "lib" / "python3" / "dist-packages"
    (site / "yunying.pth").write_text(f"{packages}\n{REPOSITORY}\n")
    command = settings.python.with_name("dicom-node")
    command.write_text(
        f"#!{settings.python}\n"
        "import sys\n\n"
        "from dicom_node.cli import main\n\n"
        'if __name__ == "__main__":  # decoder processes import this file\n'
        "    sys.exit(main())\n"
    )
    command.chmod(0o755)
