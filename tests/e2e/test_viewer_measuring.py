"""Figures, texts, looks and exports of the viewer, against the values in the DICOM files."""

import base64
import io
import math
import re
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from e2e.conftest import DESKTOP, PHONE
from e2e.picture import CANVAS, Slices, difference, expected_greys, shown_greys, to_pixel
from e2e.viewer_page import ViewerPage

ACCESSION, RADIOGRAPH = "CT26110001", "DX26110042"
SHAPE, SPACING = (512, 512), 0.72
INDEX = 60
SAME = 5
NAMES = (
    "长度|宽度|面积|周长|平均|标准差|总和|最小|最大(?= )|折线长|Cobb角|心胸比|"
    "最大心右缘距|最大心左缘距|胸廓最大内径"
)
HOSTILE = "<img src=x onerror=alert(1)>结节"


@pytest.fixture(scope="module")
def slices(portal):
    study = portal("radiologist").study_uid(ACCESSION)
    dicomweb = portal("radiologist").dicomweb(study)
    series = dicomweb.get(f"/studies/{study}/overview").json()["series"]
    return Slices(dicomweb, study, series[0]["uid"])


@pytest.fixture(scope="module")
def launch(browser, origin, portal):
    contexts = []

    def open_study(kind, accession, *, anonymous=False):
        options = PHONE if kind == "phone" else DESKTOP
        context = browser.new_context(base_url=origin, locale="zh-CN", **options)
        context.set_default_timeout(10_000)
        contexts.append(context)
        study = portal("radiologist").study_uid(accession)
        ticket = portal("radiologist").ticket(study, anonymous=anonymous)
        return ViewerPage.launch(context.new_page(), study, ticket, phone=kind == "phone")

    yield open_study
    for context in contexts:
        context.close()


@pytest.fixture(scope="module", params=["desktop", "phone"])
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def chest(kind, launch):
    return launch(kind, ACCESSION)


@pytest.fixture
def viewer(chest):
    """The chest CT at its 61st slice as it is after opening, without marks."""
    chest.choose("reset")
    if chest.page.get_by_test_id("measurement").count():
        chest.choose("delete-all")
    chest.go(INDEX)
    return chest


@pytest.fixture
def mouse(kind, request):
    if kind == "phone":
        pytest.skip("shown on the desktop alone")
    return request.getfixturevalue("viewer")


def _numbers(text):
    """What the entry says by name: ``{"面积": 12.5, …}``."""
    return {name: float(value) for name, value in re.findall(rf"({NAMES}) (-?[\d.]+)", text)}


def _outline(viewer):
    """Columns and rows of the last polyline's corners."""
    points = viewer.page.locator(".canvas svg polyline").last.get_attribute("points")
    places = [
        tuple(map(float, pair.split(","))) for pair in re.findall(r"[\d.-]+,\s*[\d.-]+", points)
    ]
    return [to_pixel(viewer, SHAPE, *place) for place in places]


def _inside(corners):
    """Pixels whose middle lies inside, by the even-odd rule."""
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    inside = np.zeros(SHAPE, bool)
    for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1], strict=True):
        if y0 == y1:
            continue
        crossed = (y0 <= rows) != (y1 <= rows)
        inside ^= crossed & (columns < x0 + (rows - y0) / (y1 - y0) * (x1 - x0))
    return inside


def _check_region(shown, corners, values):
    inside = values[_inside(corners)]
    pairs = list(zip(corners, corners[1:] + corners[:1], strict=True))
    area = abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in pairs)) / 2 * SPACING**2
    number = _numbers(shown)
    assert number["面积"] == pytest.approx(area, rel=0.01)
    assert number["周长"] == pytest.approx(sum(math.dist(*p) for p in pairs) * SPACING, rel=0.01)
    assert number["平均"] == pytest.approx(inside.mean(), abs=max(2, inside.std() / 20))
    assert number["标准差"] == pytest.approx(inside.std(), rel=0.05)
    assert number["总和"] / number["平均"] == pytest.approx(inside.size, rel=0.02)
    assert (number["最小"], number["最大"]) == (inside.min(), inside.max())


