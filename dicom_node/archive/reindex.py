"""``dicom-node reindex``: the index made anew, or completed, from the stored objects."""

import json
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg

from dicom_node import hospital, log
from dicom_node.archive import index, study_events, volume
from dicom_node.archive.loop import take_lock
from dicom_node.archive.migrate import migrate
from dicom_node.archive.scan import Scanned, scan
from dicom_node.archive.verify import following, note
from dicom_node.config import Config
from dicom_node.dataset.elements import UnreadableError
from dicom_node.store import stores
from dicom_node.store.base import Store, Stored
from dicom_node.store.stores import Stores

GROUP = 500


class Reindexer:
    """Walks over every object, and goes on where an earlier walk was interrupted."""

    def __init__(self, store: Stores, zone: ZoneInfo) -> None:
        self.store = store
        self.zone = zone
        self.seen = self.added = 0
        self.problems: list[dict[str, str]] = []

    def run(self, connection: psycopg.Connection) -> None:
        """Add what the index lacks, then report what it has and no store holds."""
        for store in self.store.by_location.values():
            self._walk(connection, store)
        self._missing(connection)

    def _walk(self, connection: psycopg.Connection, store: Store) -> None:
        walk = f"reindex {store.location}"
        row = connection.execute(
            "SELECT position FROM archive.progress WHERE walk = %s", (walk,)
        ).fetchone()
        objects = store.objects(row[0] if row else "")
        while group := list(islice(objects, GROUP)):
            new = self._unknown(connection, store, group)
            with connection.transaction():
                self._add(connection, store, new)
                connection.execute(
                    "INSERT INTO archive.progress (walk, position, checked, damaged)"
                    " VALUES (%s, %s, 0, 0)"
                    " ON CONFLICT (walk) DO UPDATE SET position = excluded.position, at = now()",
                    (walk, group[-1].key),
                )
            self.seen += len(group)
            self.added += len(new)
            log.get().info(
                "reindexed", location=store.location, objects=self.seen, added=self.added,
                position=group[-1].key,
            )  # fmt: skip
        connection.execute("DELETE FROM archive.progress WHERE walk = %s", (walk,))

    def _unknown(
        self, connection: psycopg.Connection, store: Store, group: list[Stored]
    ) -> list[index.New]:
        """What of *group* the index lacks. The name of an object is its SOP Instance UID."""
        names = [Path(found.key).stem for found in group]
        keys: dict[str, str] = dict(
            connection.execute(
                "SELECT sop_uid, object_key FROM archive.instance WHERE sop_uid = ANY(%s)", (names,)
            ).fetchall()
        )
        new = []
        for name, found in zip(names, group, strict=True):
            if name in keys:
                if keys[name] != found.key:
                    self._problem(found.key, f"the instance is stored as {keys[name]} already")
                continue
            scanned = self._scanned(store, found, name)
            if scanned is not None:
                keys[name] = found.key
                code = found.key.partition("/")[0]
                new.append(index.New("", code, found.received, found.key, scanned, store.location))
        return new

    def _scanned(self, store: Store, found: Stored, name: str) -> Scanned | None:
        if not hospital.is_code(found.key.partition("/")[0]):
            self._problem(found.key, "lies below no hospital")
            return None
        try:
            scanned = scan(store.local(found.key))
        except (UnreadableError, FileNotFoundError) as error:
            self._problem(found.key, f"cannot be read: {error}")
            return None
        if scanned.identity.sop_instance != name:
            self._problem(found.key, "holds an instance of another name")
            return None
        return scanned

    def _add(self, connection: psycopg.Connection, store: Store, new: list[index.New]) -> None:
        if not new:
            return
        index.add_instances(connection, new)
        volume.add(connection, new, self.zone)
        studies = {item.scanned.identity.study for item in new}
        if store is self.store.nearline:
            connection.execute(
                "UPDATE archive.study t SET nearline_count = (SELECT count(*)"
                " FROM archive.series s JOIN archive.instance i ON i.series_id = s.id"
                " WHERE s.study_id = t.id AND i.location = %s) WHERE t.study_uid = ANY(%s)",
                (store.location, sorted(studies)),
            )
        study_events.touch(connection, studies)

    def _missing(self, connection: psycopg.Connection) -> None:
        position = 0
        while group := following(connection, position):
            for found in group:
                if not self.store.holds(found.key, found.location):
                    self._problem(found.key, "is in the index and in no store")
                    note(connection, found, "missing")
            position = group[-1].id

    def _problem(self, key: str, detail: str) -> None:
        log.get().error("reindex_problem", key=key, detail=detail)
        self.problems.append({"object_key": key, "detail": detail})


def run(config: Config) -> int:
    """Reindex all stores while nothing is archived; 1 when an object or a row has no match."""
    migrate(config.index.dsn)
    reindexer = Reindexer(stores.of(config), ZoneInfo(config.archive.time_zone))
    with psycopg.connect(config.index.dsn, autocommit=True) as connection:
        try:
            take_lock(connection)
        except psycopg.OperationalError as error:
            log.get().error("reindex_refused", detail=f"{error}: stop dicom-node archive first")
            return 1
        reindexer.run(connection)
    summary = {"objects": reindexer.seen, "added": reindexer.added, "problems": reindexer.problems}
    print(json.dumps(summary))
    return 1 if reindexer.problems else 0
