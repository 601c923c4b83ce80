"""How long a reader waits for the first picture, on a phone with a slow line and on a desktop."""

from __future__ import annotations

import statistics
import time
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import numpy as np
import pydicom
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian, generate_uid

from benchmarks.corpus import fresh_study, nodelay, send
from benchmarks.product import SMALL_MODALITY, Product
from benchmarks.result import Result

SLICES, MANY, SIDE, ROUNDS = 64, 1000, 3000, 3
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "has_touch": True,
    "is_mobile": True,
}
DESKTOP = {"viewport": {"width": 1440, "height": 900}}
# 1.6 Mbit/s down, 750 kbit/s up, 150 ms.
LINE = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 1.6e6 / 8,
    "uploadThroughput": 750e3 / 8,
    "connectionType": "cellular3g",
}
# How many times slower than this machine's a phone's processor is: OHIF was measured with 1.
PHONES = (1, 4)
HTJ2K = "1.2.840.10008.1.2.4.201"
KIND = "application/octet-stream"
SMALL = f"{KIND}; transfer-syntax={HTJ2K}, {KIND};q=0.5"

# Milliseconds since the navigation at which each was on the page for the first time.
WATCH = """
window.seen = {};
const first = (name, there) => {
  if (window.seen[name] === undefined && there) window.seen[name] = performance.now();
};
const look = () => {
  const preview = document.querySelector('[data-testid=preview]');
  first('preview', preview && preview.complete && preview.naturalWidth > 0);
  first('lossless', document.querySelector('[data-testid=first-picture]'));
  const ready = document.querySelector('[data-testid=viewport][data-ready=true]');
  first('lossless', ready);
  first('tools', ready);
  requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""
FETCHED = """() => performance.getEntriesByType('resource')
  .filter((entry) => entry.name.includes('/frames/') && entry.responseEnd > 0)
  .map((entry) => entry.responseEnd)"""


def run(product: Product, corpus: list[Path]) -> Result:
    """One row a kind of screen, and one for a series of 1,000 slices on the phone."""
    with fresh_study(corpus, SLICES) as files:
        study = _stored(product, files)
        _wait_for_small(product, files[0])
    with fresh_study(corpus, MANY) as files:
        long_study = _stored(product, files)
    with TemporaryDirectory() as directory:
        radiograph = _stored(product, [_radiograph(Path(directory) / "dx.dcm")])
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        rows = [
            *(row for slower in PHONES for row in _opened(chromium, product, study, slower)),
            *_opened(chromium, product, study),
        ]
        large = _opened(chromium, product, radiograph, 1)
        many = _scrolled(chromium, product, long_study)
        chromium.close()
    names = {"first picture, ms": rows, f"a radiograph of {SIDE} × {SIDE}, ms": large}
    return Result({**names, f"{MANY} slices on the phone": [many]})


def _radiograph(path: Path) -> Path:
    """A digital radiograph of 12 bits with soft shapes, an edge every few pixels, and noise."""
    row, column = np.mgrid[0:SIDE, 0:SIDE].astype("f4") / SIDE
    shape = (
        2000 + 1200 * np.sin(6 * column) * np.cos(5 * row) + 300 * np.sin(60 * column + 20 * row)
    )
    values = shape + np.random.default_rng(1).normal(0, 25, shape.shape)
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID = DigitalXRayImageStorageForPresentation
    ds.SOPInstanceUID, ds.StudyInstanceUID, ds.SeriesInstanceUID = (generate_uid() for _ in "123")
    ds.Modality, ds.PatientID, ds.PatientName = "DX", "BENCH-DX", "Bench^Radiograph"
    ds.StudyDate, ds.StudyTime, ds.SeriesNumber, ds.InstanceNumber = "20261101", "080000", 1, 1
    ds.Rows = ds.Columns = SIDE
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PixelRepresentation = 1, "MONOCHROME2", 0
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 16, 12, 11
    ds.WindowCenter, ds.WindowWidth, ds.RescaleSlope, ds.RescaleIntercept = 2000, 3000, 1, 0
    ds.PixelSpacing, ds.PatientOrientation = [0.14, 0.14], ["L", "F"]
    ds.PixelData = np.clip(values, 0, 4095).astype("<u2").tobytes()
    ds.save_as(path, enforce_file_format=True)
    return path


def _stored(product: Product, files: list[Path]) -> str:
    newest = product.newest()
    send(files, product.dicom_port, min(4, len(files)), partial(nodelay, calling=SMALL_MODALITY))
    product.wait_until_indexed(newest, len(files))
    ds = pydicom.dcmread(files[0], stop_before_pixels=True)
    return str(ds.StudyInstanceUID)


def _wait_for_small(product: Product, path: Path) -> None:
    """Until the archive has made the HTJ2K copies of the settled series."""
    ds = pydicom.dcmread(path, stop_before_pixels=True)
    address = f"{product.origin}/dicom-web/studies/{ds.StudyInstanceUID}"
    address += f"/series/{ds.SeriesInstanceUID}/instances/{ds.SOPInstanceUID}/frames/1"
    headers = {"Authorization": f"Bearer {product.token()}", "Accept": SMALL}
    deadline = time.monotonic() + 300
    while HTJ2K not in httpx.get(address, headers=headers).headers["Content-Type"]:
        if time.monotonic() > deadline:
            raise TimeoutError("the series got no HTJ2K copy")
        time.sleep(1)


def _opened(
    chromium: Browser, product: Product, study: str, slower: int = 0
) -> list[dict[str, object]]:
    """On a phone whose processor is *slower*, or, with 0, on a desktop."""
    found: dict[str, list[dict[str, float]]] = {"cold": [], "warm": []}
    for _ in range(ROUNDS):
        context = _context(chromium, phone=bool(slower))
        for times in found.values():
            page = _page(context, slower)
            times.append(_times(page, product, study, whole=not slower))
            page.close()
        context.close()
    screen = f"phone, 1.6 Mbit/s, 150 ms, processor 1/{slower}" if slower else "desktop"
    return [
        {"screen": screen, "cache": state}
        | {name: round(statistics.median(one[name] for one in rounds)) for name in rounds[0]}
        for state, rounds in found.items()
    ]


def _context(chromium: Browser, *, phone: bool) -> BrowserContext:
    options: dict[str, Any] = PHONE if phone else DESKTOP
    context = chromium.new_context(locale="zh-CN", **options)
    context.add_init_script(WATCH)
    return context


def _page(context: BrowserContext, slower: int) -> Page:
    page = context.new_page()
    if slower:
        devtools = context.new_cdp_session(page)
        devtools.send("Network.enable")
        devtools.send("Network.emulateNetworkConditions", LINE)
        devtools.send("Emulation.setCPUThrottlingRate", {"rate": slower})
    return page


def _open(page: Page, product: Product, study: str) -> None:
    page.goto(f"{product.origin}/viewer/#study={study}&ticket={product.token()}&lang=zh_CN")
    page.wait_for_selector("[data-testid=viewport][data-ready=true]", timeout=90_000)


def _times(page: Page, product: Product, study: str, *, whole: bool) -> dict[str, float]:
    _open(page, product, study)
    seen: dict[str, float] = page.evaluate("window.seen")
    times = {name: seen.get(name, float("nan")) for name in ("preview", "lossless", "tools")}
    # The picture itself may be there before its preview.
    times["preview"] = min(seen.values())
    if whole:
        deadline = time.monotonic() + 60
        while len(ends := page.evaluate(FETCHED)) < SLICES:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(ends)} of {SLICES} frames were fetched")
            page.wait_for_timeout(50)
        times[f"all {SLICES}"] = sorted(ends)[SLICES - 1]
    return times


def _scrolled(chromium: Browser, product: Product, study: str) -> dict[str, object]:
    """Memory and longest task while the slider goes through all slices, without a slow line."""
    context = _context(chromium, phone=True)
    page = context.new_page()
    _open(page, product, study)
    page.evaluate(
        """() => {
          window.longest = 0;
          new PerformanceObserver((list) => {
            for (const { duration } of list.getEntries()) {
              window.longest = Math.max(window.longest, duration);
            }
          }).observe({ entryTypes: ['longtask'] });
        }"""
    )
    slider = page.get_by_test_id("slider")
    for index in range(0, MANY, 20):
        slider.fill(str(index))
        page.wait_for_timeout(100)
    devtools = context.new_cdp_session(page)
    devtools.send("Performance.enable")
    metrics = {m["name"]: m["value"] for m in devtools.send("Performance.getMetrics")["metrics"]}
    row = {
        "JS heap, MB": round(metrics["JSHeapUsedSize"] / 1e6),
        "longest task, ms": round(page.evaluate("window.longest")),
    }
    context.close()
    return row
