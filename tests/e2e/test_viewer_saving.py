"""Marks are kept with the study, as a structured report, and come back where they were drawn."""

import io
import math
import time

import pydicom
import pytest
from playwright.sync_api import expect

from e2e.conftest import DESKTOP, PHONE
from e2e.modality import crossing_study
from e2e.viewer_page import ViewerPage

INDEX, SPACING = 12, 2.0  # of 40 axial slices: 64 × 64 pixels of 2 mm, 10 x + 2 y - 12 z HU
TEXT = "<img src=x onerror=alert(1)>结节"

# All that is drawn but the texts and the dotted lines that lead to these.
FIGURES = """() => [...document.querySelectorAll('.canvas svg :is(line, polyline, ellipse, path)')]
  .filter((figure) => figure.getAttribute('stroke-dasharray') !== '2,3')
  .map((figure) => [figure.tagName, ...['x1', 'y1', 'x2', 'y2', 'cx', 'cy', 'rx', 'ry', 'points']
    .flatMap((name) => (figure.getAttribute(name) ?? '').match(/-?[0-9]+([.][0-9]+)?/g) ?? [])
    .map(Number)])
  .filter((figure) => figure.length > 1)"""


@pytest.fixture(scope="module", params=["desktop", "phone"])
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def study(kind, portal, send, tmp_path_factory):
    """A study that nobody has measured on."""
    uid, paths = crossing_study(tmp_path_factory.mktemp(kind))
    assert send(paths, "CT_A").returncode == 0
    portal("radiologist").wait_for(uid, len(paths))
    return uid


@pytest.fixture(scope="module")
def launch(kind, browser, origin, portal, study):
    contexts = []

    def open_as(login, *, anonymous=False):
        context = browser.new_context(
            base_url=origin, locale="zh-CN", timezone_id="Asia/Shanghai",
            **(PHONE if kind == "phone" else DESKTOP),
        )  # fmt: skip
        context.set_default_timeout(10_000)
        contexts.append(context)
        ticket = portal(login).ticket(study, anonymous=anonymous)
        viewer = ViewerPage.launch(context.new_page(), study, ticket, phone=kind == "phone")
        viewer.go(INDEX)
        return viewer

    yield open_as
    for context in contexts:
        context.close()


def _type(viewer, text):
    viewer.page.get_by_test_id("text-field").fill(text)
    viewer.page.get_by_test_id("text-done").click()


def _draw(viewer):
    """Marks of every kind with a mouse, of some with a thumb; how many."""
    box = viewer.box
    middle, height = box["width"] / 2, box["height"]
    unit = min(box["width"], height) / 20

    def drag(tool, start, by):
        viewer.choose(tool)
        viewer.drag(start, (by[0] * unit, by[1] * unit))

    drag("length", (0.5, 0.5), (4, 3))
    drag("ellipse", (0.45, 0.45), (3, 2))
    viewer.choose("probe")
    viewer.press(middle - 3.3 * unit, height * 0.56)
    viewer.choose("text")
    viewer.press(middle - 5 * unit, height * 0.6)
    _type(viewer, TEXT)
    if viewer.phone:
        viewer.choose("scroll")
        return 4
    drag("width", (0.42, 0.36), (3, 1))
    drag("rectangle", (0.55, 0.35), (3, 2))
    drag("arrow", (0.3, 0.35), (1.5, 1.5))
    _type(viewer, "箭头")
    drag("cobb", (0.4, 0.7), (3, 1))
    viewer.drag((0.4, 0.8), (3 * unit, -unit))
    drag("angle", (0.3, 0.22), (2, 2))
    viewer.press(box["width"] * 0.3 + 4 * unit, height * 0.22)
    viewer.page.wait_for_timeout(300)
    viewer.choose("freehand")
    turns = [2 * math.pi * part / 16 for part in range(16)]
    left, top = box["x"] + middle - 6 * unit, box["y"] + height * 0.87
    viewer.trace([(left + 2 * unit * math.cos(a), top + unit * math.sin(a)) for a in turns])
    viewer.choose("path")
    for x, y in ((4, 0), (6, 0), (6, 2), (6, 2)):
        viewer.press(middle + x * unit, height * 0.2 + y * unit)
        viewer.page.wait_for_timeout(150)
    drag("ratio", (0.5, 0.15), (0, 12))
    viewer.press(middle - 2 * unit, height * 0.4)
    viewer.press(middle + 3 * unit, height * 0.42)
    viewer.drag((0.5, 0.48), (7 * unit, 0))
    viewer.choose("scroll")
    return 12


def _texts(viewer):
    entries = viewer.page.get_by_test_id("measurement").all()
    return sorted(entry.text_content() or "" for entry in entries)


