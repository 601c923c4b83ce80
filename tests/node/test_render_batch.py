"""Batches of planes and volume renderings that are kept as a series of their study."""

import io
import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import Dataset, dcmread
from pydicom.pixels import apply_modality_lut
from scipy import ndimage

from dicom_node import ident
from dicom_node.render.space import Grid
from dicom_node.spool import bundle
from dicom_node.spool.bundle import Bundle
from dicom_node.spool.spool import Spool

from .rendering import (
    MARKS,
    SAGITTAL,
    Ended,
    Frame,
    Reader,
    archived,
    grid,
    opened,
    sampled,
    series,
    workers,
)
from .stack import Stack, parts_of, wait_until
from .test_dciodvfy import errors

ON = grid(SAGITTAL, (64, 60, 48), (2.2, 2.0, 2.5))
WRITER = {"perms": ["render", "annotate"], "label": "王医生"}
OBLIQUE = {"right": [0.8, 0.6, 0.0], "down": [0.0, 0.0, -1.0]}
WHOLE = {"spacing": 5.0, "range": None}


@pytest.fixture
def scene(node: Stack) -> Dataset:
    return archived(node, series(ON, Manufacturer="Scanner & Co", SeriesNumber=3))


@contextmanager
def writer(node: Stack, scene: Dataset, **claims: Any) -> Iterator[Reader]:
    with opened(node, scene, **{**WRITER, **claims}) as one:
        yield one


def told(one: Reader, *kinds: str, seconds: float = 60) -> dict[str, Any]:
    """The next message of these kinds."""
    while True:
        found = one.next(seconds)
        if not isinstance(found, Frame) and found["type"] in kinds:
            return found


def saved(node: Stack, scene: Dataset, one: Reader, **wanted: Any) -> list[Dataset]:
    """The series of a batch, as it comes by DICOMweb, in the order of its numbers."""
    seq = one.say("save", **wanted)
    answer = told(one, "saved", "unsaved")
    assert answer["type"] == "saved", answer
    assert answer["seq"] == seq
    found = fetched(node, scene, answer["series"])
    assert len(found) == answer["count"]
    return found


