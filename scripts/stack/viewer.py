"""The built viewer: rebuilt when its sources changed."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from stack.progress import run, step
from stack.settings import REPOSITORY, Settings

SOURCE = REPOSITORY / "viewer_assets" / "viewer"
NOT_SOURCE = {"node_modules", "dist"}


def install(settings: Settings) -> None:
    """Have the viewer's static files in ``runtime/viewer``."""
    stamp = settings.runtime / "viewer.stamp"
    wanted = _digest(SOURCE)
    if settings.viewer.is_dir() and stamp.exists() and stamp.read_text() == wanted:
        return
    log = settings.directory("log") / "viewer.log"
    with step("Viewer"):
        install_packages(log)
        fresh = settings.runtime / "viewer.new"
        shutil.rmtree(fresh, ignore_errors=True)
        run(
            ["npm", "run", "--silent", "build"],
            log=log,
            failure="building the viewer failed",
            cwd=SOURCE,
            env={**os.environ, "VIEWER_OUT": str(fresh)},
        )
        stamp.unlink(missing_ok=True)
        shutil.rmtree(settings.viewer, ignore_errors=True)
        fresh.rename(settings.viewer)
        stamp.write_text(wanted)


def install_packages(log: Path) -> None:
    """``npm ci``, unless node_modules already belongs to this lock file."""
    stamp = SOURCE / "node_modules" / ".lock-digest"
    wanted = hashlib.sha256((SOURCE / "package-lock.json").read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    run(
        ["npm", "ci", "--no-audit", "--no-fund"],
        log=log,
        failure="npm cannot install the viewer's packages; is the npm registry reachable?",
        cwd=SOURCE,
    )
    stamp.write_text(wanted)


def _digest(root: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        if path.is_file() and not NOT_SOURCE.intersection(relative.parts):
            digest.update(f"{relative}\0".encode() + path.read_bytes())
    return digest.hexdigest()
