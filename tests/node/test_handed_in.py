"""Pictures, documents and films that are no DICOM become instances that keep to the standard."""

import io
import json
import shutil
import struct
import subprocess
import time
import zlib
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.dataset import Dataset

from . import samples
from .stack import REPOSITORY, Stack
from .test_stow import post, reasons, stored

KIND = 'multipart/related; type="application/dicom+json"; boundary=x-y-z'
CLIP = (REPOSITORY / "tests" / "samples" / "clip.mp4").read_bytes()
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


def picture(
    mode: str = "RGB", kind: str = "PNG", size: tuple[int, int] = (31, 21), **options: Any
) -> bytes:
    shape = (size[1], size[0], 3) if mode == "RGB" else (size[1], size[0])
    values = np.random.default_rng(7).integers(0, 255, shape)
    image = Image.fromarray(values.astype("uint16" if mode == "I;16" else "uint8"))
    content = io.BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()


def metadata(file: str = "file", *, document: bool = False, **values: Any) -> dict[str, Any]:
    dataset = Dataset()
    dataset.StudyInstanceUID = samples.uid()
    dataset.PatientID, dataset.PatientName = "P100", "Wang^XiaoDong=王^小东"
    dataset.StudyDate, dataset.StudyDescription = "20261120", "皮肤镜"
    for keyword, value in values.items():
        if value is None:
            delattr(dataset, keyword)
        else:
            setattr(dataset, keyword, value)
    bulk = {"vr": "OB", "BulkDataURI": file}
    return dataset.to_json_dict() | {"00420011" if document else "7FE00010": bulk}


def body(described: Any, *files: tuple[str, bytes], location: str = "file") -> bytes:
    text = described if isinstance(described, bytes) else json.dumps(described).encode()
    parts = [(b"application/dicom+json", b"", text)]
    parts += [
        (kind.encode(), (f"{location}{number or ''}").encode(), content)
        for number, (kind, content) in enumerate(files)
    ]
    return (
        b"".join(
            b"\r\n--x-y-z\r\nContent-Type: %b\r\nContent-Location: %b\r\n\r\n%b" % part
            for part in parts
        )
        + b"\r\n--x-y-z--\r\n"
    )


def hand_in(
    stack: Stack, described: Any, *files: tuple[str, bytes], **claims: Any
) -> httpx.Response:
    return post(stack, body(described, *files), KIND, **claims)


def archived(stack: Stack, answer: httpx.Response) -> Dataset:
    assert answer.status_code == 200, (answer.text, answer.headers)
    (sop,) = stored(answer)
    stack.wait_archived()
    ((key,),) = stack.query("SELECT object_key FROM archive.instance WHERE sop_uid = %s", sop)
    return pydicom.dcmread(stack.root / "store" / key)


def test_a_png_comes_back_pixel_by_pixel(stack: Stack) -> None:
    content = picture()
    ds = archived(stack, hand_in(stack, metadata(), ("image/png", content)))
    assert ds.SOPClassUID == samples.SC
    assert (ds.PatientName, ds.StudyDescription) == ("Wang^XiaoDong=王^小东", "皮肤镜")
    assert (ds.BurnedInAnnotation, ds.LossyImageCompression) == ("YES", "00")
    assert np.array_equal(ds.pixel_array, np.asarray(Image.open(io.BytesIO(content))))


@pytest.mark.parametrize("mode", ["L", "I;16"])
def test_a_grey_png_keeps_its_depth(stack: Stack, mode: str) -> None:
    content = picture(mode)
    ds = archived(stack, hand_in(stack, metadata(), ("image/png", content)))
    assert ds.BitsAllocated == (16 if mode == "I;16" else 8)
    assert np.array_equal(ds.pixel_array, np.asarray(Image.open(io.BytesIO(content))))


def test_a_plain_jpeg_is_kept_byte_by_byte(stack: Stack) -> None:
    content = picture(kind="JPEG", size=(64, 48), quality=90)
    photographic = "1.2.840.10008.5.1.4.1.1.77.1.4"
    described = metadata(SOPClassUID=photographic)
    ds = archived(stack, hand_in(stack, described, ("image/jpeg", content)))
    assert ds.SOPClassUID == photographic
    assert ds.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.4.50"
    assert (ds.Rows, ds.Columns, ds.PhotometricInterpretation) == (48, 64, "YBR_FULL_422")
    assert ds.LossyImageCompression == "01"
    address = samples.address(ds)
    frame = stack.get(f"{address}/frames/1", accept="application/octet-stream")
    assert frame.content.rstrip(b"\0") == content
    assert stack.get(f"{address}/rendered", accept="image/png").status_code == 200