def fetched(node: Stack, scene: Dataset, uid: str, **claims: Any) -> list[Dataset]:
    node.wait_archived()
    answer = node.get(
        f"/studies/{scene.StudyInstanceUID}/series/{uid}",
        accept='multipart/related; type="application/dicom"', ticket=node.ticket(**claims),
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    found = [dcmread(io.BytesIO(content)) for _headers, content in parts_of(answer)]
    return sorted(found, key=lambda each: int(each.InstanceNumber))


def faults(datasets: list[Dataset], directory: Path) -> set[str]:
    """The errors that dciodvfy finds."""
    found = set()
    for number, dataset in enumerate(datasets):
        path = directory / f"{number}.dcm"
        dataset.save_as(path)
        found |= errors(path)
    return found


def values(picture: Dataset) -> NDArray[np.float64]:
    """NaN where the picture says that there is none."""
    stored = picture.pixel_array
    found = apply_modality_lut(stored, picture).astype(float)
    found[stored == picture.PixelPaddingValue] = np.nan
    return found


def points(picture: Dataset) -> NDArray[np.float64]:
    """Where each pixel lies, of shape (rows, columns, 3) (PS3.3 equation C.7.6.2.1-1)."""
    between_rows, between_columns = (float(part) for part in picture.PixelSpacing)
    cosines = np.array([float(part) for part in picture.ImageOrientationPatient])
    rows, columns = np.mgrid[: picture.Rows, : picture.Columns]
    return (
        np.array([float(part) for part in picture.ImagePositionPatient])
        + columns[..., None] * cosines[:3] * between_columns
        + rows[..., None] * cosines[3:] * between_rows
    )


def read(on: Grid, voxels: NDArray[Any], at: NDArray[np.float64]) -> NDArray[np.float64]:
    """The volume's values in points, between voxels by linear interpolation; NaN beyond."""
    index = (at - on.origin) @ np.linalg.inv(on.steps)
    return np.asarray(
        ndimage.map_coordinates(
            voxels.astype(float), index[..., ::-1].reshape(-1, 3).T, order=1, cval=np.nan
        ).reshape(at.shape[:-1])
    )


def normal(picture: Dataset) -> NDArray[np.float64]:
    cosines = np.array([float(part) for part in picture.ImageOrientationPatient])
    return np.cross(cosines[:3], cosines[3:])


def differences(picture: Dataset, thickness: float, by: Any) -> NDArray[np.float64]:
    """Between a picture and what the phantom says of where it claims to lie."""
    step = 1 / np.abs(np.linalg.inv(ON.steps).T @ normal(picture)).max()
    count = max(1, int(np.ceil(thickness / step - 1e-6)))
    offsets = [((part + 0.5) / count - 0.5) * thickness for part in range(count)]
    voxels = sampled(ON)
    planes = [read(ON, voxels, points(picture) + normal(picture) * at) for at in offsets]
    wanted = by(planes, axis=0)
    inside = ~np.isnan(np.sum(planes, axis=0))
    return np.abs(values(picture) - wanted)[inside]


@pytest.mark.req("SHR-3.28", "SHR-3.29", "SHR-3.30", "CON-4.35", part=True)
@pytest.mark.parametrize(
    "orientation", ["axial", "sagittal", "coronal", OBLIQUE], ids=["ax", "sag", "cor", "obl"]
)
def test_planes_are_kept_where_they_lie_and_to_one_unit(
    node: Stack, scene: Dataset, orientation: Any, tmp_path: Path
) -> None:
    view = {"orientation": orientation, "size": [150, 140], "window": {"center": 50, "width": 350}}
    with writer(node, scene) as one:
        found = saved(node, scene, one, view=view, planes=WHOLE, description="重建 5 mm")
    assert len(found) > 15
    apart = np.concatenate([differences(picture, 0, np.max) for picture in found])
    assert apart.size > 50_000 and apart.max() <= 1
    for picture in found:
        assert (picture.Rows, picture.Columns) == (140, 150)
        assert (picture.WindowCenter, picture.WindowWidth) == (50, 350)
    # Their places are equally far from each other, towards left, back or head.
    places = [np.array([float(part) for part in one.ImagePositionPatient]) for one in found]
    steps = np.diff(places, axis=0)
    assert np.allclose(np.linalg.norm(steps, axis=1), 5, atol=1e-4)
    assert np.allclose(np.abs(steps @ normal(found[0])), 5, atol=1e-4)
    assert steps[0][np.abs(steps[0]).argmax()] > 0
    assert faults(found, tmp_path) == set()


@pytest.mark.req("SHR-3.29", part=True)
def test_a_mark_is_where_the_saved_planes_say_and_not_on_the_other_side(
    node: Stack, scene: Dataset
) -> None:
    view = {"orientation": "coronal", "size": [128, 128], "slab": {"thickness": 20, "projection":
            "max"}}  # fmt: skip
    with writer(node, scene) as one:
        found = saved(node, scene, one, view=view, planes={"spacing": 4, "range": [-60, 60]})
    for centre, _radius, value in MARKS.values():
        for sign in (1, -1):
            place = np.array(centre) * sign
            nearest = min(found, key=lambda one: abs((points(one)[0, 0] - place) @ normal(one)))
            distances = np.linalg.norm(points(nearest) - place, axis=-1)
            shown = values(nearest)[np.unravel_index(distances.argmin(), distances.shape)]
            assert (shown == value) == (sign == 1)


@pytest.mark.req("SHR-3.30", "SHR-3.32", "SHR-3.33", "PAT-1.8", "CON-4.35", part=True)
@pytest.mark.parametrize(
    ("projection", "by", "term"),
    [("max", np.max, "MAX_IP"), ("min", np.min, "MIN_IP"), ("mean", np.mean, "MPR")],
)
def test_slabs_are_kept_to_one_unit(
    node: Stack, scene: Dataset, projection: str, by: Any, term: str, tmp_path: Path
) -> None:
    slab = {"thickness": 10, "projection": projection}
    view = {"orientation": "axial", "size": [96, 96], "slab": slab}
    with writer(node, scene) as one:
        found = saved(node, scene, one, view=view, planes={"spacing": 10, "range": [-40, 40]})
    for picture in found:
        assert differences(picture, 10, by).max() <= 1
        assert list(picture.ImageType) == ["DERIVED", "SECONDARY", "REFORMATTED", term]
        assert (picture.SliceThickness, picture.SpacingBetweenSlices) == (10, 10)
    assert faults(found, tmp_path) == set()


@pytest.mark.req("SHR-3.31", "SHR-3.32", part=True)
def test_a_turn_in_set_steps_is_kept_with_the_direction_of_each_picture(
    node: Stack, scene: Dataset, tmp_path: Path
) -> None:
    slab = {"thickness": 30, "projection": "max"}
    view = {"orientation": "coronal", "size": [100, 100], "slab": slab}
    turn = {"about": "vertical", "step": 30, "range": 360}
    with writer(node, scene) as one:
        found = saved(node, scene, one, view=view, turn=turn)
    assert len(found) == 12
    assert len({str(one.PixelSpacing) for one in found}) == 1
    for number, picture in enumerate(found):
        angle = np.deg2rad(30 * number)
        right = [float(part) for part in picture.ImageOrientationPatient[:3]]
        # The picture's downward axis is the patient's: it turns from the left to the front.
        assert np.allclose(right, [np.cos(angle), -np.sin(angle), 0], atol=1e-6)
        assert differences(picture, 30, np.max).max() <= 1
    assert faults(found, tmp_path) == set()


@pytest.mark.req("SHR-3.31", "SHR-3.36", part=True)
def test_volume_renderings_are_kept_with_their_direction_and_without_a_scale(
    node: Stack, scene: Dataset, tmp_path: Path
) -> None:
    view = {"mode": "vr", "orientation": "A", "size": [120, 100], "preset": "bone"}
    turn = {"about": "vertical", "step": 90, "range": 360}
    with writer(node, scene) as one:
        shown = one.show(**view, pixel=1.5, centre=[0, 0, 0], lossless=True).pixels
        found = saved(node, scene, one, turn=turn)
    assert [list(one.PatientOrientation) for one in found] == [
        ["L", "F"], ["A", "F"], ["R", "F"], ["P", "F"],
    ]  # fmt: skip
    apart = np.abs(found[0].pixel_array.astype(int) - shown)
    assert apart.mean() < 0.5, apart.max()
    for picture in found:
        assert picture.PhotometricInterpretation == "RGB" and picture.pixel_array.any()
        assert "PixelSpacing" not in picture and "ImagePositionPatient" not in picture
    assert faults(found, tmp_path) == set()


@pytest.mark.req("SHR-3.34", part=True)
def test_what_was_cut_away_is_not_in_the_saved_pictures(node: Stack, scene: Dataset) -> None:
    view = {"mode": "vr", "orientation": "A", "size": [100, 100], "pixel": 2.0, "preset": "bone",
            "centre": [0, 0, 0]}  # fmt: skip
    turn = {"about": "vertical", "step": 180, "range": 180}
    with writer(node, scene) as one:
        one.show(**view)
        whole = saved(node, scene, one, turn=turn)
        one.say(
            "cut", outline=[[0, 0], [100, 0], [100, 50], [0, 50]], take="inside", size=[100, 100],
            orientation="A", centre=[0, 0, 0], pixel=2.0,
        )  # fmt: skip
        assert one.wait("cuts")["taken"]
        cut = saved(node, scene, one, turn=turn)
    assert cut[0].SeriesInstanceUID != whole[0].SeriesInstanceUID
    for before, after in zip(whole, cut, strict=True):
        assert before.pixel_array[:45].max() > 100 and not after.pixel_array[:45].any()
        assert after.pixel_array[50:55].max() > 100


def test_the_series_names_patient_source_reader_and_device(node: Stack, scene: Dataset) -> None:
    with writer(node, scene) as one:
        found = saved(node, scene, one, view={"size": [64, 64]}, planes=WHOLE)
        again = saved(node, scene, one, view={"size": [64, 65]}, planes=WHOLE)
    picture = found[0]
    assert picture.PatientName == scene.PatientName and picture.PatientID == scene.PatientID
    assert picture.StudyInstanceUID == scene.StudyInstanceUID
    assert picture.FrameOfReferenceUID == scene.FrameOfReferenceUID
    assert picture.Modality == "CT" and picture.BodyPartExamined == "CHEST"
    assert picture.SeriesDescription == "多平面重建 MPR 横断位 AX"
    assert "王医生" in str(picture.OperatorsName)
    assert picture.ContributingEquipmentSequence[0].Manufacturer == "Scanner & Co"
    assert picture.BurnedInAnnotation == "NO" and picture.RescaleType == "HU"
    (of_series,) = picture.ReferencedSeriesSequence
    assert of_series.SeriesInstanceUID == scene.SeriesInstanceUID
    sources = {one.ReferencedSOPInstanceUID for one in picture.SourceImageSequence}
    assert len(sources) == 48 and scene.SOPInstanceUID in sources
    assert again[0].SeriesNumber == picture.SeriesNumber + 1 == 9102


def test_series_that_are_saved_at_once_have_numbers_of_their_own(
    node: Stack, scene: Dataset
) -> None:
    with writer(node, scene) as one:
        for spacing in (10, 20, 30):
            one.say("save", view={"size": [64, 64]}, planes={"spacing": spacing, "range": None})
        series_uids = {told(one, "saved", "unsaved")["series"] for _each in range(3)}
    numbers = {int(fetched(node, scene, uid)[0].SeriesNumber) for uid in series_uids}
    assert numbers == {9101, 9102, 9103}


def test_the_saved_series_is_a_volume_again_and_open_to_anonymous_tickets(
    node: Stack, scene: Dataset, tmp_path: Path
) -> None:
    view = {"orientation": "coronal", "size": [80, 80], "pixel": 1.5, "centre": [0, 0, 0]}
    with writer(node, scene) as one:
        found = saved(node, scene, one, view=view, planes={"spacing": 3, "range": [-40, 40]})
    with opened(node, found[0], anon=True) as one:
        assert one.opened["unit"] == "HU"
        one.show(orientation="axial", size=[64, 64])
        for centre, _radius, value in MARKS.values():
            one.say("probe", point=list(centre))
            assert one.wait("value")["value"] == pytest.approx(value, abs=1)
    uid = str(found[0].SeriesInstanceUID)
    plain = fetched(node, scene, uid, anon=True)
    assert len(plain) == len(found) and not plain[0].PatientName
    assert faults(plain[:1], tmp_path) == set()
    rendered = node.get(
        f"/studies/{scene.StudyInstanceUID}/series/{uid}/instances/{found[0].SOPInstanceUID}"
        "/rendered", accept="image/png",
    )  # fmt: skip
    assert rendered.status_code == 200


def test_the_same_batch_is_one_series_and_progress_is_told(node: Stack, scene: Dataset) -> None:
    wanted = {"view": {"size": [64, 64]}, "planes": WHOLE}
    with writer(node, scene) as one:
        found = saved(node, scene, one, **wanted)
        heard = [message["done"] for message in one.heard if message["type"] == "saving"]
        assert heard == sorted(heard) and heard[0] == 0
        assert {message["total"] for message in one.heard if message["type"] == "saving"} == {
            len(found)
        }
        again = saved(node, scene, one, **wanted)
    assert [one.SOPInstanceUID for one in again] == [one.SOPInstanceUID for one in found]
    node.wait_archived()
    assert node.query("SELECT sum(duplicate_count) FROM archive.study") == [(0,)]
    assert not list((node.root / "quarantine").glob("*/*"))


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"perms": ["render", "view", "download"]}, "permission_denied"),
        ({"perms": ["render", "annotate"], "anon": True}, "permission_denied"),
    ],
)
def test_who_may_not_write_saves_nothing_and_reads_on(
    node: Stack, scene: Dataset, claims: dict[str, Any], code: str
) -> None:
    with opened(node, scene, **claims) as one:
        one.say("save", planes=WHOLE)
        assert told(one, "saved", "unsaved")["code"] == code
        assert one.show(orientation="axial", size=[64, 64]).pixels.any()
    assert nothing_is_left(node)


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({}, "planes"),
        ({"planes": WHOLE, "turn": {"about": "vertical", "step": 5, "range": 90}}, "planes"),
        ({"planes": {"spacing": 0, "range": None}}, "planes.spacing"),
        ({"planes": {"spacing": 0.05, "range": None}}, "planes"),
        ({"planes": {"spacing": 1, "range": [5, -5]}}, "planes.range"),
        ({"planes": {"spacing": 1, "range": [900, 901]}}, "planes"),
        ({"planes": {"spacing": 1}}, "planes"),
        ({"turn": {"about": "vertical", "step": 0.5, "range": 360}}, "turn.step"),
        ({"turn": {"about": "diagonal", "step": 5, "range": 360}}, "turn.about"),
        ({"planes": WHOLE, "view": {"mode": "vr"}}, "planes"),
        ({"planes": WHOLE, "view": {"size": [4096, 64]}}, "size"),
        ({"planes": {"spacing": 0.2, "range": None}, "view": {"size": [2048, 2048]}}, "view.size"),
        ({"turn": {"about": "vertical", "step": 5, "range": 90},
          "view": {"mode": "vr", "size": [1200, 64]}}, "view.size"),
        ({"planes": WHOLE, "view": {"patient": "x"}}, "'patient'"),
        ({"planes": WHOLE, "view": []}, "view"),
        ({"planes": WHOLE, "description": "a\\b"}, "description"),
        ({"planes": WHOLE, "description": "x" * 65}, "description"),
        ({"planes": WHOLE, "series": "1.2.3"}, "'series'"),
    ],
)  # fmt: skip
def test_a_batch_without_bounds_is_refused_by_name(
    renders: Stack, bounded: Reader, wanted: dict[str, Any], field: str
) -> None:
    bounded.say("save", **wanted)
    with pytest.raises(Ended) as refusal:
        bounded.wait("never", 5)
    assert refusal.value.code == "bad_request"
    assert refusal.value.message.startswith(f"{field}:")


