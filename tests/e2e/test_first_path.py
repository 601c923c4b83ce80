"""From the doctor's list to a stranger's browser: read a CT, measure, share it without the name."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from e2e.portal import RefusedError
from e2e.viewer_page import ViewerPage

ACCESSION = "CT26110001"  # the demonstration's chest CT: 512 × 512 pixels of 0.72 mm
ROWS, SPACING = 512, 0.72
IDENTIFYING = (
    *("王小东", "王^小东", "小东", "Wang^Xiaodong", "Wang Xiaodong", "Xiaodong"),
    *("YY0001", ACCESSION, "19570301", "1957-03-01"),
)


@pytest.fixture
def chest_ct(portal):
    (row,) = portal("radiologist").studies(
        ["accession_number", "=", ACCESSION], fields=("id", "study_uid")
    )
    return row


def _open_viewer(page, study_id, *, phone):
    page.goto(f"/odoo/imaging-studies/{study_id}")
    button = page.locator("button[name=action_view_images]:visible").first
    with page.context.expect_page() as opened:
        button.click()
    viewer = ViewerPage(opened.value, phone=phone)
    viewer.wait_until_lossless()
    return viewer


@pytest.mark.req("SHR-1.5", "SHR-3.1", "SHR-3.4", "SHR-3.9", "SHR-3.13", "SHR-3.18", part=True)
@pytest.mark.req("SHR-1.6")
@pytest.mark.req("PAT-1.1")
@pytest.mark.req("PAT-1.2", "PAT-1.5", "PAT-1.9", part=True)
def test_radiologist_opens_a_ct_windows_scrolls_and_measures(signed_in, chest_ct, screen):
    phone = screen == "phone"
    page = signed_in(screen, "radiologist")
    viewer = _open_viewer(page, chest_ct["id"], phone=phone)
    assert "ticket" not in viewer.page.url

    viewer.choose_preset("mediastinum")
    expect(viewer.viewport).to_have_attribute("data-window-width", "350")
    before = viewer.window
    viewer.choose("window")
    viewer.drag((0.5, 0.5), (60, 40))
    assert viewer.window != before

    start = viewer.image_index
    viewer.choose("scroll")
    viewer.drag((0.5, 0.4), (0, 90))
    viewer.page.wait_for_timeout(300)
    assert viewer.image_index != start
    viewer.wait_until_lossless()

    viewer.choose("length")
    viewer.drag((0.3, 0.45), (120, 50))
    on_screen = (120**2 + 50**2) ** 0.5
    expected = on_screen / viewer.pixels_per_millimetre(ROWS, SPACING)
    assert viewer.measured_length() == pytest.approx(expected, abs=0.5)


def _share(page, study_id, *, anonymous=True):
    """Share from the study's form; the link and the password that the dialog shows."""
    page.goto(f"/odoo/imaging-studies/{study_id}")
    button = page.locator("button[name=action_share]:visible").first
    more = page.locator(".o_statusbar_buttons .dropdown-toggle:visible")  # on a phone
    expect(button.or_(more).first).to_be_visible()
    if not button.is_visible():
        more.first.click()
    button.click()
    dialog = page.locator(".modal-dialog").last
    if not dialog.locator("[name=with_password] input").is_checked():
        dialog.locator("[name=with_password] input").check()
    assert dialog.locator("[name=anonymous] input").is_checked() == anonymous
    dialog.locator("button[name=action_create]").click()
    made = page.locator(".modal-dialog:has([name=qr_code])").last
    expect(made.locator("[name=qr_code] img")).to_be_visible()
    link = made.locator("[name=link]").inner_text()
    password = made.locator("[name=shown_password]").inner_text()
    link = re.search(r"https?://\S+/s/[\w-]+", link).group(0)
    return link, re.search(r"\S+", password).group(0)


