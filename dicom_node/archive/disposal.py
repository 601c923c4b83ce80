"""Deletes studies that two persons in the portal decided to delete, and objects left behind.

It runs between two batches of the archive, never beside one: an object that comes anew under the
key of a deleted one is not mistaken for it.
"""

import time

import psycopg
from psycopg.types.json import Jsonb

from dicom_node import log
from dicom_node.archive.instructions import Disposal, Instructions
from dicom_node.render.cache import Volumes
from dicom_node.store.stores import Stores
from dicom_node.web.derived import Derived

KIND = "disposal"
GROUP = 500
RETRY = 10.0


class Disposer:
    """First the index forgets, and what is to be deleted is on record; then the objects go."""

    def __init__(self, store: Stores, derived: Derived, instructions: Instructions) -> None:
        self.store = store
        self.derived = derived
        self.volumes = Volumes(derived.root.parent)
        self.instructions = instructions
        self._done: set[int] = set()
        self._retry = 0.0

    def run_once(self, connection: psycopg.Connection) -> int:
        """Do what is to be done; return how many studies and objects that were."""
        done = 0
        for disposal in self.instructions.disposals():
            if disposal.id not in self._done:
                done += self._dispose(connection, disposal)
                self._done.add(disposal.id)
        return done + self._delete_doomed(connection)

    def _dispose(self, connection: psycopg.Connection, disposal: Disposal) -> int:
        with connection.transaction():
            new = connection.execute(
                "INSERT INTO archive.decision (kind, key, outcome, detail)"
                " VALUES (%s, %s, 'deleted', %s) ON CONFLICT DO NOTHING RETURNING 1",
                (KIND, str(disposal.id), disposal.study_uid),
            ).fetchone()
            if new is None:
                return 0
            row = connection.execute(
                "SELECT id, instance_count, size FROM archive.study WHERE study_uid = %s"
                " FOR UPDATE",
                (disposal.study_uid,),
            ).fetchone()
            study, instances, size = row or (0, 0, 0)
            # Where it lies, and in every other place: it may be on its way from one to another.
            connection.execute(
                "INSERT INTO archive.doomed (location, object_key)"
                " SELECT l, i.object_key FROM archive.instance i JOIN archive.series s"
                " ON s.id = i.series_id, unnest(%s::text[] || i.location) l WHERE s.study_id = %s"
                " ON CONFLICT DO NOTHING",
                (list(self.store.by_location), study),
            )
            connection.execute("DELETE FROM archive.study WHERE id = %s", (study,))
            connection.execute(
                "DELETE FROM archive.evidence WHERE study_uid = %s", (disposal.study_uid,)
            )
            connection.execute(
                "DELETE FROM archive.outbox"
                " WHERE kind = 'study' AND refused IS NULL AND study_uid = %s",
                (disposal.study_uid,),
            )
            body = {
                "id": disposal.id,
                "study_uid": disposal.study_uid,
                "instances": instances,
                "size": size,
                "error": "" if row else "the study is not in the archive",
            }
            connection.execute(
                "INSERT INTO archive.outbox (kind, body) VALUES ('disposal', %s)", (Jsonb(body),)
            )
        self.derived.forget(disposal.study_uid)
        self.volumes.forget(disposal.study_uid)
        log.get().warning("disposed", disposal=disposal.id, study=disposal.study_uid,
                          instances=instances, size=size)  # fmt: skip
        return 1

    def _delete_doomed(self, connection: psycopg.Connection) -> int:
        if time.monotonic() < self._retry:
            return 0
        rows = connection.execute(
            "SELECT location, object_key FROM archive.doomed ORDER BY location LIMIT %s", (GROUP,)
        ).fetchall()
        gone = []
        for location, key in rows:
            try:
                self.store.at(location).delete(key)
                gone.append((location, key))
            except OSError as error:
                log.get().warning(
                    "not_deleted", key=key, location=location, detail=str(error)[:200]
                )
                self._retry = time.monotonic() + RETRY
                break
        if gone:
            connection.execute(
                "DELETE FROM archive.doomed d USING unnest(%s::text[], %s::text[]) AS g(l, k)"
                " WHERE d.location = g.l AND d.object_key = g.k",
                ([location for location, _ in gone], [key for _, key in gone]),
            )
        return len(gone)
