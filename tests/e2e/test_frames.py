"""Frames through the public origin: sent from the stored file by nginx, under the same tickets."""

import time

import imagecodecs
import pytest

from e2e.conftest import PHONE
from e2e.picture import Slices, difference, expected_greys, shown_greys
from e2e.viewer_page import ViewerPage

HTJ2K = "1.2.840.10008.1.2.4.201"
SMALL = {
    "Accept": f"application/octet-stream; transfer-syntax={HTJ2K}, application/octet-stream;q=0.5"
}
SLOW = {"offline": False, "latency": 20, "downloadThroughput": 500_000, "uploadThroughput": -1}
BARE = {"Accept": "application/octet-stream"}
BY_THE_NODE = {"Accept": "application/octet-stream;q=0.9"}


def first_instance(client, **query):
    found = client.get("/instances", params={"limit": 1, **query}).json()
    return found[0]["00081190"]["Value"][0] + "/frames/1"


@pytest.fixture
def reader(portal):
    return portal("radiologist").dicomweb()


@pytest.mark.parametrize("modality", ["CT", "MR", "DX", "US"])
def test_a_frame_is_the_same_whoever_sends_it(reader, modality):
    address = first_instance(reader, Modality=modality)
    quick, slow = reader.get(address, headers=BARE), reader.get(address, headers=BY_THE_NODE)
    assert quick.is_success
    assert slow.is_success
    assert quick.content == slow.content
    assert quick.headers["content-type"] == slow.headers["content-type"]
    for name in ("cache-control", "content-security-policy", "x-content-type-options", "vary"):
        assert quick.headers[name] == slow.headers[name]


def test_frames_of_ct_leave_through_the_web_server(reader):
    assert reader.get(first_instance(reader, Modality="CT"), headers=BARE).status_code == 206


def test_another_frame_or_another_series_is_not_there(reader):
    address = first_instance(reader, Modality="CT")
    other = first_instance(reader, Modality="MR")
    study, _, rest = address.partition("/series/")
    foreign = other.partition("/series/")[0] + "/series/" + rest
    for wrong in (f"{address}1", address[:-1] + "0", foreign, f"{study}/series/1.2/{rest[2:]}"):
        assert reader.get(wrong, headers=BARE).status_code == 404


def test_what_one_reader_was_given_no_other_ticket_gets(portal, reader):
    address = first_instance(reader, Modality="CT")
    assert reader.get(address, headers=BARE).is_success
    other = portal("radiologist2").dicomweb()
    assert other.get(address, headers=BARE).status_code == 404
    unsigned = reader.headers["Authorization"].rpartition(".")[0]
    forged = {**BARE, "Authorization": f"{unsigned}.{'A' * 86}"}
    assert reader.get(address, headers=forged).status_code == 401
    assert reader.get(address, headers={**BARE, "Authorization": ""}).status_code == 401


def test_an_anonymous_ticket_gets_no_frame_that_may_show_a_name(portal, reader):
    address = first_instance(reader, Modality="US")
    assert reader.get(address, headers=BARE).is_success
    study = address.partition("/studies/")[2].partition("/")[0]
    anonymous = portal("radiologist").dicomweb(study, anonymous=True)
    assert anonymous.get(address, headers=BARE).status_code == 403


def test_the_ways_within_are_closed_to_the_outside(origin, reader):
    address = first_instance(reader, Modality="CT")
    series = "/studies/" + address.partition("/studies/")[2].partition("/instances/")[0]
    for path in ("/frames/ticket", f"/frames{series}", "/objects/H001/"):
        assert reader.get(f"{origin}{path}").status_code == 404


def test_the_read_is_in_the_access_log(portal, reader):
    address = first_instance(reader, Modality="CT")
    study = address.partition("/studies/")[2].partition("/")[0]
    reader = portal("radiologist").dicomweb(study)
    assert reader.get(address, headers=BARE).is_success
    domain = [["study_uid", "=", study], ["action", "=", "frames"]]
    deadline = time.monotonic() + 10
    while not portal("auditor").model("imaging.access.log", "search_count", domain):
        assert time.monotonic() < deadline, "the read is not in the access log"
        time.sleep(0.3)


@pytest.fixture(scope="module")
def compressed(portal):
    """The chest CT's UID, when the hospital wants HTJ2K and has it."""
    admin, radiologist = portal("admin"), portal("radiologist")
    (row,) = radiologist.studies(
        ["accession_number", "=", "CT26110001"], fields=("study_uid", "hospital_id")
    )
    hospital, study = row["hospital_id"][0], row["study_uid"]
    admin.model("imaging.hospital", "write", [hospital], {"htj2k": True})
    deadline = time.monotonic() + 120
    while True:
        client = radiologist.dicomweb(study)
        addresses = [
            client.get(f"/studies/{study}/series/{series['uid']}/instances", params={"limit": 1})
            .json()[0]["00081190"]["Value"][0]
            for series in client.get(f"/studies/{study}/overview").json()["series"]
        ]  # fmt: skip
        answers = [client.get(f"{address}/frames/1", headers=SMALL) for address in addresses]
        if all(HTJ2K in answer.headers["content-type"] for answer in answers):
            break
        assert time.monotonic() < deadline, "what was there before is not compressed"
        time.sleep(1)
    yield study
    admin.model("imaging.hospital", "write", [hospital], {"htj2k": False})


def test_a_compressed_frame_leaves_through_the_web_server_with_the_same_pixels(reader, compressed):
    address = first_instance(reader, StudyInstanceUID=compressed)
    small, stored = reader.get(address, headers=SMALL), reader.get(address, headers=BARE)
    assert (small.status_code, stored.status_code) == (206, 206)
    assert len(small.content) < len(stored.content) * 0.8
    assert imagecodecs.htj2k_decode(small.content).tobytes() == stored.content
    for name in ("cache-control", "content-security-policy", "vary"):
        assert small.headers[name] == stored.headers[name]


def test_a_phone_on_a_slow_line_shows_the_same_picture(browser, origin, portal, compressed):
    context = browser.new_context(base_url=origin, locale="zh-CN", **PHONE)
    page = context.new_page()
    context.new_cdp_session(page).send("Network.emulateNetworkConditions", SLOW)
    kinds = set()
    page.on(
        "response",
        lambda answer: "/frames/" in answer.url and kinds.add(answer.headers["content-type"]),
    )
    radiologist = portal("radiologist")
    viewer = ViewerPage.launch(page, compressed, radiologist.ticket(compressed), phone=True)
    viewer.go(60)
    client = radiologist.dicomweb(compressed)
    series = client.get(f"/studies/{compressed}/overview").json()["series"][0]["uid"]
    values = Slices(client, compressed, series).values(60)
    width, center = viewer.window
    assert difference(shown_greys(viewer), expected_greys(values, width, center)) < 5
    assert kinds == {f"application/octet-stream; transfer-syntax={HTJ2K}"}
    context.close()
