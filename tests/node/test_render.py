"""`dicom-node render`: what a reader is shown, and what he is told when he is shown nothing."""

import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
from pydicom import Dataset
from pydicom.encaps import encapsulate
from websockets.exceptions import ConnectionClosed

from . import samples
from .rendering import (
    AIR,
    AXIAL,
    CORONAL,
    MARKS,
    SAGITTAL,
    Ended,
    Reader,
    archived,
    grid,
    opened,
    reader,
    series,
    workers,
)
from .sender import Message, send
from .stack import Stack, wait_until

JPEG_2000 = "1.2.840.10008.1.2.4.90"
SMALL = (64, 64, 48), (2.2, 2.0, 2.5)
# What the standard views are by definition: towards which side of the patient right and down lead.
LEFT, BACK, HEAD = np.eye(3)
DEFINED = {
    "axial": (LEFT, BACK), "sagittal": (BACK, -HEAD), "coronal": (LEFT, -HEAD),
    "A": (LEFT, -HEAD), "P": (-LEFT, -HEAD), "L": (BACK, -HEAD), "R": (-BACK, -HEAD),
    "H": (-LEFT, BACK), "F": (LEFT, BACK),
}  # fmt: skip
LETTERS = {
    "axial": "ALPR", "sagittal": "HPFA", "coronal": "HLFR", "A": "HLFR", "P": "HRFL",
    "L": "HPFA", "R": "HAFP", "H": "ARPL", "F": "ALPR",
}  # fmt: skip
PIXEL, SIZE = 0.5, (320, 320)


def expected(name: str, point: Any) -> tuple[int, int]:
    """Row and column of a point about the middle of a picture, from the definition alone."""
    right, down = DEFINED[name]
    return (
        int(SIZE[1] / 2 + float(np.array(point) @ down) / PIXEL),
        int(SIZE[0] / 2 + float(np.array(point) @ right) / PIXEL),
    )


def _around(pixels: Any, at: tuple[int, int]) -> int:
    return int(pixels[at[0] - 4 : at[0] + 5, at[1] - 4 : at[1] + 5].max())


def marks(one: Reader, name: str, **more: Any) -> dict[str, bool]:
    """Which marks are where they belong, and nothing is on the other side."""
    frame = one.show(
        orientation=name, centre=[0, 0, 0], pixel=PIXEL, size=list(SIZE), lossless=True, **more
    )
    edges = frame.about["edges"]
    assert edges["top"] + edges["right"] + edges["bottom"] + edges["left"] == LETTERS[name]
    assert frame.about["pixel"] == pytest.approx(PIXEL)
    pixels = frame.pixels.astype(int)
    if pixels.ndim == 3:
        pixels = pixels.max(axis=2)
    found = {}
    for letter, (point, _radius, _value) in MARKS.items():
        here, there = expected(name, point), expected(name, -np.array(point))
        if here == there:
            continue  # along the line of sight
        found[letter] = _around(pixels, here) > 80 and _around(pixels, there) < 20
    return found


@pytest.mark.req(
    "SHR-3.28", "SHR-3.29", "SHR-3.32", "SHR-3.36", "SHR-3.37", "PAT-1.6", "PAT-1.7", part=True
)
@pytest.mark.parametrize("orientation", [AXIAL, SAGITTAL, CORONAL], ids=["ax", "sag", "cor"])
@pytest.mark.parametrize("backwards", [False, True], ids=["up", "down"])
def test_marks_are_where_they_belong_in_every_view_and_mode(
    node: Stack, orientation: Any, backwards: bool
) -> None:
    first = archived(node, series(grid(orientation, *SMALL), backwards=backwards))
    window = {"center": 300, "width": 300}
    with opened(node, first) as one:
        for name in ("axial", "sagittal", "coronal"):
            slab = {"thickness": 300, "projection": "max"}
            found = marks(one, name, mode="mpr", slab=slab, window=window)
            assert len(found) == 2 and all(found.values()), (name, found)
        for name in ("A", "P", "L", "R", "H", "F"):
            found = marks(one, name, mode="vr", preset="bone")
            assert len(found) == 2 and all(found.values()), (name, found)


