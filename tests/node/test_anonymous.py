"""Under an anonymous ticket no answer says whose picture it is."""

from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence

from dicom_node.web.allowed import REQUIRED_KEYWORDS
from dicom_node.web.codestream import speaks

from . import samples
from .sender import Message, message_of, send
from .stack import Stack, parts_of

SECRETS = {
    "PatientName": "SECRETNAME^GIVEN=王秘密",
    "PatientID": "SECRETID77",
    "IssuerOfPatientID": "SECRETISSUER",
    "OtherPatientIDs": "SECRETOTHER",
    "PatientBirthDate": "19570301",
    "PatientSex": "M",
    "PatientAddress": "SECRETADDRESS",
    "PatientTelephoneNumbers": "SECRETPHONE",
    "PatientComments": "SECRETCOMMENT",
    "AccessionNumber": "SECRETACC",
    "StudyID": "SECRETSTUDY",
    "ReferringPhysicianName": "SECRETDOCTOR",
    "OperatorsName": "SECRETOPERATOR",
    "InstitutionName": "SECRETHOSPITAL",
    "StationName": "SECRETSTATION",
    "StudyDescription": "SECRETDESCRIPTION",
    "SeriesDescription": "SECRETSERIES",
    "ImageComments": "SECRETIMAGE",
    "ProtocolName": "SECRETPROTOCOL",
    "DeviceSerialNumber": "SECRETSERIAL",
    "StudyTime": "093107",
}
NEEDLES = [
    part.encode(codec)
    for value in SECRETS.values()
    if value not in ("M",)
    for part in value.replace("=", "^").split("^")
    for codec in ("utf-8", "gb18030", "utf-16-le")
] + [b"\\u738b", b"H001"]


def secret(**values: Any) -> Dataset:
    dataset = samples.image(**SECRETS | values)
    block = dataset.private_block(0x0011, "SECRETCREATOR", create=True)
    block.add_new(0x01, "LO", "SECRETPRIVATE")
    nested = Dataset()
    nested.PatientName, nested.CodeMeaning = SECRETS["PatientName"], "SECRETMEANING"
    dataset.RequestAttributesSequence = Sequence([nested])
    shared = Dataset()
    shared.FrameVOILUTSequence = Sequence([Dataset()])
    shared.FrameVOILUTSequence[0].WindowCenter = "40"
    shared.FrameVOILUTSequence[0].WindowWidth = "400"
    shared.FrameVOILUTSequence[0].WindowCenterWidthExplanation = "SECRETNAME"
    shared.FrameVOILUTSequence[0].PatientName = SECRETS["PatientName"]
    dataset.SharedFunctionalGroupsSequence = Sequence([shared])
    dataset.add_new(0x60000010, "US", 16)
    return dataset


def ticket(stack: Stack, *datasets: Dataset, **claims: Any) -> str:
    studies = [str(dataset.StudyInstanceUID) for dataset in datasets]
    return stack.ticket(
        anon=True, sub="share:3", purpose="share", scope={"studies": studies}, **claims
    )


def assert_silent(answer: httpx.Response) -> None:
    everything = answer.content + repr(sorted(answer.headers.multi_items())).encode()
    for needle in [*NEEDLES, b"SECRET"]:
        assert needle not in everything, f"{answer.url} says {needle!r}"


def archived(stack: Stack, *messages: Message) -> None:
    answers = send(stack.dicom_port, messages)
    assert all(answer and answer.status == 0 for answer in answers), answers
    stack.wait_archived()