@pytest.fixture(scope="module")
def bounded(renders: Stack) -> Iterator[Reader]:
    renders.reset()
    with opened(renders, archived(renders, series(ON)), **WRITER) as one:
        yield one


LARGE = {"view": {"size": [512, 512], "slab": {"thickness": 60, "projection": "max"}},
         "turn": {"about": "vertical", "step": 1, "range": 360}}  # fmt: skip


def begun(one: Reader, at_least: int = 2) -> str:
    """Ask for a batch that takes long, and wait until some of it is drawn."""
    one.say("save", **LARGE)
    while True:
        message = told(one, "saving", "unsaved")
        assert message["type"] == "saving", message
        if message["done"] >= at_least:
            return str(message["series"])


def bundles(node: Stack) -> list[Path]:
    return list((node.root / "spool" / bundle.FOLDER).glob("*"))


def nothing_is_left(node: Stack) -> bool:
    node.wait_archived()
    (count,) = node.query("SELECT count(*) FROM archive.series WHERE number > 9100")
    return count == (0,) and not bundles(node)


def test_a_batch_that_is_given_up_leaves_nothing(node: Stack, scene: Dataset) -> None:
    with writer(node, scene) as one:
        uid = begun(one)
        assert bundles(node)
        # Somebody else's ticket does not give it up.
        with writer(node, scene, sub="user:8") as other:
            other.say("cancel", series=uid)
            other.show(orientation="axial", size=[64, 64])
        assert told(one, "saving")
        one.say("cancel", series=uid)
        assert told(one, "unsaved")["code"] == "cancelled"
        wait_until(lambda: nothing_is_left(node), "nothing is left")
        assert one.show(orientation="axial", size=[64, 64]).pixels.any()


