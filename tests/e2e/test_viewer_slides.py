"""Whole slides and presentation states, as a pathologist and a radiologist see them."""

import io
import re

import pytest
from PIL import Image
from playwright.sync_api import expect
from pydicom.uid import generate_uid

from e2e import objects, presentations, slides
from e2e.conftest import DESKTOP, PHONE
from e2e.portal import DATABASE, PASSWORD


@pytest.fixture(scope="module")
def sent(portal):
    """Two studies: (slide, presentation states), each with its objects in the archive."""
    slide, shown = generate_uid(), generate_uid()
    picture = presentations.picture(shown)
    parts = slides.slide(slide)
    stated = [picture, *presentations.states(shown, picture)]
    objects.send([*parts, *stated])
    for uid, count in ((slide, len(parts)), (shown, len(stated))):
        portal("radiologist").wait_for(uid, count)
    return {"slide": slide, "states": shown, "label": parts[-1]}


@pytest.fixture(scope="module", params=["desktop", "phone"])
def open_study(request, browser, origin, portal, sent):
    """Opens a study, of `sent` or by its UID, in the one page of a kind of screen."""
    phone = request.param == "phone"
    context = browser.new_context(base_url=origin, locale="zh-CN", **(PHONE if phone else DESKTOP))
    context.set_default_timeout(30_000)
    page = context.new_page()
    page.phone = phone
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))

    def show(name, *, anonymous=False):
        uid = sent.get(name, name)
        ticket = portal("radiologist").ticket(uid, anonymous=anonymous)
        page.goto("about:blank")
        page.goto(f"/viewer/#study={uid}&ticket={ticket}&lang=zh_CN")
        return page

    # A hospital's rules are for who is signed in.
    page.request.post(
        "/web/session/authenticate",
        data={"params": {"db": DATABASE, "login": "radiologist", "password": PASSWORD}},
    )
    yield show
    assert errors == []
    context.close()


def pixel(page, name, x, y):
    """Red, green and blue on the screen, at CSS pixels from an element's corner."""
    box = page.get_by_test_id(name).bounding_box()
    clip = {"x": box["x"] + x, "y": box["y"] + y, "width": 2, "height": 2}
    shot = Image.open(io.BytesIO(page.screenshot(clip=clip))).convert("RGB")
    return shot.getpixel((0, 0))


def look(page):
    """Where the slide is: its pixel in the middle, and CSS pixels for one of its own."""
    slide = page.get_by_test_id("slide")
    expect(slide).to_have_attribute("data-ready", "true", timeout=30_000)
    page.wait_for_timeout(150)
    return tuple(float(slide.get_attribute(f"data-{name}")) for name in ("x", "y", "scale"))


def on_pane(page, column, row):
    x, y, scale = look(page)
    box = page.get_by_test_id("slide-area").bounding_box()
    return box["width"] / 2 + (column - x) * scale, box["height"] / 2 + (row - y) * scale


def go(page, column, row):
    """Press on the map."""
    box = page.get_by_test_id("slide-map").bounding_box()
    columns, rows = slides.SIZE
    at = {"x": box["width"] * column / columns, "y": box["height"] * row / rows}
    page.get_by_test_id("slide-map").click(position=at)


@pytest.mark.req("SHR-1.5", part=True)
def test_a_slide_is_seen_level_by_level(open_study):
    page = open_study("slide")
    slide = page.get_by_test_id("slide")
    expect(slide).to_have_attribute("data-levels", "3")
    x, y, scale = look(page)
    assert (x, y) == (slides.SIZE[0] / 2, slides.SIZE[1] / 2), "the whole at first"
    wanted = slides.tissue()

    # By the lens: 40× is the file's own pixels, 10 µm are 40 of them.
    page.get_by_test_id("slide-power-40").click()
    _, _, scale = look(page)
    assert scale == 1
    expect(slide).to_have_attribute("data-level", "0")
    expect(page.get_by_test_id("slide-power")).to_contain_text("40×")
    expect(page.get_by_test_id("slide-power")).to_contain_text("0.25 µm")
    bar = page.get_by_test_id("slide-scale-bar")
    length = float(bar.inner_text().removesuffix(" µm"))
    assert float(bar.get_attribute("data-pixels")) == pytest.approx(length / 0.25, abs=0.5)
    go(page, 900, 640)
    x, y, _ = look(page)
    assert (x, y) == pytest.approx((900, 640), abs=18), "the map leads there"
    for column, row in ((int(x) + 60, int(y) + 70), (896, 640)):
        found = pixel(page, "slide-area", *on_pane(page, column, row))
        assert found == pytest.approx(tuple(wanted[row, column]), abs=10), (column, row)


