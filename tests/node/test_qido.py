"""Searches: who finds what, in which order, and nothing of another hospital."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from pydicom.dataset import Dataset

from dicom_node.web.qido import probe, statement
from dicom_node.web.query import parse

from . import samples
from .sender import send
from .stack import ORIGIN, Stack
from .test_grams import EVERYBODY


def found(stack: Stack, path: str, ticket: str | None = None) -> list[dict[str, Any]]:
    answer = stack.get(path, ticket=ticket)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/dicom+json"
    result: list[dict[str, Any]] = answer.json()
    return result


def values(results: list[dict[str, Any]], tag: str) -> list[Any]:
    return [result[tag]["Value"][0] for result in results]


@pytest.fixture(scope="module")
def content(running: Stack) -> Iterator[dict[str, Dataset]]:
    running.reset()
    mine = {
        "wang": samples.image(
            PatientID="P1", PatientName="Wang^XiaoDong=王^小东", StudyDate="20261120",
            AccessionNumber="A_1", StudyTime="093100",
        ),
        "li": samples.image(
            PatientID="P2", PatientName="Li^Na=李^娜", StudyDate="20261118", AccessionNumber="AX1",
            Modality="MR", SOPClassUID=samples.MR, StudyDescription="100% <b>MR</b>",
        ),
        "zhang": samples.image(
            PatientID="P3", PatientName="Zhang^San", StudyDate="20251101", AccessionNumber="B'2",
        ),
    }  # fmt: skip
    foreign = samples.image(PatientID="P1", PatientName="Wang^XiaoDong", StudyDate="20261120")
    for calling, datasets in (("CT_A", mine.values()), ("MR_X", [foreign])):
        answers = send(running.dicom_port, map(samples.message, datasets), calling)
        assert all(answer and answer.status == 0 for answer in answers)
    running.wait_archived()
    yield mine | {"foreign": foreign}


ALL = ["wang", "li", "zhang"]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ALL),
        ("PatientID=P1", ["wang"]),
        ("00100020=P1", ["wang"]),
        ("PatientID=P*", ALL),
        ("PatientID=P?", ALL),
        ("PatientName=wang*", ["wang"]),
        ("PatientName=WANG^XIAODONG", ["wang"]),
        ("PatientName=王小东", ["wang"]),
        ("PatientName=王*", ["wang"]),
        ("PatientName=*小东*", ["wang"]),
        ("PatientName=wang xiao*", ["wang"]),
        ("StudyDate=20261120", ["wang"]),
        ("StudyDate=20261101-20261119", ["li"]),
        ("StudyDate=20261101-", ["wang", "li"]),
        ("StudyDate=-20251231", ["zhang"]),
        ("StudyTime=0930-0932", ALL),
        ("StudyTime=1000-", []),
        ("AccessionNumber=A_1", ["wang"]),
        ("AccessionNumber=A_*", ["wang"]),
        ("AccessionNumber=A?1", ["wang", "li"]),
        ("AccessionNumber=B'2", ["zhang"]),
        ("StudyDescription=100%*", ["li"]),
        ("ModalitiesInStudy=MR", ["li"]),
        ("Modality=mr", ["li"]),
        ("ModalitiesInStudy=CT\\MR", ALL),
        ("PatientBirthDate=19570301", ALL),
        ("PatientSex=M&PatientID=P2", ["li"]),
        ("PatientID=*", ALL),
        ("PatientID=", ALL),
        ("PatientID=' OR 1=1 --", []),
        ("PatientName=%", []),
        ("limit=1", ["wang"]),
        ("limit=1&offset=1", ["li"]),
        ("offset=3", []),
        ("limit=0", []),
        ("includefield=all&fuzzymatching=false", ALL),
        ("includefield=00081030,StudyDescription", ALL),
    ],
)
def test_studies_are_found_by(
    running: Stack, content: dict[str, Dataset], query: str, names: list[str]
) -> None:
    ticket = running.ticket(scope={"hospitals": ["H001"]})
    results = found(running, f"/studies?{quote(query, safe='=&')}", ticket)
    assert values(results, "0020000D") == [str(content[n].StudyInstanceUID) for n in names]


@pytest.mark.parametrize(
    "query",
    [
        "limit=x", "limit=-1", "offset=1e9", "offset=99999999", "StudyDate=2026", "StudyDate=-",
        "StudyDate=20261301", "StudyInstanceUID=1..2", "StudyInstanceUID=../..", "NoSuchField=1",
        "PatientID=a%00b", "fuzzymatching=perhaps", "SeriesNumber=1;2", "includefield=Nonsense",
        "%27=1", "&".join(f"PatientID={n}" for n in range(100)),
    ],
)  # fmt: skip
def test_a_query_that_cannot_be_understood_gets_400_and_a_sentence(
    running: Stack, content: dict[str, Dataset], query: str
) -> None:
    answer = running.get(f"/series?{query}")
    assert answer.status_code == 400
    assert answer.json()["error"] == "bad_request"
    assert answer.json()["message"].endswith(".")


def test_what_is_not_matched_is_said(running: Stack, content: dict[str, Dataset]) -> None:
    answer = running.get("/studies?InstitutionName=X&limit=5")
    assert "InstitutionName" in answer.headers["warning"]
    more = running.get("/studies?limit=1")
    assert "more results" in more.headers["warning"]


def test_every_level_is_answered(running: Stack, content: dict[str, Dataset]) -> None:
    wang = content["wang"]
    study, series, sop = wang.StudyInstanceUID, wang.SeriesInstanceUID, wang.SOPInstanceUID
    for path, tag, value in (
        (f"/studies/{study}/series", "0020000E", series),
        (f"/studies/{study}/instances", "00080018", sop),
        (f"/studies/{study}/series/{series}/instances", "00080018", sop),
        (f"/series?StudyInstanceUID={study}", "0020000E", series),
        (f"/instances?SeriesInstanceUID={series}&InstanceNumber=1", "00080018", sop),
        (f"/instances?SOPInstanceUID={sop},{samples.ROOT}", "00080018", sop),
    ):
        assert values(found(running, path), tag) == [str(value)], path
    assert found(running, f"/studies/{samples.uid()}/series") == []


def test_a_result_holds_what_the_standard_wants(
    running: Stack, content: dict[str, Dataset]
) -> None:
    wang = content["wang"]
    (study,) = found(running, f"/studies?StudyInstanceUID={wang.StudyInstanceUID}")
    assert study["00100010"] == {
        "vr": "PN",
        "Value": [{"Alphabetic": "Wang^XiaoDong", "Ideographic": "王^小东"}],
    }
    assert study["00080061"]["Value"] == ["CT"]
    assert study["00201206"]["Value"] == [1]
    assert study["00201208"]["Value"] == [1]
    assert study["00081190"]["Value"] == [f"{ORIGIN}/dicom-web/studies/{wang.StudyInstanceUID}"]
    assert study["00080090"] == {"vr": "PN"}
    (instance,) = found(running, f"/studies/{wang.StudyInstanceUID}/instances")
    assert instance["00280010"] == {"vr": "US", "Value": [16]}
    assert list(instance) == sorted(instance)


@pytest.mark.req("ARC-5.3", part=True)
def test_nothing_of_another_hospital_is_found_or_fetched(
    running: Stack, content: dict[str, Dataset]
) -> None:
    ticket = running.ticket(scope={"hospitals": ["H001"]})
    foreign = content["foreign"]
    study = str(foreign.StudyInstanceUID)
    for level in ("studies", "series", "instances"):
        for query in ("", "?PatientID=P1", f"?StudyInstanceUID={study}"):
            assert study not in running.get(f"/{level}{query}", ticket=ticket).text
    instance = samples.address(foreign)
    addresses = [
        f"/studies/{study}", f"/studies/{study}/metadata", f"/studies/{study}/overview",
        f"/studies/{study}/thumbnail", instance, f"{instance}/metadata", f"{instance}/frames/1",
        f"{instance}/rendered", f"{instance}/thumbnail", f"{instance}/frames/1/rendered",
        f"{instance}/bulkdata/7FE00010", f"/studies/{study}/series/{foreign.SeriesInstanceUID}",
    ]  # fmt: skip
    missing = running.get(f"/studies/{samples.uid()}/metadata", ticket=ticket)
    for address in addresses:
        answer = running.get(address, ticket=ticket)
        assert (answer.status_code, answer.content) == (404, missing.content), address
        assert running.get(address).status_code == 200, address


def test_a_ticket_for_one_study_finds_that_study_only(
    running: Stack, content: dict[str, Dataset]
) -> None:
    uid = str(content["li"].StudyInstanceUID)
    ticket = running.ticket(scope={"studies": [uid]})
    assert values(found(running, "/studies", ticket), "0020000D") == [uid]
    assert running.get(samples.address(content["wang"]), ticket=ticket).status_code == 404
    assert found(running, "/studies", running.ticket(scope={"studies": []})) == []


def test_a_ticket_for_studies_needs_no_pieces_of_names() -> None:
    query = [("PatientName", "*王小明*"), ("StudyDescription", "*胸部*")]
    share = replace(EVERYBODY, hospitals=None, studies=frozenset(("1.2.3",)))
    for ticket, narrowed in ((EVERYBODY, True), (share, False)):
        parsed = parse("studies", query, ticket)
        assert (probe(parsed.condition) is not None) is narrowed
        assert ("grams" in statement(ticket, "studies", parsed)[0]) is narrowed


def test_an_index_of_another_version_is_unavailable(
    running: Stack, content: dict[str, Dataset]
) -> None:
    for change, undo in (
        ("FUNCTION archive.grams(text) RENAME TO later", "FUNCTION archive.later(text)"
         " RENAME TO grams"),
        ("TABLE archive.study RENAME study_time TO later", "TABLE archive.study"
         " RENAME later TO study_time"),
        ("TABLE archive.series RENAME TO later", "TABLE archive.later RENAME TO series"),
    ):  # fmt: skip
        running.execute(f"ALTER {change}")
        try:
            answer = running.get("/series?PatientName=*XiaoDong*")
        finally:
            running.execute(f"ALTER {undo}")
        assert (answer.status_code, answer.json()["error"]) == (503, "unavailable"), change
    assert found(running, "/series?PatientName=*XiaoDong*")


def test_every_search_is_on_record_once_a_ticket(
    running: Stack, content: dict[str, Dataset]
) -> None:
    ticket = running.ticket(jti="search-once", sub="user:9")
    for _ in range(3):
        found(running, "/studies", ticket)
    rows = running.query(
        "SELECT study_uid, action FROM archive.access WHERE ticket = 'search-once'"
    )
    assert rows == [("", "search")]


def test_a_search_out_of_reach_names_no_study_in_the_record(
    running: Stack, content: dict[str, Dataset]
) -> None:
    own, foreign = str(content["li"].StudyInstanceUID), str(content["wang"].StudyInstanceUID)
    ticket = running.ticket(jti="search-foreign", scope={"studies": [own]})
    assert found(running, f"/studies/{foreign}/series", ticket) == []
    rows = running.query(
        "SELECT study_uid, action FROM archive.access WHERE ticket = 'search-foreign'"
    )
    assert rows == [("", "search")]