def test_a_batch_goes_on_when_its_reader_has_gone_and_he_hears_of_it_again(
    node: Stack, scene: Dataset
) -> None:
    wanted = {"view": {"size": [256, 256]}, "planes": {"spacing": 1, "range": [-50, 50]}}
    with writer(node, scene) as one:
        one.say("save", **wanted)
        uid = told(one, "saving")["series"]
    with writer(node, scene) as one:
        answer = told(one, "saved", "saving", seconds=20)
        assert answer["series"] == uid
    wait_until(
        lambda: node.query(
            "SELECT count(*) FROM archive.instance i JOIN archive.series s ON s.id = i.series_id"
            " WHERE s.series_uid = %s", uid,
        ) == [(101,)], "the whole series is there", 60,
    )  # fmt: skip


def test_a_revoked_reader_saves_nothing(node: Stack, scene: Dataset) -> None:
    with writer(node, scene, sub="user:77") as one:
        begun(one)
        node.redis.set("yunying:revoked:user:77", 1, ex=60)
        try:
            with pytest.raises(Ended) as refusal:
                told(one, "saved")
            assert refusal.value.code == "ticket_revoked"
        finally:
            node.redis.delete("yunying:revoked:user:77")
    wait_until(lambda: nothing_is_left(node), "nothing is left")