@pytest.mark.req("SHR-1.6", part=True)
def test_a_length_on_a_slide_is_in_micrometres(open_study):
    page = open_study("slide")
    page.get_by_test_id("slide-power-20").click()
    go(page, 768, 512)
    look(page)
    page.get_by_test_id("slide-measure").click()
    box = page.get_by_test_id("slide-area").bounding_box()
    left, top = box["x"] + box["width"] / 2 - 60, box["y"] + box["height"] / 2
    # 120 screen pixels at 20× are 240 of the slide's, 60 µm.
    if page.phone:
        devtools = page.context.new_cdp_session(page)
        for step, x in enumerate((left, left + 50, left + 120)):
            kind = "touchMove" if step else "touchStart"
            point = {"x": round(x), "y": round(top)}
            devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
            page.wait_for_timeout(30)
        devtools.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        devtools.detach()
    else:
        page.mouse.move(left, top)
        page.mouse.down()
        page.mouse.move(left + 120, top, steps=4)
        page.mouse.up()
    said = page.get_by_test_id("slide-length").text_content()
    assert float(re.fullmatch(r"([\d.]+) µm", said)[1]) == pytest.approx(60, abs=1)
    page.get_by_test_id("slide-clear").click()
    expect(page.get_by_test_id("slide-length")).to_have_count(0)


def test_a_slide_is_moved_and_enlarged_by_hand(open_study):
    page = open_study("slide")
    x, y, scale = look(page)
    area = page.get_by_test_id("slide-area")
    box = area.bounding_box()
    if page.phone:
        # On a busy machine the second tap may come too late to belong to the first.
        for _ in range(5):
            for _ in range(2):
                page.touchscreen.tap(box["x"] + 200, box["y"] + 300)
            page.wait_for_timeout(400)
            if look(page)[2] != scale:
                break
        assert look(page)[2] == pytest.approx(scale * 2), "two taps"
        return
    page.mouse.move(box["x"] + box["width"] / 2 + 100, box["y"] + box["height"] / 2)
    fixed = (look(page)[0] + 100 / scale, y)
    page.mouse.wheel(0, -300)
    page.wait_for_timeout(200)
    x, y, nearer = look(page)
    assert nearer > scale * 1.3
    assert x + 100 / nearer == pytest.approx(fixed[0], abs=0.5), "what is under the pointer stays"
    page.keyboard.press("ArrowRight")
    assert look(page)[0] == pytest.approx(x + 60 / nearer, abs=0.5)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + 40, box["y"] + box["height"] / 2 - 30, steps=3)
    page.mouse.up()
    assert look(page)[1] == pytest.approx(y + 30 / nearer, abs=0.5)
    page.keyboard.press("Home")
    assert look(page)[2] == pytest.approx(scale)


@pytest.mark.parametrize("open_study", ["desktop"], indirect=True)
def test_a_tile_that_is_missing_says_so(open_study):
    """At 20× the middle level is shown: one tile was never stored, one is damaged."""
    page = open_study("slide")
    page.get_by_test_id("slide-power-20").click()
    go(page, 768, 512)
    look(page)
    expect(page.get_by_test_id("slide")).to_have_attribute("data-level", "1")
    expect(page.get_by_test_id("slide-failed")).to_contain_text("1 个图块未能显示")
    tissue = slides.tissue()
    for column, row in ((300, 300), (1300, 800)):
        found = pixel(page, "slide-area", *on_pane(page, column, row))
        assert max(found) < 140, f"hatched, neither glass nor tissue: {found}"
    column, row = 600, 700
    found = pixel(page, "slide-area", *on_pane(page, column, row))
    assert found == pytest.approx(tuple(tissue[row, column]), abs=4), "its neighbours are there"


@pytest.mark.parametrize("open_study", ["desktop"], indirect=True)
def test_the_label_stays_closed_and_is_nobodys_under_an_anonymous_ticket(open_study, portal, sent):
    page = open_study("slide")
    label = sent["label"]
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    look(page)
    assert not [url for url in asked if label.SOPInstanceUID in url], "it is not fetched before"
    page.get_by_test_id("slide-label").click()
    expect(page.get_by_test_id("slide-whole").locator("img")).to_be_visible()
    page.get_by_test_id("slide-whole-close").click()

    page = open_study("slide", anonymous=True)
    look(page)
    expect(page.get_by_test_id("slide-label")).to_have_count(0)
    expect(page.get_by_test_id("slide-power-40")).to_be_visible()
    dicomweb = portal("radiologist").dicomweb(sent["slide"], anonymous=True)
    path = f"/studies/{sent['slide']}/series/{label.SeriesInstanceUID}"
    answer = dicomweb.get(f"{path}/instances/{label.SOPInstanceUID}/rendered")
    assert (answer.status_code, answer.json()["error"]) == (403, "withheld")


def open_states(page):
    expect(page.get_by_test_id("viewport")).to_have_attribute("data-ready", "true", timeout=60_000)
    if page.phone:
        page.get_by_test_id("tool-series").click()
    page.get_by_test_id("series-item").filter(has_text="显示状态").click()


def fields(page):
    """Grey in the middle of the four fields around the pane's middle, in reading order."""
    page.wait_for_timeout(500)
    box = page.get_by_test_id("viewport").bounding_box()
    half = min(box["width"], box["height"]) / 2
    places = [(box["width"] / 2 + half * x, box["height"] / 2 + half * y)
              for y in (-0.72, 0.6) for x in (-0.72, 0.72)]  # fmt: skip
    return [pixel(page, "viewport", *place)[0] for place in places]


