"""Takes spooled instances into the store and the index, in batches that a crash cannot half do.

The order: bytes into the store (hard link, or put), names on disk, one transaction, then out of the
spool. Whatever was done before a crash is recognised when the same spool file is met again: the
object by its bytes, the transaction by the ledger of arrivals.
"""

import json
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psycopg

from dicom_node import ident, log
from dicom_node.archive import completeness, evidence, index
from dicom_node.archive.batch import Batch, Place
from dicom_node.archive.instructions import Instructions
from dicom_node.archive.scan import Scanned
from dicom_node.config import Archive
from dicom_node.spool.quarantine import Quarantine
from dicom_node.spool.spool import Spool, Spooled
from dicom_node.store.base import Store

# Of names read from the spool at once: a backlog is listed once in so many instances.
LISTING = 20_000
# The digest and the disk go on while another instance's header is read.
THREADS = 2


class Archiver:
    """Archives what lies in a spool. One process at a time may do so."""

    def __init__(
        self,
        spool: Spool,
        store: Store,
        quarantine: Quarantine,
        instructions: Instructions,
        settings: Archive,
    ) -> None:
        self.spool = spool
        self.instructions = instructions
        self.settings = settings
        self.place = Place(store, quarantine, self._key, ThreadPoolExecutor(THREADS, "scan"))
        self._queue: deque[Spooled] = deque()
        self._seen: tuple[int, str] = (0, "")
        self._since = 0.0

    def run_once(self, connection: psycopg.Connection) -> int:
        """Archive one batch, and one of notes; return how many files were dealt with."""
        self.instructions.refresh()
        done = self._notes(connection, self.spool.notes(self.settings.batch_size))
        return done + self._archive(connection, self._next())

    def _key(self, hospital: str, item: Spooled, found: Scanned) -> str:
        return self.instructions.layout(hospital).key(
            hospital,
            self.instructions.day(ident.time_of(item.id)),
            found.identity,
            modality=str(found.series["modality"] or ""),
            patient=str(found.study["patient_id"] or ""),
            accession=str(found.study["accession_number"] or ""),
        )

    def _next(self) -> list[Spooled]:
        """The next batch; nothing yet while more keeps coming, which costs less together."""
        size = self.settings.batch_size
        if not self._queue:
            waiting = self.spool.oldest(LISTING)
            if len(waiting) < size and self._grows(waiting):
                return []
            self._queue.extend(waiting)
        return [self._queue.popleft() for _ in range(min(size, len(self._queue)))]

    def _grows(self, waiting: list[Spooled]) -> bool:
        """Whether something came since the last look, and the oldest has not waited too long."""
        seen = (len(waiting), waiting[-1].id if waiting else "")
        now = time.monotonic()
        if not self._seen[0]:
            self._since = now
        grows = seen != self._seen and now - self._since < self.settings.gather_seconds
        self._seen = seen if grows else (0, "")
        return grows and bool(waiting)

    def _archive(self, connection: psycopg.Connection, spooled: list[Spooled]) -> int:
        if not spooled:
            return 0
        arrived = index.known(connection, [item.id for item in spooled])
        batch = Batch(self.place, [item for item in spooled if item.id not in arrived])
        batch.sort(connection)
        self.place.store.commit()
        try:
            self._commit(connection, batch)
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            if len(spooled) > 1:
                return self._one_by_one(connection, spooled)
            self._refuse(connection, batch, error)
        put_off = {item.id for item in batch.put_off}
        done = [item for item in spooled if item.id not in put_off]
        for item in done:
            item.path.unlink(missing_ok=True)
        log.get().info(
            "archived", stored=len(batch.new), duplicates=len(batch.duplicates),
            quarantined=len(batch.events), replayed=len(arrived), put_off=len(put_off),
        )  # fmt: skip
        if batch.failure is not None and not done:
            raise batch.failure
        return len(done)

    def _commit(self, connection: psycopg.Connection, batch: Batch) -> None:
        with connection.transaction():
            index.apply(
                connection, batch.new, batch.duplicates, batch.events,
                zone=self.instructions.zone,
            )  # fmt: skip
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

    def _refuse(self, connection: psycopg.Connection, batch: Batch, error: psycopg.Error) -> None:
        """Keep the one instance of *batch*, which the index does not take, aside."""
        (item,) = batch.spooled
        for new in batch.new:
            self.place.store.discard(new.key, item.path)
        refused = Batch(self.place, [])
        refused.unreadable(item, f"the index does not take it: {type(error).__name__}")
        self._commit(connection, refused)

    def _notes(self, connection: psycopg.Connection, paths: list[Path]) -> int:
        if not paths:
            return 0
        arrived = index.known(connection, [path.stem for path in paths])
        notes = [_note(path) for path in paths if path.stem not in arrived]
        steps = [note for note in notes if isinstance(note, Step)]
        try:
            with connection.transaction():
                index.apply(connection, [], [], [n for n in notes if isinstance(n, index.Event)])
                evidence.record(connection, [step.evidence for step in steps])
                index.add_arrivals(connection, [step.id for step in steps], "noted")
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            if len(paths) > 1:
                return sum(self._notes(connection, [path]) for path in paths)
            _put_aside(paths[0], error)
        for path in paths:
            path.unlink(missing_ok=True)
        return len(paths)


@dataclass(frozen=True, slots=True)
class Step:
    """A procedure step that was completed, from a note of the receiver."""

    id: str
    evidence: evidence.Evidence


def _note(path: Path) -> index.Event | Step | None:
    """What a note of the receiver says; None, and the note kept aside, when it is damaged."""
    try:
        note = json.loads(path.read_bytes())
        if note["kind"] == completeness.MPPS:
            return Step(path.stem, evidence.of_step(note["body"]))
        at = ident.time_of(path.stem)
        return index.Event(path.stem, "noted", note["kind"], note["body"], at)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        _put_aside(path, error)
        return None


def _put_aside(path: Path, error: Exception) -> None:
    log.get().error("note_damaged", note=path.name, error=type(error).__name__)
    path.rename(path.with_suffix(".damaged"))
