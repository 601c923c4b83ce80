"""Frames, metadata and searches over HTTP, one client, warm cache."""

from __future__ import annotations

from pathlib import Path

from benchmarks import frames
from benchmarks.corpus import fresh_study, send
from benchmarks.measure import measure
from benchmarks.product import Product
from benchmarks.result import Result

REQUESTS = 500


def run(product: Product, corpus: list[Path]) -> Result:
    """One row a kind of request, and one a server of frames."""
    with fresh_study(corpus) as files:
        have = product.newest()
        send(files, product.dicom_port, 1)
        product.wait_until_indexed(have, len(files))
    client = product.client()
    instance = client.get("/instances", params={"limit": 1}).json()[0]
    study, series, sop = (instance[tag]["Value"][0] for tag in ("0020000D", "0020000E", "00080018"))
    bare = {"Accept": "application/octet-stream"}
    one = f"/studies/{study}/series/{series}"
    kinds = {
        "frame, 525 KB": (f"{one}/instances/{sop}/frames/1", bare, REQUESTS),
        "metadata of a series of 300": (f"{one}/metadata", {}, 20),
        "QIDO, 50 studies": ("/studies?limit=50", {}, REQUESTS),
    }
    rows: list[dict[str, object]] = []
    for name, (path, headers, count) in kinds.items():
        client.get(path, headers=headers).raise_for_status()

        def work(path: str = path, headers: dict[str, str] = headers, count: int = count) -> None:
            for _ in range(count):
                client.get(path, headers=headers).raise_for_status()

        cost = measure([product.pids["dicom-web"]], work)
        rows.append(
            {
                "request": name,
                "requests/s": count / cost.wall,
                "CPU-ms/request": cost.cpu / count * 1000,
            }
        )
    through = frames.run(product, corpus, study, series, sop)
    return Result({"one client, without nginx": rows} | through.tables, through.figures)
