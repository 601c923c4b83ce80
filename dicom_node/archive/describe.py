"""Makes what readers want of a series once nothing more comes, so that it lies ready for them.

Its metadata always; its frames in HTJ2K where the hospital wants that, also of series that came
before it did.
"""

import gzip
import json
import os
import threading
from collections.abc import Sequence

import psycopg
from psycopg.rows import dict_row

from dicom_node import log
from dicom_node.archive.instructions import Instructions
from dicom_node.archive.located import LOCATED, ORDER, Located
from dicom_node.dataset.elements import UnreadableError
from dicom_node.store.stores import Stores
from dicom_node.web import htj2k
from dicom_node.web.derived import Derived
from dicom_node.web.metadata import series_json

NICENESS = 10


class Describer:
    """One series at a time, behind everything else that the machine does."""

    def __init__(
        self,
        store: Stores,
        derived: Derived,
        origin: str,
        settle_seconds: float,
        instructions: Instructions,
    ) -> None:
        self.store = store
        self.derived = derived
        self.base = f"{origin}/dicom-web"
        self.settle_seconds = settle_seconds
        self.instructions = instructions
        self._polite = False

    def run_once(self, connection: psycopg.Connection) -> int:
        """Deal with the series that settled first, else with an older one; return how many."""
        if not self._polite:
            # On Linux a thread has a priority of its own.
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
            self._polite = True
        return self._settled(connection) or self._older(connection)

    def _settled(self, connection: psycopg.Connection) -> int:
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
        self._describe(connection, series, compress=hospital in self.instructions.htj2k())
        connection.execute(
            "UPDATE archive.series SET described = true WHERE id = %s AND last_received = %s",
            (series, last_received),
        )
        return 1

    def _older(self, connection: psycopg.Connection) -> int:
        """Go on with the series of a hospital that were there before it wanted HTJ2K."""
        hospitals = sorted(self.instructions.htj2k())
        walks = {f"htj2k/{hospital}": hospital for hospital in hospitals}
        connection.execute(
            "DELETE FROM archive.progress WHERE walk LIKE 'htj2k/%%' AND walk <> ALL(%s)",
            (list(walks),),
        )
        for walk, hospital in walks.items():
            row = connection.execute(
                "SELECT s.id FROM archive.series s JOIN archive.study t ON t.id = s.study_id"
                " WHERE t.hospital = %s AND s.described AND s.id > coalesce("
                "(SELECT position::bigint FROM archive.progress WHERE walk = %s), 0)"
                " ORDER BY s.id LIMIT 1",
                (hospital, walk),
            ).fetchone()
            if row is not None:
                self._describe(connection, row[0], compress=True)
            # Series that come from now on are compressed when they have settled.
            connection.execute(
                "INSERT INTO archive.progress (walk, position, checked, damaged)"
                " SELECT %s, coalesce(%s, max(id), 0), 0, 0 FROM archive.series"
                " ON CONFLICT (walk) DO UPDATE SET position = excluded.position, at = now()"
                " WHERE progress.position <> excluded.position",
                (walk, row and row[0]),
            )
            if row is not None:
                return 1
        return 0

    def _describe(self, connection: psycopg.Connection, series: int, *, compress: bool) -> None:
        with connection.cursor(row_factory=dict_row) as cursor:
            cursor.execute(LOCATED + "s.id = %(series)s" + ORDER, {"series": series})
            instances = [Located(**found) for found in cursor]
        if not instances:
            return
        try:
            document = series_json(self.store, self.derived, instances, self.base, anon=False)
            if compress:
                self._compress(instances, document)
        except (UnreadableError, FileNotFoundError) as error:
            # Whoever asks for it is told; it is not tried again and again.
            log.get().warning("not_described", series=series, error=type(error).__name__)

    def _compress(self, instances: Sequence[Located], document: bytes) -> None:
        series = instances[0].series
        try:
            metadata = json.loads(gzip.decompress(document))
            count = htj2k.make(self.store, self.derived, instances, metadata)
            log.get().info("compressed", series=series, instances=count, of=len(instances))
        except htj2k.NotTheSameError:
            log.get().error("compression_not_lossless", series=series)
        except OSError as error:
            log.get().warning("not_compressed", series=series, error=str(error)[:300])
