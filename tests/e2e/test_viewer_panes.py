"""Several series, dates and patients in one window, on a desktop and on a phone."""

import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from e2e.conftest import DESKTOP, PHONE
from e2e.modality import crossing_study
from e2e.picture import Slices, difference, shown_greys
from e2e.viewer_page import ViewerPage

CHEST, PRIOR, OTHER = "CT26110001", "CT26050188", "DX26110042"
SAME = 5
WIDTH, CENTER = 1200, 200


@pytest.fixture(scope="module")
def crossing(tmp_path_factory, send, portal):
    """The study of two crossing series: its UID, and the values of both by position."""
    study, files = crossing_study(tmp_path_factory.mktemp("crossing"))
    assert send(files, "CT_A").returncode == 0
    portal("radiologist").wait_for(study, len(files), 20)
    dicomweb = portal("radiologist").dicomweb(study)
    series = dicomweb.get(f"/studies/{study}/overview").json()["series"]
    return study, [Slices(dicomweb, study, item["uid"]) for item in series]


def _page(browser, origin, kind):
    context = browser.new_context(
        base_url=origin, locale="zh-CN", **(PHONE if kind == "phone" else DESKTOP)
    )
    context.set_default_timeout(30_000)
    return context.new_page()


@pytest.fixture(scope="module", params=["desktop", "phone"])
def viewer(request, browser, origin, portal, crossing):
    """The crossing series in two panes."""
    page = _page(browser, origin, request.param)
    ticket = portal("radiologist").ticket(crossing[0])
    shown = ViewerPage.launch(page, crossing[0], ticket, phone=request.param == "phone")
    shown.arrange("series-2x1" if shown.phone else "series-1x2")
    yield shown
    page.context.close()


def _ready(viewer, place, index):
    expect(viewer.pane(place)).to_have_attribute("data-image-index", str(index))
    expect(viewer.pane(place)).to_have_attribute("data-ready", "true")


def _go(viewer, place, index):
    viewer.pane(place).get_by_test_id("slider").fill(str(index))
    _ready(viewer, place, index)