@pytest.mark.parametrize("syntax", ["explicit", "implicit", "big"])
def test_no_answer_of_any_kind_holds_a_name_or_identifier(stack: Stack, syntax: str) -> None:
    dataset = secret()
    message = samples.message(dataset)
    if syntax == "implicit":
        message.syntax, message.data = "1.2.840.10008.1.2", samples.encoded(dataset, implicit=True)
    if syntax == "big":
        message.syntax = "1.2.840.10008.1.2.2"
        message.data = samples.encoded(dataset, little=False)
    archived(stack, message)
    anonymous = ticket(stack, dataset)
    instance = samples.address(dataset)
    series, study = instance.split("/instances")[0], instance.split("/series")[0]
    pages = [
        "/studies", "/series", "/instances", f"{study}/series", f"{study}/instances",
        f"{series}/instances", f"{study}/overview", f"{study}/metadata", f"{series}/metadata",
        f"{instance}/metadata", f"{instance}/frames/1", f"{instance}/rendered",
        f"{instance}/frames/1/rendered", f"{instance}/thumbnail", f"{study}/thumbnail",
        f"{series}/thumbnail", f"{instance}/bulkdata/7FE00010", instance, series, study,
    ]  # fmt: skip
    for page in pages:
        answer = stack.get(page, ticket=anonymous, headers={"Accept-Encoding": "identity"})
        assert answer.status_code == 200, page
        assert_silent(answer)
    refused = [
        f"{instance}/bulkdata/00100010", f"{study}/none", f"/studies/{samples.uid()}/metadata",
        "/studies?PatientName=SECRETNAME*", "/studies?PatientID=SECRETID77",
        "/studies?AccessionNumber=SECRETACC", "/studies?StudyDescription=*",
    ]  # fmt: skip
    for page in refused:
        answer = stack.get(page, ticket=anonymous)
        assert answer.status_code in (403, 404), page
        assert b"SECRET" not in answer.content.replace(b"SECRETNAME*", b"")
    named = stack.get(f"{instance}/metadata").text
    assert "SECRETNAME" in named
    assert "王秘密" in named


def test_what_is_needed_to_show_the_picture_is_still_there(stack: Stack) -> None:
    dataset = secret(RescaleType="HU")
    archived(stack, samples.message(dataset))
    anonymous = ticket(stack, dataset)
    instance = samples.address(dataset)
    (metadata,) = stack.get(f"{instance}/metadata", ticket=anonymous).json()
    assert metadata["00280010"]["Value"] == [16]
    assert metadata["00280030"]["Value"] == [0.7, 0.7]
    assert metadata["00200037"]["Value"] == [1, 0, 0, 0, 1, 0]
    assert metadata["00281050"]["Value"] == [100]
    assert metadata["00281054"]["Value"] == ["HU"]
    assert metadata["00080060"]["Value"] == ["CT"]
    assert metadata["00080020"]["Value"] == ["20261120"]
    window = metadata["52009229"]["Value"][0]["00289132"]["Value"][0]
    assert window == {
        "00281050": {"vr": "DS", "Value": [40]},
        "00281051": {"vr": "DS", "Value": [400]},
    }
    frame = stack.get(f"{instance}/frames/1", ticket=anonymous, accept="application/octet-stream")
    assert frame.content == dataset.PixelData
    ((_headers, file),) = parts_of(stack.get(instance, ticket=anonymous))
    read = pydicom.dcmread(BytesIO(file))
    assert (read.pixel_array == np.arange(256).reshape(16, 16)).all()
    assert read.file_meta.get("SourceApplicationEntityTitle") is None
    assert b"127.0.0.1" not in file


def test_a_file_has_what_every_image_has_though_its_source_had_not(stack: Stack) -> None:
    dataset = secret(Manufacturer="SECRETMAKER")
    for keyword in ("PatientName", "PatientID", "StudyID", "StudyTime", "SeriesNumber"):
        if keyword in dataset:
            del dataset[keyword]
    archived(stack, samples.message(dataset))
    answer = stack.get(samples.address(dataset), ticket=ticket(stack, dataset))
    ((_headers, file),) = parts_of(answer)
    assert b"SECRET" not in file
    read = pydicom.dcmread(BytesIO(file))
    for keyword in REQUIRED_KEYWORDS.split():
        assert (keyword in read and str(read[keyword].value or "")) == (
            "20261120" if keyword == "StudyDate" else ""
        ), keyword
    assert read.Manufacturer == ""
    assert "ScanOptions" not in read
    tags = [element.tag for element in read]
    assert tags == sorted(tags)


def test_the_overview_names_nobody(stack: Stack) -> None:
    dataset = secret()
    archived(stack, samples.message(dataset))
    overview = stack.get(
        f"/studies/{dataset.StudyInstanceUID}/overview", ticket=ticket(stack, dataset)
    ).json()
    study = overview["study"]
    for field in ("description", "patient_name", "patient_id", "patient_sex", "accession_number"):
        assert study[field] == ""
    assert (study["time"], study["patient_birth_date"]) == (None, None)
    assert (study["date"], study["anonymous"], study["withheld"]) == ("2026-11-20", True, 0)
    assert overview["series"][0]["description"] == ""