def test_readers_get_their_pictures_while_a_batch_is_drawn(node: Stack, scene: Dataset) -> None:
    with writer(node, scene) as one:
        begun(one)
        for number in range(10):
            assert one.show(sharp=False, moving=True, orientation="axial", size=[128, 128],
                            centre=[0, 0, number]).pixels.any()  # fmt: skip
        # While somebody moves nothing of the batch is drawn.
        done = [message["done"] for message in one.heard if message["type"] == "saving"]
        assert told(one, "saving")["done"] <= done[-1] + 3


def test_a_killed_worker_costs_no_picture(node: Stack, scene: Dataset) -> None:
    with writer(node, scene) as one:
        one.say("save", **LARGE | {"turn": {"about": "vertical", "step": 12, "range": 360}})
        while told(one, "saving")["done"] < 3:
            pass
        for pid in workers(node):
            os.kill(pid, signal.SIGKILL)
        answer = told(one, "saved", "unsaved")
        assert answer["type"] == "saved", answer
    found = fetched(node, scene, answer["series"])
    assert [int(one.InstanceNumber) for one in found] == list(range(1, 31))
    assert differences(found[7], 60, np.max).max() <= 1


def test_a_killed_renderer_leaves_no_half_series(node: Stack, scene: Dataset) -> None:
    with writer(node, scene) as one:
        begun(one)
        node.kill("render")
    node.start("render")
    node.wait_ready("render")
    wait_until(lambda: nothing_is_left(node), "nothing is left")


