"""Searches by a part of a name: the pieces of a pattern are those of every text that it matches."""

import random
import re
from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest
from psycopg.types.json import Jsonb

from dicom_node.web.auth import Ticket
from dicom_node.web.grams import grams
from dicom_node.web.qido import statement
from dicom_node.web.query import parse

from . import samples
from .sender import send
from .stack import Stack

ALPHABET = "AB1王小明李 ^_"


def pairs(count: int) -> Iterator[tuple[str, str]]:
    """Texts, and patterns with ``*`` and ``?`` cut out of them; the same ones every time."""
    chance = random.Random(5)
    for _ in range(count):
        groups = [
            "".join(chance.choices(ALPHABET, k=chance.randint(0, 9)))
            for _ in range(chance.randint(1, 3))
        ]
        text = "=".join(groups)
        pattern = list(text)
        for _ in range(chance.randint(0, 4)):
            at = chance.randint(0, len(pattern))
            if chance.random() < 0.4:
                pattern[at : at + 1] = "?" if at < len(pattern) else ""
            else:
                pattern[at : at + chance.randint(0, 4)] = "*"
        yield text, "".join(pattern)


def test_what_a_pattern_matches_has_its_pieces(running: Stack) -> None:
    made = list(pairs(500))
    rows = running.query(
        "SELECT p->>0, archive.grams(p->>0) FROM jsonb_array_elements(%s) AS p",
        Jsonb([[text] for text, _pattern in made]),
    )
    assert [row[0] for row in rows] == [text for text, _pattern in made]
    for (text, pattern), (_text, pieces) in zip(made, rows, strict=True):
        assert set(grams(pattern)) <= set(pieces), (text, pattern)


@pytest.mark.parametrize(
    ("pattern", "pieces"),
    [
        ("王*", ["^王"]),
        ("*明*", ["明"]),
        ("王小明", ["^王", "王小", "小明", "明^"]),
        ("WANG^X*", ["^WA", "WAN", "ANG", "NGX"]),
        ("W*=王", ["^王", "王^"]),
        ("*12?45", ["45^"]),
        ("*", []),
        ("W*", []),
    ],
)
def test_the_pieces_of_a_pattern(pattern: str, pieces: list[str]) -> None:
    assert grams(pattern) == pieces


EVERYBODY = Ticket(
    "t", "tool:1", None, frozenset(("*",)), frozenset(("view",)), anonymous=False, purpose="tool"
)


def plan(stack: Stack, level: str, keys: dict[str, str], hospital: str, *switches: str) -> str:
    """How the index would search, were scans of the whole table, and *switches*, forbidden."""
    ticket = replace(EVERYBODY, hospitals=frozenset((hospital,)))
    sql, parameters = statement(ticket, level, parse(level, keys.items(), ticket))
    with psycopg.connect(stack.dsn, autocommit=True) as connection:
        for switch in ("enable_seqscan", *switches):
            connection.execute(f"SET {switch} = off")
        return "\n".join(row[0] for row in connection.execute(f"EXPLAIN {sql}", parameters))


@pytest.mark.parametrize(
    ("keys", "index"),
    [
        ({"PatientName": "王小*"}, "study_grams"),
        ({"PatientName": "*明*"}, "study_grams"),
        ({"ReferringPhysicianName": "Wang*"}, "study_grams"),
        ({"PatientID": "*123"}, "study_grams"),
        ({"AccessionNumber": "*123"}, "study_grams"),
        ({"StudyDescription": "*胸部*"}, "study_grams"),
        ({"PatientID": "P1"}, "study_patient_id"),
        ({"PatientID": "P1*"}, "study_patient_id"),
        ({"AccessionNumber": "A1"}, "study_accession"),
        ({"StudyID": "1"}, "study_number"),
        ({"PatientBirthDate": "19700101"}, "study_birth_date"),
        ({"StudyInstanceUID": "1.2"}, "study_study_uid_key"),
    ],
)
def test_what_is_searched_by_has_an_index(running: Stack, keys: dict[str, str], index: str) -> None:
    found = plan(running, "studies", keys, "*", "enable_indexscan")
    assert f" on {index} " in found, found


@pytest.mark.parametrize("hospital", ["*", "H001"])
@pytest.mark.parametrize("keys", [{}, {"StudyDate": "20260101-20260131"}])
def test_the_latest_come_in_the_order_of_an_index(
    running: Stack, keys: dict[str, str], hospital: str
) -> None:
    found = plan(running, "studies", keys, hospital, "enable_bitmapscan")
    assert re.search(" using study_(hospital_)?date ", found), found
    assert "Sort" not in found, found


def test_more_instances_of_a_study_enter_it_into_no_index_again(running: Stack) -> None:
    running.reset()
    send(running.dicom_port, [samples.message(samples.image())], "CT_A")
    running.wait_archived()
    with psycopg.connect(running.dsn) as connection:
        connection.execute(
            "UPDATE archive.study SET revision = revision + 1, instance_count = instance_count + 1,"
            " size = size + 1, last_received = last_received + interval '1 microsecond'"
        )
        updated = connection.execute(
            "SELECT pg_stat_get_xact_tuples_updated('archive.study'::regclass),"
            " pg_stat_get_xact_tuples_hot_updated('archive.study'::regclass)"
        ).fetchone()
    assert updated == (1, 1)
