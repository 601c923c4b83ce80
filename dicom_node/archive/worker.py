"""Takes spooled instances into the store and the index, in batches that a crash cannot half do.

The order: bytes into the store (hard link), names on disk, one transaction, then out of the spool.
Whatever was done before a crash is recognised when the same spool file is met again: the link by
its inode, the transaction by the ledger of arrivals.
"""

import hashlib
import json
import mmap
from pathlib import Path

import psycopg

from dicom_node import ident, log
from dicom_node.archive import index
from dicom_node.archive.scan import Scanned, scan
from dicom_node.dataset.elements import UnreadableError
from dicom_node.dataset.part10 import FileMeta, decode
from dicom_node.spool.quarantine import Case, Quarantine, Reason
from dicom_node.spool.spool import Spool, Spooled
from dicom_node.store.base import OccupiedError, Store, object_key


class Archiver:
    """Archives what lies in a spool. One process at a time may do so."""

    def __init__(self, spool: Spool, store: Store, quarantine: Quarantine, batch: int) -> None:
        self.spool = spool
        self.store = store
        self.quarantine = quarantine
        self.batch = batch

    def run_once(self, connection: psycopg.Connection) -> int:
        """Archive one batch, and one of notes; return how many files were dealt with."""
        done = self._notes(connection, self.spool.notes(self.batch))
        return done + self._archive(connection, self.spool.oldest(self.batch))

    def _archive(self, connection: psycopg.Connection, spooled: list[Spooled]) -> int:
        if not spooled:
            return 0
        arrived = index.known(connection, [item.id for item in spooled])
        batch = _Batch(self, [item for item in spooled if item.id not in arrived])
        batch.sort(connection)
        self.store.commit()
        try:
            self._commit(connection, batch)
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            if len(spooled) > 1:
                return self._one_by_one(connection, spooled)
            self._refuse(connection, batch, error)
        done = [item for item in spooled if item not in batch.put_off]
        for item in done:
            item.path.unlink(missing_ok=True)
        log.get().info(
            "archived", stored=len(batch.new), duplicates=len(batch.duplicates),
            quarantined=len(batch.events), replayed=len(arrived),
        )  # fmt: skip
        if batch.failure is not None and not done:
            raise batch.failure
        return len(done)

    def _commit(self, connection: psycopg.Connection, batch: "_Batch") -> None:
        with connection.transaction():
            index.apply(connection, batch.new, batch.duplicates, batch.events)
            index.add_arrivals(connection, batch.repeated, "quarantined")

    def _one_by_one(self, connection: psycopg.Connection, spooled: list[Spooled]) -> int:
        """Find the instance that the index does not take, so that it stops no other."""
        done, failure = 0, None
        for item in spooled:
            try:
                done += self._archive(connection, [item])
            except OSError as error:
                failure = error
        if failure is not None and not done:
            raise failure
        return done

    def _refuse(
        self, connection: psycopg.Connection, batch: "_Batch", error: psycopg.Error
    ) -> None:
        """Keep the one instance of *batch*, which the index does not take, aside."""
        (item,) = batch.spooled
        for new in batch.new:
            self.store.discard(new.key, item.path)
        refused = _Batch(self, [])
        refused.unreadable(item, f"the index does not take it: {type(error).__name__}")
        self._commit(connection, refused)

    def _notes(self, connection: psycopg.Connection, paths: list[Path]) -> int:
        if not paths:
            return 0
        arrived = index.known(connection, [path.stem for path in paths])
        events = [_event(path) for path in paths if path.stem not in arrived]
        try:
            with connection.transaction():
                index.apply(connection, [], [], [event for event in events if event is not None])
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            if len(paths) > 1:
                return sum(self._notes(connection, [path]) for path in paths)
            _put_aside(paths[0], error)
        for path in paths:
            path.unlink(missing_ok=True)
        return len(paths)


def _event(path: Path) -> index.Event | None:
    """The event in a note of the receiver; None, and the note kept aside, when it is damaged."""
    try:
        note = json.loads(path.read_bytes())
        at = ident.time_of(path.stem)
        return index.Event(path.stem, "noted", note["kind"], note["body"], at)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        _put_aside(path, error)
        return None


def _put_aside(path: Path, error: Exception) -> None:
    log.get().error("note_damaged", note=path.name, error=type(error).__name__)
    path.rename(path.with_suffix(".damaged"))