@pytest.mark.req("SHR-3.13")
@pytest.mark.req("PAT-1.2", part=True)
def test_width_is_measured_across_the_length(viewer):
    viewer.choose("width")
    viewer.drag((0.4, 0.45), (60, 40))
    viewer.page.wait_for_timeout(300)
    number = _numbers(viewer.measurement("width"))
    box = viewer.box
    start = (box["width"] * 0.4, box["height"] * 0.45)
    ends = [to_pixel(viewer, SHAPE, start[0] + dx, start[1] + dy) for dx, dy in ((0, 0), (60, 40))]
    assert number["长度"] == pytest.approx(math.dist(*ends) * SPACING, abs=0.5)
    assert number["宽度"] == pytest.approx(number["长度"] / 2, abs=0.2)


@pytest.mark.req("SHR-3.22")
def test_rectangle_gives_area_perimeter_and_values_of_what_it_encloses(mouse, slices):
    mouse.choose("rectangle")
    mouse.drag((0.45, 0.45), (60, 45))
    mouse.page.wait_for_timeout(400)
    corners = _outline(mouse)[:4]
    _check_region(mouse.measurement("rectangle"), corners, slices.values(INDEX))


def _draw_round(viewer, radius_x, radius_y):
    box = viewer.box
    x, y = box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.5
    turns = [2 * math.pi * part / 24 for part in range(24)]
    viewer.trace([(x + radius_x * math.cos(a), y + radius_y * math.sin(a)) for a in turns])


@pytest.mark.req("SHR-3.21", "PAT-1.3")
@pytest.mark.req("CON-4.15", part=True)
def test_any_outline_drawn_by_hand_gives_area_perimeter_and_values(viewer, slices):
    viewer.choose("freehand")
    _draw_round(viewer, 50, 35)
    viewer.page.wait_for_timeout(400)
    corners = list(dict.fromkeys(_outline(viewer)))
    _check_region(viewer.measurement("freehand"), corners, slices.values(INDEX))
    viewer.choose("ellipse")
    viewer.drag((0.45, 0.4), (30, 20))
    assert {"面积", "平均", "总和", "周长"} <= set(_numbers(viewer.measurement("ellipse")))


@pytest.mark.req("CON-4.15")
def test_polyline_adds_up_and_lines_that_do_not_meet_have_their_angle(mouse):
    box = mouse.box
    x, y = box["width"] * 0.4, box["height"] * 0.5
    mouse.choose("path")
    places = [(x, y), (x + 50, y), (x + 50, y + 40)]
    for place in [*places, places[-1]]:
        mouse.press(*place)
        mouse.page.wait_for_timeout(150)
    ends = [to_pixel(mouse, SHAPE, *place) for place in places]
    length = sum(math.dist(a, b) for a, b in pairwise(ends)) * SPACING
    assert _numbers(mouse.measurement("path"))["折线长"] == pytest.approx(length, abs=0.6)

    mouse.choose("cobb")
    mouse.drag((0.3, 0.4), (80, 29.1))  # 20°
    mouse.drag((0.3, 0.6), (80, -21.4))  # -15°
    mouse.page.wait_for_timeout(300)
    assert _numbers(mouse.measurement("cobb"))["Cobb角"] == pytest.approx(35, abs=1)


@pytest.mark.req("SHR-3.12")
@pytest.mark.req("CON-4.14", part=True)
def test_text_stands_where_it_was_put_and_stays_text(viewer):
    page, marks = viewer.page, viewer.page.get_by_test_id("measurement")
    viewer.choose("text")
    viewer.press(viewer.box["width"] * 0.4, viewer.box["height"] * 0.4)
    page.get_by_test_id("text-field").fill(HOSTILE)
    page.get_by_test_id("text-done").click()
    expect(marks).to_have_text(HOSTILE)
    expect(page.locator(".canvas svg text")).to_have_text(HOSTILE)
    assert page.locator("main img[src=x]").count() == 0
    if viewer.phone:
        viewer.choose("scroll")
        page.get_by_test_id("measurement-edit").click()
    else:
        label = page.locator(".canvas svg g[data-annotation-uid]").bounding_box()
        page.mouse.dblclick(label["x"] + 20, label["y"] + label["height"] / 2)
    page.get_by_test_id("text-field").fill("右肺上叶结节")
    page.get_by_test_id("text-done").click()
    expect(marks).to_have_text("右肺上叶结节")
    viewer.choose("arrow")
    viewer.drag((0.6, 0.55), (30, 30))
    page.get_by_test_id("text-field").fill("箭头")
    page.get_by_test_id("text-done").click()
    expect(marks).to_have_count(2)
    viewer.choose("delete-all")
    expect(marks).to_have_count(0)
    viewer.choose("undo")
    expect(marks).to_have_count(2)
    viewer.choose("delete-all")