def test_a_name_in_the_place_of_a_code_is_not_shown_or_found(stack: Stack) -> None:
    name = "XXXXXXXXXX"
    dataset = secret(BodyPartExamined=name, Laterality=name, Modality=name, RescaleType=name)
    message = samples.message(dataset)
    message.data = message.data.replace(name.encode(), "王秘密 ".encode())
    archived(stack, message)
    anonymous = ticket(stack, dataset)
    study = f"/studies/{dataset.StudyInstanceUID}"
    for page in ("/studies", "/series", "/instances", f"{study}/overview", f"{study}/metadata"):
        answer = stack.get(page, ticket=anonymous, headers={"Accept-Encoding": "identity"})
        assert answer.status_code == 200
        assert_silent(answer)
    for query in ("BodyPartExamined=王*", "Modality=王秘密", "Laterality=???"):
        assert stack.get(f"/series?{query}", ticket=anonymous).json() == [], query
        assert len(stack.get(f"/series?{query}").json()) == 1, query
    assert stack.get("/studies?ModalitiesInStudy=王秘密", ticket=anonymous).json() == []


WITHHELD: dict[str, dict[str, Any]] = {
    "ultrasound": {"Modality": "US", "SOPClassUID": samples.US},
    "a secondary capture": {"Modality": "OT", "SOPClassUID": samples.SC},
    "burned in": {"BurnedInAnnotation": "YES"},
    "burned in, odd": {"BurnedInAnnotation": "MAYBE"},
    "a private class": {"SOPClassUID": "1.3.46.670589.5.0.1"},
    "a colour screen": {
        "SamplesPerPixel": 3, "PhotometricInterpretation": "RGB", "PlanarConfiguration": 0,
        "BitsAllocated": 8, "BitsStored": 8, "HighBit": 7, "PixelData": bytes(768),
    },
    "an endoscope": {
        "Modality": "ES", "SOPClassUID": "1.2.840.10008.5.1.4.1.1.77.1.1", "SamplesPerPixel": 3,
        "PhotometricInterpretation": "RGB", "PlanarConfiguration": 0, "BitsAllocated": 8,
        "BitsStored": 8, "HighBit": 7, "PixelData": bytes(768),
    },
    "a slide's label": {
        "Modality": "SM", "SOPClassUID": "1.2.840.10008.5.1.4.1.1.77.1.6",
        "ImageType": ["ORIGINAL", "PRIMARY", "LABEL", "NONE"], "BurnedInAnnotation": "NO",
    },
    "a glass with its label": {
        "Modality": "SM", "SOPClassUID": "1.2.840.10008.5.1.4.1.1.77.1.6",
        "ImageType": ["ORIGINAL", "PRIMARY", "OVERVIEW", "NONE"], "BurnedInAnnotation": "NO",
    },
    "a report": {"Modality": "SR", "SOPClassUID": samples.SR, "PixelData": None, "Rows": None},
}  # fmt: skip


@pytest.mark.parametrize("kind", WITHHELD)
def test_a_picture_that_may_show_the_name_is_withheld(stack: Stack, kind: str) -> None:
    dataset = secret(**WITHHELD[kind])
    visible = samples.image(StudyInstanceUID=dataset.StudyInstanceUID)
    archived(stack, samples.message(dataset), samples.message(visible))
    anonymous = ticket(stack, dataset)
    instance = samples.address(dataset)
    for page in ("", "/metadata", "/frames/1", "/rendered", "/thumbnail", "/frames/1/rendered"):
        answer = stack.get(instance + page, ticket=anonymous)
        assert (answer.status_code, answer.json()["error"]) == (403, "withheld"), page
        assert_silent(answer)
    study = f"/studies/{dataset.StudyInstanceUID}"
    overview = stack.get(f"{study}/overview", ticket=anonymous).json()
    assert overview["study"]["withheld"] == 1
    assert [series["instance_count"] for series in overview["series"]] == [1]
    (found,) = stack.get("/studies", ticket=anonymous).json()
    assert (found["00201206"]["Value"], found["00201208"]["Value"]) == ([1], [1])
    assert len(stack.get(f"{study}/instances", ticket=anonymous).json()) == 1
    assert len(stack.get(f"{study}/series", ticket=anonymous).json()) == 1
    assert len(parts_of(stack.get(study, ticket=anonymous))) == 1
    assert len(stack.get(f"{study}/metadata", ticket=anonymous).json()) == 1
    assert stack.get(f"{instance}/metadata").status_code == 200


def test_a_picture_whose_file_denies_burned_in_text_is_shown(stack: Stack) -> None:
    dataset = secret(Modality="US", SOPClassUID=samples.US, BurnedInAnnotation="NO")
    archived(stack, samples.message(dataset))
    answer = stack.get(f"{samples.address(dataset)}/rendered", ticket=ticket(stack, dataset))
    assert answer.status_code == 200


