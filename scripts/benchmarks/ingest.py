"""C-STORE of 512 × 512 CT, fsynced and indexed, beside Orthanc and dcmtk's storescp.

Orthanc runs with its defaults (it fsyncs and indexes before it answers) and as it is tuned for
speed (it neither fsyncs nor computes MD5); storescp only writes.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from benchmarks import peers
from benchmarks.corpus import Sender, fresh_study, multi_frame, nodelay, send, storescu
from benchmarks.measure import measure, peak_rss, tree_cpu
from benchmarks.peers import Peer
from benchmarks.product import Product
from benchmarks.result import Result

ASSOCIATIONS = (1, 4, 8)
ROUNDS = 3
SENDERS: dict[str, Sender] = {"storescu": storescu, "NODELAY": nodelay}
TUNED = {"SyncStorageArea": False, "StoreMD5ForAttachments": False}
# Which process of the product the figures of a row are of.
PARTS = ("dicom-receive", "dicom-archive")


NODE, STORESCP = "yunying: fsynced and indexed", "dcmtk storescp: written"
ORTHANC = "Orthanc default: fsynced and indexed"


def run(product: Product, corpus: list[Path]) -> Result:
    """One row a sender, number of associations and receiver: ranges of interleaved rounds."""
    receivers: dict[str, Callable[[list[Path], int, Sender], dict[str, float]]] = {
        NODE: partial(_product, product),
        ORTHANC: partial(_peer, peers.orthanc),
        "Orthanc tuned: indexed": partial(_peer, partial(peers.orthanc, TUNED)),
        STORESCP: partial(_peer, peers.storescp),
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
    cost = {key: min(one["CPU-ms/instance"] for one in figures) for key, figures in found.items()}
    figures = {
        f"ingest, {name}, {associations} associations: CPU to {peer.partition(':')[0]}": cost[
            name, associations, NODE
        ]
        / cost[name, associations, peer]
        for name in SENDERS
        for associations in ASSOCIATIONS
        for peer in (STORESCP, ORTHANC)
    }
    return Result({"ingest": rows + _memory(product, corpus)}, figures)


HEADINGS = ("instances/s", "CPU-ms/instance", "of it receive", "peak MB")


def _range(figures: list[dict[str, float]], heading: str) -> str:
    values = sorted(one[heading] for one in figures if heading in one)
    return f"{values[0]:.3g}–{values[-1]:.3g}" if values else ""


def _memory(product: Product, corpus: list[Path]) -> list[dict[str, object]]:
    """The peak of each receiver's memory while one multi-frame instance of 314 MB comes in."""
    rows = []
    with multi_frame(corpus) as path:
        have = product.newest()

        def add(receiver: str, pids: list[int], port: int) -> None:
            peak = peak_rss(pids, lambda: send([path], port, 1, nodelay))
            row = {"sender": "314 MB multi-frame", "associations": 1, "receiver": receiver}
            rows.append(row | dict.fromkeys(HEADINGS, "") | {"peak MB": f"{peak:.0f}"})

        add("yunying receive", [product.pids[PARTS[0]]], product.dicom_port)
        product.wait_until_indexed(have, 1)
        for receiver, server in (("Orthanc", peers.orthanc), ("dcmtk storescp", peers.storescp)):
            with server() as peer:
                add(receiver, [peer.pid], peer.port)
    return rows


def _product(
    product: Product, files: list[Path], associations: int, sender: Sender
) -> dict[str, float]:
    have = product.newest()

    def work() -> None:
        send(files, product.dicom_port, associations, sender)
        product.wait_until_indexed(have, len(files))

    receive, archive = (product.pids[name] for name in PARTS)
    before = tree_cpu([receive])
    cost = measure([receive, archive], work)
    return {
        "instances/s": len(files) / cost.wall,
        "CPU-ms/instance": cost.cpu / len(files) * 1000,
        "of it receive": (tree_cpu([receive]) - before) / len(files) * 1000,
    }


def _peer(
    server: Callable[[], AbstractContextManager[Peer]],
    files: list[Path],
    associations: int,
    sender: Sender,
) -> dict[str, float]:
    with server() as peer:
        cost = measure([peer.pid], lambda: send(files, peer.port, associations, sender))
    return {
        "instances/s": len(files) / cost.wall,
        "CPU-ms/instance": cost.cpu / len(files) * 1000,
    }
