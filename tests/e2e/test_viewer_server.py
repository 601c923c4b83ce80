"""Planes, slabs and volume rendering drawn by the server, in the same panes, against the voxels."""

import json
import os
import re
import signal
from pathlib import Path

import jwt
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

CHEST = "CT26110001"
DESKTOP = {"viewport": {"width": 940, "height": 520}}
BOX = (40, 64, 64)  # slices, rows, columns
# What the browser says of a machine that draws by itself; each of the others has one weakness.
STRONG = {"deviceMemory": 8, "hardwareConcurrency": 8, "connection": {"downlink": 10}}
WEAK = [
    {"deviceMemory": 1},
    {"hardwareConcurrency": 2},
    {"connection": {"downlink": 0.4}},
    {"connection": {"downlink": 10, "saveData": True}},
]


@pytest.fixture(scope="module")
def crossing(portal, send, tmp_path_factory):
    """The study of `modality.crossing_study`: 10 x + 2 y - 12 z HU."""
    study, paths = modality.crossing_study(tmp_path_factory.mktemp("crossing"))
    send(paths, "CT_A")
    portal("radiologist").wait_for(study, len(paths))
    return study


@pytest.fixture(scope="module")
def voxels(portal, crossing):
    dicomweb = portal("radiologist").dicomweb(crossing)
    series = dicomweb.get(f"/studies/{crossing}/overview").json()["series"][0]
    found = Voxels(Slices(dicomweb, crossing, series["uid"]), BOX[0])
    z, y, x = np.mgrid[: BOX[0], : BOX[1], : BOX[2]]
    assert (found.hu == 10 * x + 2 * y - 12 * z).all()
    return found


@pytest.fixture(scope="module")
def launch(browser, origin, portal):
    contexts = []

    def make(study, options, *, place="server", ticket=None, machine=None, prepare=None):
        context = browser.new_context(base_url=origin, locale="zh-CN", **options)
        context.set_default_timeout(30_000)
        contexts.append(context)
        if place:
            VolumePage.keep(context, place)
        for name, value in (machine or {}).items():
            text = f"Object.defineProperty(navigator, '{name}', {{value: {json.dumps(value)}}})"
            context.add_init_script(text)
        page = context.new_page()
        if prepare:
            prepare(page)
        ticket = ticket or portal("radiologist").ticket(study)
        return ViewerPage.launch(page, study, ticket, phone=options is PHONE)

    yield make
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def opened(launch, crossing):
    return VolumePage.open(launch(crossing, DESKTOP))


@pytest.fixture
def volume(opened):
    opened.restart()
    return opened


@pytest.fixture
def rendering(volume):
    """What is below -200 HU or so, from the front, uncut: at the patient's right hand and head."""
    for name in ("vr-preset-lung", "vr-restore", "vr-take-inside", "vr-view-A", "vr-tool-rotate"):
        volume.press(name)
    expect(volume.pane("vr")).to_have_attribute("data-cuts", "0")
    return volume


def _place(page):
    return page.get_by_test_id("volume").get_attribute("data-place")


def _waiting(viewer):
    """Open the reconstructions without waiting for them."""
    viewer.page.get_by_test_id("tool-volume").first.click()
    expect(viewer.page.get_by_test_id("volume")).to_be_visible()
    return viewer.page


@pytest.mark.req("SHR-3.28", "SHR-3.29")
@pytest.mark.req("SHR-1.10", "CON-1.4", "BI-1.6", part=True)
def test_planes_by_the_server_show_the_voxels_where_they_say_and_the_letters_fit(volume, voxels):
    assert _place(volume.page) == "server"
    expect(volume.page.get_by_test_id("place-mark")).to_have_text("服务器绘制")
    assert volume.edges("axial") == "A L P R"
    assert volume.edges("coronal") == "H L F R"
    assert volume.edges("sagittal") == "H P F A"
    for pane in PLANES:
        same_as(volume, voxels, pane)
        expect(volume.page.get_by_test_id(f"{pane}-preview")).to_have_count(0)
    # The patient's left, where the values are greatest, stays on the right.
    greys = volume.greys("axial")
    middle = greys.shape[1] // 2
    assert greys[:, middle + 5 :].mean() > greys[:, : middle - 5].mean() + 20


