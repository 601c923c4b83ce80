"""What strangers send: no page runs it, nothing breaks, nothing is lost."""

import time

import pydicom
import pytest
from playwright.sync_api import expect

from e2e.modality import ct_study

SCRIPT = "<img src=x onerror=window.__hacked=1>"


def test_script_in_the_tags_runs_on_no_page(tmp_path, send, portal, signed_in):
    study, files = ct_study(
        tmp_path,
        2,
        PatientName=SCRIPT,
        PatientID="X<script>window.__hacked=1</script>",
        StudyDescription=SCRIPT,
        SeriesDescription=SCRIPT,
        AccessionNumber="<b>XSS</b>",
    )
    assert send(files, "CT_A").returncode == 0
    doctor = portal("radiologist")
    deadline = time.monotonic() + 10
    while not (rows := doctor.studies(["study_uid", "=", study])):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    page = signed_in("desktop", "radiologist")
    expect(page.locator(".o_data_row").first).to_be_visible()
    assert page.evaluate("window.__hacked") is None
    page.goto(f"/odoo/imaging-studies/{rows[0]['id']}")
    button = page.locator("button[name=action_view_images]:visible").first
    with page.context.expect_page() as opened:
        button.click()
    viewer = opened.value
    expect(viewer.get_by_test_id("series-item").first).to_contain_text("<img")
    expect(viewer.get_by_test_id("viewport")).to_have_attribute("data-ready", "true")
    assert page.evaluate("window.__hacked") is None
    assert viewer.evaluate("window.__hacked") is None


def test_other_bytes_under_a_known_uid_lie_in_the_quarantine(tmp_path, send, portal):
    study, files = ct_study(tmp_path, 1, AccessionNumber="CONFLICT")
    assert send(files, "CT_A").returncode == 0
    ds = pydicom.dcmread(files[0])
    uid = ds.SOPInstanceUID
    ds.PatientComments = "other"
    ds.save_as(files[0])
    time.sleep(1)
    assert send(files, "CT_A").returncode == 0
    deadline = time.monotonic() + 10
    domain = [["sop_instance_uid", "=", uid], ["reason", "=", "conflict"]]
    while portal("ops").model("imaging.quarantine", "search_count", domain) != 1:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    (row,) = portal("radiologist").studies(["study_uid", "=", study], fields=("instance_count",))
    assert row["instance_count"] == 1


@pytest.mark.parametrize("path", ["/s/short", "/s/" + "A" * 43, "/s/%00" + "A" * 42])
def test_unknown_share_link_tells_nothing(portal, path):
    answer = portal("radiologist").http.get(path, follow_redirects=False)
    assert answer.status_code in (400, 404)
    assert "Traceback" not in answer.text
