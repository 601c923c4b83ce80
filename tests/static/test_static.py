"""Linters and type checkers: one test each, the tool's own words as the failure."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]

CHECKS = {
    "ruff": [sys.executable, "-m", "ruff", "check", "."],
    "ruff-format": [sys.executable, "-m", "ruff", "format", "--check", "."],
    "mypy": [sys.executable, "-m", "mypy"],
    "pylint-odoo": [sys.executable, "-m", "pylint", "addons"],
    "requirements-document": ["scripts/matrix", "--check"],
}


@pytest.mark.parametrize("name", CHECKS)
def test_static_check_passes(name):
    _run(CHECKS[name], REPOSITORY)


def test_viewer_passes_types_lint_and_unit_tests():
    _run([str(Path(sys.executable).with_name("npm")), "run", "--silent", "check"], _viewer())


def _viewer() -> Path:
    """The copy of the viewer's sources that has its packages beside it."""
    return Path(os.environ["YUNYING_TEST_VIEWER"])


def _run(command, directory):
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    result = subprocess.run(
        command,
        cwd=directory,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        pytest.fail(f"{' '.join(command)}\n{result.stdout}{result.stderr}", pytrace=False)