def _assert_same_places(before, page):
    """Marks are drawn with the next picture, which may be later than they are listed."""
    page.wait_for_function(f"(count) => ({FIGURES})().length === count", arg=len(before))
    left = page.evaluate(FIGURES)
    for name, *numbers in before:
        near = [
            figure for figure in left
            if figure[0] == name and len(figure) == len(numbers) + 1
            and all(abs(a - b) < 0.6 for a, b in zip(numbers, figure[1:], strict=True))
        ]  # fmt: skip
        assert near, f"{name} at {numbers} came back elsewhere: {left}"
        left.remove(near[0])


@pytest.fixture(scope="module")
def saved(launch, kind):
    """A page with saved marks, what it showed of them, and where."""
    viewer = launch("radiologist")
    page = viewer.page
    expect(page.get_by_test_id("marks-state")).to_have_count(0)
    count = _draw(viewer)
    expect(page.get_by_test_id("measurement")).to_have_count(count)
    state = page.get_by_test_id("marks-state")
    expect(state).to_have_attribute("data-unsaved", "true")
    if viewer.phone:
        button = page.get_by_test_id("marks-save")
        assert button.bounding_box()["height"] >= 44
        button.click()
    else:
        page.keyboard.press("Control+s")
    expect(state).to_have_attribute("data-unsaved", "false")
    expect(page.get_by_test_id("marks-save")).to_have_count(0)
    page.mouse.move(2, 2)
    page.wait_for_timeout(300)
    return viewer, _texts(viewer), page.evaluate(FIGURES)


def _reopened(viewer):
    viewer.page.reload()
    viewer.wait_until_lossless()
    viewer.go(INDEX)
    viewer.page.wait_for_timeout(300)


@pytest.mark.req("SHR-3.12", "SHR-3.13", "SHR-3.18", "SHR-3.20", "SHR-3.21", part=True)
@pytest.mark.req("CON-4.14", part=True)
def test_saved_marks_come_back_in_the_same_places_with_the_same_numbers(saved):
    viewer, texts, figures = saved
    _reopened(viewer)
    expect(viewer.page.get_by_test_id("measurement")).to_have_count(len(texts))
    assert _texts(viewer) == texts
    _assert_same_places(figures, viewer.page)
    state = viewer.page.get_by_test_id("marks-state")
    expect(state).to_have_attribute("data-unsaved", "false")


def _groups(portal, study):
    """The newest report's measurement groups, each by its content's meanings."""
    client = portal("radiologist").dicomweb(study)
    deadline = time.monotonic() + 20
    while not (found := client.get(f"/studies/{study}/instances?Modality=SR").json()):
        assert time.monotonic() < deadline, "the report is archived"
        time.sleep(0.2)
    series, instance = (found[0][tag]["Value"][0] for tag in ("0020000E", "00080018"))
    answer = client.get(
        f"/studies/{study}/series/{series}/instances/{instance}",
        headers={"Accept": 'multipart/related; type="application/dicom"'},
    )
    part = answer.content.split(b"\r\n\r\n", 1)[1]
    report = pydicom.dcmread(io.BytesIO(part))
    groups = {}
    for group in report.ContentSequence[-1].ContentSequence:
        kind = group.ContentSequence[0].TextValue.removeprefix("YunYing:")
        groups[kind] = list(group.ContentSequence)
    return report, groups


def _measured(item):
    measured = item.MeasuredValueSequence[0]
    return measured.FloatingPointValue, measured.MeasurementUnitsCodeSequence[0].CodeValue


@pytest.mark.req("SHR-3.18", "SHR-3.20", part=True)
def test_the_report_holds_what_was_shown_and_where(saved, portal, study):
    _viewer, texts, _figures = saved
    report, groups = _groups(portal, study)
    assert len(groups) == len(texts)
    (length,) = [item for item in groups["length"] if item.ValueType == "NUM"]
    x0, y0, x1, y1 = length.ContentSequence[0].GraphicData
    value, unit = _measured(length)
    assert unit == "mm"
    assert value == pytest.approx(math.dist((x0, y0), (x1, y1)) * SPACING, rel=1e-9)
    assert any(f"长度 {value:.1f} mm" in text for text in texts)
    (probe,) = [item for item in groups["probe"] if item.ValueType == "NUM"]
    column, row = map(math.floor, probe.ContentSequence[0].GraphicData)
    assert _measured(probe) == (10 * column + 2 * row - 12 * INDEX, "[hnsf'U]")
    area, mean, *_ = [item for item in groups["ellipse"] if item.ValueType == "NUM"]
    assert any(f"面积 {_measured(area)[0]:.1f} mm²" in text for text in texts)
    assert any(f"平均 {_measured(mean)[0]:.1f} HU" in text for text in texts)
    client = portal("radiologist").dicomweb(study)
    images = client.get(f"/studies/{study}/metadata", headers={"Accept": "application/dicom+json"})
    slices = {
        one["00080018"]["Value"][0]: one["00200013"]["Value"][0]
        for one in images.json()
        if one["0008103E"]["Value"][0] == "轴位"
    }
    image = length.ContentSequence[0].ContentSequence[0].ReferencedSOPSequence[0]
    assert slices[image.ReferencedSOPInstanceUID] == INDEX + 1
    (evidence,) = report.CurrentRequestedProcedureEvidenceSequence
    assert evidence.StudyInstanceUID == study
    assert "CT" in client.get(f"/studies?StudyInstanceUID={study}").json()[0]["00080061"]["Value"]


