"""Whether a study is all there: what was said of it, against what is stored.

The strongest evidence counts: a modality that lists what it made (MPPS), an archive that was asked
(C-FIND), the order (RIS). Without any a study's state is unknown, however long nothing came.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any, LiteralString

import psycopg
from psycopg.rows import class_row

LOCK = 7_241_000_004
# Strongest first.
SOURCES = ("mpps", "c-find", "ris")
MPPS, C_FIND, RIS = SOURCES


@dataclass(frozen=True, slots=True)
class Completeness:
    """``expected`` and ``missing`` are numbers of instances; ``source`` empty: nobody said."""

    expected: int | None = None
    missing: int | None = None
    source: str = ""

    def body(self) -> dict[str, Any]:
        """As the portal wants it."""
        known = "incomplete" if self.missing else "complete"
        return {
            "state": known if self.source else "unknown",
            "expected": self.expected,
            "missing": self.missing,
            "source": self.source,
        }


@dataclass(frozen=True, slots=True)
class _Said:
    study_uid: str
    source: str
    expected: int
    missing: int


_SAID: LiteralString = """
SELECT t.study_uid, e.source,
    coalesce(cardinality(e.instances), e.expected) AS expected,
    CASE WHEN e.instances IS NULL THEN greatest(e.expected - t.instance_count, 0)
        ELSE (SELECT count(*) FROM unnest(e.instances) u
              WHERE NOT EXISTS (SELECT FROM archive.instance i WHERE i.sop_uid = u))
    END AS missing
FROM archive.study t JOIN archive.evidence e USING (study_uid)
WHERE t.study_uid = ANY(%s) AND e.hospital IN ('', t.hospital)
    AND coalesce(cardinality(e.instances), e.expected) IS NOT NULL
ORDER BY t.study_uid
"""


def lock(connection: psycopg.Connection) -> None:
    """Until the transaction's end nobody else adds instances or evidence.

    Each would else judge a study without what the other is about to add. To be taken before any
    study is locked.
    """
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))


def of(connection: psycopg.Connection, uids: Iterable[str]) -> Mapping[str, Completeness]:
    """The state of those of *uids* that are stored and of which something was said."""
    with connection.cursor(row_factory=class_row(_Said)) as cursor:
        rows = cursor.execute(_SAID, (sorted(uids),)).fetchall()
    return {uid: _judge(list(said)) for uid, said in groupby(rows, attrgetter("study_uid"))}


def _judge(said: Sequence[_Said]) -> Completeness:
    source = min((one.source for one in said), key=SOURCES.index)
    strongest = [one for one in said if one.source == source]
    if source == MPPS:
        # Each step lists its own images.
        return Completeness(
            sum(one.expected for one in strongest), sum(one.missing for one in strongest), source
        )
    most = max(strongest, key=lambda one: (one.missing, one.expected))
    return Completeness(most.expected, most.missing, source)
