"""Planes, slabs and volume rendering by the reader's machine, against the files' voxels."""

import itertools
import math
import re

import numpy as np
import pytest
from playwright.sync_api import expect

from e2e import modality
from e2e.conftest import CHROMIUM, CHROMIUM_ARGUMENTS, PHONE
from e2e.picture import Slices, difference
from e2e.viewer_page import ViewerPage
from e2e.volume_page import (
    ALIKE,
    OTHER,
    PLANES,
    SAME,
    VolumePage,
    Voxels,
    bright,
    index_at,
    likeness,
    plane_of,
    same_as,
)

ACCESSION, COUNT = "CT26110001", 120  # the demonstration's chest CT, 512 × 512 pixels
# A small window: a rendering takes a second or two without a graphics card.
DESKTOP = {"viewport": {"width": 940, "height": 520}}


@pytest.fixture(scope="module")
def chest_uid(portal):
    return portal("radiologist").study_uid(ACCESSION)


@pytest.fixture(scope="module")
def voxels(portal, chest_uid):
    dicomweb = portal("radiologist").dicomweb(chest_uid)
    series = dicomweb.get(f"/studies/{chest_uid}/overview").json()["series"][0]
    return Voxels(Slices(dicomweb, chest_uid, series["uid"]), COUNT)


@pytest.fixture(scope="module")
def launch(browser, origin, portal):
    contexts = []

    def make(study, options):
        context = browser.new_context(base_url=origin, locale="zh-CN", **options)
        context.set_default_timeout(30_000)
        VolumePage.keep(context, "local")
        contexts.append(context)
        ticket = portal("radiologist").ticket(study)
        return ViewerPage.launch(context.new_page(), study, ticket, phone=options is PHONE)

    yield make
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def opened(launch, chest_uid):
    return VolumePage.open(launch(chest_uid, DESKTOP))


@pytest.fixture
def volume(opened):
    opened.restart()
    return opened


@pytest.mark.req("SHR-3.28", "SHR-3.29")
@pytest.mark.req("SHR-1.10", "CON-1.4", "BI-1.6", part=True)
def test_three_planes_show_the_voxels_where_they_say_and_the_letters_fit(volume, voxels):
    assert volume.edges("axial") == "A L P R"
    assert volume.edges("coronal") == "H L F R"
    assert volume.edges("sagittal") == "H P F A"
    for pane in PLANES:
        same_as(volume, voxels, pane)
    expect(volume.page.get_by_test_id("volume-identity")).to_contain_text("王小东")


@pytest.mark.req("PAT-1.6")
@pytest.mark.req("CON-4.32", part=True)
def test_wheel_scrolls_a_plane_by_whole_slices(volume, voxels):
    for pane, steps in (("axial", -5), ("coronal", 7), ("sagittal", -9)):
        before = volume.number(pane, "index")
        volume.pane(pane).hover()
        for _ in range(abs(steps)):
            volume.page.mouse.wheel(0, math.copysign(60, steps))
        expect(volume.pane(pane)).to_have_attribute("data-index", f"{before + steps:.0f}")
        same_as(volume, voxels, pane)


@pytest.mark.req("CON-4.13")
def test_click_moves_all_planes_to_the_point_and_tells_its_value(volume, voxels):
    box = volume.pane("axial").bounding_box()
    at = round(box["x"] + box["width"] * 0.38), round(box["y"] + box["height"] * 0.6)
    x, y = at[0] - box["x"], at[1] - box["y"]
    volume.page.mouse.click(*at)
    right, down = volume.place("axial", x, y)
    left, back = voxels.middle[2] + right, voxels.middle[1] + down
    assert volume.number("sagittal", "position") == pytest.approx(left, abs=0.02)
    assert volume.number("coronal", "position") == pytest.approx(back, abs=0.02)

    head = volume.number("axial", "position")
    text = volume.page.get_by_test_id("cursor-position").inner_text()
    stated = re.findall(r"([LRAPHF])\s+([\d.]+)", text)
    signed = [float(value) * (1 if letter in "LPH" else -1) for letter, value in stated]
    assert signed == pytest.approx([left, back, head], abs=0.06)

    index = [
        (at - start) / step
        for at, start, step in zip((back, left), voxels.origin[1:], voxels.spacing[1:], strict=True)
    ]
    low = [int(at) for at in index]
    corner = voxels.hu[index_at(voxels, "axial", head)][low[0] : low[0] + 2, low[1] : low[1] + 2]
    weights = [np.array([1 - (at - base), at - base]) for at, base in zip(index, low, strict=True)]
    value = weights[0] @ corner @ weights[1]
    shown = volume.page.get_by_test_id("cursor-value").inner_text()
    assert float(re.search(r"-?[\d.]+", shown).group()) == pytest.approx(value, abs=5)
    assert shown.endswith("HU")


