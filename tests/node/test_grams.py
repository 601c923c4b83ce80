"""Searches by a part of a name: the pieces of a pattern are those of every text that it matches."""

import random
from collections.abc import Iterator

import pytest
from psycopg.types.json import Jsonb

from dicom_node.web.grams import grams

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