@pytest.mark.req("SHR-1.5", part=True)
def test_a_picture_is_shown_as_its_presentation_state_says(open_study):
    page = open_study("states")
    open_states(page)
    states = page.get_by_test_id("presentation-state")
    expect(states).to_have_count(3)
    expect(states.nth(2).get_by_test_id("presentation-refused")).to_contain_text("不能套用")
    expect(states.nth(2).get_by_test_id("presentation-show")).to_have_count(0)
    states.nth(0).get_by_test_id("presentation-show").click()
    mark = page.get_by_test_id("presentation-mark")
    expect(mark).to_contain_text("病灶标注")
    expect(mark).to_contain_text("赵医生")
    viewport = page.get_by_test_id("viewport")
    expect(viewport).to_have_attribute("data-window-width", "201")

    # Turned a quarter clockwise, then mirrored: rows become columns. PS3.3 C.11.2.1.2.1, inverse.
    (a, b), (c, d) = presentations.FIELDS
    shade = {value: 255 - (value - 20) / 200 * 255 for value in (a, b, c, d)}
    assert fields(page) == pytest.approx([shade[a], shade[c], shade[b], shade[d]], abs=4)

    # DISPLAY units are parts of the area as it is seen; PIXEL units are the picture's.
    box = viewport.bounding_box()
    side = min(box["width"], box["height"])
    left, top = (box["width"] - side) / 2, (box["height"] - side) / 2
    points = page.get_by_test_id("presentation-point")
    found = [tuple(float(points.nth(at).get_attribute(f"data-{axis}")) for axis in "xy")
             for at in range(2)]  # fmt: skip
    assert found[0] == pytest.approx((left + side / 4, top + side / 2), abs=1.5)
    assert found[1] == pytest.approx((left, top + side / 4), abs=1.5)
    expect(page.get_by_test_id("presentation-path")).to_have_count(4)
    expect(page.get_by_test_id("presentation-text").first).to_have_text("可疑结节 <b>")
    # The lowest 16 rows of the area lie behind the shutter, now the 16 columns at the right.
    assert pixel(page, "viewport", left + side * (1 - 8 / 128), top + side * 0.8) == (0, 0, 0)

    page.get_by_test_id("presentation-switch").click()
    expect(mark).to_have_attribute("data-on", "false")
    expect(page.get_by_test_id("presentation-layer")).to_have_count(0)
    lowest, greatest = a, d
    plain = [(value - lowest) / (greatest - lowest) * 255 for value in (a, b, c, d)]
    assert fields(page) == pytest.approx(plain, abs=4), "the picture as it is"
    page.get_by_test_id("presentation-switch").click()
    assert fields(page) == pytest.approx([shade[a], shade[c], shade[b], shade[d]], abs=4)


@pytest.mark.req("SHR-1.5", part=True)
@pytest.mark.parametrize("open_study", ["desktop"], indirect=True)
def test_tables_of_a_presentation_state_are_applied(open_study):
    page = open_study("states")
    open_states(page)
    state = page.get_by_test_id("presentation-state").nth(1)
    state.get_by_test_id("presentation-show").click()
    expect(page.get_by_test_id("presentation-mark")).to_contain_text("查找表")
    wanted = [255 - (value * 7) % 256 for row in presentations.FIELDS for value in row]
    assert fields(page) == pytest.approx(wanted, abs=4)


@pytest.mark.req("SHR-3.16", "PAT-1.24", "CON-4.29", part=True)
@pytest.mark.parametrize("open_study", ["desktop"], indirect=True)
def test_a_hospitals_rule_says_how_the_next_study_opens(open_study, portal):
    """The administrator wants this modality's pictures side by side; the reader may change it."""
    admin, modality, study = portal("hospital"), "ZZ", generate_uid()
    pictures = [presentations.picture(study) for _ in range(2)]
    for number, picture in enumerate(pictures, 1):
        picture.Modality, picture.SeriesNumber = modality, number
    objects.send(pictures)
    portal("radiologist").wait_for(study, 2)
    page = open_study(study)
    expect(page.get_by_test_id("viewport")).to_have_count(1)

    window = {"name": "四格窗", "modality": modality, "width": 90, "center": 120}
    (preset,) = admin.model("imaging.window.preset", "create", [window])
    values = {"name": "并排", "modality": modality, "grid": "1x2", "window_preset_id": preset}
    rules = admin.model("imaging.hanging.rule", "create", [values])
    try:
        page = open_study(study)
        panes = page.get_by_test_id("viewport")
        expect(panes).to_have_count(2)
        for place in range(2):
            expect(panes.nth(place)).to_have_attribute("data-ready", "true", timeout=60_000)
            expect(panes.nth(place)).to_have_attribute("data-window-width", "90")
        page.get_by_test_id("tool-layout").click()
        page.get_by_test_id("layout-series-1x1").click()
        expect(panes).to_have_count(1)
    finally:
        admin.model("imaging.hanging.rule", "unlink", rules)
        admin.model("imaging.window.preset", "unlink", [preset])
