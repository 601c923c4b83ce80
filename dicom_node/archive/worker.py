"""Takes spooled instances into the store and the index, in batches that a crash cannot half do.

The order: bytes into the store (hard link), names on disk, one transaction, then out of the spool.
Whatever was done before a crash is recognised when the same spool file is met again: the link by
its inode, the transaction by the ledger of arrivals.
"""

import hashlib
import json
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
        done = self._archive(connection, self.spool.oldest(self.batch))
        return done + self._notes(connection, self.spool.notes(self.batch))

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
            self._one_by_one(connection, spooled, error)
        for item in spooled:
            item.path.unlink(missing_ok=True)
        log.get().info(
            "archived", stored=len(batch.new), duplicates=len(batch.duplicates),
            quarantined=len(batch.events), replayed=len(arrived),
        )  # fmt: skip
        return len(spooled)

    def _commit(self, connection: psycopg.Connection, batch: "_Batch") -> None:
        with connection.transaction():
            index.apply(connection, batch.new, batch.duplicates, batch.events)
            index.add_arrivals(connection, batch.repeated, "quarantined")

    def _one_by_one(
        self, connection: psycopg.Connection, spooled: list[Spooled], error: psycopg.Error
    ) -> None:
        """Find the instance that the index does not take, so that it stops no other."""
        if len(spooled) > 1:
            for item in spooled:
                self._archive(connection, [item])
            return
        batch = _Batch(self, [])
        batch.unreadable(spooled[0], f"the index does not take it: {type(error).__name__}")
        self._commit(connection, batch)

    def _notes(self, connection: psycopg.Connection, paths: list[Path]) -> int:
        if not paths:
            return 0
        arrived = index.known(connection, [path.stem for path in paths])
        events = [_event(path) for path in paths if path.stem not in arrived]
        with connection.transaction():
            index.apply(connection, [], [], [event for event in events if event is not None])
        for path in paths:
            path.unlink(missing_ok=True)
        return len(paths)


def _event(path: Path) -> index.Event | None:
    """The event in a note of the receiver; None, and the note kept aside, when it is damaged."""
    try:
        note = json.loads(path.read_bytes())
        at = ident.time_of(path.stem)
        return index.Event(path.stem, "noted", note["kind"], note["body"], at)
    except (ValueError, KeyError, TypeError) as error:
        log.get().error("note_damaged", note=path.name, error=type(error).__name__)
        path.rename(path.with_suffix(".damaged"))
        return None


class _Batch:
    """Sorts spooled instances into new ones, duplicates and cases for quarantine."""

    def __init__(self, archiver: Archiver, spooled: list[Spooled]) -> None:
        self.archiver = archiver
        self.spooled = spooled
        self.new: list[index.New] = []
        self.duplicates: list[index.Duplicate] = []
        self.events: list[index.Event] = []
        self.repeated: list[str] = []

    def sort(self, connection: psycopg.Connection) -> None:
        scanned: list[tuple[Spooled, Scanned]] = []
        for item in self.spooled:
            try:
                scanned.append((item, scan(item.path)))
            except UnreadableError as error:
                self.unreadable(item, str(error))
            except OSError:
                raise  # the disk's fault, not the file's
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
    data = path.read_bytes()
    try:
        meta, start = decode(data)
    except UnreadableError:
        meta, start = FileMeta(), 0
    return meta, hashlib.sha256(data[start:]).hexdigest(), len(data) - start
