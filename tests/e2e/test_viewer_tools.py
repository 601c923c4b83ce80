"""Each tool of the viewer, by mouse and by thumb, against the numbers in the DICOM files."""

import math
import re

import numpy as np
import pytest
from playwright.sync_api import expect

from e2e import modality
from e2e.conftest import DESKTOP, PHONE
from e2e.picture import Slices, difference, expected_greys, shown_greys, to_pixel
from e2e.viewer_page import ViewerPage

ACCESSION = "CT26110001"  # the demonstration's chest CT: 120 slices of 512 × 512 pixels, and 60
SHAPE, SPACING, COUNT = (512, 512), 0.72, 120
SAME, TURNED = 5, 10  # mean difference of greys of a picture with itself, and with itself turned


@pytest.fixture(scope="module")
def chest_uid(portal):
    return portal("radiologist").study_uid(ACCESSION)


@pytest.fixture(scope="module")
def series(portal, chest_uid):
    """The overview's series of the study."""
    dicomweb = portal("radiologist").dicomweb(chest_uid)
    return dicomweb.get(f"/studies/{chest_uid}/overview").json()["series"]


@pytest.fixture(scope="module")
def slices(portal, chest_uid, series):
    return Slices(portal("radiologist").dicomweb(chest_uid), chest_uid, series[0]["uid"])


@pytest.fixture(scope="module")
def new_page(browser, origin):
    contexts = []

    def make(kind):
        options = PHONE if kind == "phone" else DESKTOP
        context = browser.new_context(base_url=origin, locale="zh-CN", **options)
        context.set_default_timeout(30_000)
        contexts.append(context)
        return context.new_page()

    yield make
    for context in contexts:
        context.close()


@pytest.fixture(scope="module", params=["desktop", "phone"])
def chest(request, new_page, portal, chest_uid):
    """The chest CT, opened once for a kind of screen."""
    ticket = portal("radiologist").ticket(chest_uid)
    return ViewerPage.launch(
        new_page(request.param), chest_uid, ticket, phone=request.param == "phone"
    )


@pytest.fixture
def viewer(chest):
    """The chest CT at its 61st slice as it is after opening, without marks."""
    chest.choose("reset")
    if chest.page.get_by_test_id("measurement").count():
        chest.choose("delete-all")
    chest.go(60)
    return chest


@pytest.mark.req("SHR-3.1", "CON-4.9")
@pytest.mark.req("PAT-1.2", part=True)
def test_window_follows_the_drag_and_the_greys_follow_the_window(viewer, slices):
    if viewer.phone:
        viewer.choose("window")
        viewer.drag((0.5, 0.5), (-50, 60))
    else:
        viewer.drag((0.5, 0.5), (-50, 60), button="right")
    viewer.page.wait_for_timeout(300)
    width, center = viewer.window
    assert (width, center) != (1500, -600)
    assert width < 1500
    assert difference(shown_greys(viewer), expected_greys(slices.values(60), width, center)) < SAME


@pytest.mark.req("SHR-3.9")
@pytest.mark.req("PAT-1.5", part=True)
def test_preset_gives_its_window_and_the_greys_of_it(viewer, slices):
    for name, width, center in [
        ("mediastinum", 350, 40),
        ("bone", 2000, 500),
        ("lung", 1500, -600),
    ]:
        viewer.choose_preset(name)
        expect(viewer.viewport).to_have_attribute("data-window-width", str(width))
        expect(viewer.viewport).to_have_attribute("data-window-center", str(center))
        expect(viewer.page.get_by_text(f"窗宽 {width} 窗位 {center}")).to_be_visible()
        viewer.page.wait_for_timeout(200)
        expected = expected_greys(slices.values(60), width, center)
        assert difference(shown_greys(viewer), expected) < SAME, name


def _line(viewer):
    """Ends of the one measured line on the screen."""
    line = viewer.page.locator(".canvas svg line:not([stroke-dasharray])").first
    return [float(line.get_attribute(name)) for name in ("x1", "y1", "x2", "y2")]


