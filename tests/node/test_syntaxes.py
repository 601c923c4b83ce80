"""What comes out is what went in, in every transfer syntax."""

import zlib
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

import gdcm
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames
from pynetdicom import AE
from pynetdicom.sop_class import Verification

from dicom_node.dataset.part10 import decode
from dicom_node.dataset.syntax import SYNTAXES

from . import samples
from .conftest import shared
from .sender import Message, message_of, send, store
from .stack import Stack, parts_of

SHARED = shared("transfer_syntax/**/*")


def waves(messages: Iterable[Message]) -> list[list[Message]]:
    """Split so that no SOP Instance UID appears twice in a wave."""
    found: list[list[Message]] = []
    for message in messages:
        for wave in found:
            if message.sop_instance not in {other.sop_instance for other in wave}:
                wave.append(message)
                break
        else:
            found.append([message])
    return found


def address_of(stack: Stack, sop: str) -> str:
    ((study, series),) = stack.query(
        "SELECT t.study_uid, s.series_uid FROM archive.instance i"
        " JOIN archive.series s ON s.id = i.series_id JOIN archive.study t ON t.id = s.study_id"
        " WHERE i.sop_uid = %s",
        sop,
    )
    return f"/studies/{study}/series/{series}/instances/{sop}"


def assert_returned(stack: Stack, message: Message) -> None:
    address = address_of(stack, message.sop_instance)
    ((headers, part),) = parts_of(
        stack.get(address, accept='multipart/related; type="application/dicom"')
    )
    meta, start = decode(part)
    assert part[start:] == message.data, f"{message.name}: other bytes came back"
    assert meta.syntax == message.syntax
    assert headers["Content-Type"] == f"application/dicom; transfer-syntax={message.syntax}"


def assert_stored_as_a_dicom_file(stack: Stack, message: Message) -> None:
    (path,) = stack.root.glob(f"store/**/{message.sop_instance}.dcm")
    read = pydicom.dcmread(path)
    assert read.SOPInstanceUID == message.sop_instance
    assert read.file_meta.TransferSyntaxUID == message.syntax
    assert path.read_bytes().endswith(message.data)


def frames_in(message: Message) -> list[bytes]:
    """The frames as pydicom, an independent reader, finds them."""
    head = bytes(128) + b"DICM"
    dataset = pydicom.dcmread(
        BytesIO(head + _meta(message.syntax) + message.data), force=True, defer_size=None
    )
    if "PixelData" not in dataset:
        return []
    count = int(dataset.get("NumberOfFrames") or 1)
    if SYNTAXES[message.syntax].encapsulated:
        return list(generate_frames(dataset.PixelData, number_of_frames=count))
    bits = dataset.Rows * dataset.Columns * dataset.SamplesPerPixel * dataset.BitsAllocated
    size = bits // 8
    return [dataset.PixelData[n * size : (n + 1) * size] for n in range(count)]


def _meta(syntax: str) -> bytes:
    value = syntax.encode() + b"\0" * (len(syntax) % 2)
    return b"\x02\x00\x10\x00UI" + len(value).to_bytes(2, "little") + value


def assert_frames(stack: Stack, message: Message) -> int:
    expected = frames_in(message)
    address = address_of(stack, message.sop_instance)
    if not expected:
        return 0
    numbers = ",".join(str(number) for number in range(1, len(expected) + 1))
    answer = stack.get(
        f"{address}/frames/{numbers}",
        accept='multipart/related; type="application/octet-stream"; transfer-syntax=*',
    )
    assert answer.status_code == 200, f"{message.name}: {answer.text[:200]}"
    parts = parts_of(answer)
    assert [len(body) for _h, body in parts] == [len(frame) for frame in expected], message.name
    assert [body for _h, body in parts] == expected, f"{message.name}: other frames came back"
    for headers, _body in parts:
        assert headers["Content-Type"].endswith(f"transfer-syntax={message.syntax}")
    bare = stack.get(f"{address}/frames/1", accept="application/octet-stream")
    assert bare.content == expected[0]
    assert bare.headers["content-type"] == (
        f"application/octet-stream; transfer-syntax={message.syntax}"
    )
    return len(expected)


@pytest.mark.skipif(not SHARED, reason="the shared test data is not here")
@pytest.mark.req("ARC-4.1", part=True)
def test_every_shared_file_is_accepted_and_comes_back_byte_for_byte(stack: Stack) -> None:
    frames = 0
    for wave in waves(message_of(path) for path in SHARED):
        stack.reset()
        answers = send(stack.dicom_port, wave)
        for message, answer in zip(wave, answers, strict=True):
            assert answer is not None, f"{message.name}: no answer"
            assert answer.status == 0, f"{message.name}: 0x{answer.status:04X} {answer.comment}"
        stack.wait_archived()
        assert stack.query("SELECT count(*) FROM archive.instance") == [(len(wave),)]
        for message in wave:
            assert_returned(stack, message)
            frames += assert_frames(stack, message)
    assert frames >= len(SHARED)


# Of the twelve syntaxes of the clause, what the pydicom wheel holds; the last is made below.
WHEEL = {
    "1.2.840.10008.1.2": "MR_small_implicit.dcm",
    "1.2.840.10008.1.2.1": "MR_small.dcm",
    "1.2.840.10008.1.2.2": "MR_small_bigendian.dcm",
    "1.2.840.10008.1.2.5": "MR_small_RLE.dcm",
    "1.2.840.10008.1.2.4.50": "SC_rgb_jpeg_dcmtk.dcm",
    "1.2.840.10008.1.2.4.51": "JPGExtended.dcm",
    "1.2.840.10008.1.2.4.70": "SC_rgb_jpeg_gdcm.dcm",
    "1.2.840.10008.1.2.4.80": "MR_small_jpeg_ls_lossless.dcm",
    "1.2.840.10008.1.2.4.81": "JPEGLSNearLossless_16.dcm",
    "1.2.840.10008.1.2.4.90": "MR_small_jp2klossless.dcm",
    "1.2.840.10008.1.2.4.91": "JPEG2000.dcm",
}


