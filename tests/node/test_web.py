"""Metadata, pictures and whole files, as a viewer asks for them."""

import gzip
import json
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pydicom
import pytest
from PIL import Image
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from dicom_node.archive.located import Located
from dicom_node.dataset.part10 import decode
from dicom_node.store.local import LocalStore
from dicom_node.web import allowed, anonymous, metadata
from dicom_node.web.derived import Derived

from . import samples
from .conftest import shared
from .sender import Message, message_of, send
from .stack import ORIGIN, Stack, parts_of, wait_until
from .test_receive import MALFORMED, raw_message


def archived(stack: Stack, *datasets: Dataset | Message) -> None:
    messages = [d if isinstance(d, Message) else samples.message(d) for d in datasets]
    answers = send(stack.dicom_port, messages)
    assert all(answer and answer.status == 0 for answer in answers), answers
    stack.wait_archived()


def picture(content: bytes) -> Any:
    return np.asarray(Image.open(BytesIO(content)))


def test_the_overview_is_what_the_first_paint_needs(stack: Stack) -> None:
    slices = samples.slices(5)
    study = slices[0].StudyInstanceUID
    report = samples.image(
        StudyInstanceUID=study, SOPClassUID=samples.SR, Modality="SR", PixelData=None, Rows=None,
        SeriesNumber=9, SeriesDescription="报告",
    )  # fmt: skip
    archived(stack, *slices, report)
    answer = stack.get(f"/studies/{study}/overview")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "study": {
            "uid": study,
            "date": "2026-11-20",
            "time": "09:31:00",
            "description": "胸部平扫",
            "patient_name": "王小东",
            "patient_id": "P100",
            "patient_sex": "M",
            "patient_birth_date": "1957-03-01",
            "accession_number": "A1",
            "hospital": "H001",
            "anonymous": False,
            "withheld": 0,
        },
        "series": [
            {
                "uid": slices[0].SeriesInstanceUID,
                "number": 2,
                "modality": "CT",
                "description": "LUNG 1mm",
                "body_part": "CHEST",
                "instance_count": 5,
                "frame_count": 5,
                "representative": slices[2].SOPInstanceUID,
                "sop_class": samples.CT,
                "transfer_syntax": "1.2.840.10008.1.2.1",
                "viewable": True,
            },
            {
                "uid": report.SeriesInstanceUID,
                "number": 9,
                "modality": "SR",
                "description": "报告",
                "body_part": "CHEST",
                "instance_count": 1,
                "frame_count": 0,
                "representative": report.SOPInstanceUID,
                "sop_class": samples.SR,
                "transfer_syntax": "1.2.840.10008.1.2.1",
                "viewable": False,
            },
        ],
    }


def test_metadata_agrees_with_pydicom_and_holds_no_pixels(stack: Stack) -> None:
    nested = Dataset()
    nested.CodeValue, nested.CodeMeaning = "T-28000", "肺 <b>&"
    dataset = samples.image(
        ProcedureCodeSequence=Sequence([nested]), TriggerTime="12.5",
        FrameIncrementPointer=0x181063, OtherPatientNames=["A^B", "丙^丁"],
    )  # fmt: skip
    archived(stack, dataset)
    (found,) = stack.get(f"{samples.address(dataset)}/metadata").json()
    expected = dataset.to_json_dict(bulk_data_threshold=1, bulk_data_element_handler=lambda _e: "")
    for tag, element in expected.items():
        if tag in ("00080005", "7FE00010"):
            continue
        assert found[tag].get("Value") == element.get("Value"), tag
        assert found[tag]["vr"] == element["vr"], tag
    bulk = f"{ORIGIN}/dicom-web{samples.address(dataset)}/bulkdata/7FE00010"
    assert found["7FE00010"] == {"vr": "OW", "BulkDataURI": bulk}
    ((_headers, pixels),) = parts_of(stack.get(bulk.split("/dicom-web")[1]))
    assert pixels == dataset.PixelData


