"""Makes a series' metadata once nothing more comes, so that it lies ready for the first reader."""

import os
import threading

import psycopg
from psycopg.rows import dict_row

from dicom_node import log
from dicom_node.archive.located import LOCATED, ORDER, Located
from dicom_node.dataset.elements import UnreadableError
from dicom_node.store.stores import Stores
from dicom_node.web.derived import Derived
from dicom_node.web.metadata import series_json

NICENESS = 10


class Describer:
    """One series at a time, behind everything else that the machine does."""

    def __init__(self, store: Stores, derived: Derived, origin: str, settle_seconds: float) -> None:
        self.store = store
        self.derived = derived
        self.base = f"{origin}/dicom-web"
        self.settle_seconds = settle_seconds
        self._polite = False

    def run_once(self, connection: psycopg.Connection) -> int:
        """Describe the series that settled first; return how many that were."""
        if not self._polite:
            # On Linux a thread has a priority of its own.
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
            self._polite = True
        row = connection.execute(
            "SELECT id, last_received FROM archive.series WHERE NOT described"
            " AND last_received < now() - %s * interval '1 second' ORDER BY last_received LIMIT 1",
            (self.settle_seconds,),
        ).fetchone()
        if row is None:
            return 0
        series, last_received = row
        with connection.cursor(row_factory=dict_row) as cursor:
            cursor.execute(LOCATED + "s.id = %(series)s" + ORDER, {"series": series})
            instances = [Located(**found) for found in cursor]
        try:
            if instances:
                series_json(self.store, self.derived, instances, self.base, anon=False)
        except (UnreadableError, FileNotFoundError) as error:
            # Whoever asks for it is told; it is not tried again and again.
            log.get().warning("not_described", series=series, error=type(error).__name__)
        connection.execute(
            "UPDATE archive.series SET described = true WHERE id = %s AND last_received = %s",
            (series, last_received),
        )
        return 1