@pytest.mark.req("SHR-3.2", "SHR-3.3", "CON-4.2")
@pytest.mark.req("PAT-1.2", part=True)
def test_zoom_and_pan_move_the_picture_and_keep_the_measured_length(viewer):
    viewer.choose("length")
    viewer.drag((0.4, 0.45), (70, 40))
    viewer.page.wait_for_timeout(300)
    length = viewer.measurement("length")
    before = _line(viewer)

    viewer.choose("pan")
    viewer.drag((0.6, 0.7), (40, 30))
    viewer.page.wait_for_timeout(300)
    moved = _line(viewer)
    assert moved == pytest.approx(
        [before[0] + 40, before[1] + 30, before[2] + 40, before[3] + 30], abs=1
    )

    zoom = viewer.page.get_by_text(re.compile(r"缩放 \d+%"))
    shown = int(re.search(r"\d+", zoom.inner_text()).group())
    viewer.choose("zoom")
    for by in (60, -100):
        viewer.drag((0.6, 0.6), (0, by))
        viewer.page.wait_for_timeout(300)
        now = int(re.search(r"\d+", zoom.inner_text()).group())
        drawn = _line(viewer)
        grown = math.dist(drawn[:2], drawn[2:]) / math.dist(before[:2], before[2:])
        assert abs(grown - 1) > 0.1
        assert grown == pytest.approx(now / shown, rel=0.02)
        assert viewer.measurement("length") == length


@pytest.mark.req("SHR-3.4")
@pytest.mark.req("PAT-1.9", part=True)
def test_scrolling_shows_each_slice_with_its_own_number_and_location(viewer, slices):
    if viewer.phone:
        viewer.choose("scroll")
        viewer.drag((0.5, 0.3), (0, 120))
    else:
        viewer.page.mouse.move(viewer.box["x"] + 300, viewer.box["y"] + 300)
        for _ in range(5):
            viewer.page.mouse.wheel(0, 100)
    viewer.page.wait_for_timeout(300)
    viewer.wait_until_lossless()
    assert viewer.image_index > 60
    if not viewer.phone:
        assert viewer.image_index == 65
        viewer.page.keyboard.press("PageDown")
        viewer.page.keyboard.press("ArrowUp")
        expect(viewer.viewport).to_have_attribute("data-image-index", "74")
    for index in (viewer.image_index, 0, COUNT - 1):
        viewer.go(index)
        expect(viewer.page.get_by_text(f"图像 {index + 1}/{COUNT}")).to_be_visible()
        location = slices.attribute(index, "00201041")
        expect(viewer.page.get_by_text(f"层面位置 {round(location, 2):g} mm")).to_be_visible()
        expected = expected_greys(slices.values(index), 1500, -600)
        assert difference(shown_greys(viewer), expected) < SAME, index


@pytest.mark.req("SHR-3.15", "CON-4.5", "PAT-1.18", "PAT-1.20", "PAT-1.21")
def test_turns_flips_and_inversion_change_picture_and_letters_together(viewer):
    before = shown_greys(viewer)
    cases = [
        ("rotate-right", lambda shown: np.rot90(shown, -1), "R A L P"),
        ("rotate-left", lambda shown: np.rot90(shown, 1), "L P R A"),
        ("flip-horizontal", np.fliplr, "A R P L"),
        ("flip-vertical", np.flipud, "P L A R"),
        ("invert", lambda shown: 255 - shown, "A L P R"),
    ]
    for tool, change, edges in cases:
        assert viewer.edges == "A L P R"
        viewer.choose(tool)
        viewer.page.wait_for_timeout(300)
        after = shown_greys(viewer)
        assert viewer.edges == edges, tool
        assert difference(after, change(before)) < SAME, tool
        assert difference(after, before) > TURNED, tool
        viewer.choose("reset")
        viewer.page.wait_for_timeout(200)


@pytest.mark.req("SHR-3.5", "PAT-1.23")
def test_reset_brings_back_the_picture_as_it_was_opened(viewer):
    before = shown_greys(viewer)
    viewer.choose_preset("bone")
    for tool in ("rotate-right", "flip-horizontal", "invert"):
        viewer.choose(tool)
    viewer.choose("zoom")
    viewer.drag((0.6, 0.6), (0, 60))
    viewer.choose("pan")
    viewer.drag((0.6, 0.6), (30, 30))
    viewer.page.wait_for_timeout(300)
    assert difference(shown_greys(viewer), before) > TURNED
    viewer.choose("reset")
    viewer.page.wait_for_timeout(300)
    assert viewer.window == (1500, -600)
    assert viewer.edges == "A L P R"
    assert difference(shown_greys(viewer), before) < 1


