"""What people decide about quarantined instances: judge again, take in all the same, or delete.

It runs between two batches of the archive. The file in quarantine goes only after the outcome is on
record, so that a crash at any point leads to the same outcome.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg
from psycopg.types.json import Jsonb

from dicom_node import ident, log
from dicom_node.archive import index
from dicom_node.archive.batch import Place
from dicom_node.archive.instructions import Instructions, QuarantineAction
from dicom_node.archive.renaming import renamed
from dicom_node.archive.scan import Scanned, scan
from dicom_node.dataset.elements import UnreadableError
from dicom_node.dataset.uid import derived, is_uid
from dicom_node.spool.spool import Spooled
from dicom_node.store.base import Deposit, OccupiedError

KIND = "quarantine"


class RefusedError(Exception):
    """What was decided cannot be done; the message says why."""


@dataclass(frozen=True, slots=True)
class _Found:
    """The instance as it is to be stored: ``hospital`` may be another than the sender's."""

    hospital: str
    path: Path
    scanned: Scanned
    remark: str = ""


class Judge:
    """Carries out decisions, each once."""

    def __init__(self, place: Place, instructions: Instructions) -> None:
        self.place = place
        self.instructions = instructions
        self._settled: set[QuarantineAction] = set()

    def run_once(self, connection: psycopg.Connection) -> int:
        """Do what is to be done; return how many decisions that were."""
        actions = self.instructions.quarantine()
        if not actions:
            self._forget_refusals(connection, [])
            return 0
        done = 0
        for action in actions:
            if action not in self._settled:
                done += self._carry_out(connection, action)
                self._settled.add(action)
        self._forget_refusals(connection, [action.key for action in actions])
        return done

    def _forget_refusals(self, connection: psycopg.Connection, keys: list[str]) -> None:
        """What was refused, and is asked for no more, may be asked for once more."""
        gone = {action for action in self._settled if action.key not in keys}
        if gone:
            self._settled -= gone
            connection.execute(
                "DELETE FROM archive.decision WHERE kind = %s AND outcome = 'refused'"
                " AND key = ANY(%s)",
                (KIND, [action.key for action in gone]),
            )

    def _carry_out(self, connection: psycopg.Connection, action: QuarantineAction) -> int:
        row = connection.execute(
            "SELECT outcome FROM archive.decision WHERE kind = %s AND key = %s", (KIND, action.key)
        ).fetchone()
        path = self.place.quarantine.path(action.hospital, action.key)
        if row is None:
            self._decide(connection, action, path)
        elif row[0] != "refused":
            self.place.quarantine.remove(action.hospital, action.key)
        return row is None

    def _decide(self, connection: psycopg.Connection, action: QuarantineAction, path: Path) -> None:
        if action.action == "discard":
            self.place.quarantine.remove(action.hospital, action.key)
            with connection.transaction():
                _record(connection, action, "discarded", "")
            return
        renaming = path.with_suffix(".renamed")
        try:
            found = self._judge(connection, action, path, renaming)
            detail = self._store(connection, action, found)
        except RefusedError as refused:
            with connection.transaction():
                _record(connection, action, "refused", str(refused))
            return
        finally:
            renaming.unlink(missing_ok=True)
        log.get().info("taken_from_quarantine", key=action.key, action=action.action, detail=detail)
        self.place.quarantine.remove(action.hospital, action.key)

    def _judge(
        self, connection: psycopg.Connection, action: QuarantineAction, path: Path, renaming: Path
    ) -> _Found:
        """The instance as it may be stored; raise `RefusedError`."""
        accept = action.action == "accept"
        try:
            scanned = scan(path)
        except FileNotFoundError:
            raise RefusedError("there is no such file in quarantine") from None
        except UnreadableError as error:
            advice = "; it can only be tried again or discarded" if accept else ""
            raise RefusedError(f"unreadable: {error}{advice}") from None
        identity = scanned.identity
        if not all(map(is_uid, (identity.sop_instance, identity.study, identity.series))):
            raise RefusedError("invalid_uid: a UID of the instance cannot be used as a name")
        told = scanned.meta.sop_instance
        if not accept and told and told != identity.sop_instance:
            raise RefusedError("mismatch: the SOP Instance UIDs of request and data set differ")
        known = index.lookup(connection, [scanned])
        owner = known.hospitals.get(identity.study, action.hospital)
        if owner != action.hospital and not accept:
            raise RefusedError("other_hospital: the study belongs to another hospital")
        stored = known.digests.get(identity.sop_instance, scanned.digest)
        if stored == scanned.digest:
            return _Found(owner, path, scanned)
        if not accept:
            raise RefusedError("conflict: the SOP Instance UID is stored with other bytes")
        return self._rename(owner, path, scanned, renaming, ident.time_of(action.key))

    @staticmethod
    def _rename(owner: str, path: Path, scanned: Scanned, renaming: Path, at: datetime) -> _Found:
        """The instance under a UID of its own, which the same bytes always get."""
        original = scanned.identity.sop_instance
        uid = derived("instance", f"{original} {scanned.digest.hex()}")
        renamed(path, renaming, uid, at)
        remark = (
            f"stored as SOP Instance UID {uid}; the quarantined data set of {original} has SHA-256 "
            f"{scanned.digest.hex()}"
        )
        return _Found(owner, renaming, scan(renaming), remark)

    def _store(
        self, connection: psycopg.Connection, action: QuarantineAction, found: _Found
    ) -> str:
        """Store, index and record in this order; return what is worth telling."""
        scanned, received = found.scanned, ident.time_of(action.key)
        known = index.lookup(connection, [scanned])
        new: list[index.New] = []
        duplicates: list[index.Duplicate] = []
        uid = scanned.identity.sop_instance
        if uid in known.digests:
            duplicates.append(index.Duplicate(action.key, known.studies_of[uid], received))
        else:
            item = Spooled(action.key, found.hospital, found.path)
            key = self.place.keys(found.hospital, item, scanned)
            (outcome,) = self.place.store.adopt([Deposit(key, found.path, received)])
            if isinstance(outcome, OccupiedError):
                raise RefusedError("conflict: other bytes lie where the instance belongs")
            if outcome is not None:
                raise outcome
            self.place.store.commit()
            new.append(
                index.New(
                    action.key, found.hospital, received, key, scanned, self.place.store.location
                )
            )
        with connection.transaction():
            connection.execute("DELETE FROM archive.arrival WHERE spool_id = %s", (action.key,))
            index.apply(connection, new, duplicates, [], zone=self.instructions.zone)
            detail = found.remark or ("" if new else "the same bytes were stored already")
            _record(connection, action, "archived", detail)
        return detail


def _record(
    connection: psycopg.Connection, action: QuarantineAction, outcome: str, detail: str
) -> None:
    connection.execute(
        "INSERT INTO archive.decision (kind, key, outcome, detail) VALUES (%s, %s, %s, %s)",
        (KIND, action.key, outcome, detail),
    )
    body = {"key": action.key, "outcome": outcome, "detail": detail}
    connection.execute(
        "INSERT INTO archive.outbox (kind, body) VALUES ('quarantine_result', %s)", (Jsonb(body),)
    )
