"""Makes what readers want of a series once nothing more comes, so that it lies ready for them.

Its metadata always; its frames in HTJ2K where the hospital wants that, also of series that came
before it did.
"""

import os
import threading

import psycopg
from psycopg.rows import dict_row

from dicom_node import log
from dicom_node.archive.instructions import Instructions
from dicom_node.archive.located import LOCATED, ORDER, Located
from dicom_node.dataset.elements import UnreadableError
from dicom_node.spool.spool import Spool
from dicom_node.store.stores import Stores
from dicom_node.web import htj2k
from dicom_node.web.derived import Derived
from dicom_node.web.metadata import series_json

NICENESS = 10
WALK = "htj2k/"
# Series of one look at the index: most were compressed before, when a walk begins anew.
AT_ONCE = 50
# Copies leave so many per cent of the disk, which is the spool's too, to what comes in.
RESERVE = 10


class Describer:
    """One series at a time, behind everything else that the machine does."""

    def __init__(
        self,
        spool: Spool,
        store: Stores,
        derived: Derived,
        origin: str,
        settle_seconds: float,
        instructions: Instructions,
    ) -> None:
        self.spool = spool
        self.store = store
        self.derived = derived
        self.base = f"{origin}/dicom-web"
        self.settle_seconds = settle_seconds
        self.instructions = instructions
        self._polite = False

    def run_once(self, connection: psycopg.Connection) -> int:
        """Deal with the series that settled first, else compress one; return how many."""
        if not self._polite:
            # On Linux a thread has a priority of its own.
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
            self._polite = True
        return self._describe(connection) or self._compress(connection)

    def _describe(self, connection: psycopg.Connection) -> int:
        row = connection.execute(
            "SELECT s.id, s.last_received, t.hospital FROM archive.series s"
            " JOIN archive.study t ON t.id = s.study_id WHERE NOT s.described"
            " AND s.last_received < now() - %s * interval '1 second'"
            " ORDER BY s.last_received LIMIT 1",
            (self.settle_seconds,),
        ).fetchone()
        if row is None:
            return 0
        series, last_received, hospital = row
        instances = _instances(connection, series)
        try:
            if instances:
                series_json(self.store, self.derived, instances, self.base, anon=False)
        except (UnreadableError, FileNotFoundError) as error:
            # Whoever asks for it is told; it is not tried again and again.
            log.get().warning("not_described", series=series, error=type(error).__name__)
        with connection.transaction():
            connection.execute(
                "UPDATE archive.series SET described = true WHERE id = %s AND last_received = %s",
                (series, last_received),
            )
            # The walk of `_compress` may have passed it.
            connection.execute(
                "UPDATE archive.progress SET position = (%s - 1)::text"
                " WHERE walk = %s AND position::bigint >= %s",
                (series, WALK + hospital, series),
            )
        return 1

    def _compress(self, connection: psycopg.Connection) -> int:
        """Compress the next series of a hospital that wants it; return how many were looked at."""
        hospitals = self.instructions.htj2k()
        if hospitals is None:
            return 0
        connection.execute(
            "DELETE FROM archive.progress WHERE walk LIKE %s AND walk <> ALL(%s)",
            (f"{WALK}%", [WALK + hospital for hospital in hospitals]),
        )
        if self.spool.used_per_cent() >= self.instructions.high_water() - RESERVE:
            return 0
        return sum(self._compress_next(connection, hospital) for hospital in sorted(hospitals))

    def _compress_next(self, connection: psycopg.Connection, hospital: str) -> int:
        walk = WALK + hospital
        found = connection.execute(
            "SELECT s.id, s.series_uid, t.study_uid FROM archive.series s"
            " JOIN archive.study t ON t.id = s.study_id"
            " WHERE t.hospital = %s AND s.described AND s.id > coalesce("
            "(SELECT position::bigint FROM archive.progress WHERE walk = %s), 0)"
            " ORDER BY s.id LIMIT %s",
            (hospital, walk, AT_ONCE),
        ).fetchall()
        done, last = 0, None
        for last, series, study in found:
            done += 1
            if self._is_compressed(connection, last, series, study):
                break
        # Without any, all that is there now was looked at; what settles later turns it back.
        connection.execute(
            "INSERT INTO archive.progress (walk, position, checked, damaged)"
            " SELECT %s, coalesce(%s::bigint, max(id), 0), 0, 0 FROM archive.series"
            " ON CONFLICT (walk) DO UPDATE SET position = excluded.position, at = now()"
            " WHERE progress.position <> excluded.position",
            (walk, last),
        )
        return done

    def _is_compressed(
        self, connection: psycopg.Connection, series: int, uid: str, study: str
    ) -> bool:
        """Compress a series; whether that was work. Raises OSError about the disk."""
        nearline = self.store.nearline
        instances = [
            instance
            for instance in _instances(connection, series)
            if nearline is None or instance.location != nearline.location
        ]
        if not instances or htj2k.is_made(self.derived, instances):
            return False
        try:
            count = htj2k.make(self.store, self.derived, instances)
        except htj2k.NotTheSameError:
            log.get().error("compression_not_lossless", series=uid)
            return True
        log.get().info("compressed", series=uid, instances=count, of=len(instances))
        if not _instances(connection, series):
            # It was disposed of meanwhile.
            htj2k.forget(self.derived, study, uid)
        return True


def _instances(connection: psycopg.Connection, series: int) -> list[Located]:
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(LOCATED + "s.id = %(series)s" + ORDER, {"series": series})
        return [Located(**found) for found in cursor]
