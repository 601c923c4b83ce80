"""What is no stack of pictures: ECG, documents, films, photographs; and a study taken along."""

import io
import re
import zipfile

import httpx
import numpy as np
import pydicom
import pytest
from PIL import Image
from playwright.sync_api import expect
from pydicom.uid import generate_uid

from e2e import objects
from e2e.conftest import DESKTOP, PHONE


@pytest.fixture(scope="module")
def study(portal):
    """One study with an object of each kind, two of them broken."""
    uid = generate_uid()
    colour = np.tile(np.array([200, 30, 60]), (60, 80, 1))
    photograph = objects.photograph(uid, colour, 5)
    absurd = objects.ecg(uid, 6)
    absurd.SeriesDescription = "坏心电图"
    absurd.WaveformSequence[0].NumberOfWaveformChannels = 65535
    sent = [
        objects.ecg(uid, 1),
        objects.document(uid, objects.pdf("出院小结：未见异常"), 2),
        objects.document(uid, b"%PDF-1.4 broken", 3, "坏文档"),
        objects.film(uid, objects.CLIP.read_bytes(), 4),
        photograph,
        absurd,
        objects.report(uid, photograph, 7),
        objects.report(uid, photograph, 8, keys=True),
    ]
    objects.send(sent)
    portal("radiologist").wait_for(uid, len(sent), 20)
    return uid


@pytest.fixture(scope="module", params=["desktop", "phone"])
def page(request, browser, origin, portal, study):
    """The study, opened once for a kind of screen; no script of any object has run in it."""
    phone = request.param == "phone"
    context = browser.new_context(base_url=origin, locale="zh-CN", **(PHONE if phone else DESKTOP))
    context.set_default_timeout(30_000)
    opened = context.new_page()
    dialogs, errors, requests = [], [], []
    opened.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("request", lambda asked: requests.append(asked.url))
    opened.goto(f"/viewer/#study={study}&ticket={portal('radiologist').ticket(study)}&lang=zh_CN")
    opened.phone = phone
    yield opened
    assert (dialogs, errors) == ([], [])
    foreign = [url for url in requests if not url.startswith((origin, "blob:", "data:"))]
    assert foreign == [], "nothing in a document reaches outside"
    assert not [url for url in requests if "eyJ" in url.split("#")[0]], "no ticket in an address"
    context.close()


def open_series(page, name):
    if page.phone:
        page.get_by_test_id("tool-series").click()
    page.get_by_test_id("series-item").filter(has_text=name).click()


def place(page, seconds, millimetres):
    """Page coordinates on the rhythm strip (the fourth row), above its zero line."""
    box = page.get_by_test_id("ecg-area").bounding_box()
    scale = float(page.get_by_test_id("ecg").get_attribute("data-scale"))
    speed = float(page.get_by_test_id("ecg").get_attribute("data-speed"))
    return (
        box["x"] + (15 + seconds * speed) * scale,
        box["y"] + (5 + 3 * 25 + 15 - millimetres) * scale,
    )


def drag(page, start, end):
    if not page.phone:
        page.mouse.move(*start)
        page.mouse.down()
        page.mouse.move(*end, steps=6)
        page.mouse.up()
        return
    devtools = page.context.new_cdp_session(page)
    points = [
        [a + (b - a) * part / 6 for a, b in zip(start, end, strict=True)] for part in range(7)
    ]
    for position, (x, y) in enumerate(points):
        kind = "touchMove" if position else "touchStart"
        devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
        page.wait_for_timeout(30)
    devtools.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    devtools.detach()


def reading(page):
    """The last measurement: milliseconds, beats a minute, millivolts."""
    text = page.get_by_test_id("ecg-reading").last.inner_text()
    found = re.search(r"(\d+) ms\s+(\d+) 次/分\s+(-?[\d.]+) mV", text)
    assert found, text
    return int(found[1]), int(found[2]), float(found[3])