def test_a_ticket_without_the_right_opens_nothing(node: Stack) -> None:
    first = archived(node, series(grid(AXIAL, *SMALL)))
    for claims, code in (
        ({"perms": ["view", "download"]}, "permission_denied"),
        ({"scope": {"studies": ["1.2.3"]}}, "not_found"),
        ({"scope": {"hospitals": ["H002"]}}, "not_found"),
        ({"exp": 1}, "ticket_expired"),
    ):
        with pytest.raises(Ended) as refusal, opened(node, first, **claims):
            pass
        assert refusal.value.code == code
    with reader(node) as one, pytest.raises(Ended) as refusal:
        one.say("view", mode="vr")
        one.wait("opened")
    assert refusal.value.code == "bad_request"
    with pytest.raises(Exception, match="403"), reader(node, Origin="http://evil.test"):
        pass


def test_a_revoked_ticket_ends_the_session(node: Stack) -> None:
    first = archived(node, series(grid(AXIAL, *SMALL)))
    with opened(node, first, sub="user:77") as one:
        one.show(mode="mpr", orientation="axial", size=[64, 64])
        node.redis.set("yunying:revoked:user:77", 1, ex=60)
        try:
            with pytest.raises(Ended) as refusal:
                one.wait("never", 5)
            assert refusal.value.code == "ticket_revoked"
        finally:
            node.redis.delete("yunying:revoked:user:77")


def test_a_session_is_one_line_of_the_access_log(node: Stack) -> None:
    first = archived(node, series(grid(AXIAL, *SMALL)))
    with opened(node, first, anon=True) as one:
        assert set(one.opened) == {
            "type", "grid", "unit", "range", "usual", "window", "inverted", "presets", "every",
        }  # fmt: skip
        for orientation in ("axial", "coronal"):
            one.show(orientation=orientation, size=[64, 64])
    (event,) = wait_until(lambda: node.portal.of("access"), "the portal hears of it")
    found = {key: event[key] for key in ("action", "study_uid", "address")}
    study = str(first.StudyInstanceUID)
    assert found == {"action": "rendered", "study_uid": study, "address": "127.0.0.1"}


def pictures(**values: Any) -> list[Dataset]:
    return series(grid(AXIAL, (16, 16, 8), (8, 8, 12)), **values)


def without(keyword: str) -> list[Dataset]:
    found = pictures()
    for one in found:
        delattr(one, keyword)
    return found


def tilted() -> list[Dataset]:
    found = pictures()
    for number, one in enumerate(found):
        x, y, z = one.ImagePositionPatient
        one.ImagePositionPatient = [float(x), float(y) + 1.0 * number, float(z)]
    return found


def mixed() -> list[Dataset]:
    """A localizer in the series."""
    found = pictures()
    found[3].ImageOrientationPatient = list(CORONAL)
    return found


def missing() -> list[Dataset]:
    found = pictures()
    del found[4]
    return found


def twice() -> list[Dataset]:
    first, second = pictures(), pictures()
    for one, other in zip(first, second, strict=True):
        other.StudyInstanceUID, other.SeriesInstanceUID = (
            one.StudyInstanceUID, one.SeriesInstanceUID,
        )  # fmt: skip
        other.FrameOfReferenceUID = one.FrameOfReferenceUID
    return [*first, *second]


def coloured() -> list[Dataset]:
    found = pictures()
    for one in found:
        one.SamplesPerPixel, one.PhotometricInterpretation, one.PlanarConfiguration = 3, "RGB", 0
        one.BitsAllocated, one.BitsStored, one.HighBit = 8, 8, 7
        one.PixelData = bytes(16 * 16 * 3)
    return found


