"""Where the objects of a hospital lie."""

import string
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from dicom_node.archive.instructions import Instructions
from dicom_node.dataset.identity import Identity
from dicom_node.spool.spool import Spool
from dicom_node.store.layout import DEFAULT, InvalidTemplateError, Layout, reduced

IDENTITY = Identity("1.2.840.10008.5.1.4.1.1.2", "1.2.3.4", "1.2", "1.2.3")
DAY = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.mark.req("ARC-5.3", part=True)
def test_a_template_gives_the_path_that_a_hospital_wants() -> None:
    layout = Layout("{yyyy}{mm}/{modality}/{patient}_{accession}/{study}/{series}/{instance}.dcm")
    key = layout.key("H001", DAY, IDENTITY, modality="CT", patient="P100", accession="A1")
    assert key == "H001/202611/CT/P100_A1/1.2/1.2.3/1.2.3.4.dcm"


def test_without_a_template_the_day_study_and_series_are_the_path() -> None:
    assert Layout().key("H001", DAY, IDENTITY) == "H001/2026/11/24/1.2/1.2.3/1.2.3.4.dcm"


@pytest.mark.req("ARC-4.5", part=True)
def test_the_nodes_own_template_is_for_hospitals_of_which_the_portal_says_nothing() -> None:
    own, told = (f"{name}/{{study}}/{{series}}/{{instance}}.dcm" for name in ("own", "told"))
    hospitals = [{"code": "H001", "path_template": told}, {"code": "H002", "path_template": ""}]
    instructions = Instructions(lambda: {"hospitals": hospitals}, ZoneInfo("Asia/Shanghai"), own)
    instructions.refresh()
    for code, template in (("H001", told), ("H002", own), ("H003", own)):
        assert instructions.layout(code).template == template


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "_"), ("..", "_"), ("../../etc/passwd", "__.._etc_passwd"), (".hidden", "_hidden"),
        ("a/b\\c", "a_b_c"), ("王小东", "___"), ("x\0y\nz", "x_y_z"), ("$(reboot)", "__reboot_"),
        ("1.2.3.4.dcm", "1.2.3.4.dcm_"), ("P" * 300, "P" * 64), ("%2e%2e", "_2e_2e"),
    ],
)  # fmt: skip
def test_text_from_a_file_is_a_harmless_part_of_a_path(text: str, part: str) -> None:
    assert reduced(text) == part
    key = Layout("{patient}/{study}/{series}/{instance}.dcm").key(
        "H001", DAY, IDENTITY, patient=text
    )
    assert set(key) <= set(string.ascii_letters + string.digits + "._-/")
    assert key.startswith("H001/")
    assert not {"", ".", ".."} & set(key.split("/"))


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{study}/{series}/{instance}", "must end in"),
        ("{study}/{instance}.dcm", "must hold"),
        ("../{study}/{series}/{instance}.dcm", "hidden"),
        ("/{study}/{series}/{instance}.dcm", "without a name"),
        ("{study}//{series}/{instance}.dcm", "without a name"),
        ("{name}/{study}/{series}/{instance}.dcm", "unknown field {name}"),
        ("{study.__class__}/{study}/{series}/{instance}.dcm", "may hold"),
        ("{study!r}/{study}/{series}/{instance}.dcm", "may hold"),
        ("影像/{study}/{series}/{instance}.dcm", "may hold"),
        ("a b/{study}/{series}/{instance}.dcm", "may hold"),
        ("x.dcm/{study}/{series}/{instance}.dcm", "named like an object"),
        ("a/" * 12 + "{study}/{series}/{instance}.dcm", "deeper"),
        ("{patient}{patient}{patient}{patient}/{study}/{series}/{instance}.dcm", "of more than"),
        ("x" * 300 + "/{study}/{series}/{instance}.dcm", "longer than"),
    ],
)
def test_a_template_that_cannot_be_used_says_why(template: str, reason: str) -> None:
    with pytest.raises(InvalidTemplateError, match=reason):
        Layout(template)


def test_no_two_instances_share_a_key_whatever_the_template_and_the_text() -> None:
    layout = Layout(DEFAULT)
    others = [Identity("1.2", f"1.2.3.{n}", "1.2", "1.2.3") for n in range(100)]
    assert len({layout.key("H001", DAY, identity) for identity in others}) == 100


def test_a_backlog_is_listed_in_time_that_grows_with_it_alone(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    directory = tmp_path / "H001"
    directory.mkdir()
    names = [f"01J{number:023d}" for number in range(3000)]
    for name in reversed(names):
        (directory / f"{name}.dcm").touch()
    assert [item.id for item in spool.oldest(100)] == names[:100]
    assert spool.census() == (3000, 0, names[0])