class _Batch:
    """Sorts spooled instances into new ones, duplicates and cases for quarantine.

    Those that the disk does not give now are put off; ``failure`` says why.
    """

    def __init__(self, archiver: Archiver, spooled: list[Spooled]) -> None:
        self.archiver = archiver
        self.spooled = spooled
        self.new: list[index.New] = []
        self.duplicates: list[index.Duplicate] = []
        self.events: list[index.Event] = []
        self.repeated: list[str] = []
        self.put_off: list[Spooled] = []
        self.failure: OSError | None = None

    def sort(self, connection: psycopg.Connection) -> None:
        scanned: list[tuple[Spooled, Scanned]] = []
        for item in self.spooled:
            try:
                scanned.append((item, scan(item.path)))
            except UnreadableError as error:
                self.unreadable(item, str(error))
            except OSError as error:
                log.get().error("put_off", spool_id=item.id, error=type(error).__name__)
                self.put_off.append(item)
                self.failure = error
            except Exception as error:  # noqa: BLE001 - no file may stop the others
                log.get().exception("scan_failed", spool_id=item.id)
                self.unreadable(item, f"cannot be scanned: {type(error).__name__}")
        known = index.lookup(connection, [found for _item, found in scanned])
        digests, studies_of = dict(known.digests), dict(known.studies_of)
        hospitals = dict(known.hospitals)
        for item, found in scanned:
            uid, study = found.identity.sop_instance, found.identity.study
            if hospitals.setdefault(study, item.hospital) != item.hospital:
                detail = f"study {study} belongs to another hospital"
                self._quarantine(item, found, "other_hospital", detail)
            elif uid not in digests:
                if self._adopt(item, found):
                    digests[uid], studies_of[uid] = found.digest, study
            elif digests[uid] == found.digest:
                received = ident.time_of(item.id)
                self.duplicates.append(index.Duplicate(item.id, studies_of[uid], received))
            else:
                self._conflict(item, found)

    def _adopt(self, item: Spooled, found: Scanned) -> bool:
        received = ident.time_of(item.id)
        key = object_key(item.hospital, received, found.identity)
        try:
            self.archiver.store.adopt(key, item.path)
        except OccupiedError:
            self._conflict(item, found)
            return False
        self.new.append(index.New(item.id, item.hospital, received, key, found))
        return True

    def _conflict(self, item: Spooled, found: Scanned) -> None:
        uid = found.identity.sop_instance
        self._quarantine(
            item, found, "conflict", f"SOP Instance UID {uid} is stored with other bytes"
        )

    def _quarantine(self, item: Spooled, found: Scanned, reason: Reason, detail: str) -> None:
        case = Case(
            hospital=item.hospital,
            calling_ae=found.meta.calling_ae,
            address=found.meta.address,
            reason=reason,
            detail=detail,
            study_uid=found.identity.study,
            sop_instance_uid=found.identity.sop_instance,
            size=found.size - found.dataset_offset,
            sha256=found.digest.hex(),
        )
        self._keep(item, case)

    def unreadable(self, item: Spooled, detail: str) -> None:
        """What the receiver could read and this program cannot: a damaged or foreign spool file."""
        meta, digest, size = _rawly(item.path)
        case = Case(
            hospital=item.hospital, calling_ae=meta.calling_ae, address=meta.address,
            reason="unreadable", detail=detail, study_uid="",
            sop_instance_uid=meta.sop_instance, size=size, sha256=digest,
        )  # fmt: skip
        self._keep(item, case)

    def _keep(self, item: Spooled, case: Case) -> None:
        if self.archiver.quarantine.take(case, item.id, item.path):
            at, body = ident.time_of(item.id), case.event(item.id)
            self.events.append(index.Event(item.id, "quarantined", "quarantine", body, at))
        else:
            self.repeated.append(item.id)
        log.get().warning("quarantined", spool_id=item.id, reason=case.reason, detail=case.detail)


def _rawly(path: Path) -> tuple[FileMeta, str, int]:
    """Group 2, and SHA-256 and size of what follows, of a file that need not be one."""
    size = path.stat().st_size
    if not size:
        return FileMeta(), hashlib.sha256().hexdigest(), 0
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as file:
        try:
            meta, start = decode(file)
        except UnreadableError:
            meta, start = FileMeta(), 0
        with memoryview(file) as data, data[start:] as dataset:
            return meta, hashlib.sha256(dataset).hexdigest(), size - start