@pytest.mark.parametrize(
    ("datasets", "code"),
    [
        (lambda: pictures()[:1], "refused_few"),
        (lambda: without("ImagePositionPatient"), "refused_unknownPosition"),
        (lambda: without("PixelSpacing"), "refused_spacing"),
        (tilted, "refused_tilt"),
        (mixed, "refused_orientation"),
        (missing, "refused_gap"),
        (twice, "refused_duplicate"),
        (coloured, "refused_colour"),
    ],
)
def test_what_would_be_distorted_is_refused_with_a_sentence(
    node: Stack, datasets: Any, code: str
) -> None:
    first = archived(node, datasets())
    with pytest.raises(Ended) as refusal, opened(node, first):
        pass
    assert refusal.value.code == code
    assert refusal.value.message.endswith(".")


def test_a_picture_that_cannot_be_decoded_is_told(node: Stack) -> None:
    broken = pictures()
    for one in broken:
        one.PixelData = encapsulate([b"no picture" * 20])
        one["PixelData"].is_undefined_length = True
    sent = [
        Message(str(one.SOPClassUID), str(one.SOPInstanceUID), JPEG_2000, samples.encoded(one))
        for one in broken
    ]
    assert all(answer and answer.status == 0 for answer in send(node.dicom_port, sent, "CT_A"))
    node.wait_archived()
    with pytest.raises(Ended) as refusal, opened(node, broken[0]):
        pass
    assert refusal.value.code == "refused_undecodable"


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.80"])
def test_compressed_pictures_give_the_same_volume(node: Stack, syntax: str) -> None:
    datasets = pictures()
    sent = []
    for one in datasets:
        pixels = np.frombuffer(one.PixelData, "<u2").reshape(16, 16)
        encoded = (
            imagecodecs.jpeg2k_encode(pixels, level=0, codecformat="j2k", reversible=True)
            if syntax == JPEG_2000
            else imagecodecs.jpegls_encode(pixels)
        )
        one.PixelData = encapsulate([encoded])
        one["PixelData"].is_undefined_length = True
        one.BitsStored, one.HighBit = 16, 15
        sent.append(
            Message(str(one.SOPClassUID), str(one.SOPInstanceUID), syntax, samples.encoded(one))
        )
    assert all(answer and answer.status == 0 for answer in send(node.dicom_port, sent, "CT_A"))
    node.wait_archived()
    with opened(node, datasets[0]) as one:
        assert one.opened["range"] == [AIR, max(value for _, _, value in MARKS.values())]
        assert one.opened["unit"] == "HU"


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ({"size": [1, 99999]}, "size"),
        ({"size": "large"}, "size"),
        ({"orientation": "upside down"}, "orientation"),
        ({"orientation": {"right": [1, 0, 0], "down": [1, 0, 0]}}, "orientation"),
        ({"orientation": {"right": [0, 0, 0], "down": [0, 1, 0]}}, "orientation"),
        ({"centre": [1e300, 0, 0]}, "centre"),
        ({"pixel": -1}, "pixel"),
        ({"window": {"center": 0, "width": 0}}, "window.width"),
        ({"window": {"center": 1e99, "width": 1}}, "window.center"),
        ({"slab": {"thickness": 10, "projection": "sum"}}, "slab.projection"),
        ({"crop": [[0, 1], [0.5, 0.5], [0, 1]]}, "crop"),
        ({"preset": "mrSurface"}, "preset"),
        ({"mode": 3}, "mode"),
        ({"patient": "Wang"}, "'patient'"),
        ({"pane": 99}, "pane"),
    ],
)
def test_a_wrong_value_is_named_and_the_session_goes_on(
    session: Reader, message: dict[str, Any], field: str
) -> None:
    session.say("view", **message)
    with pytest.raises(Ended) as refusal:
        session.wait("never", 5)
    assert refusal.value.code == "bad_request"
    assert refusal.value.message.startswith(f"{field}:")
    assert session.show(mode="mpr", orientation="axial", size=[64, 64]).pixels.shape == (64, 64)


@pytest.fixture(scope="module")
def scene(renders: Stack) -> Dataset:
    renders.reset()
    return archived(renders, series(grid(AXIAL, *SMALL)))