def test_an_overlay_in_unused_bits_is_withheld(stack: Stack) -> None:
    dataset = secret(BurnedInAnnotation="NO")
    dataset.add_new(0x60000102, "US", 12)
    archived(stack, samples.message(dataset))
    answer = stack.get(f"{samples.address(dataset)}/frames/1", ticket=ticket(stack, dataset))
    assert (answer.status_code, answer.json()["error"]) == (403, "withheld")


def jpeg(comment: bytes) -> bytes:
    stream = BytesIO()
    Image.new("L", (16, 16), 80).save(stream, "JPEG", comment=comment)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("comment", "status"), [(b"", 200), (b"SECRETNAME", 403), (b"Lavc58.54.100", 200)]
)
def test_a_comment_in_a_compressed_frame_is_withheld(
    stack: Stack, comment: bytes, status: int
) -> None:
    dataset = secret(BitsAllocated=8, BitsStored=8, HighBit=7, PixelData=None)
    dataset.PixelData = encapsulate([jpeg(comment)])
    dataset["PixelData"].is_undefined_length = True
    dataset["PixelData"].VR = "OB"
    message = samples.message(dataset)
    message.syntax = "1.2.840.10008.1.2.4.50"
    archived(stack, message)
    anonymous, instance = ticket(stack, dataset), samples.address(dataset)
    for page in (f"{instance}/frames/1", instance):
        answer = stack.get(page, ticket=anonymous)
        assert answer.status_code == status, page
        assert_silent(answer)
    drawn = stack.get(f"{instance}/rendered", ticket=anonymous)
    assert drawn.status_code == 200
    assert_silent(drawn)


@pytest.mark.parametrize(
    "frame",
    [
        b"", b"\xff", b"\xff\xd8", b"\xff\xd8\xff\xfe\x00\x0cSECRETNAME", b"\x00\x00\x00\x0cjP  ",
        b"\xff\xd8\xff\xe1\x00\x10Exif\0\0SECRET", b"\xff\xd8SECRET",
        b"\xff\x4f\xff\x64\x00\x0e\x00\x01SECRETNAME",
        b"\xff\xd8\xff\xe0\x00\x20JFIF\0" + b"SECRETNAME" * 3, b"\xff\x4f\xff\x51",
    ],
)  # fmt: skip
def test_what_is_not_understood_counts_as_speaking(frame: bytes) -> None:
    assert speaks(frame)


def frame_of(name: str) -> bytes:
    dataset = pydicom.dcmread(Path(get_testdata_file(name, download=False)))
    (frame,) = pydicom.encaps.generate_frames(dataset.PixelData, number_of_frames=1)
    return bytes(frame)


@pytest.mark.parametrize(
    "name", ["MR_small_jp2klossless.dcm", "MR_small_jpeg_ls_lossless.dcm", "SC_rgb_jpeg_gdcm.dcm"]
)
def test_text_behind_the_picture_or_between_its_scans_counts_as_speaking(name: str) -> None:
    frame = frame_of(name).rstrip(b"\0")
    assert frame.endswith(b"\xff\xd9")
    assert not speaks(frame + b"\0")
    assert speaks(frame + b"SECRETNAME")
    comment = b"\xff\xfe\0\x0cSECRETNAME" if frame[1] == 0xD8 else b"\xff\x64\0\x0e\0\1SECRETNAME"
    assert speaks(frame[:-2] + comment + b"\xff\xd9")


@pytest.mark.parametrize(
    "name", ["MR_small_jp2klossless.dcm", "MR_small_jpeg_ls_lossless.dcm", "JPGExtended.dcm"]
)
def test_real_compressed_frames_are_silent(name: str) -> None:
    assert not speaks(frame_of(name))


def test_a_compressed_file_is_rewritten_with_its_pixels_untouched(stack: Stack) -> None:
    message = message_of(Path(get_testdata_file("MR_small_jp2klossless.dcm", download=False)))
    archived(stack, message)
    original = pydicom.dcmread(get_testdata_file("MR_small_jp2klossless.dcm", download=False))
    instance = samples.address(original)
    ((headers, file),) = parts_of(stack.get(instance, ticket=ticket(stack, original)))
    assert headers["Content-Type"].endswith("1.2.840.10008.1.2.4.90")
    read = pydicom.dcmread(BytesIO(file))
    assert read.PixelData == original.PixelData
    assert (read.pixel_array == original.pixel_array).all()
    assert str(read.PatientName) == read.PatientID == ""
