"""One frame of 525 KB through the public origin, beside a static file and Orthanc's DICOMweb."""

from __future__ import annotations

import re
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pydicom

from benchmarks import peers
from benchmarks.measure import tree_cpu
from benchmarks.product import Product
from benchmarks.result import Result

CONNECTIONS = (8, 32)
SECONDS, ROUNDS = 4, 3
NODE, STATIC, ORTHANC = "yunying", "nginx, static file", "Orthanc"


@dataclass(frozen=True)
class Target:
    """An address, and the processes that are charged for it."""

    url: str
    headers: dict[str, str]
    pids: list[int]


def run(product: Product, corpus: list[Path], study: str, series: str, sop: str) -> Result:
    """Interleaved rounds with wrk; of each the best, since other work only makes it worse."""
    address = f"studies/{study}/series/{series}/instances/{sop}/frames/1"
    bare = {"Accept": "application/octet-stream"}
    multipart = {"Accept": 'multipart/related; type="application/octet-stream"'}
    with ExitStack() as stack:
        size = len(pydicom.dcmread(corpus[0]).PixelData)
        static = stack.enter_context(peers.nginx(size))
        orthanc = stack.enter_context(peers.orthanc(web=True))
        theirs = _stored(orthanc, corpus[0])
        targets = {
            NODE: Target(
                f"{product.origin}/dicom-web/{address}",
                bare | {"Authorization": f"Bearer {product.token()}"},
                [product.pids["nginx"], product.pids["dicom-web"]],
            ),
            STATIC: Target(f"http://127.0.0.1:{static.http}/file", {}, [static.pid]),
            ORTHANC: Target(
                f"http://127.0.0.1:{orthanc.http}/dicom-web/{theirs}", multipart, [orthanc.pid]
            ),
        }
        for target in targets.values():
            answer = httpx.get(target.url, headers=target.headers, timeout=60)
            if len(answer.raise_for_status().content) < size:
                raise RuntimeError(f"{target.url} is no whole frame")
        found: dict[tuple[int, str], list[tuple[float, float]]] = {}
        for _ in range(ROUNDS):
            for connections in CONNECTIONS:
                for name, target in targets.items():
                    found.setdefault((connections, name), []).append(_wrk(target, connections))
    return _result(found)


def _result(found: dict[tuple[int, str], list[tuple[float, float]]]) -> Result:
    rows: list[dict[str, object]] = []
    cost = {key: min(cpu for _rate, cpu in rounds) for key, rounds in found.items()}
    for (connections, name), rounds in found.items():
        rows.append(
            {
                "frame of 525 KB": name,
                "connections": connections,
                "requests/s": round(max(rate for rate, _cpu in rounds)),
                "CPU-ms/request": round(cost[connections, name], 3),
                "to the static file": round(cost[connections, name] / cost[connections, STATIC], 2),
            }
        )
    figures = {}
    for connections in CONNECTIONS:
        for peer in (STATIC, ORTHANC):
            figures[f"frame, {connections} connections: CPU to {peer}"] = (
                cost[connections, NODE] / cost[connections, peer]
            )
    return Result({"frames through nginx": rows}, figures)


def _stored(orthanc: peers.Peer, path: Path) -> str:
    """Have Orthanc store an instance; the address of its first frame."""
    stored = httpx.post(
        f"http://127.0.0.1:{orthanc.http}/instances", content=path.read_bytes(), timeout=60
    )
    stored.raise_for_status()
    ds = pydicom.dcmread(path, stop_before_pixels=True)
    return (
        f"studies/{ds.StudyInstanceUID}/series/{ds.SeriesInstanceUID}"
        f"/instances/{ds.SOPInstanceUID}/frames/1"
    )


def _wrk(target: Target, connections: int) -> tuple[float, float]:
    """Requests a second, and CPU-ms of the target's processes a request."""
    headers = [
        part for name, value in target.headers.items() for part in ("-H", f"{name}: {value}")
    ]
    before = tree_cpu(target.pids)
    done = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", *headers, target.url],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    cpu = tree_cpu(target.pids) - before
    said = re.search(r"(\d+) requests in", done.stdout)
    rate = re.search(r"Requests/sec: +([\d.]+)", done.stdout)
    if said is None or rate is None or "Non-2xx" in done.stdout:
        raise RuntimeError(f"wrk: {done.stdout}")
    return float(rate[1]), cpu / int(said[1]) * 1000
