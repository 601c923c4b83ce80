"""Run benchmarks by name against the node that scripts/bench started."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import platform
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from benchmarks import ingest, metadata, render, scale, serve, viewer
from benchmarks.measure import table
from benchmarks.product import Product
from benchmarks.result import Result, record, regressions

BENCHMARKS = {
    "ingest": ingest.run,
    "serve": serve.run,
    "metadata": metadata.run,
    "viewer": viewer.run,
    "render": render.run,
    "scale": scale.run,
}
# Only when they are named: scale takes half an hour and 40 GB, render all of the machine.
USUAL = ("ingest", "serve", "metadata", "viewer")
GENERATOR = Path(__file__).resolve().parents[2] / "data" / "demo"


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(BENCHMARKS))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--record", action="store_true")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(BENCHMARKS)
    if unknown:
        parser.error(f"no such benchmark: {', '.join(unknown)}; there are: {', '.join(BENCHMARKS)}")
    product = Product.from_environment()
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run(
            [sys.executable, GENERATOR, directory], check=True, stdout=subprocess.DEVNULL
        )
        corpus = sorted((Path(directory) / "CT_A").glob("CT26050188-*.dcm"))
        results = {name: BENCHMARKS[name](product, corpus) for name in arguments.names or USUAL}
    if arguments.json:
        found = {name: asdict(result) for name, result in results.items()}
        print(json.dumps({"versions": _versions(), "results": found}, indent=2))
    else:
        _print(results)
    if arguments.record:
        for result in results.values():
            record(result.figures)
    worse = [line for result in results.values() for line in regressions(result.figures)]
    if arguments.check and worse:
        print("\nworse than what is kept:\n" + "\n".join(worse), file=sys.stderr)
        return 1
    return 0


def _print(results: dict[str, Result]) -> None:
    for result in results.values():
        for name, rows in result.tables.items():
            print(f"\n{name}\n{table(rows)}")
    print()
    for result in results.values():
        for name, figure in result.figures.items():
            print(f"{name}: {figure:.3g}")
    print("\n" + ", ".join(f"{name} {version}" for name, version in _versions().items()))


def _versions() -> dict[str, str]:
    dcmtk = subprocess.run(["storescp", "--version"], capture_output=True, text=True, check=False)
    orthanc = subprocess.run(
        ["dpkg-query", "-W", "-f=${Version}", "orthanc"],
        capture_output=True,
        text=True,
        check=False,
    )
    packages = ("pynetdicom", "pydicom", "uvicorn", "starlette", "vtk", "websockets")
    return {
        "python": platform.python_version(),
        "dcmtk": dcmtk.stdout.split()[2].lstrip("v") if dcmtk.stdout else "?",
        "orthanc": orthanc.stdout or "?",
        **{name: importlib.metadata.version(name) for name in packages},
    }


if __name__ == "__main__":
    sys.exit(main())