def _shows(viewer, place, values):
    """The pane's picture is that of the file: square pixels, fitted into the pane."""
    viewer.page.wait_for_timeout(150)
    box = viewer.pane(place).bounding_box()
    rows, columns = values.shape
    scale = min(box["width"] / columns, box["height"] / rows)
    greys = np.clip(((values - (CENTER - 0.5)) / (WIDTH - 1) + 0.5) * 255, 0, 255).astype("uint8")
    fitted = Image.fromarray(greys).resize((round(columns * scale), round(rows * scale)))
    side = round(min(box["width"], box["height"]))
    square = Image.new("L", (side, side))
    square.paste(fitted, ((side - fitted.width) // 2, (side - fitted.height) // 2))
    expected = np.asarray(square.resize((200, 200), Image.Resampling.BOX), float)
    return difference(shown_greys(viewer, place), expected) < SAME


@pytest.mark.req("SHR-3.17", "CON-4.18", "CON-4.29", "PAT-1.26")
def test_two_series_stand_side_by_side_each_with_its_own_picture(viewer, crossing):
    axial, coronal = crossing[1]
    _go(viewer, 0, 10)
    _go(viewer, 1, 20)
    assert _shows(viewer, 0, axial.values(10))
    # Rows of 4 mm and columns of 2 mm.
    assert _shows(viewer, 1, np.repeat(coronal.values(20), 2, axis=0))
    uids = {viewer.pane(place).get_attribute("data-series") for place in (0, 1)}
    assert len(uids) == 2
    if not viewer.phone:
        viewer.pane(0).dblclick()
        expect(viewer.pane(1)).to_be_hidden()
        viewer.pane(0).dblclick()
        expect(viewer.pane(1)).to_be_visible()


def _drag_down(viewer, place, pixels):
    box = viewer.pane(place).bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    viewer.trace([(x, y + pixels * part / 10) for part in range(11)])


@pytest.mark.req("CON-4.12", "CON-4.21", "PAT-1.9")
def test_the_chosen_series_scrolls_by_drag_and_by_wheel_and_the_other_stays(viewer):
    _go(viewer, 0, 10)
    _go(viewer, 1, 16)
    viewer.choose("scroll")
    _drag_down(viewer, 1, 60)
    down = int(viewer.pane(1).get_attribute("data-image-index"))
    assert down > 16
    _drag_down(viewer, 1, -60)
    expect(viewer.pane(1)).to_have_attribute("data-active", "true")
    assert int(viewer.pane(1).get_attribute("data-image-index")) < down
    if not viewer.phone:
        _go(viewer, 1, 16)
        viewer.pane(1).hover()
        viewer.page.mouse.wheel(0, 100)
        _ready(viewer, 1, 17)
        viewer.page.mouse.wheel(0, -100)
        _ready(viewer, 1, 16)
    expect(viewer.pane(0)).to_have_attribute("data-image-index", "10")


@pytest.mark.req("SHR-3.40", "CON-4.17", "CON-4.19")
def test_reference_lines_lie_where_the_other_plane_crosses(viewer):
    _go(viewer, 0, 10)
    _go(viewer, 1, 5)
    viewer.page.wait_for_timeout(300)
    # Axial slice 10 lies at z = 40 mm: row 29 of the coronal picture, whose first row is at 156 mm.
    across = viewer.pane(1).get_by_test_id("reference-line")
    box = viewer.pane(1).bounding_box()
    rows, columns = 40 * 2, 64
    scale = min(box["width"] / columns, box["height"] / rows)
    top = box["height"] / 2 - rows * scale / 2
    for name in ("y1", "y2"):
        assert float(across.get_attribute(name)) == pytest.approx(
            top + (29 + 0.5) * 2 * scale, abs=2
        )
    # Coronal slice 5 lies at y = 20 mm: on the axial picture row 10.
    along = viewer.pane(0).get_by_test_id("reference-line")
    box = viewer.pane(0).bounding_box()
    scale = min(box["width"], box["height"]) / 64
    top = box["height"] / 2 - 32 * scale
    assert float(along.get_attribute("y1")) == pytest.approx(top + 10.5 * scale, abs=2)
    viewer.choose("lines")
    expect(along).to_have_count(0)
    viewer.choose("lines")
    expect(along).to_have_count(1)


@pytest.mark.req("CON-4.13", part=True)
def test_a_point_of_the_patient_is_found_in_the_other_series(viewer):
    _go(viewer, 0, 10)
    _go(viewer, 1, 0)
    viewer.choose("cursor")
    box = viewer.pane(0).bounding_box()
    scale = min(box["width"], box["height"]) / 64
    # Column 40, row 32: y = 64 mm, the 17th coronal slice.
    x = box["x"] + box["width"] / 2 + (40 + 0.5 - 32) * scale
    y = box["y"] + box["height"] / 2 + (32 + 0.5 - 32) * scale
    (viewer.page.touchscreen.tap if viewer.phone else viewer.page.mouse.click)(x, y)
    _ready(viewer, 1, 16)
    cross = viewer.pane(1).get_by_test_id("cursor")
    box = viewer.pane(1).bounding_box()
    scale = min(box["width"] / 64, box["height"] / 80)
    assert float(cross.get_attribute("data-x")) == pytest.approx(
        box["width"] / 2 + (40.5 - 32) * scale, abs=3
    )
    assert float(cross.get_attribute("data-y")) == pytest.approx(
        box["height"] / 2 + (29.5 * 2 - 40) * scale, abs=3
    )
    viewer.choose("scroll")
    expect(cross).to_have_count(0)


@pytest.mark.req("SHR-3.16", "CON-4.27", "PAT-1.24")
def test_a_film_shows_consecutive_pictures_with_one_window(viewer, crossing):
    axial = crossing[1][0]
    viewer.pane(0).click(position={"x": 30, "y": 30})
    viewer.arrange("film-2x2")
    for place in range(4):
        expect(viewer.pane(place)).to_have_attribute("data-ready", "true")
    viewer.pane(0).get_by_test_id("slider").fill("8")
    for place in range(4):
        _ready(viewer, place, 8 + place)
        assert _shows(viewer, place, axial.values(8 + place))
    viewer.choose_preset("bone")
    for place in range(4):
        expect(viewer.pane(place)).to_have_attribute("data-window-width", "2000")
    viewer.choose_preset("default")
    for place in range(4):
        expect(viewer.pane(place)).to_have_attribute("data-window-width", str(WIDTH))
    viewer.arrange("series-2x1" if viewer.phone else "series-1x2")
    expect(viewer.pane(1)).to_have_attribute("data-ready", "true")


@pytest.fixture(scope="module")
def compared(browser, origin, portal):
    """The chest CT opened by a doctor who is logged in, in the portal."""
    page = _page(browser, origin, "desktop")
    page.goto("/web/login")
    page.fill("input[name=login]", "radiologist")
    page.fill("input[name=password]", "yunying-demo")
    page.click("button[type=submit]:visible")
    page.wait_for_url("**/odoo**")
    (row,) = portal("radiologist").studies(["accession_number", "=", CHEST])
    page.goto(f"/imaging/study/{row['id']}/view")
    viewer = ViewerPage(page, phone=False)
    viewer.wait_until_lossless()
    yield viewer
    page.context.close()


@pytest.mark.req("CON-4.25")
def test_series_of_a_study_scroll_together_by_position(compared, portal):
    compared.arrange("series-1x2")
    for place in (0, 1):
        expect(compared.pane(place)).to_have_attribute("data-ready", "true")
    compared.choose("link")
    # 120 slices of 2.5 mm and 60 of 5 mm, from the same height.
    _go(compared, 0, 80)
    _ready(compared, 1, 40)
    _go(compared, 1, 10)
    _ready(compared, 0, 20)
    compared.choose("link")
    _go(compared, 0, 60)
    _ready(compared, 1, 10)


@pytest.mark.req("CON-4.23", "CON-4.24", "CON-4.26", "CON-4.28", "PAT-1.25")
def test_an_earlier_study_of_the_patient_is_listed_and_compared(compared, portal):
    earlier = portal("radiologist").study_uid(PRIOR)
    prior = compared.page.locator(f"[data-testid=prior][data-study='{earlier}']")
    expect(prior).to_contain_text(re.compile(r"\d{4}-\d\d-\d\d · CT"))
    # Without the crossing panes of before: one study beside the other.
    compared.arrange("series-1x1")
    _go(compared, 0, 50)
    prior.get_by_test_id("prior-compare").click()
    expect(compared.page.get_by_test_id("viewport")).to_have_count(2)
    expect(compared.pane(1)).to_have_attribute("data-ready", "true")
    assert compared.pane(0).get_attribute("data-series") != compared.pane(1).get_attribute(
        "data-series"
    )
    expect(prior).to_have_count(0)
    there = int(compared.pane(1).get_attribute("data-image-index"))
    # Another date, another frame of reference: both move by the same millimetres.
    _go(compared, 0, 54)
    _ready(compared, 1, there + 2)
    entries = portal("auditor").model(
        "imaging.access.log",
        "search_count",
        [["study_uid", "=", earlier], ["action", "=", "open"]],
    )
    assert entries


@pytest.mark.req("CON-4.20", "CON-4.24")
def test_patients_chosen_in_the_list_are_compared_in_one_window(browser, origin, portal):
    doctor = portal("radiologist")
    ids = [
        doctor.studies(["accession_number", "=", accession])[0]["id"]
        for accession in (CHEST, OTHER)
    ]
    action = doctor.model("imaging.study", "action_view_images", ids)
    answer = doctor.http.get(action["url"])
    assert answer.status_code == 303
    page = _page(browser, origin, "desktop")
    page.goto(answer.headers["Location"])
    viewer = ViewerPage(page, phone=False)
    viewer.wait_until_lossless()
    for name in ("王小东", "李秀梅"):
        expect(page.get_by_role("heading", name=re.compile(name))).to_be_visible()
    viewer.arrange("series-1x2")
    page.get_by_test_id("series-item").last.drag_to(viewer.pane(1))
    expect(viewer.pane(1).get_by_test_id("corners")).to_contain_text("李秀梅")
    expect(viewer.pane(1)).to_have_attribute("data-ready", "true")
    expect(viewer.pane(0).get_by_test_id("corners")).to_contain_text("王小东")
    page.get_by_test_id("series-item").last.click()
    expect(viewer.pane(1)).to_have_attribute("data-active", "true")
    page.context.close()