@pytest.mark.req("SHR-1.12", "SHR-1.6")
def test_an_ecg_is_measured_at_every_speed_and_gain(page):
    open_series(page, "静息心电图")
    ecg = page.get_by_test_id("ecg")
    expect(ecg).to_have_attribute("data-count", "5000")
    expect(page.get_by_test_id("ecg-paper-text")).to_have_text("25 mm/s 10 mm/mV")
    measure = page.get_by_test_id("ecg-measure")
    if measure.get_attribute("aria-pressed") == "false":
        measure.click()

    # By hand: 20 mm at 25 mm/s are 800 ms, 12 mm at 10 mm/mV are 1.2 mV; a pixel is 10 ms.
    drag(page, place(page, 0.4, 0), place(page, 1.2, 12))
    milliseconds, rate, amplitude = reading(page)
    assert milliseconds == pytest.approx(800, abs=12)
    assert rate == pytest.approx(75, abs=1)
    assert amplitude == pytest.approx(1.2, abs=0.04)

    # Snapped to the R waves the numbers are the file's own.
    page.get_by_test_id("ecg-snap").click()
    drag(page, place(page, 0.41, 5), place(page, 1.23, 5))
    assert reading(page) == (800, 75, 0.0)
    for speed in ("12.5", "50", "25"):
        page.get_by_test_id(f"ecg-speed-{speed}").click()
        expect(page.get_by_test_id("ecg-paper-text")).to_contain_text(f"{speed} mm/s")
        assert reading(page) == (800, 75, 0.0), "what was measured stays what it was"
    for gain in ("5", "20", "10"):
        page.get_by_test_id(f"ecg-gain-{gain}").click()
        expect(page.get_by_test_id("ecg-paper-text")).to_contain_text(f"{gain} mm/mV")

    expect(page.get_by_test_id("ecg-reading")).to_have_count(2)
    page.get_by_test_id("ecg-delete").first.click()
    expect(page.get_by_test_id("ecg-reading")).to_have_count(1)
    page.get_by_test_id("ecg-beats").fill("2")
    assert reading(page)[1] == 150


def test_speed_and_gain_are_true_on_the_paper(page):
    """The calibration pulse is 1 mV high and 200 ms long, in pixels of the canvas."""
    open_series(page, "静息心电图")
    for speed, gain in ((25, 10), (50, 20), (12.5, 5)):
        page.get_by_test_id(f"ecg-speed-{speed}").click()
        page.get_by_test_id(f"ecg-gain-{gain}").click()
        page.wait_for_timeout(150)
        pitch, width = {5: 20, 10: 25, 20: 40}[gain], 0.2 * speed
        zero, left = 5 + pitch * 0.6, (15 - width) / 2
        dark = """([x, y]) => {
            const canvas = document.querySelector('[data-testid=ecg-canvas]');
            const scale = Number(document.querySelector('[data-testid=ecg]').dataset.scale)
                * canvas.width / canvas.clientWidth;
            const [at, down] = [Math.round(x * scale), Math.round(y * scale)];
            const near = canvas.getContext('2d').getImageData(at - 2, down - 2, 5, 5).data;
            return [...near].some((value, index) => index % 4 === 0 && value < 170);
        }"""
        assert page.evaluate(dark, [left + width / 2, zero - gain]), "the pulse's top"
        assert page.evaluate(dark, [left, zero - gain / 2]), "its beginning"
        assert page.evaluate(dark, [left + width, zero - gain / 2]), "its end"
        assert not page.evaluate(dark, [left + width / 2, zero - gain - 2]), "nothing above it"
    page.get_by_test_id("ecg-speed-25").click()
    page.get_by_test_id("ecg-gain-10").click()


def test_filters_are_off_and_say_so_when_they_are_on(page):
    open_series(page, "静息心电图")
    expect(page.get_by_test_id("ecg-filter-mark")).to_have_count(0)
    page.get_by_test_id("ecg-filter-mains").click()
    expect(page.get_by_test_id("ecg-filter-mark")).to_have_text("已滤波：工频 50 Hz")
    page.get_by_test_id("ecg-filter-mains").click()
    expect(page.get_by_test_id("ecg-filter-mark")).to_have_count(0)
    statement = page.get_by_test_id("ecg-annotations")
    expect(statement).to_contain_text("窦性心律 <script>alert(1)</script>")
    expect(statement).to_contain_text("RR 间期")
    with page.expect_download() as saved:
        page.get_by_test_id("ecg-save").click()
    assert saved.value.suggested_filename.endswith(".jpg")


@pytest.mark.req("SHR-1.12", part=True)
def test_a_document_is_read_page_by_page(page):
    open_series(page, "出院小结")
    expect(page.get_by_test_id("document")).to_have_attribute("data-pages", "2")
    shown = page.get_by_test_id("document-page")
    expect(shown.first).to_have_attribute("data-state", "shown")
    ink = """() => {
        const canvas = document.querySelector('[data-testid=document-page] canvas');
        const { width, height } = canvas;
        const upper = canvas.getContext('2d').getImageData(0, 0, width, height / 2).data;
        let dark = 0;
        for (let at = 0; at < upper.length; at += 4) if (upper[at] < 100) dark++;
        return dark / (width * height / 2);
    }"""
    assert page.evaluate(ink) > 0.01, "Chinese text without its font in the file is there"
    width = shown.first.bounding_box()["width"]
    page.get_by_test_id("document-larger").click()
    expect(page.get_by_test_id("document-zoom")).to_have_text("125%")
    page.wait_for_timeout(300)
    assert shown.first.bounding_box()["width"] == pytest.approx(width * 1.25, abs=2)