@pytest.mark.req("SHR-3.23", "CON-4.16", "CON-4.14")
def test_cardiothoracic_ratio_follows_from_the_four_lines(kind, launch):
    viewer = launch(kind, RADIOGRAPH)
    page, box = viewer.page, viewer.box
    guide = page.get_by_test_id("guide")
    middle, unit = box["width"] / 2, box["width"] / 10
    viewer.choose("ratio")
    expect(guide).to_contain_text("请画中轴线")
    viewer.drag((0.5, 0.4), (0, 120))
    expect(guide).to_contain_text("心脏右缘")
    viewer.press(middle - unit, box["height"] * 0.45)
    expect(guide).to_contain_text("心脏左缘")
    viewer.press(middle + 3 * unit, box["height"] * 0.48)
    expect(guide).to_contain_text("胸廓")
    page.get_by_test_id("guide-undo").click()
    expect(guide).to_contain_text("心脏左缘")
    viewer.press(middle + 2 * unit, box["height"] * 0.48)
    viewer.drag((0.15, 0.52), (7 * unit, 20))  # askew: what counts is across the midline
    page.wait_for_timeout(300)
    number = _numbers(viewer.measurement("ratio"))
    assert number["心胸比"] == pytest.approx(3 / 7 * 100, abs=1)
    assert number["最大心左缘距"] == pytest.approx(2 * number["最大心右缘距"], rel=0.04)
    assert number["胸廓最大内径"] == pytest.approx(7 * number["最大心右缘距"], rel=0.04)
    assert "参考值 < 50 %" in viewer.measurement("ratio")


HOT_METAL = np.array(
    [[0, 0, 0, 0], [0.35, 160, 0, 0], [0.65, 255, 110, 0], [0.85, 255, 220, 60], [1, 255, 255, 255]]
)


def _shown(viewer):
    encoded = viewer.page.evaluate(CANVAS, 0).partition(",")[2]
    return Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGB")


def _fitted(image, side=200):
    edge = min(image.size)
    left, top = (image.width - edge) // 2, (image.height - edge) // 2
    square = image.crop((left, top, left + edge, top + edge))
    return np.asarray(square.resize((side, side), Image.Resampling.BOX), float)


@pytest.mark.req("SHR-3.10", "CON-4.6")
def test_colours_are_those_of_the_map_and_filters_sharpen_and_smooth(mouse, slices):
    page = mouse.page
    plain = shown_greys(mouse)
    mouse.open_panel("look")
    page.get_by_test_id("colour-hotMetal").click()
    page.wait_for_timeout(500)
    shares = expected_greys(slices.values(INDEX), 1500, -600) / 255
    wanted = [np.interp(shares, HOT_METAL[:, 0], HOT_METAL[:, part]) for part in (1, 2, 3)]
    assert difference(_fitted(_shown(mouse)), np.stack(wanted, axis=-1)) < 2 * SAME
    expect(page.get_by_test_id("colour-bar")).to_have_text("150-600-1350")
    page.get_by_test_id("colour-off").click()
    page.wait_for_timeout(300)
    assert difference(shown_greys(mouse), plain) < 1

    def roughness(greys):
        return np.abs(np.diff(greys, axis=1)).mean()

    page.get_by_test_id("sharpen-3").click()
    page.wait_for_timeout(600)
    assert roughness(shown_greys(mouse)) > 1.1 * roughness(plain)
    page.get_by_test_id("sharpen-0").click()
    page.get_by_test_id("smooth-3").click()
    page.wait_for_timeout(600)
    assert roughness(shown_greys(mouse)) < 0.9 * roughness(plain)
    page.keyboard.press("Escape")


LENS = """() => {
  const context = document.querySelector('canvas.lens').getContext('2d');
  return [...context.getImageData(0, 0, 220, 220).data];
}"""


