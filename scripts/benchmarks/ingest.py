"""C-STORE of 512 × 512 CT, fsynced and indexed, beside Orthanc and dcmtk's storescp.

Orthanc runs with its defaults (it fsyncs and indexes before it answers) and as it is tuned for
speed (it neither fsyncs nor computes MD5); storescp only writes.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

from benchmarks.corpus import Sender, fresh_study, multi_frame, nodelay, send, storescu
from benchmarks.measure import measure, peak_rss, tree_cpu
from benchmarks.product import Product

ASSOCIATIONS = (1, 4, 8)
ROUNDS = 3
SENDERS: dict[str, Sender] = {"storescu": storescu, "NODELAY": nodelay}
TUNED = {"SyncStorageArea": False, "StoreMD5ForAttachments": False}
# Which process of the product the figures of a row are of.
PARTS = ("dicom-receive", "dicom-archive")


def run(product: Product, corpus: list[Path]) -> list[dict[str, object]]:
    """One row a sender, number of associations and receiver: ranges of interleaved rounds."""
    receivers: dict[str, Callable[[list[Path], int, Sender], dict[str, float]]] = {
        "yunying: fsynced and indexed": partial(_product, product),
        "Orthanc default: fsynced and indexed": partial(_peer, _orthanc_server),
        "Orthanc tuned: indexed": partial(_peer, partial(_orthanc_server, TUNED)),
        "dcmtk storescp: written": partial(_peer, _storescp),
    }
    found: dict[tuple[str, int, str], list[dict[str, float]]] = {}
    for _ in range(ROUNDS):
        for name, sender in SENDERS.items():
            for associations in ASSOCIATIONS:
                for receiver, work in receivers.items():
                    with fresh_study(corpus) as files:
                        figures = work(files, associations, sender)
                    found.setdefault((name, associations, receiver), []).append(figures)
    rows: list[dict[str, object]] = [
        {
            "sender": name,
            "associations": associations,
            "receiver": receiver,
            **{heading: _range(figures, heading) for heading in HEADINGS},
        }
        for (name, associations, receiver), figures in found.items()
    ]
    return rows + _memory(product, corpus)


HEADINGS = ("instances/s", "CPU-ms/instance", "of it receive", "peak MB")


def _range(figures: list[dict[str, float]], heading: str) -> str:
    values = sorted(one[heading] for one in figures if heading in one)
    return f"{values[0]:.3g}–{values[-1]:.3g}" if values else ""


def _memory(product: Product, corpus: list[Path]) -> list[dict[str, object]]:
    """The peak of each receiver's memory while one multi-frame instance of 314 MB comes in."""
    rows = []
    with multi_frame(corpus) as path:
        have = product.instances()

        def add(receiver: str, pids: list[int], port: int) -> None:
            peak = peak_rss(pids, lambda: send([path], port, 1, nodelay))
            row = {"sender": "314 MB multi-frame", "associations": 1, "receiver": receiver}
            rows.append(row | dict.fromkeys(HEADINGS, "") | {"peak MB": f"{peak:.0f}"})

        add("yunying receive", [product.pids[PARTS[0]]], product.dicom_port)
        product.wait_until_indexed(have + 1)
        for receiver, server in (("Orthanc", _orthanc_server), ("dcmtk storescp", _storescp)):
            with server() as (port, pid):
                add(receiver, [pid], port)
    return rows


def _product(
    product: Product, files: list[Path], associations: int, sender: Sender
) -> dict[str, float]:
    have = product.instances()

    def work() -> None:
        send(files, product.dicom_port, associations, sender)
        product.wait_until_indexed(have + len(files))

    receive, archive = (product.pids[name] for name in PARTS)
    before = tree_cpu([receive])
    cost = measure([receive, archive], work)
    return {
        "instances/s": len(files) / cost.wall,
        "CPU-ms/instance": cost.cpu / len(files) * 1000,
        "of it receive": (tree_cpu([receive]) - before) / len(files) * 1000,
    }


def _peer(
    server: Callable[[], AbstractContextManager[tuple[int, int]]],
    files: list[Path],
    associations: int,
    sender: Sender,
) -> dict[str, float]:
    with server() as (port, pid):
        cost = measure([pid], lambda: send(files, port, associations, sender))
    return {
        "instances/s": len(files) / cost.wall,
        "CPU-ms/instance": cost.cpu / len(files) * 1000,
    }


@contextmanager
def _storescp() -> Iterator[tuple[int, int]]:
    port = _free_port()
    with tempfile.TemporaryDirectory() as directory:
        command = ["storescp", "--fork", "+B", "-od", directory, str(port)]
        with _serving(command, port) as pid:
            yield port, pid


@contextmanager
def _orthanc_server(tuning: dict[str, bool] | None = None) -> Iterator[tuple[int, int]]:
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
            **(tuning or {}),
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