def _remember_answers(context):
    """Every body and header that a browser receives from now on."""
    answers = []

    def keep(response):
        headers = "\n".join(f"{name}: {value}" for name, value in response.headers.items())
        try:
            body = response.body()
        except Exception:  # noqa: BLE001 (a redirect has no body for playwright)
            body = b""
        answers.append((response.url, headers.encode(), body))

    context.on("response", keep)
    return answers


@pytest.mark.req("SHR-3.25", "SHR-3.26", "PAT-1.19", "PAT-1.22")
def test_anonymous_share_opens_elsewhere_and_the_name_is_nowhere(
    signed_in, open_context, chest_ct, screen
):
    page = signed_in(screen, "radiologist")
    link, password = _share(page, chest_ct["id"])

    stranger = open_context("phone")
    answers = _remember_answers(stranger)
    visitor = stranger.new_page()
    visitor.goto(urlsplit(link).path)
    visitor.fill("input[name=password]", "wrong-one")
    visitor.click("button[type=submit]")
    expect(visitor.locator("[role=alert]")).to_be_visible()
    visitor.fill("input[name=password]", password)
    visitor.click("button[type=submit]")
    viewer = ViewerPage(visitor, phone=True)
    viewer.wait_until_lossless()
    viewer.choose("scroll")
    viewer.drag((0.5, 0.4), (0, 90))
    visitor.wait_for_timeout(1500)

    assert any("/frames/" in url for url, _, _ in answers)
    for url, headers, body in answers:
        for text in IDENTIFYING:
            for encoding in ("utf-8", "gb18030", "utf-16-le"):
                assert text.encode(encoding) not in body, f"{text!r} in the answer of {url}"
            assert text.encode() not in headers, f"{text!r} in a header of {url}"
    assert not any(text in visitor.content() for text in IDENTIFYING)


@pytest.mark.req("SHR-3.24", "PAT-1.17", part=True)
def test_revoked_share_stops_an_open_viewer_within_five_seconds(
    signed_in, open_context, chest_ct, portal
):
    page = signed_in("desktop", "radiologist")
    link, password = _share(page, chest_ct["id"])
    visitor = open_context("desktop").new_page()
    visitor.goto(urlsplit(link).path)
    visitor.fill("input[name=password]", password)
    tickets = []
    visitor.on(
        "request",
        lambda request: (
            tickets.append(request.headers["authorization"])
            if "authorization" in request.headers
            else None
        ),
    )
    visitor.click("button[type=submit]")
    ViewerPage(visitor, phone=False).wait_until_lossless()

    doctor = portal("radiologist")
    overview = f"/dicom-web/studies/{chest_ct['study_uid']}/overview"
    stolen = {"Authorization": tickets[-1]}
    assert doctor.http.get(overview, headers=stolen).status_code == 200
    share = doctor.model("imaging.share", "search", [], limit=1)
    doctor.model("imaging.share", "action_revoke", share)
    visitor.wait_for_timeout(5000)
    answer = doctor.http.get(overview, headers=stolen)
    assert (answer.status_code, answer.json()["error"]) == (401, "ticket_revoked")
    assert visitor.goto(urlsplit(link).path).status == 410
    with pytest.raises(RefusedError):
        doctor.call("/imaging/ticket/renew", ticket=tickets[-1].removeprefix("Bearer "))


def test_every_reading_is_in_the_access_log(signed_in, chest_ct, portal):
    auditor = portal("auditor")
    domain = [["study_uid", "=", chest_ct["study_uid"]]]
    before = auditor.model("imaging.access.log", "search_count", domain)
    page = signed_in("desktop", "radiologist")
    _open_viewer(page, chest_ct["id"], phone=False)
    page.wait_for_timeout(3000)
    rows = auditor.model(
        "imaging.access.log", "search_read", domain, ["action", "address", "label"]
    )
    assert len(rows) > before
    assert {"open", "frames"} <= {row["action"] for row in rows}
    assert all(row["address"] for row in rows)
