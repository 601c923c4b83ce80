"""Keeps what others said of how much a study holds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from dicom_node.archive import completeness, study_events
from dicom_node.archive.instructions import Expected
from dicom_node.dataset.uid import is_uid


@dataclass(frozen=True, slots=True)
class Evidence:
    """``expected`` is a number of instances; ``instances`` names them, when they are known."""

    study_uid: str
    source: str
    origin: str
    hospital: str
    expected: int | None
    instances: tuple[str, ...] | None = None


def of_step(body: dict[str, Any]) -> Evidence:
    """What a completed procedure step says, from the receiver's note; raises ValueError."""
    instances = tuple(map(str, body["instances"]))
    if not all(map(is_uid, (body["study_uid"], *instances))):
        raise ValueError("a reference of the procedure step is no UID")
    return Evidence(
        body["study_uid"], completeness.MPPS, body["step"], body["hospital"],
        len(instances), instances,
    )  # fmt: skip


def record(connection: psycopg.Connection, said: Sequence[Evidence]) -> None:
    """Keep *said* in a transaction; the portal hears of each study whose state it changes."""
    if not said:
        return
    uids = {one.study_uid for one in said}
    with connection.transaction():
        completeness.lock(connection)
        before = completeness.of(connection, uids)
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO archive.evidence"
                " (study_uid, source, origin, hospital, expected, instances)"
                " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (study_uid, source, origin)"
                " DO UPDATE SET hospital = excluded.hospital, expected = excluded.expected,"
                " instances = excluded.instances, at = now()",
                [
                    (
                        one.study_uid, one.source, one.origin, one.hospital, one.expected,
                        list(one.instances) if one.instances is not None else None,
                    )
                    for one in said
                ],
            )  # fmt: skip
        after = completeness.of(connection, uids)
        study_events.touch(connection, [u for u in uids if before.get(u) != after.get(u)])


class Orders:
    """What the RIS says, as the portal passes it on.

    A study that it does not name any more is complete, or closed: what was said of it holds on.
    """

    def __init__(self, expected: Callable[[], Sequence[Expected]]) -> None:
        self._expected = expected
        self._seen: Sequence[Expected] = ()

    def run_once(self, connection: psycopg.Connection) -> int:
        """Keep what is new; return how many studies that were."""
        told = self._expected()
        if told == self._seen:
            return 0
        rows = connection.execute(
            "SELECT study_uid, expected FROM archive.evidence"
            " WHERE source = %s AND study_uid = ANY(%s)",
            (completeness.RIS, [one.study_uid for one in told]),
        ).fetchall()
        known: dict[str, int] = dict(rows)
        new = [one for one in told if known.get(one.study_uid) != one.instances]
        record(
            connection,
            [Evidence(one.study_uid, completeness.RIS, "", "", one.instances) for one in new],
        )
        self._seen = told
        return len(new)
