"""Sorts spooled instances into new ones, duplicates and cases for quarantine."""

import hashlib
import mmap
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import psycopg

from dicom_node import ident, log
from dicom_node.archive import index
from dicom_node.archive.scan import Scanned, scan
from dicom_node.dataset.elements import UnreadableError
from dicom_node.dataset.part10 import FileMeta, decode
from dicom_node.spool.quarantine import Case, Quarantine, Reason
from dicom_node.spool.spool import Spooled
from dicom_node.store.base import Deposit, OccupiedError, Store, StoreError


class Keys(Protocol):
    """Gives an instance its key."""

    def __call__(self, hospital: str, item: Spooled, found: Scanned) -> str: ...


@dataclass(frozen=True, slots=True)
class Place:
    """What a batch works with."""

    store: Store
    quarantine: Quarantine
    keys: Keys
    threads: Executor


@dataclass
class Batch:
    """Those that the disk or the store do not take now are put off; ``failure`` says why."""

    place: Place
    spooled: Sequence[Spooled]
    new: list[index.New] = field(default_factory=list)
    duplicates: list[index.Duplicate] = field(default_factory=list)
    events: list[index.Event] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    put_off: list[Spooled] = field(default_factory=list)
    failure: OSError | None = None

    def sort(self, connection: psycopg.Connection) -> None:
        scanned = self._scanned()
        known = index.lookup(connection, [found for _item, found in scanned])
        digests, studies_of = dict(known.digests), dict(known.studies_of)
        hospitals = dict(known.hospitals)
        candidates: dict[str, tuple[Spooled, Scanned]] = {}
        again: list[tuple[Spooled, Scanned]] = []
        for item, found in scanned:
            uid, study = found.identity.sop_instance, found.identity.study
            if hospitals.setdefault(study, item.hospital) != item.hospital:
                detail = f"study {study} belongs to another hospital"
                self._quarantine(item, found, "other_hospital", detail)
            elif uid in digests:
                again.append((item, found))
            else:
                candidates[uid] = (item, found)
                digests[uid], studies_of[uid] = found.digest, study
        unsettled = self._adopt(connection, list(candidates.values()))
        for item, found in again:
            uid = found.identity.sop_instance
            if uid in unsettled:
                self._put_off(item, unsettled[uid])
            elif digests[uid] == found.digest:
                received = ident.time_of(item.id)
                self.duplicates.append(index.Duplicate(item.id, studies_of[uid], received))
            else:
                self._conflict(item, found)

    def _scanned(self) -> list[tuple[Spooled, Scanned]]:
        scanned: list[tuple[Spooled, Scanned]] = []
        for item, outcome in zip(
            self.spooled, self.place.threads.map(_scan, self.spooled), strict=True
        ):
            match outcome:
                case Scanned():
                    scanned.append((item, outcome))
                case UnreadableError():
                    self.unreadable(item, str(outcome))
                case OSError():
                    self._put_off(item, outcome)
                case _:
                    log.get().error("scan_failed", spool_id=item.id, exc_info=outcome)
                    self.unreadable(item, f"cannot be scanned: {type(outcome).__name__}")
        return scanned

    def _adopt(
        self, connection: psycopg.Connection, candidates: list[tuple[Spooled, Scanned]]
    ) -> dict[str, OSError]:
        """Take *candidates* into the store; return the UIDs of those to be tried again later."""
        keys = [self.place.keys(item.hospital, item, found) for item, found in candidates]
        doomed = index.doomed(connection, self.place.store.location, keys)
        deposits = [
            Deposit(key, item.path, ident.time_of(item.id))
            for key, (item, _found) in zip(keys, candidates, strict=True)
            if key not in doomed
        ]
        outcomes = dict(
            zip((d.key for d in deposits), self.place.store.adopt(deposits), strict=True)
        )
        waits = StoreError("an object of a deleted study is still to be removed from its place")
        unsettled: dict[str, OSError] = {}
        for key, (item, found) in zip(keys, candidates, strict=True):
            match outcomes.get(key, waits):
                case None:
                    received = ident.time_of(item.id)
                    self.new.append(
                        index.New(
                            item.id, item.hospital, received, key, found, self.place.store.location
                        )
                    )
                case OccupiedError():
                    self._conflict(item, found)
                case OSError() as error:
                    unsettled[found.identity.sop_instance] = error
                    self._put_off(item, error)
        return unsettled

    def _put_off(self, item: Spooled, error: OSError) -> None:
        if self.failure is None:
            log.get().error(
                "put_off", spool_id=item.id, error=type(error).__name__, detail=str(error)[:300]
            )
        self.put_off.append(item)
        self.failure = error

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
        if self.place.quarantine.take(case, item.id, item.path):
            at, body = ident.time_of(item.id), case.event(item.id)
            self.events.append(index.Event(item.id, "quarantined", "quarantine", body, at))
        else:
            self.repeated.append(item.id)
        log.get().warning("quarantined", spool_id=item.id, reason=case.reason, detail=case.detail)


def _scan(item: Spooled) -> Scanned | Exception:
    """No file may stop the others."""
    try:
        return scan(item.path)
    except Exception as error:  # noqa: BLE001
        return error


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