@pytest.mark.req("PAT-1.6")
@pytest.mark.req("CON-4.32", part=True)
def test_wheel_scrolls_a_plane_of_the_server_by_whole_slices(volume, voxels):
    for pane, steps in (("axial", -5), ("coronal", 7), ("sagittal", -9)):
        before = volume.number(pane, "index")
        volume.pane(pane).hover()
        for _ in range(abs(steps)):
            volume.page.mouse.wheel(0, 60 if steps > 0 else -60)
        expect(volume.pane(pane)).to_have_attribute("data-index", f"{before + steps:.0f}")
        same_as(volume, voxels, pane)


@pytest.mark.req("SHR-3.30", "SHR-3.32", "SHR-3.33", "PAT-1.7", "PAT-1.8")
@pytest.mark.req("CON-4.33", "CON-4.35", "BI-1.6", part=True)
@pytest.mark.parametrize(("name", "by"), [("max", np.max), ("min", np.min), ("mean", np.mean)])
def test_slab_of_the_server_shows_greatest_least_and_mean_of_the_slices(volume, voxels, name, by):
    middle = same_as(volume, voxels, "axial")
    volume.press(f"slab-{name}")
    for slices in (3, 9):
        volume.type("slab-thickness", slices * voxels.spacing[0])
        layers = range(middle - slices // 2, middle + slices // 2 + 1)
        expected = volume.expected("axial", *plane_of(voxels, "axial", layers, by))
        assert difference(volume.greys("axial"), expected) < SAME, slices


@pytest.mark.req("CON-4.32", part=True)
def test_planes_of_the_server_turn_together(volume, voxels):
    straight = volume.greys("coronal")
    volume.type("turn-degrees", 30)
    volume.press("turn-apply")
    expect(volume.page.get_by_test_id("coronal-edge-right")).to_have_text("LP")
    assert volume.edges("sagittal") == "H PR F AL"
    assert difference(volume.greys("coronal"), straight) > OTHER
    volume.type("turn-degrees", 60)
    volume.press("turn-apply")
    # A quarter turn: the coronal pane shows the sagittal plane.
    expect(volume.page.get_by_test_id("coronal-edge-right")).to_have_text("P")
    volume.wait("coronal")
    index = index_at(voxels, "sagittal", abs(volume.number("coronal", "position")))
    expected = volume.expected("coronal", *plane_of(voxels, "sagittal", [index]))
    assert difference(volume.greys("coronal"), expected) < SAME
    volume.press("turn-reset")
    assert difference(volume.greys("coronal"), straight) < SAME


def test_length_value_and_cursor_on_a_plane_of_the_server_are_those_of_the_patient(volume, voxels):
    box = volume.pane("axial").bounding_box()
    start = (box["width"] * 0.45, box["height"] * 0.4)
    end = (box["width"] * 0.55, box["height"] * 0.7)
    volume.page.get_by_test_id("volume-tool-length").click()
    volume.drag("axial", start, end)
    mark = volume.pane("axial").get_by_test_id("plane-mark")
    length = np.hypot(*np.subtract(volume.place("axial", *end), volume.place("axial", *start)))
    expect(mark).to_have_text(f"{length:.1f} mm")

    right, down = volume.place("axial", *start)
    x, y = (voxels.middle[2] + right) / 2, (voxels.middle[1] + down) / 2
    value = 10 * x + 2 * y - 3 * volume.number("axial", "position")
    volume.page.get_by_test_id("volume-tool-probe").click()
    volume.page.mouse.click(box["x"] + start[0], box["y"] + start[1])
    expect(mark).to_have_count(2)
    shown = mark.last.text_content()
    assert float(re.search(r"CT值 (-?[\d.]+) HU", shown).group(1)) == pytest.approx(value, abs=0.5)

    volume.page.get_by_test_id("volume-tool-cursor").click()
    volume.page.mouse.click(box["x"] + start[0], box["y"] + start[1])
    told = volume.page.get_by_test_id("cursor-value")
    expect(told).to_have_text(re.compile(r"CT值 -?[\d.]+ HU"))
    expect(told).not_to_contain_text("…")
    number = float(re.search(r"-?[\d.]+", told.inner_text()).group())
    assert number == pytest.approx(value, abs=0.5)


@pytest.mark.req("SHR-3.31")
def test_batch_of_the_server_makes_a_picture_every_so_many_degrees(volume):
    straight = volume.greys("coronal")
    volume.type("batch-step", 45)
    volume.press("batch-start")
    slider, place = (volume.page.get_by_test_id(f"batch-{name}") for name in ("slider", "place"))
    seen = []
    for image in range(5):
        slider.fill(str(image))
        expect(place).to_contain_text(f"第 {image + 1}/5 幅　{image * 45}°")
        seen.append(volume.greys("batch"))
    assert difference(seen[4], np.fliplr(seen[0])) < SAME  # seen from behind
    assert difference(seen[1], seen[0]) > OTHER
    assert volume.edges("batch") == "H R F L"
    volume.page.get_by_test_id("batch-play").click()
    expect(place).not_to_contain_text("第 5/5 幅")
    volume.page.get_by_test_id("batch-close").click()
    assert difference(volume.greys("coronal"), straight) < SAME


def test_window_and_presets_hold_for_all_planes_of_the_server(volume, voxels):
    volume.press("volume-preset-bone")
    expect(volume.page.get_by_test_id("volume")).to_have_attribute("data-window-width", "2000.0")
    for pane in PLANES:
        same_as(volume, voxels, pane)


def _silhouette(voxels, axis, shape, *, mirrored):
    """Where a ray along an axis of the box meets what the preset shows, as a fitted picture."""
    flat = (voxels.hu < -230).any(axis=axis)
    flat = flat if axis == 0 else flat[::-1]
    down, right = (voxels.spacing[at] for at in range(3) if at != axis)
    if mirrored:
        flat = flat[:, ::-1]
    pixel = max(flat.shape[1] * right / shape[1], flat.shape[0] * down / shape[0])
    rows, columns = (
        np.floor((np.arange(side) - side / 2) * pixel / step + length / 2).astype(int)
        for side, step, length in zip(shape, (down, right), flat.shape, strict=True)
    )
    seen = np.zeros(shape, bool)
    inside = np.ix_(
        (rows >= 0) & (rows < flat.shape[0]), (columns >= 0) & (columns < flat.shape[1])
    )
    seen[inside] = flat[
        np.ix_(
            rows[(rows >= 0) & (rows < flat.shape[0])],
            columns[(columns >= 0) & (columns < flat.shape[1])],
        )
    ]
    return seen


@pytest.mark.req("SHR-3.37")
def test_six_views_of_the_server_show_each_side_the_right_way_round(rendering, voxels):
    views = {
        "A": ("H L F R", 1, False),
        "P": ("H R F L", 1, True),
        "L": ("H P F A", 2, False),
        "R": ("H A F P", 2, True),
        "F": ("A L P R", 0, False),
        "H": ("A R P L", 0, True),
    }
    for view, (edges, axis, mirrored) in views.items():
        rendering.press(f"vr-view-{view}")
        shown = bright(rendering.rendering())
        assert rendering.edges("vr") == edges
        expected = _silhouette(voxels, axis, shown.shape, mirrored=mirrored)
        assert likeness(shown, expected) > ALIKE, view


def _faint(picture):
    """Where the rendering has something: the ramp of the box is lit from the side."""
    return picture.max(axis=2) > 12


@pytest.mark.req("SHR-3.34", "SHR-3.35")
@pytest.mark.req("CON-4.34", "SHR-1.10", "CON-1.4", "BI-1.6", part=True)
def test_cut_by_the_server_takes_what_was_framed_and_undo_brings_it_back(rendering):
    rendering.press("vr-preset-bone")  # which sees nothing of what takes a cut voxel's place
    whole = _faint(rendering.rendering())
    height, width = whole.shape
    rendering.press("vr-tool-rectangle")
    rendering.cut((0.02, 0.6), (0.98, 0.98))
    cut = _faint(rendering.rendering())
    line = round(height * 0.6)
    below = slice(line + 4, round(height * 0.96))
    assert whole[below].sum() > 200
    assert cut[below].sum() < whole[below].sum() * 0.03
    assert likeness(cut[: line - 4], whole[: line - 4]) > ALIKE
    rendering.press("vr-undo")
    expect(rendering.pane("vr")).to_have_attribute("data-cuts", "0")
    assert likeness(_faint(rendering.rendering()), whole) > ALIKE

    rendering.press("vr-tool-freehand")
    rendering.press("vr-take-outside")
    rendering.cut((0.55, 0.6), (0.65, 0.6), (0.65, 0.9), (0.55, 0.9))
    kept = np.argwhere(_faint(rendering.rendering())) / (height, width)
    assert kept.size
    assert (kept.min(axis=0) > (0.56, 0.51)).all()
    assert (kept.max(axis=0) < (0.94, 0.69)).all()
    rendering.press("vr-restore")
    expect(rendering.pane("vr")).to_have_attribute("data-cuts", "0")
    assert likeness(_faint(rendering.rendering()), whole) > ALIKE


@pytest.mark.req("SHR-3.36")
@pytest.mark.req("CON-4.34", part=True)
def test_drag_turns_the_volume_of_the_server_and_a_preview_says_that_it_is_one(rendering):
    before = rendering.rendering()
    box = rendering.pane("vr").bounding_box()
    x, y = box["x"] + box["width"] / 2 - 112.5, box["y"] + box["height"] / 2
    rendering.page.mouse.move(x, y)
    rendering.page.mouse.down()
    rendering.page.mouse.move(x + 225, y, steps=8)
    expect(rendering.page.get_by_test_id("vr-preview")).to_be_visible()
    rendering.page.mouse.up()
    expect(rendering.page.get_by_test_id("vr-preview")).to_have_count(0)
    # A quarter turn: what was in front went to the right of the screen.
    assert rendering.edges("vr") == "H A F P"
    assert difference(rendering.rendering(), before) > OTHER / 2
    rendering.press("vr-view-A")
    rendering.press("vr-spin")
    expect(rendering.page.get_by_test_id("vr-edge-right")).not_to_have_text("L")
    rendering.press("vr-spin")


def test_box_crops_the_volume_of_the_server(rendering):
    whole = np.flatnonzero(bright(rendering.rendering()).any(axis=1))
    rendering.type("crop-H-0", 75)
    upper = np.flatnonzero(bright(rendering.rendering()).any(axis=1))
    assert upper.max() < whole.min() + (whole.max() - whole.min()) * 0.7
    assert abs(int(upper.min()) - int(whole.min())) <= 4


@pytest.mark.req("SHR-3.38")
def test_server_takes_table_and_air_away_and_the_body_stays(launch, portal):
    chest = portal("radiologist").study_uid(CHEST)
    volume = VolumePage.open(launch(chest, DESKTOP))
    volume.press("vr-preset-skin")
    volume.press("vr-view-F")
    with_table = bright(volume.rendering())
    volume.press("vr-background")
    expect(volume.pane("vr")).to_have_attribute("data-cuts", "1")
    body = bright(volume.rendering())
    rows = np.flatnonzero(with_table.any(axis=1))
    lowest = np.flatnonzero(body.any(axis=1)).max()
    assert lowest < rows.max() - 5
    assert likeness(body[: lowest - 3], with_table[: lowest - 3]) > ALIKE


@pytest.mark.req("CON-6.5")
@pytest.mark.req("PAT-1.6", "PAT-1.7", "PAT-1.8", "PAT-1.31", "CON-6.8", part=True)
def test_thumb_handles_planes_slabs_and_rendering_of_the_server(launch, crossing, voxels):
    volume = VolumePage.open(launch(crossing, PHONE))
    for pane in ("coronal", "axial"):
        volume.page.get_by_test_id(f"layout-{pane}").tap()
        expect(volume.pane(pane)).to_be_visible()
        same_as(volume, voxels, pane)
    volume.page.get_by_test_id("volume-tool-scroll").tap()
    before = volume.number("axial", "index")
    volume.drag("axial", (200, 400), (200, 420), (200, 440), (200, 450))
    volume.wait("axial")
    assert volume.number("axial", "index") == pytest.approx(before + 10, abs=2)
    middle = same_as(volume, voxels, "axial")
    volume.press("slab-max")
    volume.type("slab-thickness", 5 * voxels.spacing[0])
    layers = range(middle - 2, middle + 3)
    expected = volume.expected("axial", *plane_of(voxels, "axial", layers, np.max))
    assert difference(volume.greys("axial"), expected) < SAME
    volume.page.get_by_test_id("layout-vr").tap()
    assert bright(volume.rendering()).any()
    volume.drag("vr", (120, 400), (160, 400), (220, 400), (260, 400))
    volume.wait("vr")
    assert volume.edges("vr") != "H L F R"


def _workers() -> list[int]:
    """The processes of this product that draw: the renderer's in which VTK is loaded."""
    first = int((Path(os.environ["YUNYING_TEST_HOME"]) / "run" / "supervisord.pid").read_text())
    return [
        pid
        for renderer in _children(first)
        if b"render" in Path(f"/proc/{renderer}/cmdline").read_bytes().split(b"\0")
        for pid in _children(renderer)
        if "vtkRenderingVolume" in Path(f"/proc/{pid}/maps").read_text()
    ]


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


def test_killed_worker_is_told_and_the_picture_comes_back_by_itself(rendering):
    rendering.press("vr-tool-rectangle")
    rendering.cut((0.02, 0.02), (0.98, 0.25))
    cut = bright(rendering.rendering())
    workers = _workers()
    assert workers
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    expect(rendering.page.get_by_test_id("volume-notice")).to_contain_text("自动恢复")
    expect(rendering.page.get_by_test_id("volume-notice")).to_have_count(0)
    rendering.press("vr-view-P")
    rendering.press("vr-view-A")
    assert likeness(bright(rendering.rendering()), cut) > ALIKE
    expect(rendering.pane("vr")).to_have_attribute("data-cuts", "1")


def test_lost_line_comes_back_with_plane_window_and_cuts(launch, crossing, voxels):
    lines = []

    def relay(route):
        lines.append(route)
        route.connect_to_server()

    viewer = launch(
        crossing, DESKTOP, prepare=lambda page: page.route_web_socket("**/render/", relay)
    )
    volume = VolumePage.open(viewer)
    for name in ("vr-preset-lung", "vr-view-A", "vr-tool-rectangle"):
        volume.press(name)
    volume.cut((0.02, 0.02), (0.98, 0.25))
    cut = bright(volume.rendering())
    volume.pane("axial").hover()
    volume.page.mouse.wheel(0, -60)
    volume.press("volume-preset-bone")
    index = same_as(volume, voxels, "axial")
    lines[0].close(code=1013)
    expect(volume.page.get_by_test_id("volume-notice")).to_contain_text("重新连接")
    expect(volume.page.get_by_test_id("volume-notice")).to_have_count(0)
    assert len(lines) == 2
    volume.pane("axial").hover()
    volume.page.mouse.wheel(0, -60)
    expect(volume.pane("axial")).to_have_attribute("data-index", f"{index - 1}")
    same_as(volume, voxels, "axial")
    volume.press("vr-view-P")
    volume.press("vr-view-A")
    assert likeness(bright(volume.rendering()), cut) > ALIKE
    volume.press("vr-undo")
    expect(volume.pane("vr")).to_have_attribute("data-cuts", "0")


def test_each_picture_is_answered_and_the_line_ends_with_the_reconstructions(launch, crossing):
    heard = {"pictures": 0, "answers": 0, "lines": 0, "closed": 0}

    def watch(line):
        heard["lines"] += 1
        line.on("framereceived", lambda data: _count(heard, "pictures", isinstance(data, bytes)))
        line.on("framesent", lambda data: _count(heard, "answers", '"shown"' in str(data)))
        line.on("close", lambda _: _count(heard, "closed", True))

    viewer = launch(crossing, DESKTOP, prepare=lambda page: page.on("websocket", watch))
    assert heard["lines"] == 0
    loaded = viewer.page.evaluate(
        "performance.getEntriesByType('resource').map((entry) => entry.name)"
    )
    assert not [name for name in loaded if re.search(r"/(open|drawing|VolumeView)-", name)]
    volume = VolumePage.open(viewer)
    box = volume.pane("axial").bounding_box()
    volume.drag("axial", (50, 50), (box["width"] - 50, 90), (80, box["height"] - 60))
    for pane in (*PLANES, "vr"):
        volume.wait(pane)
    volume.page.wait_for_timeout(500)
    assert heard["pictures"] == heard["answers"] > 4
    volume.page.get_by_test_id("volume-back").click()
    expect(volume.page.get_by_test_id("volume")).to_have_count(0)
    volume.page.wait_for_timeout(300)
    assert (heard["lines"], heard["closed"]) == (1, 1)
    volume.viewer.wait_until_lossless()


def _count(heard, name, counts):
    heard[name] += bool(counts)


def _answering(*messages, code=None):
    """A node that says this to whoever opens, and ends with a close code."""

    def serve(route):
        def hear(_message):
            for message in messages:
                route.send(json.dumps(message))
            if code:
                route.close(code=code)

        route.on_message(hear)

    return lambda page: page.route_web_socket("**/render/", serve)


def test_reader_in_line_sees_how_many_are_before_and_may_leave(launch, crossing):
    busy = {"type": "busy", "before": 2}
    page = _waiting(launch(crossing, DESKTOP, prepare=_answering(busy)))
    expect(page.get_by_test_id("volume-busy")).to_contain_text("前面还有 2 位")
    page.get_by_test_id("volume-leave").click()
    expect(page.get_by_test_id("volume")).to_have_count(0)


def test_refusal_of_the_server_is_a_sentence_and_this_machine_is_offered(launch, crossing, voxels):
    error = {"type": "error", "code": "refused_gap", "message": "<b>gap</b>"}
    viewer = launch(crossing, DESKTOP, prepare=_answering(error, code=1008))
    page = _waiting(viewer)
    expect(page.get_by_test_id("volume-refused")).to_have_text(
        "层间距不一致或缺层，重建会失真，已停用"
    )
    page.get_by_test_id("volume-local").click()
    expect(page.locator("[data-testid=volume][data-phase=ready]")).to_be_visible()
    assert _place(page) == "local"
    expect(page.get_by_test_id("place-mark")).to_have_count(0)
    same_as(VolumePage(viewer), voxels, "axial")


@pytest.mark.parametrize("weakness", WEAK, ids=json.dumps)
def test_weak_machine_or_line_has_the_server_draw(launch, crossing, weakness):
    volume = VolumePage.open(launch(crossing, DESKTOP, place=None, machine=STRONG | weakness))
    assert _place(volume.page) == "server"


def test_strong_machine_draws_itself_until_the_reader_chooses_and_that_is_kept(
    launch, crossing, voxels
):
    volume = VolumePage.open(launch(crossing, DESKTOP, place=None, machine=STRONG))
    assert _place(volume.page) == "local"
    volume.pane("axial").hover()
    volume.page.mouse.wheel(0, 180)
    index = same_as(volume, voxels, "axial")
    for place in ("server", "local", "server"):
        volume.press(f"place-{place}")
        ready = volume.page.locator(f"[data-phase=ready][data-place={place}]")
        expect(ready).to_be_visible(timeout=60_000)
        assert same_as(volume, voxels, "axial") == index
    volume.page.reload()
    volume.viewer.wait_until_lossless()
    assert _place(VolumePage.open(volume.viewer).page) == "server"


@pytest.mark.req("CON-4.34", part=True)
def test_without_webgl_the_server_draws_the_volume(browser, origin, portal, crossing):
    arguments = [flag for flag in CHROMIUM_ARGUMENTS if "swiftshader" not in flag]
    plain = browser.browser_type.launch(
        executable_path=CHROMIUM, args=[*arguments, "--disable-3d-apis"], headless=True
    )
    context = plain.new_context(base_url=origin, locale="zh-CN", **DESKTOP)
    context.set_default_timeout(30_000)
    ticket = portal("radiologist").ticket(crossing)
    viewer = ViewerPage.launch(context.new_page(), crossing, ticket, phone=False)
    volume = VolumePage.open(viewer)
    assert _place(volume.page) == "server"
    assert bright(volume.rendering()).any()
    plain.close()


def _signed(ticket, **claims):
    """The ticket with other claims, signed by the product's own key."""
    key = Path(os.environ["YUNYING_TEST_HOME"]) / "secrets" / "ticket-private.pem"
    body = jwt.decode(ticket, options={"verify_signature": False}) | claims
    headers = {"kid": jwt.get_unverified_header(ticket)["kid"]}
    return jwt.encode(body, key.read_bytes(), algorithm="EdDSA", headers=headers)


def test_ticket_without_the_right_is_not_offered_the_server(launch, portal, crossing):
    ticket = _signed(portal("radiologist").ticket(crossing), perms=["view"])
    heard = {"lines": 0}

    def watch(_line):
        heard["lines"] += 1

    viewer = launch(
        crossing,
        DESKTOP,
        ticket=ticket,
        machine=WEAK[0],
        prepare=lambda page: page.on("websocket", watch),
    )
    volume = VolumePage.open(viewer)
    assert _place(volume.page) == "local"
    expect(volume.page.get_by_test_id("place-server")).to_have_count(0)
    assert heard["lines"] == 0


def test_anonymous_reader_has_the_server_draw_and_sees_no_name(launch, portal, crossing):
    ticket = portal("radiologist").ticket(crossing, anonymous=True)
    volume = VolumePage.open(launch(crossing, DESKTOP, ticket=ticket))
    assert _place(volume.page) == "server"
    expect(volume.page.get_by_test_id("volume-identity")).to_contain_text("匿名")
    assert bright(volume.rendering()).any()