def lossless_process_14(directory: Path) -> Message:
    """No file of the wheel is in this syntax; GDCM encodes one."""
    reader, change, writer = (
        gdcm.ImageReader(),
        gdcm.ImageChangeTransferSyntax(),
        gdcm.ImageWriter(),
    )
    reader.SetFileName(get_testdata_file("MR_small.dcm", download=False))
    assert reader.Read()
    change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGLosslessProcess14))
    change.SetInput(reader.GetImage())
    assert change.Change()
    target = directory / "process_14.dcm"
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    writer.SetFileName(str(target))
    assert writer.Write()
    return message_of(target)


TWELVE = sorted([*WHEEL, "1.2.840.10008.1.2.4.57"])


def message_in(syntax: str, directory: Path) -> Message:
    if syntax not in WHEEL:
        return lossless_process_14(directory)
    return message_of(Path(get_testdata_file(WHEEL[syntax], download=False)))


@pytest.mark.req("ARC-4.1", part=True)
@pytest.mark.parametrize("syntax", TWELVE)
def test_each_required_syntax_comes_back_byte_for_byte(
    stack: Stack, syntax: str, tmp_path: Path
) -> None:
    message = message_in(syntax, tmp_path)
    assert message.syntax == syntax
    (answer,) = send(stack.dicom_port, [message])
    assert answer is not None
    assert answer.status == 0, answer.comment
    stack.wait_archived()
    assert_returned(stack, message)
    assert assert_frames(stack, message) >= 1


@pytest.mark.req("ARC-4.1", "ARC-5.7")
def test_one_association_echoes_and_stores_in_all_twelve_syntaxes(
    stack: Stack, tmp_path: Path
) -> None:
    messages = [message_in(syntax, tmp_path) for syntax in TWELVE]
    assert len({message.syntax for message in messages}) == 12
    entity = AE("CT_A")
    entity.add_requested_context(Verification)
    for message in messages:
        entity.add_requested_context(message.sop_class, message.syntax)
    opened = entity.associate("127.0.0.1", stack.dicom_port, ae_title="YUNYING")
    assert opened.is_established
    assert opened.send_c_echo().Status == 0
    for wave in waves(messages):
        stack.reset()
        for message in wave:
            answer = store(opened, message)
            assert answer is not None
            assert answer.status == 0, f"{message.syntax}: {answer.comment}"
        stack.wait_archived()
        for message in wave:
            assert_returned(stack, message)
            assert_stored_as_a_dicom_file(stack, message)
    opened.release()
    assert opened.is_released


@pytest.mark.req("ARC-4.1", part=True)
def test_an_unknown_and_a_private_storage_class_are_accepted(stack: Stack) -> None:
    messages = [
        samples.message(samples.image(SOPClassUID=kind))
        for kind in ("1.2.840.10008.5.1.4.1.1.9999", "1.3.46.670589.5.0.1")
    ]
    answers = send(stack.dicom_port, messages)
    assert [answer and answer.status for answer in answers] == [0, 0]
    stack.wait_archived()
    for message in messages:
        assert_returned(stack, message)


def deflated(dataset: Dataset) -> Message:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    data = compressor.compress(samples.encoded(dataset)) + compressor.flush()
    return Message(dataset.SOPClassUID, dataset.SOPInstanceUID, "1.2.840.10008.1.2.1.99", data)


def test_frames_of_a_deflated_file_are_served_inflated(stack: Stack) -> None:
    dataset = samples.image()
    message = deflated(dataset)
    assert [answer and answer.status for answer in send(stack.dicom_port, [message])] == [0]
    stack.wait_archived()
    assert_returned(stack, message)
    frame = stack.get(f"{samples.address(dataset)}/frames/1", accept="application/octet-stream")
    assert frame.content == dataset.PixelData


def test_a_deflated_file_is_not_multiplied_in_memory(stack: Stack) -> None:
    side = 1024
    dataset = samples.image(Rows=side, Columns=side, PixelData=bytes(2 * side * side))
    message = deflated(dataset)
    assert [answer and answer.status for answer in send(stack.dicom_port, [message])] == [0]
    stack.wait_archived()
    many = ",".join(["1"] * 200)
    answer = stack.get(f"{samples.address(dataset)}/frames/{many}")
    assert (answer.status_code, answer.json()["error"]) == (400, "bad_request")


def test_a_multi_frame_file_is_served_frame_by_frame(stack: Stack) -> None:
    pixels = bytes(range(256)) * 2 * 3
    dataset = samples.image(NumberOfFrames=3, PixelData=pixels)
    send(stack.dicom_port, [samples.message(dataset)])
    stack.wait_archived()
    address = f"{samples.address(dataset)}/frames"
    parts = parts_of(stack.get(f"{address}/3,1"))
    assert [body for _headers, body in parts] == [pixels[1024:], pixels[:512]]
    assert stack.get(f"{address}/4").status_code == 404
    assert stack.get(f"{address}/0").status_code == 404
    assert stack.get(f"{address}/1,x").status_code == 400
