"""Says what is being done, and how long it took, on standard error."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from stack.problem import Problem

LAST_LINES = 15


@contextmanager
def step(text: str) -> Iterator[None]:
    started = time.monotonic()
    print(f"  {text} …", end="", flush=True, file=sys.stderr)
    try:
        yield
    except BaseException:
        print(" failed", file=sys.stderr)
        raise
    print(f" {time.monotonic() - started:.1f} s", file=sys.stderr)


def run(
    command: Sequence[str | Path],
    *,
    log: Path,
    failure: str,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: str | None = None,
) -> None:
    """Run a command with its output in ``log``; a failure raises Problem with the last lines."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out:
        begin = out.tell()
        try:
            result = subprocess.run(
                [str(part) for part in command],
                cwd=cwd,
                env=env,
                input=stdin.encode() if stdin is not None else None,
                stdin=subprocess.DEVNULL if stdin is None else None,
                stdout=out,
                stderr=subprocess.STDOUT,
                check=False,
            )
        except FileNotFoundError as error:
            raise Problem(f"{failure}: {error.filename} is not installed") from error
    if result.returncode:
        with log.open("rb") as written:
            written.seek(begin)
            tail = written.read().decode(errors="replace").strip().splitlines()[-LAST_LINES:]
        raise Problem(
            f"{failure} (exit {result.returncode}; whole output in {log}):\n    "
            + "\n    ".join(tail)
        )
