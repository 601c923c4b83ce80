"""Videos as a browser gets them: stored bytes, by ranges, and for named viewers only."""

import pytest
from pydicom.encaps import encapsulate

from dicom_node.web import video

from . import samples
from .sender import Message
from .stack import Stack
from .test_web import archived

MPEG4 = "1.2.840.10008.1.2.4.102"
ENDOSCOPIC = "1.2.840.10008.5.1.4.1.1.77.1.1.1"
CLIP = b"\0\0\0\x20ftypisom" + bytes(range(256)) * 40


def film(clip: bytes = CLIP, *, fragments: int = 1, **values: object) -> tuple[str, Message]:
    """A video instance: its address, and the message that stores it."""
    dataset = samples.image(
        SOPClassUID=ENDOSCOPIC, Modality="ES", NumberOfFrames=25, FrameTime="40",
        SamplesPerPixel=3, PhotometricInterpretation="YBR_PARTIAL_420", PlanarConfiguration=0,
        BitsAllocated=8, BitsStored=8, HighBit=7, PixelData=None, **values,
    )  # fmt: skip
    size = -(-len(clip) // fragments)
    pieces = [clip[at : at + size] for at in range(0, len(clip), size)]
    body = encapsulate(pieces, has_bot=False)
    elements = samples.encoded(dataset) + b"\xe0\x7f\x10\x00OB\0\0\xff\xff\xff\xff" + body
    message = Message(
        ENDOSCOPIC,
        str(dataset.SOPInstanceUID),
        MPEG4,
        elements + b"\xfe\xff\xdd\xe0\0\0\0\0",
    )
    return samples.address(dataset), message


@pytest.mark.req("SHR-1.12", part=True)
@pytest.mark.parametrize("fragments", [1, 3])
def test_a_video_comes_as_it_is_stored_and_by_ranges(stack: Stack, fragments: int) -> None:
    address, message = film(fragments=fragments)
    archived(stack, message)
    whole = stack.get(f"{address}/rendered", accept="video/mp4")
    assert whole.status_code == 200
    assert whole.headers["content-type"] == "video/mp4"
    assert whole.headers["accept-ranges"] == "bytes"
    assert whole.content == CLIP
    size = len(CLIP)
    for asked, start, end in [
        ("bytes=0-99", 0, 100),
        ("bytes=3400-3500", 3400, 3501),
        ("bytes=10000-", 10000, size),
        ("bytes=-7", size - 7, size),
        ("bytes=100-999999", 100, size),
    ]:
        part = stack.get(f"{address}/rendered", accept="video/*", headers={"Range": asked})
        assert part.status_code == 206, asked
        assert part.headers["content-range"] == f"bytes {start}-{end - 1}/{size}"
        assert part.content == CLIP[start:end]


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("bytes=99999-", 416),
        ("bytes=-0", 416),
        ("bytes=9-3", 200),
        ("bytes=0-1,5-6", 200),
        ("bytes=", 200),
        ("bytes=" + "9" * 40 + "-", 200),
        ("lines=0-1", 200),
    ],
)
def test_a_range_that_is_none_breaks_nothing(stack: Stack, asked: str, status: int) -> None:
    address, message = film()
    archived(stack, message)
    answer = stack.get(f"{address}/rendered", accept="video/mp4", headers={"Range": asked})
    assert answer.status_code == status
    if status == 416:
        assert answer.headers["content-range"] == f"bytes */{len(CLIP)}"


def test_a_video_is_called_what_its_bytes_are(stack: Stack) -> None:
    address, message = film(b"\x47" + bytes(187) + b"\x47" + bytes(187) + b"\x47" + bytes(187))
    archived(stack, message)
    assert stack.get(f"{address}/rendered", accept="video/mp4").status_code == 406
    answer = stack.get(f"{address}/rendered", accept="video/*")
    assert answer.headers["content-type"] == "video/mp2t"
    assert stack.get(f"{address}/rendered", accept="image/jpeg").status_code == 406


def test_containers_by_their_first_bytes() -> None:
    assert video.container(b"\0\0\0\x01\x67", MPEG4) == "video/h264"
    assert video.container(b"\0\0\x01\xba", "1.2.840.10008.1.2.4.100") == "video/mpeg"
    assert video.container(b"\0\0\0\x01\x40", "1.2.840.10008.1.2.4.107") == "video/h265"
    assert video.container(b"", MPEG4) == "video/h264"


def test_a_video_is_withheld_from_an_anonymous_viewer(stack: Stack) -> None:
    address, message = film(BurnedInAnnotation="NO")
    archived(stack, message)
    ticket = stack.ticket(anon=True)
    for path, accept in (("/rendered", "video/mp4"), ("/frames/1", "application/octet-stream")):
        answer = stack.get(address + path, ticket=ticket, accept=accept)
        assert answer.status_code == 403
        assert answer.json()["error"] == "withheld"


def test_a_video_takes_a_ticket_that_reaches_it(stack: Stack) -> None:
    address, message = film()
    archived(stack, message)
    for claims, status in [
        ({"perms": ["download"]}, 403),
        ({"scope": {"hospitals": ["H002"]}}, 404),
        ({"aud": "somebody"}, 401),
    ]:
        ticket = stack.ticket(**claims)
        answer = stack.get(f"{address}/rendered", ticket=ticket, accept="video/mp4")
        assert answer.status_code == status