def test_a_progressive_or_turned_jpeg_is_decoded_upright(stack: Stack) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = picture(kind="JPEG", exif=exif)
    ds = archived(stack, hand_in(stack, metadata(), ("image/jpeg", turned)))
    assert (ds.Rows, ds.Columns) == (31, 21), "a quarter turn, as the camera was held"
    progressive = picture(kind="JPEG", progressive=True)
    ds = archived(stack, hand_in(stack, metadata(), ("image/jpeg", progressive)))
    assert ds.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    assert np.array_equal(ds.pixel_array, np.asarray(Image.open(io.BytesIO(progressive))))


def test_a_document_comes_back_byte_by_byte(stack: Stack) -> None:
    described = metadata(document=True, DocumentTitle="出院小结")
    ds = archived(stack, hand_in(stack, described, ("application/pdf", PDF)))
    assert ds.EncapsulatedDocument[: ds.EncapsulatedDocumentLength] == PDF
    assert (ds.DocumentTitle, ds.Modality) == ("出院小结", "DOC")
    assert ds.MIMETypeOfEncapsulatedDocument == "application/pdf"


@pytest.mark.req("SHR-1.12", part=True)
def test_a_film_comes_back_byte_by_byte_and_is_described(stack: Stack) -> None:
    ds = archived(stack, hand_in(stack, metadata(), ("video/mp4", CLIP)))
    assert ds.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.4.102"
    assert (ds.Rows, ds.Columns, ds.NumberOfFrames, ds.FrameTime) == (120, 160, 50, 40)
    answer = stack.get(f"{samples.address(ds)}/rendered", accept="video/mp4")
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.content[: len(CLIP)] == CLIP


def _quarantined(stack: Stack) -> list[tuple[object, ...]]:
    return stack.query("SELECT body FROM archive.outbox WHERE kind = 'quarantine'")


def test_the_same_file_twice_is_one_instance(stack: Stack) -> None:
    described = metadata()
    content = picture()
    for _ in range(2):
        archived(stack, hand_in(stack, described, ("image/png", content)))
        time.sleep(1.1)
    assert len(stack.query("SELECT 1 FROM archive.instance")) == 1
    assert stack.query("SELECT duplicate_count FROM archive.study") == [(1,)]
    assert not _quarantined(stack)


def test_the_same_file_with_another_title_is_another_instance(stack: Stack) -> None:
    study, content = samples.uid(), picture()
    for title in ("皮肤镜", "皮肤镜 左臂"):
        described = metadata(StudyInstanceUID=study, StudyDescription=title)
        archived(stack, hand_in(stack, described, ("image/png", content)))
    assert len(stack.query("SELECT 1 FROM archive.instance")) == 2
    assert not _quarantined(stack)


def test_a_file_is_for_one_data_set(stack: Stack) -> None:
    study = samples.uid()
    twice = [metadata(StudyInstanceUID=study, StudyID=number) for number in ("1", "2")]
    answer = hand_in(stack, twice, ("image/png", picture()))
    assert (answer.status_code, len(stored(answer))) == (202, 1)


def test_an_odd_exif_block_harms_neither_its_picture_nor_the_others(stack: Stack) -> None:
    study = samples.uid()
    plain = picture(kind="JPEG")
    odd = plain[:2] + b"\xff\xe1\x00\x0cExif\0\0II*\0" + plain[2:]
    both = [metadata(StudyInstanceUID=study), metadata("file1", StudyInstanceUID=study)]
    answer = hand_in(stack, both, ("image/png", picture()), ("image/jpeg", odd))
    assert (answer.status_code, len(stored(answer))) == (200, 2)


def test_colours_of_sixteen_bits_are_refused_not_cut(stack: Stack) -> None:
    answer = hand_in(stack, metadata(), ("image/png", _sixteen_bits()))
    assert answer.status_code == 409
    assert "more than 8 bits" in answer.headers["warning"]


