"""Moves the objects of old studies to the near line, as the portal's tiers say."""

from dataclasses import replace
from typing import LiteralString

import psycopg

from dicom_node import log
from dicom_node.archive import study_events
from dicom_node.archive.instructions import Instructions, Tier
from dicom_node.archive.verify import Object, check
from dicom_node.store.base import Deposit
from dicom_node.store.stores import Stores
from dicom_node.web import htj2k
from dicom_node.web.derived import Derived

GROUP = 32

_OLD: LiteralString = """
SELECT i.id, i.object_key, i.location, i.digest, i.dataset_offset, i.size, i.sop_uid, t.study_uid,
    t.hospital, i.received, s.series_uid
FROM archive.study t JOIN archive.series s ON s.study_id = t.id
JOIN archive.instance i ON i.series_id = s.id
WHERE t.online AND i.location = 'local'
    AND coalesce(t.study_date, (t.first_received AT TIME ZONE 'UTC')::date)
        <= current_date - %(days)s
    AND (%(hospital)s = '*' OR t.hospital = %(hospital)s)
    AND (%(modality)s = '*' OR s.modality = %(modality)s)
    AND NOT EXISTS (SELECT FROM archive.damage d WHERE d.instance_id = i.id)
ORDER BY coalesce(t.study_date, (t.first_received AT TIME ZONE 'UTC')::date), t.id LIMIT %(limit)s
"""


class Mover:
    """Puts a group, reads it back, then the index says that it lies there, then the files go."""

    def __init__(self, store: Stores, derived: Derived, instructions: Instructions) -> None:
        self.store = store
        self.derived = derived
        self.instructions = instructions

    def run_once(self, connection: psycopg.Connection) -> int:
        """Move one group of each tier; return how many objects were moved."""
        if self.store.nearline is None:
            return 0
        return sum(self._move(connection, tier) for tier in self.instructions.tiers())

    def _move(self, connection: psycopg.Connection, tier: Tier) -> int:
        rows = connection.execute(
            _OLD,
            {
                "days": tier.after_days,
                "hospital": tier.hospital,
                "modality": tier.modality,
                "limit": GROUP,
            },
        ).fetchall()
        if not rows or self.store.nearline is None:
            return 0
        deposits = [Deposit(row[1], self.store.at("local").local(row[1]), row[9]) for row in rows]
        outcomes = self.store.nearline.adopt(deposits)
        moved = []
        for row, outcome in zip(rows, outcomes, strict=True):
            found = replace(Object(*row[:9]), location=self.store.nearline.location)
            if outcome is None and not check(self.store, found):
                moved.append(found)
            else:
                log.get().error("not_moved", key=found.key, detail=str(outcome or "other bytes"))
        self._flip(connection, moved)
        for study, series in {(row[7], row[10]) for row in rows}:
            # Copies would keep the room that the move is to free.
            htj2k.forget(self.derived, study, series)
        if not moved:
            raise next((o for o in outcomes if isinstance(o, OSError)), OSError("nothing moved"))
        return len(moved)

    def _flip(self, connection: psycopg.Connection, moved: list[Object]) -> None:
        ids = [found.id for found in moved]
        with connection.transaction():
            # In the order of the archive's own updates, so that neither waits for the other.
            connection.execute(
                "SELECT 1 FROM archive.study WHERE study_uid = ANY(%s)"
                " ORDER BY study_uid FOR UPDATE",
                ([found.study for found in moved],),
            )
            flipped = {
                row[0]
                for row in connection.execute(
                    "UPDATE archive.instance SET location = 's3'"
                    " WHERE id = ANY(%s) AND location = 'local' RETURNING id",
                    (ids,),
                )
            }
            counts: dict[str, int] = {}
            for found in moved:
                if found.id in flipped:
                    counts[found.study] = counts.get(found.study, 0) + 1
            with connection.cursor() as cursor:
                cursor.executemany(
                    "UPDATE archive.study SET nearline_count = nearline_count + %s"
                    " WHERE study_uid = %s",
                    [(count, study) for study, count in sorted(counts.items())],
                )
                # Of a study that was deleted meanwhile, what was put has to go.
                cursor.executemany(
                    "INSERT INTO archive.doomed (location, object_key) VALUES (%s, %s)"
                    " ON CONFLICT DO NOTHING",
                    [("local" if f.id in flipped else "s3", f.key) for f in moved],
                )
            study_events.touch(connection, counts)
        log.get().info("moved", objects=len(flipped))
