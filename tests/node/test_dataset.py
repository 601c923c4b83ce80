"""The readers of bytes: what they find, and that nothing breaks them."""

import random
import struct
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file

from dicom_node.archive.scan import scan
from dicom_node.dataset import text
from dicom_node.dataset.elements import UnreadableError, inflate, walk
from dicom_node.dataset.frames import Fragments, pack, read_fragments, unpack
from dicom_node.dataset.identity import InvalidUidError, identify
from dicom_node.dataset.jsonmodel import JsonModel
from dicom_node.dataset.part10 import FileMeta, decode, encode
from dicom_node.dataset.syntax import EXPLICIT_LITTLE, SYNTAXES
from dicom_node.dataset.uid import derived, is_uid
from dicom_node.web.anonymous import rewrite
from dicom_node.web.codestream import speaks

FILES = [
    "CT_small.dcm", "MR_small_implicit.dcm", "MR_small_bigendian.dcm", "image_dfl.dcm",
    "MR_small_RLE.dcm", "nested_priv_SQ.dcm", "UN_sequence.dcm", "liver_1frame.dcm",
    "examples_overlay.dcm", "test-SR.dcm", "rtplan.dcm",
    "reportsi.dcm", "JPEGLSNearLossless_08.dcm",
]  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_damaged_bytes_are_read_or_refused_and_nothing_else(name: str, tmp_path: Path) -> None:
    original = Path(get_testdata_file(name, download=False)).read_bytes()[:60_000]
    dice = random.Random(name)
    started, rounds = time.monotonic(), 0
    while rounds < 150 and time.monotonic() - started < 5:
        rounds += 1
        data = bytearray(original)
        for _ in range(dice.randrange(0, 8)):
            at = dice.randrange(132, len(data))
            data[at] = dice.choice((0, 0xFF, 0xFE, 0x7F, dice.randrange(256)))
        if dice.random() < 0.3:
            del data[dice.randrange(132, len(data)) :]
        _read_every_way(bytes(data), tmp_path / "damaged.dcm")
    assert rounds >= 20


def _read_every_way(data: bytes, path: Path) -> None:
    try:
        meta, start = decode(data)
        syntax = SYNTAXES.get(meta.syntax, EXPLICIT_LITTLE)
        identify(data, start, syntax)
    except (UnreadableError, InvalidUidError):
        return
    path.write_bytes(encode(FileMeta("1.2", "1.3", syntax.uid)) + data[start:])
    try:
        scan(path)
        content = inflate(data, start, 1 << 24) if syntax.deflated else data[start:]
        JsonModel(content, syntax, "").convert(0, len(content))
        rewrite(content, 0, len(content), syntax)
        speaks(content)
    except UnreadableError:
        pass


def test_more_elements_than_any_image_has_are_refused_before_they_fill_the_memory() -> None:
    data = struct.pack("<HH2sH", 0x0009, 0x0001, b"LO", 0) * 1_000_000
    assert sum(1 for _ in walk(data, 0, 8 * 65_536, EXPLICIT_LITTLE)) == 65_536
    started = time.monotonic()
    with pytest.raises(UnreadableError, match="more than 65536 elements"):
        list(walk(data, 0, len(data), EXPLICIT_LITTLE))
    assert time.monotonic() - started < 5


def test_more_fragments_than_any_image_has_are_refused() -> None:
    fragment = struct.pack("<HHL", 0xFFFE, 0xE000, 0)
    data = struct.pack("<HH2sHL", 0x7FE0, 0x0010, b"OB", 0, 0xFFFFFFFF) + fragment * 1_100_000
    (pixels,) = walk(data, 0, len(data), EXPLICIT_LITTLE)
    with pytest.raises(UnreadableError, match="more than 1048576 items"):
        read_fragments(data, pixels, EXPLICIT_LITTLE, 1)


def test_a_deflate_bomb_is_refused_at_its_limit() -> None:
    compressor = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    bomb = compressor.compress(bytes(50_000_000)) + compressor.flush()
    with pytest.raises(UnreadableError, match="inflates past 1000000 bytes"):
        inflate(bomb, 0, 1_000_000)


@pytest.mark.parametrize(
    ("uid", "good"),
    [
        ("1.2.840.10008.1.2", True), ("1", True), ("1.02", True), ("1" * 64, True),
        ("", False), (".", False), ("..", False), ("1.", False), (".1", False), ("1..2", False),
        ("1" * 65, False), ("1.2\n", False), ("1.2 ", False), ("1.2/3", False), ("١.٢", False),
        ("1.2\0", False), ("-1.2", False),
    ],
)  # fmt: skip
def test_a_uid_is_digits_and_single_dots(uid: str, good: bool) -> None:
    assert is_uid(uid) is good


def test_a_derived_uid_is_a_uid_and_always_the_same() -> None:
    assert derived("study", "1.2.3") == derived("study", "1.2.3") != derived("series", "1.2.3")
    assert is_uid(derived("study", "1" * 64))


@pytest.mark.parametrize(
    ("read", "given", "expected"),
    [
        (text.parse_date, "20240229", "2024-02-29"),
        (text.parse_date, "2024.02.29", "2024-02-29"),
        (text.parse_date, "20230229", "None"),
        (text.parse_date, "202402", "None"),
        (text.parse_date, "00000000", "None"),
        (text.parse_date, "٢٠٢٤٠٢٢٩", "None"),
        (text.parse_time, "0931", "09:31:00"),
        (text.parse_time, "093107.123456", "09:31:07"),
        (text.parse_time, "09", "09:00:00"),
        (text.parse_time, "240000", "None"),
        (text.parse_time, "-1", "None"),
        (text.display_name, "Wang^XiaoDong=王^小东", "王小东"),
        (text.display_name, "Smith^John^^Dr", "Smith John Dr"),
        (text.display_name, "=王^小东", "王小东"),
        (text.display_name, "", ""),
    ],
)
def test_dates_times_and_names(read: Callable[[str], object], given: str, expected: str) -> None:
    assert str(read(given)) == expected


@pytest.mark.parametrize("given", ["\ud800x", "x\udfff", "a\x00\x1b\x7f\x85b", "\u202ex\u2066y"])
def test_cleaned_text_can_be_stored_and_shown(given: str) -> None:
    cleaned = text.clean(given)
    assert cleaned.encode("utf-8").decode("utf-8") == cleaned
    assert not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 or c in "\u202e\u2066" for c in cleaned)


@pytest.mark.parametrize("term", ["unicode_escape", "idna", "rot13", "zlib", "utf_7", "punycode"])
def test_a_character_set_is_never_a_python_codec(term: str) -> None:
    assert text.encodings([term]) == ()


def test_fragments_are_found_by_their_lengths_alone() -> None:
    fragments = Fragments(1000, (10, 20, 30, 40), (0, 1, 3))
    assert fragments.parts(0) == [(1000, 10)]
    assert fragments.parts(1) == [(1018, 20), (1046, 30)]
    assert fragments.parts(2) == [(1084, 40)]
    with pytest.raises(LookupError):
        Fragments(1000, (10, 20), None).parts(0)
    assert unpack(pack((1, 2, 1 << 31))) == (1, 2, 1 << 31)