@pytest.mark.req("SHR-3.7")
def test_hidden_corners_leave_no_patient_on_the_screen(viewer):
    personal = ("王小东", "YY0001", ACCESSION)
    seen = viewer.page.locator("body").inner_text
    assert all(text in seen() for text in personal)
    viewer.choose("info")
    assert not any(text in seen() for text in (*personal, "69 岁"))
    assert "窗宽" not in seen()
    assert viewer.edges == "A L P R"
    if viewer.phone:
        viewer.open_panel("series")
        assert not any(text in seen() for text in personal)
        viewer.page.keyboard.press("Escape")
    viewer.choose("info")
    assert all(text in seen() for text in personal)


@pytest.mark.req("SHR-3.18", "PAT-1.2")
def test_length_is_the_distance_by_the_pixel_spacing(viewer):
    viewer.choose("length")
    viewer.drag((0.35, 0.45), (90, 60))
    viewer.page.wait_for_timeout(300)
    box = viewer.box
    start = (box["width"] * 0.35, box["height"] * 0.45)
    ends = [to_pixel(viewer, SHAPE, start[0] + dx, start[1] + dy) for dx, dy in ((0, 0), (90, 60))]
    shown = float(re.search(r"长度 ([\d.]+) mm", viewer.measurement("length")).group(1))
    assert shown == pytest.approx(math.dist(*ends) * SPACING, abs=0.3)
    drawn = math.dist(_line(viewer)[:2], _line(viewer)[2:])
    assert drawn == pytest.approx(math.hypot(90, 60), abs=1)


@pytest.mark.req("SHR-3.19", "PAT-1.4")
def test_angle_is_the_one_between_the_two_arms(viewer):
    viewer.choose("angle")
    box = viewer.box
    vertex = (box["width"] * 0.4 + 80, box["height"] * 0.4)
    viewer.drag((0.4, 0.4), (80, 0))
    viewer.press(vertex[0] - 40, vertex[1] + 69.3)
    viewer.page.wait_for_timeout(300)
    shown = float(re.search(r"角度 ([\d.]+)°", viewer.measurement("angle")).group(1))
    assert shown == pytest.approx(60, abs=1)


@pytest.mark.req("SHR-3.20")
def test_probe_reads_the_ct_value_that_the_file_holds(viewer, slices):
    viewer.choose("probe")
    box = viewer.box
    for index in (60, 20, 100):
        viewer.go(index)
        values = slices.values(index)
        for x, y in _clear_places(viewer, int(box["width"] / 2), int(box["height"] / 2)):
            _probe(viewer, values, x, y)


def _probe(viewer, values, x, y):
    """The entry in the list is the value beneath the place."""
    column, row = (round(place) for place in to_pixel(viewer, SHAPE, x, y))
    viewer.press(x, y)
    last = viewer.page.locator("[data-testid=measurement][data-tool=probe]").last
    expect(last).to_have_text(f"CT值 {values[row, column]:.0f} HU")


def _clear_places(viewer, x, y):
    """Three places around one, in whole screen pixels, each well within one of the picture."""
    found = []
    for step_x, step_y in ((-70, -40), (20, 55), (75, -25)):
        around = ((x + step_x + dx, y + step_y + dy) for dx in range(6) for dy in range(6))
        found.append(
            next(
                place
                for place in around
                if all(abs(part - round(part)) < 0.25 for part in to_pixel(viewer, SHAPE, *place))
            )
        )
    return found