def test_a_study_that_is_deleted_meanwhile_does_not_come_back(node: Stack, scene: Dataset) -> None:
    with writer(node, scene) as one:
        one.say("save", **LARGE | {"turn": {"about": "vertical", "step": 12, "range": 360}})
        told(one, "saving")
        node.execute("DELETE FROM archive.study")
        assert told(one, "unsaved")["code"] == "not_found"
    assert nothing_is_left(node)


def test_a_full_disk_is_told_and_leaves_nothing(node: Stack, scene: Dataset) -> None:
    with writer(node, scene) as one:
        resource.prlimit(
            node.processes["render"].pid, resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY)
        )
        one.say("save", **LARGE)
        assert told(one, "saved", "unsaved")["code"] == "no_room"
        resource.prlimit(
            node.processes["render"].pid, resource.RLIMIT_FSIZE,
            (resource.RLIM_INFINITY, resource.RLIM_INFINITY),
        )  # fmt: skip
        assert nothing_is_left(node)
        node.configure(node={"high_water": 1})
        try:
            one.say("save", **LARGE)
            assert told(one, "saved", "unsaved")["code"] == "no_room"
        finally:
            node.configure(node={})
        assert nothing_is_left(node)
        found = saved(node, scene, one, view={"size": [64, 64]}, planes=WHOLE)
    assert found


def test_a_bundle_is_handed_over_as_a_whole_after_a_crash(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    half = Bundle(spool, "H001")
    half.add([b"half"])
    whole = spool.root / bundle.FOLDER / f"H001.{ident.new()}"
    whole.mkdir()
    names = [ident.new() for _ in range(3)]
    for name in names:
        (whole / f"{name}.dcm").write_bytes(name.encode())
    # The first had been linked already.
    spool.take("H001", names[0], whole / f"{names[0]}.dcm")
    bundle.go_on(spool)
    assert [one.id for one in spool.oldest(10)] == names
    assert list((spool.root / bundle.FOLDER).iterdir()) == []


def test_a_bundle_that_was_given_up_takes_nothing_more(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    given_up = Bundle(spool, "H001")
    given_up.add([b"one"])
    given_up.discard()
    with pytest.raises(OSError):
        given_up.add([b"two"])
    with pytest.raises(OSError):
        given_up.commit()
    assert spool.oldest(10) == []
