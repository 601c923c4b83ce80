"""C-STORE of 512 × 512 CT, fsynced and indexed, beside dcmtk's storescp (which only writes)."""

from __future__ import annotations

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
    directory = tempfile.mkdtemp()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(["storescp", "--fork", "+B", "-od", directory, str(port)])
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield port, server.pid
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(directory)
