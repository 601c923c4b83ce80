"""Volumes on this machine: whole or not there, bounded, gone with their study."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dicom_node.archive.located import Located
from dicom_node.render import pixels
from dicom_node.render.cache import DESCRIPTION, Volumes
from dicom_node.render.headers import Encoding, Header
from dicom_node.render.plan import RefusedError
from dicom_node.render.volume import build, load
from dicom_node.store.local import LocalStore

from .rendering import AXIAL, grid, sampled, volume

MANY = 400_000_000


def located(number: int = 1, study: str = "1.2.3") -> Located:
    return Located(
        number, study, "1.2.3.4", f"1.2.3.4.{number}", "1.2", "1.2.840.10008.1.2.1", f"H/{number}",
        1000, 0, 16, 16, 1, 0, 512, None, None, True, False,
    )  # fmt: skip


def made(volumes: Volumes, place: Path, size: int = 1000) -> None:
    with volumes.making(place) as directory:
        (directory / "0.npy").write_bytes(bytes(size))
        (directory / DESCRIPTION).write_text("{}")


def test_a_volume_is_there_when_it_is_whole(tmp_path: Path) -> None:
    volumes = Volumes(tmp_path, 10_000)
    place = volumes.place([located()], 1)
    with pytest.raises(OSError, match="full"), volumes.making(place) as directory:
        (directory / DESCRIPTION).write_text("{}")
        assert not volumes.has(place)
        raise OSError("full")
    assert not volumes.has(place)
    assert list(place.parent.iterdir()) == []
    made(volumes, place)
    made(volumes, place)  # somebody else was as quick
    assert volumes.has(place)
    assert len(list(place.parent.iterdir())) == 1


def test_other_instances_or_fewer_slices_are_another_volume(tmp_path: Path) -> None:
    volumes = Volumes(tmp_path, 10_000)
    places = [
        volumes.place([located()], 1),
        volumes.place([located()], 2),
        volumes.place([located(), located(2)], 1),
    ]
    assert len(set(places)) == 3


def test_what_was_used_longest_ago_goes_first(tmp_path: Path) -> None:
    volumes = Volumes(tmp_path, 2500)
    places = [volumes.place([located(number)], 1) for number in (1, 2, 3)]
    for age, place in enumerate(places):
        made(volumes, place)
        os.utime(place, (100 + age, 100 + age))
    assert volumes.has(places[0])
    growing = volumes.root / "1.2.3" / "x.0.part"
    growing.mkdir()
    volumes.bound(but=places[2])
    assert growing.is_dir()
    assert [volumes.has(place) for place in places] == [True, False, True]


def test_what_a_kill_or_a_power_cut_left_is_thrown_away(tmp_path: Path) -> None:
    volumes = Volumes(tmp_path, 10_000)
    volumes.clear()
    place = volumes.place([located()], 1)
    made(volumes, place)
    part = place.with_name(f"{place.name}.0.part")
    part.mkdir()
    volumes.clear()
    assert volumes.has(place) and not part.exists()
    (volumes.root / "boot").write_text("another start of the machine")
    volumes.clear()
    assert not volumes.has(place)


def test_a_study_takes_its_volumes_along(tmp_path: Path) -> None:
    volumes = Volumes(tmp_path, 10_000)
    places = [volumes.place([located(study=study)], 1) for study in ("1.2.3", "1.2.4")]
    for place in places:
        made(volumes, place)
    volumes.forget("1.2.3")
    assert [volumes.has(place) for place in places] == [False, True]


def header(**values: Any) -> Header:
    encoding = Encoding(16, 12, 11, signed=False, table=False)
    given: dict[str, Any] = {
        "instance": located(), "frame": 1, "slice": None, "encoding": encoding, "slope": 1.0,
        "intercept": -1024.0, "unit": "HU", "window": None, "inverted": False,
    }  # fmt: skip
    return Header(**given | values)


def test_bits_that_hold_no_pixel_are_no_value() -> None:
    overlay = np.array([0xF003, 0x0FFF], "<u2")
    assert pixels._cleared(overlay, Encoding(16, 12, 11, False, False)).tolist() == [3, 4095]
    signed = np.array([0x0FFF, 0x0001], "<i2")
    assert pixels._cleared(signed, Encoding(16, 12, 11, True, False)).tolist() == [-1, 1]


def test_values_are_whole_numbers_where_they_are() -> None:
    stored = np.array([[0, 4095]], np.uint16)
    assert pixels._rescaled(stored, header()).tolist() == [[-1024, 3071]]
    halves = pixels._rescaled(stored, header(slope=0.5))
    assert halves.dtype == np.float32 and halves.tolist() == [[-1024, 1023.5]]


def test_levels_are_means_and_lie_where_the_volume_lies() -> None:
    whole = volume(on := grid(AXIAL, (64, 64, 48), (1, 1, 2.5)), sampled(on))
    half, quarter = whole.levels[1], whole.levels[2]
    # Slices are thick already: at first only rows and columns are halved.
    assert half.grid.size == (32, 32, 48)
    assert quarter.grid.size == (16, 16, 24)
    for level in (half, quarter):
        assert np.allclose(level.grid.middle, on.middle)
    block = whole.levels[0].voxels[10, 20:22, 30:32].astype(float)
    assert half.voxels[10, 10, 15] == np.floor(block.mean() + 0.5)


def test_a_series_that_is_too_large_is_refused_with_what_would_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dicom_node.render import headers  # noqa: PLC0415
    from dicom_node.render.plan import Slice  # noqa: PLC0415

    def told(_store: object, one: Located) -> list[Header]:
        place = Slice(512, 512, True, (0.7, 0.7), AXIAL, (0, 0, one.id * 0.5), "1")
        return [header(instance=one, slice=place)]

    monkeypatch.setattr(headers, "read", told)
    store = LocalStore(tmp_path / "store")
    many = [located(number) for number in range(4000)]
    with pytest.raises(RefusedError) as refusal:
        build(store, many, tmp_path, 1, MANY, lambda *_: None)
    assert (refusal.value.reason, refusal.value.every) == ("large", 3)


def test_what_was_built_is_what_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dicom_node.render import headers  # noqa: PLC0415
    from dicom_node.render.plan import Slice  # noqa: PLC0415

    on = grid(AXIAL, (40, 36, 9), (1.5, 1.5, 3))
    voxels = sampled(on)

    def told(_store: object, one: Located) -> list[Header]:
        at = on.origin + on.steps[2] * one.id
        place = Slice(36, 40, True, (1.5, 1.5), AXIAL, tuple(at.tolist()), "1")
        return [header(instance=one, slice=place, window=(40.0, 400.0))]

    monkeypatch.setattr(headers, "read", told)
    monkeypatch.setattr(pixels, "values", lambda _store, one: voxels[one.instance.id])
    heard: list[tuple[int, int]] = []
    build(
        LocalStore(tmp_path / "store"),
        [located(number) for number in reversed(range(9))],
        tmp_path, 1, MANY, lambda done, total: heard.append((done, total)),
    )  # fmt: skip
    found = load(tmp_path)
    assert np.array_equal(found.levels[0].voxels, voxels)
    assert found.levels[0].voxels.dtype == np.int16
    assert (found.unit, found.window, found.every) == ("HU", (40.0, 400.0), 1)
    assert heard[-1] == (9, 9)
    assert np.allclose(found.grid.origin, on.origin)
