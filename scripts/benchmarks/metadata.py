"""The first reading of a settled series' metadata, beside Orthanc's."""

from __future__ import annotations

import gzip
import json
import time
from pathlib import Path

import httpx
import psycopg
import pydicom

from benchmarks import peers
from benchmarks.corpus import fresh_study, nodelay, send
from benchmarks.measure import measure
from benchmarks.product import Product
from benchmarks.result import Result

COUNT, ROUNDS = 1000, 2
NODE, ORTHANC = "yunying", "Orthanc"
SETTLED = 180.0


def run(product: Product, corpus: list[Path]) -> Result:
    """Of each the better of interleaved rounds, each with a series that nobody has read yet."""
    seconds: dict[str, list[float]] = {NODE: [], ORTHANC: []}
    cpu: dict[str, list[float]] = {NODE: [], ORTHANC: []}
    with peers.orthanc(web=True) as orthanc:
        for _ in range(ROUNDS):
            with fresh_study(corpus, COUNT) as files:
                ds = pydicom.dcmread(files[0], stop_before_pixels=True)
                address = f"/studies/{ds.StudyInstanceUID}/series/{ds.SeriesInstanceUID}/metadata"
                newest = product.newest()
                send(files, product.dicom_port, 4, nodelay)
                product.wait_until_indexed(newest, COUNT)
                send(files, orthanc.port, 4, nodelay)
                _wait_until_described(product, str(ds.SeriesInstanceUID))
            base = f"http://127.0.0.1:{orthanc.http}/dicom-web"
            for name, client, pid in (
                (NODE, product.client(), product.pids["dicom-web"]),
                (ORTHANC, httpx.Client(base_url=base, timeout=300), orthanc.pid),
            ):
                # The connection is there, as a viewer's is; what is read is not.
                client.get("/studies?limit=1").raise_for_status()

                answers: list[bytes] = []

                def read(
                    client: httpx.Client = client,
                    address: str = address,
                    answers: list[bytes] = answers,
                ) -> None:
                    # As it comes: what a client in Python does with it would take longer.
                    headers = {"Accept": "application/dicom+json", "Accept-Encoding": "gzip"}
                    with client.stream("GET", address, headers=headers) as answer:
                        answers.append(b"".join(answer.raise_for_status().iter_raw()))

                cost = measure([pid], read)
                if _count(answers[0]) != COUNT:
                    raise RuntimeError(f"{address} does not hold {COUNT} instances")
                seconds[name].append(cost.wall)
                cpu[name].append(cost.cpu)
    rows: list[dict[str, object]] = [
        {
            f"metadata of {COUNT} instances": name,
            "ms": round(min(seconds[name]) * 1000),
            "CPU-ms": round(min(cpu[name]) * 1000),
        }
        for name in (NODE, ORTHANC)
    ]
    figures = {"metadata: time to Orthanc": min(seconds[NODE]) / min(seconds[ORTHANC])}
    return Result({"metadata": rows}, figures)


def _count(body: bytes) -> int:
    is_gzip = body.startswith(b"\x1f\x8b")
    return len(json.loads(gzip.decompress(body) if is_gzip else body))


def _wait_until_described(product: Product, series: str) -> None:
    deadline = time.monotonic() + SETTLED
    query = "SELECT described FROM archive.series WHERE series_uid = %s"
    with psycopg.connect(product.dsn, autocommit=True) as connection:
        while connection.execute(query, (series,)).fetchone() != (True,):
            if time.monotonic() > deadline:
                raise TimeoutError(f"the series was not described within {SETTLED:.0f} s")
            time.sleep(0.5)