@pytest.mark.req("SHR-3.21", part=True)
@pytest.mark.req("PAT-1.3")
def test_ellipse_gives_mean_and_area_of_what_it_encloses_and_a_point_its_value(viewer, slices):
    viewer.choose("ellipse")
    viewer.drag((0.45, 0.5), (40, 25))
    viewer.page.wait_for_timeout(400)
    drawn = viewer.page.locator(".canvas svg ellipse").last
    cx, cy, rx, ry = (float(drawn.get_attribute(name)) for name in ("cx", "cy", "rx", "ry"))
    column, row = to_pixel(viewer, SHAPE, cx, cy)
    right, bottom = to_pixel(viewer, SHAPE, cx + rx, cy + ry)
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    inside = ((columns - column) / (right - column)) ** 2 + (
        (rows - row) / (bottom - row)
    ) ** 2 <= 1
    values = slices.values(60)[inside]

    shown = viewer.measurement("ellipse")
    number = {
        name: float(value) for name, value in re.findall(r"(面积|平均|标准差) (-?[\d.]+)", shown)
    }
    area = math.pi * (right - column) * (bottom - row) * SPACING**2
    assert number["面积"] == pytest.approx(area, rel=0.01)
    assert number["平均"] == pytest.approx(values.mean(), abs=max(1, values.std() / 30))
    assert number["标准差"] == pytest.approx(values.std(), rel=0.05)

    viewer.choose("probe")
    x, y = _clear_places(viewer, int(viewer.box["width"] / 2), int(viewer.box["height"] / 2))[0]
    _probe(viewer, slices.values(60), x, y)


@pytest.mark.req("SHR-3.14")
def test_all_marks_go_with_one_press_and_one_goes_alone(viewer):
    for tool, start in (("length", (0.3, 0.35)), ("length", (0.3, 0.6)), ("ellipse", (0.6, 0.5))):
        viewer.choose(tool)
        viewer.drag(start, (50, 20))
        viewer.page.wait_for_timeout(200)
    marks = viewer.page.get_by_test_id("measurement")
    expect(marks).to_have_count(3)
    viewer.choose("delete-one")  # what was drawn last is selected
    expect(marks).to_have_count(2)
    viewer.go(61)
    viewer.choose("probe")
    viewer.press(150, 200)
    expect(marks).to_have_count(3)
    viewer.choose("delete-all")
    expect(marks).to_have_count(0)
    viewer.go(60)
    expect(viewer.page.locator(".canvas svg line, .canvas svg ellipse")).to_have_count(0)


@pytest.mark.req("SHR-3.6", "SHR-3.39", "PAT-1.16", "CON-4.30")
def test_playing_goes_on_by_the_chosen_speed_and_stops(viewer):
    def advanced(milliseconds):
        start = viewer.image_index
        viewer.page.wait_for_timeout(milliseconds)
        return (viewer.image_index - start) % COUNT

    viewer.choose("play")
    rate = viewer.page.get_by_test_id("play-rate")
    expect(rate).to_have_text("10 幅/秒")
    for pressed in ("7.5", "5", "3", "2"):
        viewer.page.get_by_test_id("tool-slower").click()
        expect(rate).to_have_text(f"{pressed} 幅/秒")
    slow = advanced(2000)
    assert slow == pytest.approx(4, abs=2)
    viewer.page.get_by_test_id("tool-faster").click()
    viewer.page.get_by_test_id("tool-faster").click()
    expect(rate).to_have_text("5 幅/秒")
    assert advanced(2000) > slow + 2
    viewer.choose("play")
    viewer.page.wait_for_timeout(300)
    assert advanced(800) == 0
    viewer.wait_until_lossless()


@pytest.mark.req("PAT-1.15")
def test_every_series_has_its_thumbnail_and_opens_by_it(viewer, series):
    for item in (series[1], series[0]):
        if viewer.phone:
            viewer.open_panel("series")
        entry = viewer.page.locator(f"[data-series='{item['uid']}']")
        expect(entry.locator("img")).to_be_visible()
        width = "async img => { await img.decode(); return img.naturalWidth; }"
        assert entry.locator("img").evaluate(width) > 0
        entry.click()
        expect(viewer.viewport).to_have_attribute("data-image-count", str(item["instance_count"]))
        viewer.wait_until_lossless()