@pytest.fixture
def session(renders: Stack, scene: Dataset) -> Iterator[Reader]:
    with opened(renders, scene) as one:
        yield one


def test_what_is_no_message_is_told_and_the_session_goes_on(session: Reader) -> None:
    for raw in ("{", "[]", '{"type": "open"}', '{"type": ["view"]}', "[" * 50_000, b"\x00"):
        session.connection.send(raw)
        with pytest.raises(Ended) as refusal:
            session.wait("never", 5)
        assert refusal.value.code == "bad_request"
    assert session.show(mode="vr", size=[64, 64]).pixels.shape == (64, 64, 3)


def test_a_flood_ends_the_session_and_no_other(
    renders: Stack, scene: Dataset, session: Reader
) -> None:
    with opened(renders, scene) as other:
        with pytest.raises((Ended, ConnectionClosed)):
            for number in range(2000):
                session.say("view", centre=[number % 10, 0, 0])
            while True:
                session.next(5)
        assert other.show(mode="mpr", orientation="axial", size=[64, 64]).pixels.any()


@pytest.mark.req("SHR-3.34", "SHR-3.35", part=True)
def test_cuts_take_away_what_lies_inside_and_give_it_back(session: Reader) -> None:
    view = {"mode": "vr", "orientation": "A", "centre": [0, 0, 0], "pixel": PIXEL,
            "size": list(SIZE), "preset": "bone"}  # fmt: skip
    left, head = MARKS["L"][0], MARKS["H"][0]
    before = session.show(**view).pixels.max(axis=2)
    row, column = expected("A", left)
    camera = {"size": list(SIZE), "orientation": "A", "centre": [0, 0, 0], "pixel": PIXEL}
    around = [[column - 25, row - 25], [column + 25, row - 25],
              [column + 25, row + 25], [column - 25, row + 25]]  # fmt: skip
    seq = session.say("cut", outline=around, take="inside", **camera)
    told = session.wait("cuts")
    assert told["seq"] == seq and told["count"] == 1 and told["taken"] > 0
    cut = session.show(**view).pixels.max(axis=2)
    assert _around(before, (row, column)) > 100 > _around(cut, (row, column))
    assert _around(cut, expected("A", head)) > 100
    # Freehand, and all but what is inside.
    row, column = expected("A", head)
    freehand = [[column + 40 * np.cos(a), row + 40 * np.sin(a)] for a in np.linspace(0, 6, 60)]
    session.say(
        "cut", outline=[[float(x), float(y)] for x, y in freehand], take="outside", **camera
    )
    assert session.wait("cuts")["count"] == 2
    assert _around(session.show(**view).pixels.max(axis=2), (row, column)) > 100
    session.say("undo")
    assert session.wait("cuts")["count"] == 1
    session.say("reset")
    assert session.wait("cuts")["count"] == 0
    again = session.show(**view).pixels.max(axis=2)
    assert np.abs(again.astype(int) - before).mean() < 1


@pytest.mark.req("SHR-3.31", part=True)
def test_a_sweep_makes_pictures_at_set_angles(session: Reader) -> None:
    session.show(mode="mpr", orientation="coronal", centre=[0, 0, 0], size=[64, 64])
    seq = session.say("sweep", about="vertical", step=30, range=180)
    found = [session.frame(seq) for _ in range(7)]
    assert [one.about["sweep"]["degrees"] for one in found] == [0, 30, 60, 90, 120, 150, 180]
    assert found[0].about["edges"]["right"] == "L"
    assert found[-1].about["edges"]["right"] == "R"


def test_a_point_has_its_value_and_a_pixel_its_point(session: Reader) -> None:
    session.show(mode="mpr", orientation="axial", centre=[0, 0, 0], size=[64, 64])
    session.say("probe", point=list(MARKS["A"][0]))
    assert session.wait("value")["value"] == pytest.approx(MARKS["A"][2])
    session.say("probe", point=[500, 0, 0])
    assert session.wait("value")["value"] is None
    session.show(mode="vr", orientation="A", centre=[0, 0, 0], pixel=PIXEL, size=list(SIZE))
    row, column = expected("A", MARKS["H"][0])
    session.say("pick", at=[column, row])
    point = session.wait("point")["point"]
    # In front of the ball's middle, by its radius.
    assert point == pytest.approx([0, -MARKS["H"][1], MARKS["H"][0][2]], abs=3)