def test_a_broken_object_says_so_and_the_rest_is_there(page):
    for name, reason in (("坏文档", "文档损坏"), ("坏心电图", "65535 channels")):
        open_series(page, name)
        expect(page.get_by_test_id("message")).to_contain_text(reason)
    open_series(page, "静息心电图")
    expect(page.get_by_test_id("ecg-canvas")).to_be_visible()


@pytest.mark.req("SHR-1.12", part=True)
@pytest.mark.req("PAT-1.16", "CON-4.30", part=True)
def test_a_film_plays_steps_and_changes_its_speed(page):
    open_series(page, "手术录像")
    film = page.get_by_test_id("video-element")
    expect(film).to_be_visible()
    frame = page.get_by_test_id("video-frame")
    expect(frame).to_have_text("第 1/50 帧")
    for number in (2, 3, 4):
        page.get_by_test_id("video-forward").click()
        expect(frame).to_have_text(f"第 {number}/50 帧")
    page.get_by_test_id("video-back").click()
    expect(frame).to_have_text("第 3/50 帧")
    colours = film.evaluate("""v => {
        const canvas = document.createElement('canvas');
        [canvas.width, canvas.height] = [160, 120];
        canvas.getContext('2d').drawImage(v, 0, 0);
        return [...canvas.getContext('2d').getImageData(12, 60, 1, 1).data].slice(0, 3);
    }""")
    assert colours[0] > 200 and max(colours[1:]) < 60, f"the red bar is red: {colours}"
    page.get_by_test_id("video-speed-2").click()
    page.get_by_test_id("video-loop").click()
    assert film.evaluate("v => [v.playbackRate, v.loop]") == [2, True]
    page.get_by_test_id("video-play").click()
    expect(frame).not_to_have_text("第 3/50 帧")
    page.wait_for_timeout(300)
    page.get_by_test_id("video-play").click()
    assert film.evaluate("v => [v.videoWidth, v.videoHeight]") == [160, 120]


@pytest.mark.req("SHR-1.12", part=True)
@pytest.mark.req("SHR-1.5", part=True)
def test_a_photograph_has_its_colours(page):
    open_series(page, "皮肤照片")
    viewport = page.get_by_test_id("viewport")
    expect(viewport).to_have_attribute("data-ready", "true", timeout=60_000)
    page.wait_for_timeout(300)
    box = viewport.bounding_box()
    middle = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    shot = page.screenshot(clip={**middle, "width": 2, "height": 2})
    pixel = Image.open(io.BytesIO(shot)).convert("RGB").getpixel((0, 0))
    assert pixel == pytest.approx((200, 30, 60), abs=3)


@pytest.mark.req("SHR-1.5", part=True)
def test_a_report_is_text_and_leads_to_its_picture(page):
    open_series(page, "结构化报告")
    report = page.get_by_test_id("report")
    expect(report).to_contain_text("皮肤镜报告")
    expect(report).to_contain_text("色素痣 <img src=x onerror=alert(1)>")
    expect(report).to_contain_text("直径8.5 mm")
    expect(page.get_by_test_id("report-state")).to_have_text("已审核")
    open_series(page, "关键图像")
    expect(page.get_by_test_id("key-images").locator("img")).to_be_visible()
    page.get_by_test_id("report-image").click()
    viewport = page.get_by_test_id("viewport")
    expect(viewport).to_have_attribute("data-ready", "true", timeout=60_000)


@pytest.mark.req("PAT-1.12")
def test_the_study_is_taken_along_as_a_file_set(page, study, tmp_path):
    if page.phone:
        page.get_by_test_id("tool-more").click()
    with page.expect_download() as saved:
        page.get_by_test_id("tool-download").click()
    assert saved.value.suggested_filename == f"{study}.zip"
    archive = zipfile.ZipFile(saved.value.path())
    assert archive.testzip() is None
    names = [name for name in archive.namelist() if name != "DICOMDIR"]
    assert len(names) == 8
    found = {pydicom.dcmread(archive.open(name)).StudyInstanceUID for name in names}
    assert found == {study}


@pytest.mark.req("PAT-1.12")
def test_without_the_right_there_is_no_button_and_no_file(page, study, portal, origin):
    ticket = portal("qc").ticket(study)  # whose role may look, and take nothing along
    other = page.context.new_page()
    other.goto(f"/viewer/#study={study}&ticket={ticket}&lang=zh_CN")
    expect(other.get_by_test_id("object")).to_be_visible()
    if page.phone:
        other.get_by_test_id("tool-more").click()
    expect(other.get_by_test_id("tool-info").first).to_be_visible()
    expect(other.get_by_test_id("tool-download")).to_have_count(0)
    other.close()
    headers = {"Authorization": f"Bearer {ticket}", "Accept": "application/zip"}
    answer = httpx.get(f"{origin}/dicom-web/studies/{study}", headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (403, "permission_denied")
