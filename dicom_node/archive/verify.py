"""Reads stored objects again and compares them with their digests, round after round."""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import LiteralString

import psycopg
from psycopg.types.json import Jsonb

from dicom_node import log
from dicom_node.archive.instructions import Instructions
from dicom_node.config import Config
from dicom_node.store import stores
from dicom_node.store.stores import Stores

WALK = "verify"
GROUP = 50
# Between two rounds of an archive so small that a round takes less.
REST = 3600.0

_NEXT: LiteralString = """
SELECT i.id, i.object_key, i.location, i.digest, i.dataset_offset, i.size, i.sop_uid, t.study_uid,
    t.hospital
FROM archive.instance i JOIN archive.series s ON s.id = i.series_id
JOIN archive.study t ON t.id = s.study_id
WHERE i.id > %s ORDER BY i.id LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Object:
    """One object as the index has it."""

    id: int
    key: str
    location: str
    digest: bytes
    dataset_offset: int
    size: int
    sop: str
    study: str
    hospital: str


def following(connection: psycopg.Connection, after: int) -> list[Object]:
    return [Object(*row) for row in connection.execute(_NEXT, (after, GROUP))]


def check(store: Stores, found: Object) -> str:
    """What is wrong with an object: ``missing``, ``other bytes``, or nothing.

    Raises OSError when the store cannot be asked now.
    """
    digest, skip, size = hashlib.sha256(), found.dataset_offset, 0
    try:
        for chunk in store.stream(found.key, found.location):
            size += len(chunk)
            digest.update(chunk[skip:] if skip else chunk)
            skip = max(0, skip - len(chunk))
    except FileNotFoundError:
        return "missing"
    return "" if (digest.digest(), size) == (found.digest, found.size) else "other bytes"


def note(connection: psycopg.Connection, found: Object, wrong: str) -> bool:
    """Keep the outcome and tell the portal of new damage; False when the object was moved."""
    with connection.transaction():
        row = connection.execute(
            "SELECT location FROM archive.instance WHERE id = %s FOR SHARE", (found.id,)
        ).fetchone()
        if row is None or (wrong and row[0] != found.location):
            return False
        if not wrong:
            connection.execute("DELETE FROM archive.damage WHERE instance_id = %s", (found.id,))
            return True
        new = connection.execute(
            "INSERT INTO archive.damage (instance_id, detail) VALUES (%s, %s)"
            " ON CONFLICT (instance_id) DO UPDATE SET detail = excluded.detail"
            " WHERE damage.detail <> excluded.detail RETURNING 1",
            (found.id, wrong),
        ).fetchone()
        if new is not None:
            log.get().error("damaged", key=found.key, location=found.location, detail=wrong)
            body = {
                "hospital": found.hospital,
                "study_uid": found.study,
                "sop_instance_uid": found.sop,
                "object_key": found.key,
                "detail": wrong,
            }
            connection.execute(
                "INSERT INTO archive.outbox (kind, body) VALUES ('damage', %s)", (Jsonb(body),)
            )
    return True


class Verifier:
    """The background's share: a group of objects at a time, no faster than the portal says."""

    def __init__(
        self, store: Stores, instructions: Instructions, sleep: Callable[[float], object]
    ) -> None:
        self.store = store
        self.instructions = instructions
        self.sleep = sleep
        self._resting_until = 0.0

    def run_once(self, connection: psycopg.Connection) -> int:
        """Check the next group and return how many objects that were."""
        pace = self.instructions.verify_pace()
        if not pace or time.monotonic() < self._resting_until:
            return 0
        row = connection.execute(
            "SELECT position FROM archive.progress WHERE walk = %s", (WALK,)
        ).fetchone()
        position = int(row[0]) if row else 0
        group = following(connection, position)
        if not group:
            log.get().info("verified_all")
            self._resting_until = time.monotonic() + REST
            _advance(connection, "0", 0, 0)
            return 0
        damaged = 0
        for found in group:
            began = time.monotonic()
            wrong = check(self.store, found)
            damaged += bool(note(connection, found, wrong) and wrong)
            self.sleep(max(0.0, found.size / pace - (time.monotonic() - began)))
        _advance(connection, str(group[-1].id), len(group), damaged)
        return len(group)


def _advance(connection: psycopg.Connection, position: str, checked: int, damaged: int) -> None:
    """Remember where the walk is; at position 0 it begins anew."""
    connection.execute(
        "INSERT INTO archive.progress AS old (walk, position, checked, damaged)"
        " VALUES (%(walk)s, %(position)s, %(checked)s, %(damaged)s)"
        " ON CONFLICT (walk) DO UPDATE SET position = excluded.position, at = now(),"
        " checked = CASE old.position WHEN '0' THEN 0 ELSE old.checked END + excluded.checked,"
        " damaged = CASE old.position WHEN '0' THEN 0 ELSE old.damaged END + excluded.damaged",
        {"walk": WALK, "position": position, "checked": checked, "damaged": damaged},
    )


def run(config: Config) -> int:
    """``dicom-node verify``: one round over everything, at once; 1 when something is damaged."""
    store = stores.of(config)
    checked, damaged, position = 0, [], 0
    with psycopg.connect(config.index.dsn, autocommit=True) as connection:
        while group := following(connection, position):
            for found in group:
                wrong = check(store, found)
                if note(connection, found, wrong) and wrong:
                    damaged.append({"object_key": found.key, "detail": wrong})
            position = group[-1].id
            checked += len(group)
            log.get().info("verified", checked=checked, damaged=len(damaged))
    print(json.dumps({"checked": checked, "damaged": damaged}))
    return 1 if damaged else 0
