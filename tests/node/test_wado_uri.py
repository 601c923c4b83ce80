"""WADO-URI: the old address, with the same rights and the same answers as the new ones."""

from io import BytesIO
from typing import Any

import httpx
import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from . import samples
from .stack import Stack, wait_until
from .test_web import archived, picture


def query(dataset: Dataset, **more: Any) -> dict[str, str]:
    return {
        "requestType": "WADO",
        "studyUID": str(dataset.StudyInstanceUID),
        "seriesUID": str(dataset.SeriesInstanceUID),
        "objectUID": str(dataset.SOPInstanceUID),
    } | {name: str(value) for name, value in more.items()}


def ask(
    stack: Stack, parameters: dict[str, str], ticket: str | None = None, accept: str = ""
) -> httpx.Response:
    return stack.get("/wado", params=parameters, ticket=ticket, accept=accept)


def test_a_file_comes_as_it_lies(stack: Stack) -> None:
    dataset = samples.image()
    archived(stack, dataset)
    answer = ask(stack, query(dataset, contentType="application/dicom"))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/dicom")
    same = stack.get(samples.address(dataset), accept="application/dicom")
    assert answer.content == same.content
    for syntax, status in (("1.2.840.10008.1.2.1", 200), ("1.2.840.10008.1.2.4.90", 406)):
        parameters = query(dataset, contentType="application/dicom", transferSyntax=syntax)
        answer = ask(stack, parameters)
        assert answer.status_code == status
    assert answer.json()["error"] == "unsupported_transfer_syntax"
    assert "1.2.840.10008.1.2.1" in answer.json()["message"], "it says how it is stored"


def test_a_picture_is_that_of_rendered(stack: Stack) -> None:
    ramp = np.tile(np.arange(16, dtype="<u2") * 20, (16, 1))
    dataset = samples.image(PixelData=ramp.tobytes())
    archived(stack, dataset)
    rendered = f"{samples.address(dataset)}/rendered"
    for asked, same in (
        ({"contentType": "image/jpeg"}, ""),
        ({"contentType": "image/png", "windowCenter": "50", "windowWidth": "10"}, "?window=50,10"),
        ({"contentType": "image/jpeg", "imageQuality": "30"}, "?quality=30"),
        ({"contentType": "image/png", "rows": "8"}, "?viewport=8192,8"),
        ({"contentType": "image/png", "rows": "8", "columns": "4"}, "?viewport=4,8"),
    ):
        answer = ask(stack, query(dataset, **asked))
        assert answer.headers["content-type"] == asked["contentType"]
        accept = asked["contentType"]
        assert answer.content == stack.get(rendered + same, accept=accept).content, asked
    part = ask(stack, query(dataset, contentType="image/png", region="0.25,0,0.75,0.5"))
    whole = picture(ask(stack, query(dataset, contentType="image/png")).content)
    assert picture(part.content).tolist() == whole[:8, 4:12].tolist()
    point = ask(stack, query(dataset, contentType="image/png", region="1,0.99,1,1"))
    assert point.status_code == 400
    point = ask(stack, query(dataset, contentType="image/png", region=".99,.99,1,1"))
    assert picture(point.content).shape == (1, 1)