def test_another_reader_sees_them_as_anothers_when_asked_for(saved, launch, portal):
    _viewer, texts, figures = saved
    other = launch("hospital")
    page = other.page
    expect(page.get_by_test_id("measurement")).to_have_count(0)
    other.open_panel("measure")
    switch = page.get_by_test_id("marks-other")
    expect(switch).not_to_be_checked()
    (author,) = {row["name"] for row in portal("radiologist").model(
        "res.users", "search_read", [["login", "=", "radiologist"]], ["name"]
    )}  # fmt: skip
    expect(page.locator(".other")).to_contain_text(author)
    expect(page.locator(".other")).to_contain_text(f"（{len(texts)} 处）")
    switch.check()
    page.keyboard.press("Escape")
    foreign = page.get_by_test_id("foreign-measurement")
    expect(foreign).to_have_count(len(texts))
    shown = sorted(entry.text_content() or "" for entry in foreign.all())
    assert [text.removeprefix(author) for text in shown] == texts
    page.wait_for_timeout(300)
    _assert_same_places(figures, page)
    assert page.locator("main img[src=x]").count() == 0
    expect(page.get_by_test_id("measurement-delete")).to_have_count(0)
    x0, y0 = next(figure[1:3] for figure in figures if figure[0] in ("line", "polyline"))
    other.choose("window" if not other.phone else "scroll")
    other.trace(
        [
            (other.box["x"] + x0, other.box["y"] + y0),
            (other.box["x"] + x0 + 30, other.box["y"] + y0),
        ]
    )
    other.go(INDEX)
    assert sorted(entry.text_content() or "" for entry in foreign.all()) == shown
    other.open_panel("measure")
    switch.uncheck()
    page.keyboard.press("Escape")
    expect(foreign).to_have_count(0)


def test_who_may_not_annotate_has_no_way_to_save(launch):
    other = launch("hospital")
    sent = []
    other.page.on("request", lambda asked: sent.append((asked.method, asked.url)))
    other.choose("length")
    other.drag((0.4, 0.5), (60, 20))
    expect(other.page.get_by_test_id("measurement")).to_have_count(1)
    expect(other.page.get_by_test_id("marks-state")).to_have_count(0)
    other.page.keyboard.press("Control+s")
    other.page.wait_for_timeout(300)
    assert [one for one in sent if one[0] != "GET"] == []


def test_what_cannot_be_saved_says_why_and_stays(saved):
    viewer, texts, _figures = saved
    page = viewer.page
    _reopened(viewer)
    viewer.choose("length")
    viewer.drag((0.3, 0.3), (50, 10))
    expect(page.get_by_test_id("measurement")).to_have_count(len(texts) + 1)
    page.route("**/measurements", lambda route: route.fulfill(
        status=507, content_type="application/json", body='{"error": "no_room", "message": ""}'
    ))  # fmt: skip
    page.get_by_test_id("marks-save").click()
    expect(page.get_by_test_id("marks-problem")).to_contain_text("磁盘空间不足")
    expect(page.get_by_test_id("measurement")).to_have_count(len(texts) + 1)
    page.unroute("**/measurements")
    page.get_by_test_id("marks-again").click()
    state = page.get_by_test_id("marks-state")
    expect(state).to_have_attribute("data-unsaved", "false")


def test_deleted_marks_are_gone_once_that_is_saved(saved):
    viewer, _texts_then, _figures = saved
    page = viewer.page
    viewer.choose("delete-all")
    expect(page.get_by_test_id("measurement")).to_have_count(0)
    page.get_by_test_id("marks-save").click()
    expect(page.get_by_test_id("marks-state")).to_have_count(0)
    _reopened(viewer)
    page.wait_for_timeout(500)
    expect(page.get_by_test_id("measurement")).to_have_count(0)
