"""Pictures of a whole series or study in one answer."""

import numpy as np
import psutil
import pytest

from dicom_node.web.pictures import MAX_PARTS

from . import samples
from .stack import ORIGIN, Stack, parts_of, wait_until
from .test_web import archived, picture


def test_a_series_and_a_study_come_as_pictures(stack: Stack) -> None:
    slices = samples.slices(4)
    study = slices[0].StudyInstanceUID
    cine = samples.image(
        StudyInstanceUID=study, SeriesNumber=3, NumberOfFrames=3, PixelData=bytes(512 * 3)
    )
    report = samples.image(
        StudyInstanceUID=study, SOPClassUID=samples.SR, Modality="SR", PixelData=None, Rows=None,
        SeriesNumber=9,
    )  # fmt: skip
    archived(stack, *slices, cine, report)
    series = samples.address(slices[0]).split("/instances")[0]
    for path, expected in ((series, slices), (f"/studies/{study}", [*slices, cine])):
        answer = stack.get(f"{path}/rendered")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith('multipart/related; type="image/jpeg"')
        parts = parts_of(answer)
        addresses = [f"{ORIGIN}/dicom-web{samples.address(d)}/rendered" for d in expected]
        assert [headers["Content-Location"] for headers, _body in parts] == addresses
        for (headers, body), dataset in zip(parts, expected, strict=True):
            assert headers["Content-Type"] == "image/jpeg"
            assert body == stack.get(f"{samples.address(dataset)}/rendered").content
    accept = 'multipart/related; type="image/png"'
    small = parts_of(stack.get(f"{series}/rendered?viewport=8,8", accept=accept))
    assert [picture(body).shape for _headers, body in small] == [(8, 8)] * 4
    assert {headers["Content-Type"] for headers, _body in small} == {"image/png"}


def test_what_cannot_be_drawn_is_left_out_and_alone_it_is_406(stack: Stack) -> None:
    good, bad = samples.slices(2)
    bad.BitsAllocated = 16
    bad.PhotometricInterpretation = "NONSENSE"
    bad.SamplesPerPixel = 3
    bad.PixelData = bytes(16 * 16 * 2 * 3)
    del bad.PixelRepresentation
    alone = samples.image(
        PhotometricInterpretation="NONSENSE", SamplesPerPixel=3, PixelData=bytes(16 * 16 * 6),
        PixelRepresentation=None,
    )  # fmt: skip
    archived(stack, bad, good, alone)
    assert stack.get(f"{samples.address(bad)}/rendered").status_code == 406
    series = samples.address(good).split("/instances")[0]
    ((headers, _body),) = parts_of(stack.get(f"{series}/rendered"))
    assert str(good.SOPInstanceUID) in headers["Content-Location"]
    answer = stack.get(f"{samples.address(alone).split('/instances')[0]}/rendered")
    assert (answer.status_code, answer.json()["error"]) == (406, "unsupported_transfer_syntax")
    report = samples.image(SOPClassUID=samples.SR, Modality="SR", PixelData=None, Rows=None)
    archived(stack, report)
    answer = stack.get(f"/studies/{report.StudyInstanceUID}/rendered")
    assert (answer.status_code, answer.json()["error"]) == (406, "not_an_image")
    assert "rendered" not in recorded(stack, report.StudyInstanceUID)


def recorded(stack: Stack, study: str) -> set[str]:
    """What is on record to have been read of *study*."""
    rows = stack.query("SELECT action FROM archive.access WHERE study_uid = %s", str(study))
    return {action for (action,) in rows}


@pytest.mark.parametrize(
    ("path", "accept", "status"),
    [
        ("rendered", "application/dicom", 406),
        ("rendered", 'multipart/related; type="video/mpeg"', 406),
        ("rendered?quality=0", "", 400),
        ("rendered?window=1", "", 400),
        ("rendered?viewport=0,0", "", 400),
    ],
)
def test_what_is_asked_wrongly_is_refused(
    stack: Stack, path: str, accept: str, status: int
) -> None:
    dataset = samples.image()
    archived(stack, dataset)
    answer = stack.get(f"/studies/{dataset.StudyInstanceUID}/{path}", accept=accept)
    assert answer.status_code == status
    assert recorded(stack, dataset.StudyInstanceUID) == set()


def test_pictures_of_a_study_need_the_right_to_view_it(stack: Stack) -> None:
    dataset = samples.image()
    study = dataset.StudyInstanceUID
    series = samples.address(dataset).split("/instances")[0]
    burned = samples.image(StudyInstanceUID=study, SOPClassUID=samples.US, Modality="US")
    archived(stack, dataset, burned)
    for path in (f"/studies/{study}/rendered", f"{series}/rendered"):
        for claims, status in (
            ({"perms": ["download"]}, 403),
            ({"scope": {"studies": ["1.2.3"]}}, 404),
            ({"scope": {"hospitals": ["H002"]}}, 404),
        ):
            assert stack.get(path, ticket=stack.ticket(**claims)).status_code == status
        assert stack.client.get(f"/dicom-web{path}").status_code == 401
    assert len(parts_of(stack.get(f"/studies/{study}/rendered"))) == 2
    anonymous = stack.ticket(anon=True, jti="album-anonymous")
    ((headers, _body),) = parts_of(stack.get(f"/studies/{study}/rendered", ticket=anonymous))
    assert str(dataset.SOPInstanceUID) in headers["Content-Location"]
    wait_until(
        lambda: (
            [
                event["action"]
                for event in stack.portal.of("access")
                if event["ticket"] == "album-anonymous"
            ]
            == ["rendered"]
        ),
        "the portal is told",
    )


def test_many_pictures_stay_out_of_memory_and_too_many_are_refused(stack: Stack) -> None:
    noise = np.random.default_rng(7).integers(0, 4096, (512, 512), dtype="<u2").tobytes()
    slices = samples.slices(
        120, Rows=512, Columns=512, PixelData=noise, WindowCenter="2048", WindowWidth="4096"
    )
    archived(stack, *slices)
    path = f"/studies/{slices[0].StudyInstanceUID}/rendered"
    accept = 'multipart/related; type="image/png"'
    # The first answer makes what is made once.
    assert stack.get(f"{samples.address(slices[0])}/rendered").status_code == 200
    web = psutil.Process(stack.processes["web"].pid)
    before, largest, size, first = web.memory_info().rss, 0, 0, 0
    headers = {"Authorization": f"Bearer {stack.ticket()}", "Accept": accept}
    with stack.client.stream("GET", f"/dicom-web{path}", headers=headers) as answer:
        for chunk in answer.iter_raw():
            first = first or len(chunk)
            size += len(chunk)
            largest = max(largest, web.memory_info().rss)
    assert size > 120 * 200_000
    assert first < size / 20, "the first picture does not wait for the last"
    assert largest - before < size / 2
    stack.execute(
        "INSERT INTO archive.instance OVERRIDING SYSTEM VALUE SELECT ("
        "jsonb_populate_record(i, jsonb_build_object("
        "'id', i.id + 1000000 * n, 'sop_uid', i.sop_uid || '.' || n))).*"
        f" FROM archive.instance i, generate_series(1, {MAX_PARTS // 120}) n"
    )
    answer = stack.get(path)
    assert (answer.status_code, answer.json()["error"]) == (400, "bad_request")
    assert str(MAX_PARTS) in answer.json()["message"]