def test_what_is_not_said_is_chosen_by_the_instance(stack: Stack) -> None:
    single = samples.image()
    pixels = bytes(range(256)) * 2 * 3
    cine = samples.image(NumberOfFrames=3, PixelData=pixels)
    report = samples.image(SOPClassUID=samples.SR, Modality="SR", PixelData=None, Rows=None)
    archived(stack, single, cine, report)
    for dataset, asked, accept, expected in (
        (single, {}, "", "image/jpeg"),
        (single, {}, "image/png", "image/png"),
        (single, {"contentType": "image/png;q=0.5, image/jpeg"}, "text/html", "image/jpeg"),
        (single, {}, "application/dicom", "application/dicom"),
        (cine, {}, "", "application/dicom"),
        (cine, {"frameNumber": 3}, "", "image/jpeg"),
        (report, {}, "", "application/dicom"),
    ):
        answer = ask(stack, query(dataset, **asked), accept=accept)
        assert answer.headers["content-type"] == expected, (asked, accept, answer.text[:200])
    third = stack.get(f"{samples.address(cine)}/frames/3/rendered", accept="image/png")
    asked = ask(stack, query(cine, contentType="image/png", frameNumber=3))
    assert asked.content == third.content
    for dataset, kind in ((report, "image/jpeg"), (single, "text/html")):
        answer = ask(stack, query(dataset, contentType=kind))
        assert (answer.status_code, answer.json()["error"]) == (406, "unsupported_transfer_syntax")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("requestType", None),
        ("requestType", "wado"),
        ("studyUID", None),
        ("seriesUID", "../../etc"),
        ("objectUID", "1.2.x"),
        ("frameNumber", "0"),
        ("frameNumber", "2"),
        ("frameNumber", "1,2"),
        ("frameNumber", ""),
        ("rows", "0"),
        ("columns", "99999"),
        ("columns", "-5"),
        ("windowWidth", "0"),
        ("windowCenter", "nan"),
        ("windowWidth", None),
        ("windowCenter", None),
        ("imageQuality", "101"),
        ("imageQuality", "x"),
        ("region", "0,0,1"),
        ("region", "0,0,0,1"),
        ("region", "0,0,2,1"),
        ("transferSyntax", "jpeg"),
        ("transferSyntax", "1.2.840.10008.1.2.1"),
        ("anonymize", "yes"),
        ("presentationUID", "1.2.3"),
    ],
)
def test_a_wrong_parameter_is_named(stack: Stack, name: str, value: str | None) -> None:
    dataset = samples.image()
    archived(stack, dataset)
    right = {"windowCenter": "50", "windowWidth": "10", "contentType": "image/jpeg"}
    wrong = query(dataset, **right) | {name: value or ""}
    if value is None:
        del wrong[name]
    answer = ask(stack, wrong)
    assert (answer.status_code, answer.json()["error"]) == (400, "bad_request")
    assert answer.json()["message"].startswith(f"{name}:")


def test_a_parameter_given_twice_is_refused(stack: Stack) -> None:
    dataset = samples.image()
    archived(stack, dataset)
    twice = [*query(dataset).items(), ("objectUID", "1.2.3")]
    assert stack.get("/wado", params=twice).status_code == 400


def test_a_file_needs_download_and_a_picture_needs_view(stack: Stack) -> None:
    dataset = samples.image()
    archived(stack, dataset)
    file, drawn = "application/dicom", "image/jpeg"
    for permissions, kind, status in (
        (["view"], drawn, 200),
        (["view"], file, 403),
        (["view"], "", 200),
        (["download"], file, 200),
        (["download"], drawn, 403),
        (["store"], drawn, 403),
        (["store"], file, 403),
        ([], "", 403),
    ):
        asked = query(dataset) | ({"contentType": kind} if kind else {})
        answer = ask(stack, asked, stack.ticket(perms=permissions))
        assert answer.status_code == status, (permissions, kind)
        if status == 403:
            assert answer.json()["error"] == "permission_denied"
    other = stack.ticket(scope={"studies": ["1.2.3"]})
    foreign = stack.ticket(scope={"hospitals": ["H002"]})
    for ticket in (other, foreign):
        answer = ask(stack, query(dataset), ticket)
        assert (answer.status_code, answer.json()["error"]) == (404, "not_found")
    nobody = stack.client.get("/dicom-web/wado", params=query(dataset))
    assert (nobody.status_code, nobody.json()["error"]) == (401, "ticket_missing")
    nonsense = stack.client.get("/dicom-web/wado?requestType=x")
    assert nonsense.status_code == 401, "who has no ticket is told nothing"
    wrong = ask(stack, query(dataset) | {"seriesUID": samples.uid()})
    assert wrong.status_code == 404


def test_an_anonymous_ticket_gets_what_names_nobody(stack: Stack) -> None:
    dataset = samples.image()
    burned = samples.image(SOPClassUID=samples.US, Modality="US")
    archived(stack, dataset, burned)
    ticket = stack.ticket(anon=True)
    answer = ask(stack, query(dataset, contentType="application/dicom"), ticket)
    read = pydicom.dcmread(BytesIO(answer.content))
    assert str(read.PatientName) == read.PatientID == ""
    assert read.PixelData == dataset.PixelData
    assert b"XiaoDong" not in answer.content
    for kind in ("application/dicom", "image/jpeg"):
        answer = ask(stack, query(burned, contentType=kind), ticket)
        assert (answer.status_code, answer.json()["error"]) == (403, "withheld")


def test_each_kind_of_read_is_in_the_access_log(stack: Stack) -> None:
    dataset = samples.image()
    archived(stack, dataset)
    ticket = stack.ticket(jti="wado-uri-access-log")
    for kind in ("application/dicom", "image/jpeg"):
        assert ask(stack, query(dataset, contentType=kind), ticket).status_code == 200

    def told() -> list[str]:
        return sorted(
            event["action"]
            for event in stack.portal.of("access")
            if event["ticket"] == "wado-uri-access-log"
        )

    wait_until(lambda: told() == ["instance", "rendered"], "the portal is told of both")
