"""Frames through the public origin: sent from the stored file by nginx, under the same tickets."""

import time

import pytest

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