def test_the_latest_view_wins_and_every_input_is_answered(session: Reader) -> None:
    session.show(mode="mpr", orientation="axial", size=[128, 128])
    for number in range(50):
        last = session.say("view", centre=[0, 0, float(number - 25)], moving=number < 49)
    frames = 0
    while True:
        found = session.next()
        frames += 1
        if found.about["seq"] == last and found.about["sharp"]:
            break
    assert found.about["centre"][2] == 24
    assert frames < 50


def test_a_killed_worker_costs_a_moment_and_no_cut(renders: Stack, session: Reader) -> None:
    view = {"mode": "vr", "orientation": "A", "centre": [0, 0, 0], "pixel": PIXEL,
            "size": list(SIZE), "preset": "bone"}  # fmt: skip
    row, column = expected("A", MARKS["L"][0])
    around = [[column - 25, row - 25], [column + 25, row - 25], [column, row + 40]]
    session.show(**view)
    session.say(
        "cut", outline=around, size=list(SIZE), orientation="A", centre=[0, 0, 0], pixel=PIXEL
    )
    session.wait("cuts")
    before = session.show(**view).pixels
    wait_until(lambda: len(workers(renders)) > (os.cpu_count() or 1), "there is a spare", 60)
    os.kill(max(workers(renders), key=drawn), signal.SIGKILL)
    started = time.monotonic()
    session.wait("lost", 5)
    frame = session.frame(session.seq, sharp=False)
    took = time.monotonic() - started
    assert took < 2, took
    again = session.show(**view).pixels
    assert np.abs(again.astype(int) - before).mean() < 1
    assert frame.about["edges"]["right"] == "L"


def test_a_volume_that_has_gone_meanwhile_ends_the_session_and_no_worker(
    renders: Stack, scene: Dataset
) -> None:
    renders.restart("render")
    with opened(renders, scene) as one:
        for place in (renders.root / "store" / "volumes").glob("*/*"):
            (place / "0.npy").unlink()
        # Mapped already: it stays.
        assert one.show(mode="mpr", orientation="axial", size=[64, 64]).pixels.any()
    renders.restart("render")
    with pytest.raises(Ended) as refusal, opened(renders, scene):
        pass
    assert refusal.value.code == "failed"
    for place in (renders.root / "store" / "volumes").glob("*/*"):
        shutil.rmtree(place)
    before = workers(renders)
    with opened(renders, scene) as one:
        assert one.show(mode="mpr", orientation="axial", size=[64, 64]).pixels.any()
    assert set(before) <= set(workers(renders))


def drawn(pid: int) -> int:
    """Clock ticks that a process has worked."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11])


@pytest.mark.req("PAT-1.29", part=True)
def test_who_comes_when_all_places_are_taken_waits_and_hears_how_many_are_before(
    renders: Stack, scene: Dataset
) -> None:
    renders.restart("render", YUNYING_NODE_RENDER_SESSIONS="1", YUNYING_NODE_RENDER_RESERVE="0")
    study, uid = str(scene.StudyInstanceUID), str(scene.SeriesInstanceUID)
    ticket = renders.ticket(scope={"studies": [study]}, perms=["render"])
    try:
        with ExitStack() as readers:
            with opened(renders, scene):
                second, third = (readers.enter_context(reader(renders)) for _ in range(2))
                second.say("open", ticket=ticket, study=study, series=uid)
                assert second.wait("busy")["before"] == 0
                third.say("open", ticket=ticket, study=study, series=uid)
                assert third.wait("busy")["before"] == 1
            assert second.wait("opened")
            assert third.wait("busy")["before"] == 0
    finally:
        renders.restart("render")