def test_series_metadata_is_made_once_and_follows_new_images(stack: Stack) -> None:
    slices = samples.slices(6)
    archived(stack, *slices[:4])
    series = samples.address(slices[0]).split("/instances")[0]
    first = stack.get(f"{series}/metadata")
    assert first.headers["content-encoding"] == "gzip"
    assert [item["00200013"]["Value"][0] for item in first.json()] == [1, 2, 3, 4]
    plain = stack.get(f"{series}/metadata", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.json() == first.json()
    (kept,) = stack.root.glob("store/derived/**/*.json.gz")
    assert json.loads(gzip.decompress(kept.read_bytes())) == first.json()
    archived(stack, *slices[4:])
    assert len(stack.get(f"{series}/metadata").json()) == 6
    assert len(list(stack.root.glob("store/derived/**/*.json.gz"))) == 1
    study = series.split("/series")[0]
    assert len(stack.get(f"{study}/metadata").json()) == 6


def test_a_large_value_is_fetched_by_its_address(stack: Stack) -> None:
    item = Dataset()
    item.WaveformData = bytes(range(256)) * 512
    item["WaveformData"].VR = "OW"
    dataset = samples.image(WaveformSequence=Sequence([Dataset(), item]))
    archived(stack, dataset)
    (found,) = stack.get(f"{samples.address(dataset)}/metadata").json()
    address = found["54000100"]["Value"][1]["54001010"]["BulkDataURI"]
    path = address.removeprefix(f"{ORIGIN}/dicom-web")
    assert stack.get(path, accept="application/octet-stream").content == item.WaveformData
    ((_headers, body),) = parts_of(stack.get(path))
    assert body == item.WaveformData
    assert stack.get(path.replace("/1/", "/7/")).status_code == 404
    assert stack.get(path.replace("54001010", "zz")).status_code == 400
    assert stack.get(f"{samples.address(dataset)}/bulkdata/00100010/0/00100010").status_code == 404


def test_a_study_and_a_series_come_as_whole_files(stack: Stack) -> None:
    slices = samples.slices(4)
    archived(stack, *slices)
    series = samples.address(slices[0]).split("/instances")[0]
    for path in (series, series.split("/series")[0]):
        parts = parts_of(stack.get(path))
        read = [pydicom.dcmread(BytesIO(body)) for _headers, body in parts]
        assert [d.SOPInstanceUID for d in read] == [d.SOPInstanceUID for d in slices]
    one = stack.get(samples.address(slices[0]), accept="application/dicom")
    assert one.headers["content-type"] == "application/dicom"
    assert pydicom.dcmread(BytesIO(one.content)).PatientName == slices[0].PatientName


@pytest.mark.parametrize(
    ("path", "accept", "status"),
    [
        ("/frames/1", "*/*", 200),
        ("/frames/1", "", 200),
        ("/frames/1", "application/octet-stream", 200),
        ("/frames/1", 'multipart/related; type="application/octet-stream"', 200),
        ("/frames/1", "multipart/related; type=application/octet-stream", 200),
        ("/frames/1", "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1", 200),
        ("/frames/1", "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.4.90", 406),
        ("/frames/1", 'multipart/related; type="image/jpeg"', 406),
        ("/frames/1", "text/html", 406),
        ("/frames/1", "application/*", 200),
        ("/frames/1", "application/octet-stream;q=0", 200),
        ("", 'multipart/related; type="application/dicom"', 200),
        ("", "application/dicom; transfer-syntax=1.2.840.10008.1.2.4.80", 406),
        ("", "text/html", 406),
        ("/metadata", "application/dicom+json", 200),
        ("/metadata", "application/dicom+xml", 406),
        ("/rendered", "image/png", 200),
        ("/rendered", "image/*", 200),
        ("/rendered", "image/gif", 406),
        ("/rendered", "image/webp,image/apng,image/*,*/*;q=0.8", 200),
    ],
)
def test_what_is_accepted_decides_what_is_answered(
    stack: Stack, path: str, accept: str, status: int
) -> None:
    dataset = samples.image()
    archived(stack, dataset)
    answer = stack.get(samples.address(dataset) + path, accept=accept)
    assert answer.status_code == status
    if status == 406:
        assert answer.json()["error"] == "unsupported_transfer_syntax"


@pytest.mark.parametrize(
    ("name", "media_type", "syntax"),
    [
        ("MR_small_jpeg_ls_lossless.dcm", "image/jls", "1.2.840.10008.1.2.4.80"),
        ("MR_small_jp2klossless.dcm", "image/jp2", "1.2.840.10008.1.2.4.90"),
        ("MR_small_RLE.dcm", "image/dicom-rle", "1.2.840.10008.1.2.5"),
        ("JPGExtended.dcm", "image/jpeg", "1.2.840.10008.1.2.4.51"),
    ],
)
def test_a_compressed_frame_is_served_by_its_own_media_type(
    stack: Stack, name: str, media_type: str, syntax: str
) -> None:
    path = Path(get_testdata_file(name, download=False))
    dataset = pydicom.dcmread(path)
    archived(stack, message_of(path))
    (frame,) = pydicom.encaps.generate_frames(dataset.PixelData, number_of_frames=1)
    address = f"{samples.address(dataset)}/frames/1"
    accept = f'multipart/related; type="{media_type}"; transfer-syntax={syntax}'
    ((headers, body),) = parts_of(stack.get(address, accept=accept))
    assert (headers["Content-Type"], body) == (f"{media_type}; transfer-syntax={syntax}", frame)
    bare = stack.get(address, accept=media_type)
    assert bare.headers["content-type"] == f"{media_type}; transfer-syntax={syntax}"
    assert stack.get(address, accept="image/heic").status_code == 406
    anything = stack.get(address, accept="*/*").headers["content-type"]
    assert 'type="application/octet-stream"' in anything


def test_a_picture_is_drawn_in_its_stored_window(stack: Stack) -> None:
    ramp = np.tile(np.arange(16, dtype="<u2") * 20, (16, 1))
    dataset = samples.image(
        PixelData=ramp.tobytes(), WindowCenter="100.5", WindowWidth="101", RescaleSlope="1",
        RescaleIntercept="0",
    )  # fmt: skip
    archived(stack, dataset)
    path = f"{samples.address(dataset)}/rendered"
    drawn = picture(stack.get(path, accept="image/png").content)
    expected = np.clip((np.arange(16) * 20 - 50) / 100 * 255 + 0.5, 0, 255).astype(np.uint8)
    assert (drawn[3] == expected).all()
    other = picture(stack.get(f"{path}?window=50,10", accept="image/png").content)
    assert other[0].tolist() == [0, 0, 0] + [255] * 13
    lossy = picture(stack.get(path, accept="image/jpeg").content)
    assert np.abs(lossy.astype(int) - drawn.astype(int)).max() < 12


def test_monochrome_1_is_drawn_inverted(stack: Stack) -> None:
    values = {"WindowCenter": None, "WindowWidth": None}
    plain = samples.image(**values)
    inverse = samples.image(PhotometricInterpretation="MONOCHROME1", **values)
    archived(stack, plain, inverse)
    one, other = (
        picture(stack.get(f"{samples.address(d)}/rendered", accept="image/png").content)
        for d in (plain, inverse)
    )
    assert (one.min(), one.max()) == (0, 255)
    assert (other.astype(int) == 255 - one.astype(int)).all()


def test_a_thumbnail_fits_and_is_kept(stack: Stack) -> None:
    pixels = np.zeros((300, 600), "<u2")
    dataset = samples.image(Rows=300, Columns=600, PixelData=pixels.tobytes())
    archived(stack, dataset)
    instance = samples.address(dataset)
    for path in (instance, instance.split("/instances")[0], instance.split("/series")[0]):
        answer = stack.get(f"{path}/thumbnail")
        assert answer.headers["content-type"] == "image/jpeg"
        assert picture(answer.content).shape == (128, 256)
    small = stack.get(f"{instance}/thumbnail?viewport=64,64")
    assert picture(small.content).shape == (32, 64)
    assert len(list(stack.root.glob("store/derived/**/thumbnail-*"))) == 1


def test_a_thumbnail_stays_that_of_its_image_when_the_index_is_made_anew(stack: Stack) -> None:
    study = samples.uid()
    dark, bright = (
        samples.image(StudyInstanceUID=study, PixelData=value.to_bytes(2, "little") * 256)
        for value in (60, 140)
    )
    seen = []
    for order in ((dark, bright), (bright, dark)):
        stack.forget()
        archived(stack, *order)
        seen.append([stack.get(f"{samples.address(d)}/thumbnail").content for d in (dark, bright)])
    assert seen[0] == seen[1]
    assert picture(seen[0][0]).mean() < picture(seen[0][1]).mean()


def test_anonymous_metadata_is_made_anew_when_less_may_be_seen(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = samples.image()
    archived(stack, dataset)
    ((key,),) = stack.query("SELECT object_key FROM archive.instance")
    instance = Located(
        1, str(dataset.StudyInstanceUID), str(dataset.SeriesInstanceUID), "1.2", samples.CT,
        "1.2.840.10008.1.2.1", key, 0, 0, 16, 16, 1, 0, 512, None, None, True, False,
    )  # fmt: skip
    with (stack.root / "store" / key).open("rb") as stream:
        instance = replace(instance, dataset_offset=decode(stream.read())[1])
    store = LocalStore(stack.root / "store")
    kept = Derived(stack.root / "store")
    before = metadata.series_json(store, kept, [instance], "", anon=True)
    assert "00180015" in json.loads(gzip.decompress(before))[0]
    fewer = allowed.TAGS - {0x00180015}
    monkeypatch.setattr(metadata, "TAGS", fewer)
    monkeypatch.setattr(anonymous, "TAGS", fewer)
    after = metadata.series_json(store, kept, [instance], "", anon=True)
    assert "00180015" not in json.loads(gzip.decompress(after))[0]


@pytest.mark.parametrize(
    "query",
    [
        "window=1", "window=a,b", "window=1,0", "window=nan,5", "window=1,2,sigmoid",
        "quality=0", "quality=101", "quality=x", "viewport=0,0", "viewport=9", "viewport=1,99999",
    ],
)  # fmt: skip
def test_a_wrong_rendering_parameter_gets_400(stack: Stack, query: str) -> None:
    dataset = samples.image()
    archived(stack, dataset)
    answer = stack.get(f"{samples.address(dataset)}/rendered?{query}")
    assert (answer.status_code, answer.json()["error"]) == (400, "bad_request")
    assert answer.json()["message"].startswith(query.split("=", maxsplit=1)[0])


def test_what_is_no_picture_says_so(stack: Stack) -> None:
    report = samples.image(SOPClassUID=samples.SR, Modality="SR", PixelData=None, Rows=None)
    archived(stack, report)
    for page in ("frames/1", "rendered", "thumbnail"):
        answer = stack.get(f"{samples.address(report)}/{page}")
        assert (answer.status_code, answer.json()["error"]) == (406, "not_an_image")
    assert stack.get(f"{samples.address(report)}/metadata").status_code == 200


DRAWN = [
    "MR_small.dcm", "MR_small_implicit.dcm", "MR_small_bigendian.dcm", "MR_small_RLE.dcm",
    "MR_small_jp2klossless.dcm", "MR_small_jpeg_ls_lossless.dcm", "SC_rgb_jpeg_gdcm.dcm",
    "SC_rgb_jpeg_dcmtk.dcm", "JPEG2000.dcm", "image_dfl.dcm",
    "examples_palette.dcm", "examples_ybr_color.dcm", "SC_rgb_rle_16bit.dcm",
    "examples_rgb_color.dcm", "SC_ybr_full_422_uncompressed.dcm",
]  # fmt: skip


@pytest.mark.parametrize("name", DRAWN)
def test_pictures_of_every_kind_are_drawn(stack: Stack, name: str) -> None:
    path = get_testdata_file(name, download=False)
    if path is None:
        pytest.skip("not in this version of pydicom's wheel")
    dataset = pydicom.dcmread(path)
    archived(stack, message_of(Path(path)))
    ((study, series, sop),) = stack.query(
        "SELECT t.study_uid, s.series_uid, i.sop_uid FROM archive.instance i"
        " JOIN archive.series s ON s.id = i.series_id JOIN archive.study t ON t.id = s.study_id"
    )
    answer = stack.get(f"/studies/{study}/series/{series}/instances/{sop}/rendered")
    assert answer.status_code == 200, answer.text
    drawn = picture(answer.content)
    assert drawn.shape[:2] == (dataset.Rows, dataset.Columns)
    assert drawn.max() > drawn.min()
    assert (drawn.ndim == 3) == (
        dataset.SamplesPerPixel == 3 or "PALETTE" in dataset[0x280004].value
    )


@pytest.mark.skipif(not shared("transfer_syntax/**/*"), reason="the shared test data is not here")
def test_what_cannot_be_decoded_gets_406_and_its_frames_all_the_same(stack: Stack) -> None:
    (path,) = shared("transfer_syntax/cornerstone3D/*1.2.840.10008.1.2.4.55.dcm")
    archived(stack, message_of(path))
    dataset = pydicom.dcmread(path)
    answer = stack.get(f"{samples.address(dataset)}/rendered")
    assert (answer.status_code, answer.json()["error"]) == (406, "unsupported_transfer_syntax")
    assert stack.get(f"{samples.address(dataset)}/frames/1").status_code == 200


def test_a_picture_that_wants_too_much_memory_harms_nobody(stack: Stack) -> None:
    rows = columns = 8000
    dataset = samples.image(Rows=rows, Columns=columns, PixelData=bytes(rows * columns * 2))
    good = samples.image()
    archived(stack, dataset, good)
    assert stack.stop("web") == 0
    stack.start("web", YUNYING_NODE_WEB_RENDER_MEMORY=str(400 << 20))
    stack.wait_ready("web")
    try:
        answer = stack.get(f"{samples.address(dataset)}/rendered")
        assert (answer.status_code, answer.json()["error"]) == (406, "unsupported_transfer_syntax")
        assert stack.get(f"{samples.address(good)}/rendered").status_code == 200
    finally:
        stack.stop("web")
        stack.start("web")
        stack.wait_ready("web")


def test_a_decoder_that_dies_is_replaced(stack: Stack) -> None:
    dataset = samples.image()
    archived(stack, dataset)
    path = f"{samples.address(dataset)}/rendered"
    assert stack.get(path).status_code == 200
    children = decoders(stack)
    assert children
    for child in children:
        child.kill()
    assert stack.get(path).status_code == 200


def decoders(stack: Stack) -> list[psutil.Process]:
    return [
        child
        for child in psutil.Process(stack.processes["web"].pid).children()
        if "spawn_main" in " ".join(child.cmdline())
    ]


def test_no_decoder_outlives_a_web_process_that_was_killed(stack: Stack) -> None:
    dataset = samples.image()
    archived(stack, dataset)
    path = f"{samples.address(dataset)}/rendered"
    assert stack.get(path).status_code == 200
    children = decoders(stack)
    assert children
    stack.kill("web")
    try:
        gone, alive = psutil.wait_procs(children, timeout=5)
        assert (len(gone), alive) == (len(children), [])
    finally:
        stack.start("web")
        stack.wait_ready("web")
    assert stack.get(path).status_code == 200


def test_the_portal_is_told_how_many_requests_were_answered(stack: Stack) -> None:
    def requests() -> int:
        count: int = stack.portal_report("web")["requests"]
        return count

    before = requests()
    for _ in range(5):
        assert stack.client.get("/dicom-web/healthz").status_code == 200
    wait_until(lambda: requests() >= before + 5, "the requests are reported")
    report = stack.portal_report("web")
    assert {"started", "version", "host"} <= report.keys()
    assert "renditions_waiting" not in report, "nobody knows"


def test_a_picture_larger_than_allowed_is_not_even_tried(stack: Stack) -> None:
    side = 8200  # a little more than 64 million pixels, of one bit each
    dataset = samples.image(Rows=side, Columns=side, PixelData=bytes(side * side // 8))
    dataset.BitsAllocated = 1
    archived(stack, dataset)
    answer = stack.get(f"{samples.address(dataset)}/rendered")
    assert (answer.status_code, answer.json()["error"]) == (406, "unsupported_transfer_syntax")
    assert "too large" in answer.json()["message"]


def test_a_missing_file_is_an_honest_503(stack: Stack) -> None:
    dataset = samples.image()
    archived(stack, dataset)
    (path,) = stack.root.glob("store/H001/**/*.dcm")
    path.unlink()
    instance = samples.address(dataset)
    for page in ("", "/frames/1", "/metadata", "/bulkdata/00100010"):
        answer = stack.get(instance + page)
        assert (answer.status_code, answer.json()["error"]) == (503, "unavailable"), page


@pytest.mark.skipif(not MALFORMED, reason="the shared test data is not here")
def test_malformed_files_pass_every_page_without_harm(stack: Stack) -> None:
    messages = [raw_message(path, number) for number, path in enumerate(MALFORMED)]
    seen: set[str] = set()
    unique = [m for m in messages if not (m.sop_instance in seen or seen.add(m.sop_instance))]
    send(stack.dicom_port, unique)
    stack.wait_archived(60)
    rows = stack.query(
        "SELECT t.study_uid, s.series_uid, i.sop_uid FROM archive.instance i"
        " JOIN archive.series s ON s.id = i.series_id JOIN archive.study t ON t.id = s.study_id"
    )
    assert len(rows) > 50
    named, anonymous = stack.ticket(), stack.ticket(anon=True)
    for study, series, sop in rows:
        base = f"/studies/{study}"
        instance = f"{base}/series/{series}/instances/{sop}"
        for page in (f"{base}/overview", f"{instance}/metadata", f"{instance}/frames/1", instance):
            for ticket in (named, anonymous):
                answer = stack.get(page, ticket=ticket)
                assert answer.status_code in (200, 403, 404, 406), (page, answer.text)
        for page in (f"{instance}/rendered", f"{instance}/thumbnail"):
            answer = stack.get(page, ticket=named)
            assert answer.status_code in (200, 404, 406), (page, answer.text)
    assert stack.get("/studies?limit=1000").status_code == 200
    assert stack.processes["web"].poll() is None


def test_hostile_text_leaves_metadata_as_json_text(stack: Stack) -> None:
    hostile = "</script><img src=x onerror=alert(1)>"
    dataset = samples.image(SeriesDescription=hostile, PatientComments="x" * 70_000)
    archived(stack, dataset)
    answer = stack.get(f"{samples.address(dataset)}/metadata")
    assert answer.headers["content-type"] == "application/dicom+json"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    (found,) = answer.json()
    assert found["0008103E"]["Value"] == [hostile]