def _sixteen_bits() -> bytes:
    """One red pixel of 16 bits a colour (ISO/IEC 15948)."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        check = zlib.crc32(kind + body)
        return struct.pack(">L", len(body)) + kind + body + struct.pack(">L", check)

    header = struct.pack(">LLBBBBB", 1, 1, 16, 2, 0, 0, 0)
    row = zlib.compress(b"\0" + struct.pack(">HHH", 65535, 1, 2))
    signature = b"\x89PNG\r\n\x1a\n"
    return signature + chunk(b"IHDR", header) + chunk(b"IDAT", row) + chunk(b"IEND", b"")


def test_several_files_each_find_their_own(stack: Stack) -> None:
    study = samples.uid()
    one = metadata(StudyInstanceUID=study)
    two = metadata("file1", StudyInstanceUID=study, document=True)
    answer = hand_in(stack, [one, two], ("image/png", picture()), ("application/pdf", PDF))
    assert (answer.status_code, len(stored(answer))) == (200, 2)


@pytest.mark.parametrize(
    ("described", "kind", "content", "reason"),
    [
        ({"StudyInstanceUID": None}, "image/png", picture(), "StudyInstanceUID is missing"),
        ({"PatientID": None}, "image/png", picture(), "PatientID is missing"),
        ({}, "image/png", b"\x89PNG\r\n\x1a\nbroken", "the file is no PNG"),
        ({}, "image/png", picture(kind="JPEG"), "the file is no PNG"),
        ({}, "image/jpeg", picture(kind="JPEG", size=(640, 480))[:-9000], "no JPEG"),
        ({}, "image/gif", b"GIF89a", "the media type is none of"),
        ({"SOPClassUID": samples.CT}, "image/png", picture(), "SOPClassUID is not for"),
        ({}, "application/pdf", b"<html>", "the file is no PDF"),
        ({}, "video/mp4", b"\0\0\0\x08free", "the file is no MP4"),
        ({}, "video/mp4", CLIP[:900], "cut off"),
        ({}, "video/mp4", CLIP.replace(b"avc1", b"mp4v"), "neither H.264 nor HEVC"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_and_nothing_kept(
    stack: Stack, described: dict[str, Any], kind: str, content: bytes, reason: str
) -> None:
    answer = hand_in(stack, metadata(**described), (kind, content))
    assert (answer.status_code, reasons(answer)) == (409, [0xC000])
    assert reason in answer.headers["warning"]
    assert not stack.spooled()


@pytest.mark.parametrize(
    ("tag", "element"),
    [
        ("0020000D", {"vr": "UI", "Value": ["1.2/../../etc"]}),
        ("00100010", {"vr": "PN", "Value": [{"Alphabetic": 7}]}),
        ("00100010", "王小东"),
        ("00080020", {"vr": "DA", "Value": ["2026-11-20"]}),
        ("00080060", {"vr": "CS", "Value": ["<script>"]}),
        ("00200013", {"vr": "IS", "Value": [[1]]}),
        ("00081030", {"vr": "LO", "Value": ["x" * 5000]}),
        ("00081030", {"vr": "LO", "Value": ["a", "b"]}),
        ("7FE00010", {"vr": "OB", "BulkDataURI": "another"}),
        ("7FE00010", {"vr": "OB", "InlineBinary": "AAAA"}),
    ],
)
def test_hostile_metadata_makes_no_instance(stack: Stack, tag: str, element: Any) -> None:
    answer = hand_in(stack, metadata() | {tag: element}, ("image/png", picture()))
    assert (answer.status_code, reasons(answer)) == (409, [0xC000])
    assert not stack.spooled()


@pytest.mark.parametrize(
    "described", [b"no json", b"[" * 100_000, b"[1]", b"", b"[" + b"{}," * 101 + b"{}]"]
)
def test_hostile_json_is_refused(stack: Stack, described: bytes) -> None:
    answer = hand_in(stack, described, ("image/png", picture()))
    assert answer.status_code in (400, 409)
    assert not stack.spooled()


def test_a_bomb_of_pixels_is_not_decoded(stack: Stack) -> None:
    content = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(content, "PNG")
    answer = hand_in(stack, metadata(), ("image/png", content.getvalue()))
    assert "pixels" in answer.headers["warning"]
    assert not stack.spooled()


@pytest.mark.parametrize(
    ("claims", "status"),
    [({"perms": ["view"]}, 403), ({"scope": {"hospitals": ["*"]}}, 403), ({"aud": "x"}, 401)],
)
def test_who_may_not_store_hands_in_nothing(
    stack: Stack, claims: dict[str, Any], status: int
) -> None:
    answer = hand_in(stack, metadata(), ("image/png", picture()), **claims)
    assert answer.status_code == status
    assert not stack.spooled()


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dicom3tools are not installed")
def test_what_is_made_keeps_to_the_standard(stack: Stack, tmp_path: Path) -> None:
    for described, kind, content in (
        (metadata(), "image/png", picture()),
        (
            metadata(SOPClassUID="1.2.840.10008.5.1.4.1.1.77.1.4"),
            "image/jpeg",
            picture(kind="JPEG"),
        ),
        (metadata(document=True), "application/pdf", PDF),
        (metadata(), "video/mp4", CLIP),
    ):
        path = tmp_path / "made.dcm"
        archived(stack, hand_in(stack, described, (kind, content))).save_as(path)
        checked = subprocess.run(
            ["dciodvfy", str(path)], capture_output=True, text=True, check=False
        )
        errors = [line for line in checked.stderr.splitlines() if line.startswith("Error")]
        # Nobody said where on the body the film was made, and nothing is invented.
        assert [line for line in errors if "AnatomicRegionSequence" not in line] == [], kind