@pytest.mark.req("SHR-3.30", "SHR-3.32", "SHR-3.33", "PAT-1.7", "PAT-1.8")
@pytest.mark.req("CON-4.33", "CON-4.35", "BI-1.6", part=True)
@pytest.mark.parametrize(("name", "by"), [("max", np.max), ("min", np.min), ("mean", np.mean)])
def test_slab_shows_greatest_least_and_mean_of_the_slices_within(volume, voxels, name, by):
    middle = same_as(volume, voxels, "axial")
    thin = volume.greys("axial")
    volume.press(f"slab-{name}")
    for slices in (3, 9):
        volume.type("slab-thickness", slices * voxels.spacing[0])
        layers = range(middle - slices // 2, middle + slices // 2 + 1)
        expected = volume.expected("axial", *plane_of(voxels, "axial", layers, by))
        assert difference(volume.greys("axial"), expected) < SAME, slices
    assert difference(thin, expected) > SAME
    across = 13 * voxels.spacing[2]
    volume.type("slab-thickness", across)
    column = index_at(voxels, "sagittal", volume.number("sagittal", "position"))
    expected = volume.expected(
        "sagittal", *plane_of(voxels, "sagittal", range(column - 6, column + 7), by)
    )
    assert difference(volume.greys("sagittal"), expected) < SAME


@pytest.mark.req("CON-4.32")
def test_planes_turn_together_by_the_typed_angle_and_by_their_handles(volume, voxels):
    straight = volume.greys("coronal")
    volume.type("turn-degrees", 30)
    volume.press("turn-apply")
    assert volume.edges("coronal") == "H LP F RA"
    assert volume.edges("sagittal") == "H PR F AL"
    assert difference(volume.greys("coronal"), straight) > OTHER
    volume.type("turn-degrees", 60)
    volume.press("turn-apply")
    # A quarter turn: the coronal pane shows the sagittal plane.
    assert volume.edges("coronal") == "H P F A"
    index = index_at(voxels, "sagittal", float(volume.number("coronal", "position")) * -1)
    expected = volume.expected("coronal", *plane_of(voxels, "sagittal", [index]))
    assert difference(volume.greys("coronal"), expected) < SAME
    volume.press("turn-reset")
    assert difference(volume.greys("coronal"), straight) < SAME

    handle = volume.page.get_by_test_id("axial-handle-coronal").last
    box, inner = volume.pane("axial").bounding_box(), handle.bounding_box()
    x, y = inner["x"] + 7 - box["x"], inner["y"] + 7 - box["y"]
    centre = (box["width"] / 2, box["height"] / 2)
    radius = math.dist((x, y), centre)
    start = math.atan2(y - centre[1], x - centre[0])
    arc = [
        (
            centre[0] + radius * math.cos(start + math.radians(angle)),
            centre[1] + radius * math.sin(start + math.radians(angle)),
        )
        for angle in (10, 20, 30)
    ]
    volume.drag("axial", (x, y), *arc)
    assert volume.edges("coronal") == "H LP F RA"
    volume.press("volume-reset")
    assert volume.edges("coronal") == "H L F R"


def test_length_and_value_on_a_plane_are_those_of_the_patient(volume, voxels):
    box = volume.pane("coronal").bounding_box()
    start, end = (
        (box["width"] * 0.4, box["height"] * 0.3),
        (box["width"] * 0.6, box["height"] * 0.7),
    )
    volume.page.get_by_test_id("volume-tool-length").click()
    volume.drag("coronal", start, end)
    mark = volume.pane("coronal").get_by_test_id("plane-mark")
    length = math.dist(volume.place("coronal", *start), volume.place("coronal", *end))
    expect(mark).to_have_text(f"{length:.1f} mm")

    volume.page.get_by_test_id("volume-tool-probe").click()
    volume.page.mouse.click(box["x"] + start[0], box["y"] + start[1])
    right, down = volume.place("coronal", *start)
    row = index_at(voxels, "coronal", volume.number("coronal", "position"))
    plane = voxels.hu[:, row, :]
    z = (voxels.middle[0] - down - voxels.origin[0]) / voxels.spacing[0]
    x = (voxels.middle[2] + right - voxels.origin[2]) / voxels.spacing[2]
    z0, x0 = int(z), int(x)
    corner = plane[z0 : z0 + 2, x0 : x0 + 2]
    value = np.array([1 - z + z0, z - z0]) @ corner @ np.array([1 - x + x0, x - x0])
    shown = volume.pane("coronal").get_by_test_id("plane-mark").last.text_content()
    assert float(re.search(r"CT值 (-?[\d.]+) HU", shown).group(1)) == pytest.approx(value, abs=1)
    # One slice further it is not drawn: it was measured on another.
    volume.pane("coronal").hover()
    volume.page.mouse.wheel(0, 60)
    expect(mark).to_have_count(0)


@pytest.mark.req("SHR-3.31")
def test_batch_makes_a_picture_every_so_many_degrees_and_plays_them(volume, voxels):
    straight = volume.greys("coronal")
    volume.type("batch-step", 30)
    volume.press("batch-start")
    slider = volume.page.get_by_test_id("batch-slider")
    place = volume.page.get_by_test_id("batch-place")
    expect(place).to_contain_text("第 1/7 幅")
    seen = []
    for image in range(7):
        slider.fill(str(image))
        expect(place).to_contain_text(f"第 {image + 1}/7 幅　{image * 30}°")
        seen.append(volume.greys("batch"))
    assert all(difference(a, b) > OTHER for a, b in itertools.pairwise(seen))
    assert difference(seen[6], np.fliplr(seen[0])) < SAME  # seen from behind
    # A quarter turn about the long axis: the sagittal plane, the back on the left.
    slider.fill("3")
    assert volume.edges("batch") == "H A F P"
    index = index_at(voxels, "sagittal", 0.5 * voxels.spacing[2] * -1)
    plane, spacing = plane_of(voxels, "sagittal", [index])
    assert (
        difference(volume.greys("batch"), volume.expected("batch", plane[:, ::-1], spacing)) < OTHER
    )
    volume.page.get_by_test_id("batch-play").click()
    expect(place).not_to_contain_text("第 4/7 幅")
    volume.page.get_by_test_id("batch-close").click()
    assert difference(volume.greys("coronal"), straight) < SAME


def test_window_and_presets_hold_for_all_planes(volume, voxels):
    volume.press("volume-preset-bone")
    for pane in PLANES:
        same_as(volume, voxels, pane)
    expect(volume.page.get_by_test_id("volume")).to_have_attribute("data-window-width", "2000.0")


@pytest.fixture
def rendering(volume):
    """Bones, from the front, uncut."""
    for name in ("vr-preset-bone", "vr-restore", "vr-take-inside", "vr-view-A", "vr-tool-rotate"):
        volume.press(name)
    return volume


@pytest.mark.req("SHR-3.34", "SHR-3.35", "SHR-3.37")
@pytest.mark.req("CON-4.34", "SHR-1.10", "CON-1.4", "BI-1.6", part=True)
def test_cut_takes_what_was_framed_and_every_view_shows_it_on_the_right_side(rendering):
    whole = bright(rendering.rendering())
    middle = whole.shape[1] // 2
    rendering.press("vr-tool-rectangle")
    rendering.cut((0.5, 0.02), (0.98, 0.98))
    cut = bright(rendering.rendering())
    # From the front the patient's left hand is on the right: that half is gone, the other whole.
    assert cut[:, middle + 3 :].sum() < whole[:, middle + 3 :].sum() * 0.03
    assert likeness(cut[:, : middle - 3], whole[:, : middle - 3]) > ALIKE

    rendering.press("vr-view-P")
    behind = bright(rendering.rendering())
    assert rendering.edges("vr") == "H R F L"
    assert likeness(behind, np.fliplr(cut)) > ALIKE
    assert likeness(behind, cut) < 0.2
    for view, edges, empty in (("F", "A L P R", "right"), ("H", "A R P L", "left")):
        rendering.press(f"vr-view-{view}")
        shown = bright(rendering.rendering())
        assert rendering.edges("vr") == edges
        halves = {"left": shown[:, : middle - 3].sum(), "right": shown[:, middle + 3 :].sum()}
        full = halves["left" if empty == "right" else "right"]
        assert halves[empty] < full * 0.05, view
    sides = {}
    for view, edges in (("L", "H P F A"), ("R", "H A F P")):
        rendering.press(f"vr-view-{view}")
        sides[view] = bright(rendering.rendering())
        assert rendering.edges("vr") == edges
    assert likeness(sides["L"], np.fliplr(sides["R"])) > ALIKE

    rendering.press("vr-view-A")
    rendering.press("vr-undo")
    assert likeness(bright(rendering.rendering()), whole) > ALIKE
    rendering.press("vr-tool-freehand")
    rendering.press("vr-take-outside")
    rendering.cut((0.4, 0.3), (0.6, 0.3), (0.6, 0.7), (0.4, 0.7))
    kept = np.argwhere(bright(rendering.rendering())) / whole.shape
    assert kept.size
    assert kept.min(axis=0) == pytest.approx([0.3, 0.4], abs=0.06)
    assert kept.max(axis=0) == pytest.approx([0.7, 0.6], abs=0.06)
    rendering.press("vr-restore")
    assert likeness(bright(rendering.rendering()), whole) > ALIKE


@pytest.mark.req("SHR-3.36")
@pytest.mark.req("CON-4.34")
def test_drag_turns_the_volume_and_the_letters_with_it(rendering):
    before = rendering.rendering()
    box = rendering.pane("vr").bounding_box()
    across = 90 / 0.4  # pixels for a quarter turn
    start = (box["width"] / 2 - across / 2, box["height"] / 2)
    rendering.drag("vr", start, (start[0] + across, start[1]))
    # What was in front went to the right of the screen: the right side is seen now.
    assert rendering.edges("vr") == "H A F P"
    assert difference(rendering.rendering(), before) > OTHER
    rendering.press("vr-view-A")
    rendering.press("vr-spin")
    expect(rendering.page.get_by_test_id("vr-edge-right")).not_to_have_text("L")
    rendering.press("vr-spin")
    rendering.press("vr-view-A")
    assert likeness(bright(rendering.rendering()), bright(before)) > ALIKE


@pytest.mark.req("SHR-3.38")
def test_table_and_air_are_taken_away_and_the_body_stays(rendering):
    rendering.press("vr-preset-skin")
    rendering.press("vr-view-F")
    with_table = bright(rendering.rendering())
    rendering.press("vr-background")
    expect(rendering.pane("vr")).to_have_attribute("data-cuts", "1", timeout=30_000)
    body = bright(rendering.rendering())
    rows = np.flatnonzero(with_table.any(axis=1))
    lowest = np.flatnonzero(body.any(axis=1)).max()
    assert lowest < rows.max() - 5
    assert with_table[lowest + 3 :].sum() > 100
    assert likeness(body[: lowest - 3], with_table[: lowest - 3]) > ALIKE
    rendering.press("vr-undo")
    assert likeness(bright(rendering.rendering()), with_table) > ALIKE


def test_box_crops_each_end_of_the_volume(rendering):
    whole = bright(rendering.rendering())
    rows = np.flatnonzero(whole.any(axis=1))
    rendering.type("crop-H-1", 60)
    lower = np.flatnonzero(bright(rendering.rendering()).any(axis=1))
    # The head end is at the top: what is left begins further down and ends where it did.
    assert lower.min() > rows.min() + (rows.max() - rows.min()) * 0.2
    assert abs(int(lower.max()) - int(rows.max())) <= 3
    rendering.press("vr-restore")
    assert likeness(bright(rendering.rendering()), whole) > ALIKE


@pytest.mark.req("PAT-1.27", "CON-6.5")
@pytest.mark.req("PAT-1.6", "PAT-1.7", "PAT-1.8", part=True)
def test_thumb_switches_planes_scrolls_thickens_and_turns_the_rendering(launch, chest_uid, voxels):
    volume = VolumePage.open(launch(chest_uid, PHONE))
    for pane in ("coronal", "axial"):
        volume.page.get_by_test_id(f"layout-{pane}").tap()
        expect(volume.pane(pane)).to_be_visible()
        same_as(volume, voxels, pane)
    volume.page.get_by_test_id("volume-tool-scroll").tap()
    before = volume.number("axial", "index")
    volume.drag("axial", (200, 400), (200, 420), (200, 440), (200, 450))
    assert volume.number("axial", "index") == pytest.approx(before + 10, abs=2)
    middle = same_as(volume, voxels, "axial")
    volume.press("slab-max")
    volume.type("slab-thickness", 5 * voxels.spacing[0])
    expected = volume.expected(
        "axial", *plane_of(voxels, "axial", range(middle - 2, middle + 3), np.max)
    )
    assert difference(volume.greys("axial"), expected) < SAME
    volume.page.get_by_test_id("layout-vr").tap()
    first = volume.rendering()
    assert bright(first).any()
    volume.drag("vr", (120, 400), (160, 400), (220, 400), (260, 400))
    assert volume.edges("vr") != "H L F R"
    assert difference(volume.rendering(), first) > 2
    for button in volume.page.locator(".pane-switch button, .volume-bar button").all():
        box = button.bounding_box()
        assert min(box["width"], box["height"]) >= 44
    volume.page.get_by_test_id("volume-back").tap()
    expect(volume.page.get_by_test_id("volume")).to_have_count(0)
    volume.viewer.wait_until_lossless()


def test_series_without_a_trustworthy_volume_is_not_offered_and_says_why(
    launch, portal, send, tmp_path
):
    study, paths = modality.ct_study(tmp_path, 6)  # six pictures of one and the same place
    send(paths, "CT_A")
    portal("radiologist").wait_for(study, 6, 10)
    page = launch(study, DESKTOP).page
    button = page.get_by_test_id("tool-volume")
    expect(button).to_have_attribute("title", re.compile("同一位置有多幅图像"))
    expect(button).to_be_disabled()


def test_without_webgl_planes_are_there_and_the_rendering_says_why_not(
    browser, origin, portal, chest_uid, voxels
):
    arguments = [flag for flag in CHROMIUM_ARGUMENTS if "swiftshader" not in flag]
    plain = browser.browser_type.launch(
        executable_path=CHROMIUM, args=[*arguments, "--disable-3d-apis"], headless=True
    )
    context = plain.new_context(base_url=origin, locale="zh-CN", **DESKTOP)
    context.set_default_timeout(30_000)
    VolumePage.keep(context, "local")
    ticket = portal("radiologist").ticket(chest_uid)
    viewer = ViewerPage.launch(context.new_page(), chest_uid, ticket, phone=False)
    volume = VolumePage.open(viewer)
    same_as(volume, voxels, "coronal")
    button = volume.page.get_by_test_id("layout-vr")
    expect(button).to_be_disabled()
    expect(button).to_have_attribute("title", re.compile("WebGL"))
    plain.close()