def test_series_comes_back_as_it_was_left(viewer):
    viewer.choose_preset("bone")
    viewer.go(33)
    viewer.choose("length")
    viewer.drag((0.4, 0.4), (60, 30))
    viewer.page.wait_for_timeout(300)
    length = viewer.measurement("length")
    viewer.page.keyboard.press("]")
    expect(viewer.viewport).to_have_attribute("data-image-count", "60")
    viewer.wait_until_lossless()
    assert viewer.window == (1500, -600)
    expect(viewer.page.get_by_test_id("measurement")).to_have_count(0)
    viewer.page.keyboard.press("[")
    expect(viewer.viewport).to_have_attribute("data-image-count", str(COUNT))
    viewer.wait_until_lossless()
    assert (viewer.window, viewer.image_index) == ((2000, 500), 33)
    assert viewer.measurement("length") == length


@pytest.fixture(scope="module")
def mouse(new_page, portal, chest_uid):
    """The chest CT on a desktop, for what only a mouse does."""
    ticket = portal("radiologist").ticket(chest_uid)
    return ViewerPage.launch(new_page("desktop"), chest_uid, ticket, phone=False)


def test_click_is_answered_at_once_by_the_tool_that_was_chosen(mouse):
    viewer, page = mouse, mouse.page
    viewer.choose("probe")
    viewer.press(400, 300)
    page.keyboard.press("a")
    page.wait_for_timeout(700)
    entries = page.get_by_test_id("measurement")
    expect(entries).to_have_count(1)
    expect(entries).to_contain_text("CT值")
    viewer.choose("delete-all")


def test_fast_drag_measures_exactly_from_press_to_release(mouse):
    viewer, page = mouse, mouse.page
    viewer.choose("length")
    box = viewer.box
    page.mouse.move(box["x"] + 300, box["y"] + 300)
    page.mouse.down()
    page.mouse.move(box["x"] + 450, box["y"] + 390)
    page.mouse.up()
    page.wait_for_timeout(400)
    assert _line(viewer) == pytest.approx([300, 300, 450, 390], abs=1)
    ends = [to_pixel(viewer, SHAPE, *place) for place in ((300, 300), (450, 390))]
    assert viewer.measurement("length") == f"长度 {math.dist(*ends) * SPACING:.1f} mm"


def test_old_series_never_comes_up_under_the_new_ones_name(mouse, series):
    """Its late pictures, and a wheel turned meanwhile, belong to a series that was left."""
    viewer, page = mouse, mouse.page
    held = []
    page.route(f"**/series/{series[1]['uid']}/metadata", lambda route, _request: held.append(route))
    viewer.choose("play")
    page.keyboard.press("]")
    expect(page.locator(".corner.top.right")).to_contain_text("5 mm")
    page.mouse.move(viewer.box["x"] + 300, viewer.box["y"] + 300)
    for _ in range(3):
        page.mouse.wheel(0, 100)
    page.wait_for_timeout(1000)
    assert viewer.viewport.get_attribute("data-ready") == "false"
    expect(page.locator(".cover")).to_be_visible()
    held[0].continue_()
    expect(viewer.viewport).to_have_attribute("data-image-count", "60")
    viewer.wait_until_lossless()


def test_turned_phone_keeps_its_state_and_fills_the_new_shape(new_page, portal, chest_uid):
    page = new_page("phone")
    viewer = ViewerPage.launch(page, chest_uid, portal("radiologist").ticket(chest_uid), phone=True)
    viewer.go(30)
    viewer.choose_preset("bone")
    viewer.choose("flip-horizontal")
    upright = shown_greys(viewer)
    page.set_viewport_size({"width": 844, "height": 390})
    page.wait_for_timeout(700)
    assert (viewer.image_index, viewer.window, viewer.edges) == (30, (2000, 500), "A R P L")
    assert difference(shown_greys(viewer), upright) < SAME


def test_playing_starts_with_the_speed_of_the_file(new_page, portal, send, tmp_path):
    study, paths = modality.ct_study(tmp_path, 3, CineRate="4")
    send(paths, "CT_A")
    portal("radiologist").wait_for(study, 3, 10)
    page = new_page("desktop")
    viewer = ViewerPage.launch(page, study, portal("radiologist").ticket(study), phone=False)
    viewer.choose("play")
    expect(page.get_by_test_id("play-rate")).to_have_text("4 幅/秒")
