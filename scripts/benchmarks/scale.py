"""Searches of a large index, and how fast instances come into it beside an empty one."""

from __future__ import annotations

import random
import time
from pathlib import Path

from pydicom.dataset import Dataset
from pynetdicom import AE
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelFind

from benchmarks.corpus import fresh_study, nodelay, send
from benchmarks.measure import tree_cpu
from benchmarks.product import HOSPITAL, MODALITY, Product
from benchmarks.result import Result
from benchmarks.search import KINDS, SEED, Kind, Known, path, sample

REQUESTS = 200
ROUNDS, ASSOCIATIONS = 5, 4
RATE = "instances/s"
PARTS = ("dicom-receive", "dicom-archive", "postgres")
_LEVELS = {"studies": "STUDY", "series": "SERIES", "instances": "IMAGE"}
# A device gets all that it asks for at once, and does not ask for thousands.
FOR_DEVICES = (
    "PatientID",
    "AccessionNumber",
    "PatientName: Wang^Xiaoming",
    "PatientName: 王小明",
    "StudyDate: a day, one modality",
    "StudyInstanceUID",
    "series of a study",
    "instances of a series",
)


def run(empty: Product, corpus: list[Path]) -> Result:
    """One row a kind of search and who searches, and one a receiver of new instances."""
    product = Product.from_environment("YUNYING_BENCH_LARGE")
    known = sample(product.dsn)
    rows = []
    for kind in KINDS:
        for who in ("all", "one"):
            rows.append(_http(product, kind, who, known))
    own = [one for one in known if one.hospital == HOSPITAL]
    rows += _devices(product, own)
    intake, figures = _intake({"empty": empty, "large": product}, corpus)
    cost = {row["search"]: float(str(row["CPU-ms"])) for row in rows if row["by"] != "C-FIND"}
    figures["search, the dearest: CPU to that for a StudyInstanceUID"] = (
        max(cost.values()) / cost["StudyInstanceUID"]
    )
    return Result({"searches": rows, "intake": intake}, figures)


def _intake(
    products: dict[str, Product], corpus: list[Path]
) -> tuple[list[dict[str, object]], dict[str, float]]:
    """The same in turn into each index: rates, and CPU-ms of its processes an instance."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in products}
    for _ in range(ROUNDS):
        for name, product in products.items():
            with fresh_study(corpus) as files:
                found[name].append(_received(product, files))
    # Of each the best round: what else the machine does can only make it worse.
    best = {
        name: {key: (max if key == RATE else min)(one[key] for one in rounds) for key in rounds[0]}
        for name, rounds in found.items()
    }
    rows: list[dict[str, object]] = [
        {"index": name, **{key: round(value, 2) for key, value in figures.items()}}
        for name, figures in best.items()
    ]
    ratios = {key: round(best["large"][key] / best["empty"][key], 2) for key in best["empty"]}
    figures = {
        "intake: time, large to empty index": 1 / ratios[RATE],
        "intake: CPU of archive, large to empty index": ratios["CPU-ms archive"],
        "intake: CPU of postgres, large to empty index": ratios["CPU-ms postgres"],
    }
    return [*rows, {"index": "large / empty", **ratios}], figures


def _received(product: Product, files: list[Path]) -> dict[str, float]:
    newest = product.newest()
    before = {name: tree_cpu([product.pids[name]]) for name in PARTS}
    began = time.monotonic()
    send(files, product.dicom_port, ASSOCIATIONS, nodelay)
    product.wait_until_indexed(newest, len(files))
    seconds = time.monotonic() - began
    return {RATE: len(files) / seconds} | {
        f"CPU-ms {name.removeprefix('dicom-')}": (tree_cpu([product.pids[name]]) - cpu)
        / len(files)
        * 1000
        for name, cpu in before.items()
    }


def _http(product: Product, kind: Kind, who: str, known: list[Known]) -> dict[str, object]:
    chance, found = random.Random(SEED), 0  # noqa: S311
    hospitals = {one.hospital for one in known} if who == "one" else {"*"}
    clients = {hospital: product.client([hospital]) for hospital in hospitals}
    times, before = [], _cpu(product, "dicom-web")
    for one in known[:REQUESTS]:
        client = clients[one.hospital if who == "one" else "*"]
        address = path(kind.level, kind.keys(one, chance))
        began = time.perf_counter()
        answer = client.get(address)
        times.append(time.perf_counter() - began)
        found += len(answer.raise_for_status().json())
    ticket = "one hospital" if who == "one" else "all hospitals"
    cost = _cpu(product, "dicom-web") - before
    return _row(kind.name, f"QIDO-RS, {ticket}", times, found, cost)


def _cpu(product: Product, name: str) -> float:
    """Of the process that answers and of the index."""
    return tree_cpu([product.pids[name], product.pids["postgres"]])


def _devices(product: Product, known: list[Known]) -> list[dict[str, object]]:
    ae = AE(ae_title=MODALITY)
    ae.add_requested_context(StudyRootQueryRetrieveInformationModelFind)
    association = ae.associate("127.0.0.1", product.dicom_port, ae_title="YUNYING")
    if not association.is_established:
        raise RuntimeError("the node does not accept an association")
    rows = []
    for kind in KINDS:
        if kind.name not in FOR_DEVICES:
            continue
        chance, times, found = random.Random(SEED), [], 0  # noqa: S311
        before = _cpu(product, "dicom-receive")
        for one in known[:REQUESTS]:
            identifier = _identifier(kind, one, chance)
            began = time.perf_counter()
            answers = list(
                association.send_c_find(identifier, StudyRootQueryRetrieveInformationModelFind)
            )
            times.append(time.perf_counter() - began)
            if answers[-1][0].Status:
                raise RuntimeError(f"C-FIND, {kind.name}: status {answers[-1][0].Status:#06x}")
            found += len(answers) - 1
        cost = _cpu(product, "dicom-receive") - before
        rows.append(_row(kind.name, "C-FIND", times, found, cost))
    association.release()
    return rows


def _identifier(kind: Kind, one: Known, chance: random.Random) -> Dataset:
    identifier = Dataset()
    identifier.SpecificCharacterSet = "ISO_IR 192"
    for name in ("PatientID", "PatientName", "StudyDate", "AccessionNumber", "StudyInstanceUID"):
        setattr(identifier, name, "")
    identifier.QueryRetrieveLevel = _LEVELS[kind.level]
    above = {"series": ("study",), "instances": ("study", "series")}.get(kind.level, ())
    uids = {"study": ("StudyInstanceUID", one.study), "series": ("SeriesInstanceUID", one.series)}
    for name, value in (*(uids[level] for level in above), *kind.keys(one, chance).items()):
        setattr(identifier, name, value)
    return identifier


def _ms(times: list[float], part: float) -> float:
    return round(times[min(len(times) - 1, int(len(times) * part))] * 1000, 1)


def _row(name: str, by: str, times: list[float], found: int, cpu: float) -> dict[str, object]:
    times = sorted(times)
    return {
        "search": name,
        "by": by,
        "p50 ms": _ms(times, 0.5),
        "p95 ms": _ms(times, 0.95),
        "max ms": _ms(times, 1),
        "CPU-ms": round(cpu / len(times) * 1000, 1),
        "results each": round(found / len(times), 1),
    }