@pytest.mark.req("CON-4.7")
def test_magnifier_shows_the_files_own_pixels(mouse, slices):
    page, box = mouse.page, mouse.box
    mouse.choose("magnify")
    page.keyboard.press("Escape")
    x, y = 330, 400
    page.mouse.move(box["x"] + x, box["y"] + y)
    page.mouse.down()
    page.mouse.move(box["x"] + x + 6, box["y"] + y + 6)
    page.wait_for_timeout(200)
    drawn = np.array(page.evaluate(LENS), float).reshape(220, 220, 4)[:, :, 0]
    page.mouse.up()
    expect(page.locator("canvas.lens")).to_have_count(0)
    greys = np.clip(((slices.values(INDEX) - -600.5) / 1499 + 0.5) * 255, 0, 255)
    for across, down in ((0, 0), (60, -30), (-50, 40)):  # lens pixels: half a screen pixel each
        column, row = to_pixel(mouse, SHAPE, x + 6 + across / 2, y + 6 + down / 2)
        around = greys[int(row) - 1 : int(row) + 3, int(column) - 1 : int(column) + 3]
        assert np.abs(around - drawn[110 + down, 110 + across]).min() <= 1


@pytest.mark.req("CON-4.10")
def test_region_sets_the_window_to_its_values(mouse, slices):
    mouse.choose("region")
    mouse.page.keyboard.press("Escape")
    mouse.drag((0.35, 0.42), (50, 40))
    mouse.page.wait_for_timeout(300)
    box = mouse.box
    x, y = box["width"] * 0.35, box["height"] * 0.42
    corners = [
        to_pixel(mouse, SHAPE, *p) for p in ((x, y), (x + 50, y), (x + 50, y + 40), (x, y + 40))
    ]
    inside = slices.values(INDEX)[_inside(corners)]
    width = float(mouse.viewport.get_attribute("data-window-width"))
    center = float(mouse.viewport.get_attribute("data-window-center"))
    assert width == pytest.approx(inside.max() - inside.min() + 1, rel=0.05)
    assert center == pytest.approx((inside.max() + inside.min() + 1) / 2, rel=0.05)


@pytest.mark.req("CON-4.3", "CON-4.4")
def test_picture_turns_to_any_angle(mouse):
    page = mouse.page
    before = Image.fromarray(shown_greys(mouse).astype("uint8"))
    mouse.open_panel("look")
    page.get_by_test_id("degrees").fill("30")
    page.get_by_test_id("degrees-apply").click()
    page.keyboard.press("Escape")
    page.wait_for_timeout(400)
    turned = np.asarray(before.rotate(-30, Image.Resampling.BILINEAR), float)
    rows, columns = np.mgrid[:200, :200]
    middle = np.hypot(rows - 99.5, columns - 99.5) < 90
    after = shown_greys(mouse)
    assert difference(after[middle], turned[middle]) < SAME
    assert mouse.edges.split()[0] == "AR"
    mouse.choose("rotate")
    page.keyboard.press("Escape")
    mouse.drag((0.5, 0.6), (-60, 0))
    page.wait_for_timeout(400)
    assert difference(shown_greys(mouse), np.asarray(before, float)) < SAME


@pytest.mark.req("SHR-3.8", "CON-4.22")
def test_attributes_are_those_of_the_file_and_are_found_by_name(mouse, slices):
    page = mouse.page
    mouse.open_panel("tags")
    search = page.get_by_test_id("tags-search")
    expect(search).to_be_visible()
    for words, value in (
        ("患者姓名", "Wang^Xiaodong=王^小东"),
        ("0018,0050", f"{slices.attribute(INDEX, '00180050'):g}"),
        ("SOPInstanceUID", slices.attribute(INDEX, "00080018")),
        ("Slice Location", f"{slices.attribute(INDEX, '00201041'):g}"),
    ):
        search.fill(words)
        expect(page.get_by_test_id("tag-row").first.locator(".tag-value")).to_have_text(value)
    page.keyboard.press("Escape")


def _export(viewer, button, **boxes):
    page = viewer.page
    viewer.open_panel("output")
    for name, wanted in boxes.items():
        page.get_by_test_id(f"output-{name}").set_checked(wanted)
    with page.expect_download() as download:
        page.get_by_test_id(button).click()
    page.keyboard.press("Escape")
    return Image.open(download.value.path()), download.value.suggested_filename


