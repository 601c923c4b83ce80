"""How soon a reader sees the picture, on a slow phone and on a desktop."""

import io
import time

import pytest
from PIL import Image
from playwright.sync_api import expect

from e2e.picture import Slices, difference, expected_greys, shown_greys
from e2e.viewer_page import ViewerPage

ACCESSION = "CT26110001"  # the demonstration's chest CT: 120 slices, and 60
WINDOW, FILE_WINDOW = (1500, -600), (400, 40)
SHELL = "**/viewer/assets/shell-*.js"
ENGINE = "**/viewer/assets/engine-*.js"
# 1.6 Mbit/s, 150 ms.
SLOW = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 2e5,
    "uploadThroughput": 9e4,
    "connectionType": "cellular3g",
}
TABLET = {
    "viewport": {"width": 1024, "height": 1366},
    "device_scale_factor": 2,
    "has_touch": True,
    "is_mobile": True,
}
# The fetched frames of the page.
FRAMES = """() => performance.getEntriesByType('resource')
  .filter(({ name, responseEnd }) => name.includes('/frames/') && responseEnd > 0).length"""


@pytest.fixture(scope="module")
def chest_uid(portal):
    return portal("radiologist").study_uid(ACCESSION)


@pytest.fixture
def slow_phone(open_context):
    page = open_context("phone").new_page()
    devtools = page.context.new_cdp_session(page)
    devtools.send("Network.enable")
    devtools.send("Network.emulateNetworkConditions", SLOW)
    return page


def _address(portal, study):
    return f"/viewer/#study={study}&ticket={portal('radiologist').ticket(study)}&lang=zh_CN"


@pytest.mark.req("PAT-1.1", "CON-1.7", part=True)
def test_a_slow_phone_shows_the_picture_before_the_application_has_come(
    slow_phone, portal, chest_uid
):
    held = []
    slow_phone.route(SHELL, lambda route, _request: held.append(route))
    slow_phone.goto(_address(portal, chest_uid), wait_until="commit")
    bare = slow_phone.locator(".bare")
    picture = bare.get_by_test_id("preview")
    expect(picture).to_be_visible()
    expect(bare).to_have_text("预览")
    shown = Image.open(io.BytesIO(picture.screenshot())).convert("L")
    assert shown.getextrema()[1] > 128, "something bright is shown"
    assert picture.evaluate("(one) => one.naturalWidth") == 512
    assert slow_phone.get_by_test_id("viewport").count() == 0
    slow_phone.wait_for_timeout(200)
    held[0].continue_()
    ViewerPage(slow_phone, phone=True).wait_until_lossless()
    expect(bare).to_have_count(0)
    assert "ticket" not in slow_phone.url


@pytest.mark.req("PAT-1.1", "PAT-1.2", part=True)
def test_pages_and_windows_turn_before_the_tools_have_come(slow_phone, portal, chest_uid):
    held = []
    slow_phone.route(ENGINE, lambda route, _request: held.append(route))
    slow_phone.goto(_address(portal, chest_uid), wait_until="commit")
    first = slow_phone.get_by_test_id("first")
    expect(first).to_have_attribute("data-image-index", "60")
    viewer = ViewerPage(slow_phone, phone=True)
    viewer.choose("window")
    before = slow_phone.get_by_test_id("first-picture").screenshot()
    viewer.drag((0.5, 0.5), (0, 120))
    assert slow_phone.get_by_test_id("first-picture").screenshot() != before
    viewer.choose("scroll")
    viewer.drag((0.5, 0.4), (0, 90))
    index = int(first.get_attribute("data-image-index"))
    assert index > 60
    expect(first).to_contain_text(f"预览 图像 {index + 1}/120")
    expect(slow_phone.get_by_test_id("first-page")).to_be_visible()
    held[0].continue_()
    viewer.wait_until_lossless()
    assert viewer.image_index == index
    assert viewer.window != FILE_WINDOW
    series = portal("radiologist").dicomweb(chest_uid)
    overview = series.get(f"/studies/{chest_uid}/overview").json()
    slices = Slices(series, chest_uid, overview["series"][0]["uid"])
    expected = expected_greys(slices.values(index), *viewer.window)
    assert difference(shown_greys(viewer), expected) < 5


def test_a_page_that_came_in_part_says_so(slow_phone, portal, chest_uid):
    slow_phone.route(SHELL, lambda route: route.abort())
    slow_phone.goto(_address(portal, chest_uid), wait_until="commit")
    expect(slow_phone.get_by_role("alert")).to_contain_text("页面未能完整载入")


@pytest.mark.req("CON-1.7", part=True)
def test_a_desktop_has_all_slices_within_seconds(open_context, portal, chest_uid):
    """Bounds for a machine at other work; what is reached is in docs/benchmarks.md."""
    page = open_context("desktop").new_page()
    began = time.monotonic()
    page.goto(_address(portal, chest_uid), wait_until="commit")
    ViewerPage(page, phone=False).wait_until_lossless()
    assert time.monotonic() - began < 10
    page.wait_for_function(f"() => ({FRAMES})() >= 120", timeout=20_000)
    assert time.monotonic() - began < 20


@pytest.mark.req("CON-6.4", part=True)
def test_a_tablet_shows_the_pictures_to_fingers(browser, origin, portal, chest_uid):
    context = browser.new_context(base_url=origin, locale="zh-CN", **TABLET)
    context.set_default_timeout(30_000)
    ticket = portal("expert").ticket(chest_uid)
    viewer = ViewerPage.launch(context.new_page(), chest_uid, ticket, phone=True)
    dicomweb = portal("expert").dicomweb(chest_uid)
    series = dicomweb.get(f"/studies/{chest_uid}/overview").json()["series"][0]["uid"]
    slices = Slices(dicomweb, chest_uid, series)
    start = viewer.image_index
    viewer.choose("scroll")
    viewer.drag((0.5, 0.4), (0, 120))
    viewer.wait_until_lossless()
    assert viewer.image_index != start
    viewer.choose_preset("lung")
    expect(viewer.viewport).to_have_attribute("data-window-width", str(WINDOW[0]))
    expected = expected_greys(slices.values(viewer.image_index), *WINDOW)
    assert difference(shown_greys(viewer), expected) < 5
    context.close()
