"""Every transfer syntax that comes is shown with the pixels of its file (SHR-1.5, SHR-3.1)."""

import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image
from playwright.sync_api import expect
from pydicom.pixels import apply_color_lut, apply_modality_lut, pixel_array
from pydicom.uid import generate_uid

from e2e.conftest import DESKTOP
from e2e.picture import difference, shown_greys, windowed
from e2e.viewer_page import ViewerPage

DATA = Path(os.environ.get("YUNYING_TEST_DATA", "")) / "transfer_syntax"
FILES = sorted(path for path in DATA.rglob("*") if path.is_file())
# What pydicom does not decode, dcmtk does.
BY_DCMTK = {f"1.2.840.10008.1.2.4.{leaf}" for leaf in (51, 53, 55)}
SIDE = 200
pytestmark = pytest.mark.skipif(not FILES, reason="the shared test data is not here")


def _frames(path, scratch):
    """Of each frame the rescaled values (rows, columns), or RGB (rows, columns, 3)."""
    ds = pydicom.dcmread(path)
    if ds.file_meta.TransferSyntaxUID in BY_DCMTK:
        subprocess.run(["dcmdjpeg", path, scratch], check=True)
        ds = pydicom.dcmread(scratch)
    count = int(ds.get("NumberOfFrames") or 1)
    for index in range(count):
        pixels = pixel_array(ds, index=index if count > 1 else 0)
        if ds.PhotometricInterpretation == "PALETTE COLOR":
            coloured = apply_color_lut(pixels, ds)
            pixels = (coloured >> 8 if coloured.max() > 255 else coloured).astype("uint8")
        yield pixels if pixels.ndim == 3 else apply_modality_lut(pixels, _rescale(ds, index))


def _rescale(ds, index):
    """Where a frame's slope and intercept stand (PS3.3 C.7.6.16.2.9)."""
    groups = ds.get("PerFrameFunctionalGroupsSequence"), ds.get("SharedFunctionalGroupsSequence")
    for group in (groups[0] and groups[0][index], groups[1] and groups[1][0]):
        if group and "PixelValueTransformationSequence" in group:
            return group.PixelValueTransformationSequence[0]
    return ds


@pytest.fixture(scope="module")
def sent(tmp_path_factory):
    """One study, a series a size and kind of pixels; its UID, and the pictures of each series."""
    study, folder = generate_uid(), tmp_path_factory.mktemp("syntaxes")
    series, pictures = defaultdict(generate_uid), defaultdict(list)
    for number, path in enumerate(FILES):
        ds = pydicom.dcmread(path)
        if "Rows" not in ds:
            continue  # a file that breaks off
        kind = (ds.Rows, ds.Columns, ds.PhotometricInterpretation, "NumberOfFrames" in ds)
        frames = list(_frames(path, folder / "decoded"))
        ds.StudyInstanceUID, ds.SeriesInstanceUID = study, series[kind]
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        ds.InstanceNumber, ds.SeriesNumber, ds.PatientID = number, len(series), "SYNTAXES"
        ds.PatientName, ds.AccessionNumber = "Syntaxes^All", "SYNTAXES"
        ds.save_as(folder / f"{number}.dcm")
        name = f"{path.name} {ds.file_meta.TransferSyntaxUID}"
        pictures[series[kind]] += [(f"{name} {i + 1}", one) for i, one in enumerate(frames)]
    (folder / "decoded").unlink(missing_ok=True)
    command = [sys.executable, "-m", "dicom_node.cli", "send", "--calling-ae", "CT_A"]
    port = os.environ["YUNYING_TEST_DICOM_PORT"]
    subprocess.run([*command, "--port", port, str(folder)], check=True, capture_output=True)
    return study, dict(pictures), len(list(folder.iterdir()))


def _expected(viewer, picture, window):
    """What `shown_greys` is to be: the picture fitted into the viewport, its middle square."""
    box = viewer.box
    if picture.ndim == 2:
        drawn = Image.fromarray(windowed(picture, *window).astype("uint8"))
    else:
        drawn = Image.fromarray(picture).convert("L")
    scale = min(box["width"] / drawn.width, box["height"] / drawn.height)
    size = round(drawn.width * scale), round(drawn.height * scale)
    canvas = Image.new("L", (round(box["width"]), round(box["height"])))
    place = (canvas.width - size[0]) // 2, (canvas.height - size[1]) // 2
    canvas.paste(drawn.resize(size, Image.Resampling.BILINEAR), place)
    side = min(canvas.size)
    left, top = (canvas.width - side) // 2, (canvas.height - side) // 2
    square = canvas.crop((left, top, left + side, top + side))
    return np.asarray(square.resize((SIDE, SIDE), Image.Resampling.BOX), float)


@pytest.mark.req("SHR-1.5", "SHR-3.1", part=True)
def test_every_transfer_syntax_shows_the_pixels_of_its_file(browser, origin, portal, sent):
    study, pictures, count = sent
    radiologist = portal("radiologist")
    radiologist.wait_for(study, count, 60)
    context = browser.new_context(base_url=origin, locale="zh-CN", **DESKTOP)
    context.set_default_timeout(30_000)
    page = context.new_page()
    viewer = ViewerPage.launch(page, study, radiologist.ticket(study), phone=False)
    viewer.arrange("series-1x1")
    wrong = {}
    for uid, own in pictures.items():
        page.locator(f"[data-testid=series-item][data-series='{uid}']").click()
        expect(viewer.viewport).to_have_attribute("data-series", uid)
        viewer.wait_until_lossless()
        for index, (name, picture) in enumerate(own):
            if len(own) > 1:
                viewer.go(index)
            viewer.wait_until_lossless()
            found = difference(shown_greys(viewer), _expected(viewer, picture, viewer.window))
            if found >= 4:
                wrong[name] = round(found, 1)
    context.close()
    assert wrong == {}
