"""C-STORE of 512 × 512 CT, fsynced and indexed, beside Orthanc and dcmtk's storescp.

Orthanc runs with its defaults (it fsyncs and indexes before it answers); storescp only writes.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.corpus import fresh_study, send
from benchmarks.measure import Cost, measure
from benchmarks.product import Product

ASSOCIATIONS = (1, 4)


def run(product: Product, corpus: list[Path]) -> list[dict[str, object]]:
    """One row a receiver and number of associations."""
    rows = []
    for associations in ASSOCIATIONS:
        rows.append(_product(product, corpus, associations))
        rows.append(_orthanc(corpus, associations))
        rows.append(_dcmtk(corpus, associations))
    return rows


def _product(product: Product, corpus: list[Path], associations: int) -> dict[str, object]:
    have = product.instances()
    with fresh_study(corpus) as files:

        def work() -> None:
            send(files, product.dicom_port, associations)
            product.wait_until_indexed(have + len(files))

        watched = [product.pids["dicom-receive"], product.pids["dicom-archive"]]
        cost = measure(watched, work)
        return _row("yunying: fsynced and indexed", associations, len(files), cost)


def _orthanc(corpus: list[Path], associations: int) -> dict[str, object]:
    with fresh_study(corpus) as files, _orthanc_server() as (port, pid):
        cost = measure([pid], lambda: send(files, port, associations))
        return _row("Orthanc default: fsynced and indexed", associations, len(files), cost)


def _dcmtk(corpus: list[Path], associations: int) -> dict[str, object]:
    with fresh_study(corpus) as files, _storescp() as (port, pid):
        cost = measure([pid], lambda: send(files, port, associations))
        return _row("dcmtk storescp: written", associations, len(files), cost)


def _row(receiver: str, associations: int, count: int, cost: Cost) -> dict[str, object]:
    return {
        "receiver": receiver,
        "associations": associations,
        "instances/s": count / cost.wall,
        "CPU-ms/instance": cost.cpu / count * 1000,
    }


@contextmanager
def _storescp() -> Iterator[tuple[int, int]]:
    port = _free_port()
    with tempfile.TemporaryDirectory() as directory:
        command = ["storescp", "--fork", "+B", "-od", directory, str(port)]
        with _serving(command, port) as pid:
            yield port, pid


@contextmanager
def _orthanc_server() -> Iterator[tuple[int, int]]:
    port = _free_port()
    with tempfile.TemporaryDirectory() as directory:
        configuration = Path(directory) / "orthanc.json"
        settings = {
            "StorageDirectory": f"{directory}/storage",
            "IndexDirectory": f"{directory}/storage",
            "DicomPort": port,
            "DicomAlwaysAllowStore": True,
            "HttpServerEnabled": False,
            "Plugins": [],
        }
        configuration.write_text(json.dumps(settings))
        with _serving([_orthanc_binary(), str(configuration)], port) as pid:
            yield port, pid


def _orthanc_binary() -> str:
    """Debian puts it where only administrators look."""
    return shutil.which("Orthanc") or "/usr/sbin/Orthanc"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _serving(command: list[str], port: int) -> Iterator[int]:
    """Run a server until it listens; its process id."""
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while not _listens(port):
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{command[0]} does not serve port {port}")
            time.sleep(0.05)
        yield server.pid
    finally:
        server.terminate()
        server.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