@pytest.mark.req("SHR-3.27", "CON-4.31")
def test_export_is_the_picture_with_marks_and_with_or_without_the_patient(mouse, slices):
    mouse.choose("length")
    mouse.drag((0.45, 0.45), (50, 30))
    mouse.choose("scroll")
    mouse.press(20, 300)
    mouse.page.wait_for_timeout(300)
    named, name = _export(mouse, "save-jpg", demographics=True, marks=True, original=False)
    assert (named.format, name) == ("JPEG", "CT-2-61.jpg")
    bare, _ = _export(mouse, "save-jpg", demographics=False, marks=False, original=False)
    corner = (0, 0, int(named.width * 0.2), int(named.height * 0.1))
    text = [np.asarray(image.convert("L").crop(corner)) for image in (named, bare)]
    assert (text[0] > 200).sum() > 100
    assert (text[1] > 200).sum() == 0
    expected = expected_greys(slices.values(INDEX), 1500, -600)
    assert difference(_fitted(bare.convert("RGB"))[:, :, 0], expected) < SAME

    original, name = _export(mouse, "save-png", demographics=False, marks=False, original=True)
    assert (original.format, original.size, name) == ("PNG", (512, 512), "CT-2-61.png")
    greys = np.clip(((slices.values(INDEX) - -600.5) / 1499 + 0.5) * 255, 0, 255)
    middle = slice(100, 400)
    exact = np.asarray(original.convert("L"), float)[middle, middle]
    assert np.abs(exact - greys[middle, middle]).max() <= 1
    marked, _ = _export(mouse, "save-png", demographics=False, marks=True, original=True)
    drawn = np.abs(
        np.asarray(marked.convert("L"), float) - np.asarray(original.convert("L"), float)
    )
    assert (drawn > 20).sum() > 50


@pytest.mark.req("CON-4.8")
def test_copied_picture_is_shown_otherwise_beside_the_first(mouse):
    page = mouse.page
    mouse.open_panel("output")
    page.get_by_test_id("copy-pane").click()
    expect(page.get_by_test_id("viewport")).to_have_count(2)
    copy = mouse.pane(1)
    expect(copy).to_have_attribute("data-ready", "true")
    expect(copy).to_have_attribute("data-image-index", str(INDEX))
    mouse.choose_preset("bone")
    expect(copy).to_have_attribute("data-window-width", "2000")
    expect(mouse.pane(0)).to_have_attribute("data-window-width", "1500")
    mouse.pane(0).click(position={"x": 20, "y": 300})
    mouse.arrange("series-1x1")


@pytest.mark.req("SHR-3.11", "CON-4.11", "PAT-1.5")
def test_typed_window_is_kept_under_a_name_and_offered_first(viewer):
    page = viewer.page
    page.get_by_test_id("tool-presets").click()
    page.get_by_test_id("window-width").fill("1200")
    page.get_by_test_id("window-center").fill("-480")
    page.keyboard.press("Enter")
    expect(viewer.viewport).to_have_attribute("data-window-width", "1200")
    page.get_by_test_id("tool-presets").click()
    page.get_by_test_id("preset-title").fill("我的肺窗")
    page.get_by_test_id("preset-keep").click()
    page.keyboard.press("Escape")
    viewer.choose_preset("mediastinum")
    page.get_by_test_id("tool-presets").click()
    expect(page.locator(".preset-grid button").nth(1)).to_contain_text("我的肺窗")
    page.get_by_test_id("preset-own").click()
    expect(viewer.viewport).to_have_attribute("data-window-width", "1200")
    expect(viewer.viewport).to_have_attribute("data-window-center", "-480")
    page.get_by_test_id("tool-presets").click()
    page.get_by_test_id("preset-remove").click()
    expect(page.get_by_test_id("preset-own")).to_have_count(0)
    page.keyboard.press("Escape")


def test_anonymous_viewing_shows_no_attributes_and_takes_no_name_out(launch):
    viewer = launch("desktop", ACCESSION, anonymous=True)
    expect(viewer.page.get_by_test_id("tool-tags")).to_have_count(0)
    viewer.page.get_by_test_id("tool-output").click()
    expect(viewer.page.get_by_test_id("save-jpg")).to_be_visible()
