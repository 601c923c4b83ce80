"""How the archive process is doing, for the portal."""

import os
from typing import Any

import psycopg

from dicom_node import ident, log
from dicom_node.archive.bucket import Bucket, holds_objects
from dicom_node.archive.study_events import timestamp
from dicom_node.archive.verify import WALK
from dicom_node.config import Config
from dicom_node.spool.quarantine import Quarantine
from dicom_node.spool.spool import Spool


class Status:
    """Counts when it is asked; nothing is kept."""

    def __init__(
        self,
        config: Config,
        spool: Spool,
        quarantine: Quarantine,
        bucket: Bucket,
    ) -> None:
        self.config = config
        self.spool = spool
        self.quarantine = quarantine
        self.bucket = bucket

    def collect(self) -> dict[str, Any]:
        """Sizes in bytes; what the index would tell is None while it is away."""
        count, size, oldest = self.spool.census()
        disk = os.statvfs(self.config.store.path)
        outbox, verified, damaged, used = self._index()
        return {
            "spool_count": count,
            "spool_size": size,
            "spool_oldest": timestamp(ident.time_of(oldest)) if oldest else None,
            "outbox_count": outbox,
            "quarantine_count": self.quarantine.count(),
            "disk_size": disk.f_blocks * disk.f_frsize,
            "disk_free": disk.f_bavail * disk.f_frsize,
            "verified": verified,
            "damaged": damaged,
            "s3": self.bucket.trouble(used=used),
            "s3_used": used,
        }

    def _index(self) -> tuple[int | None, int | None, int | None, bool | None]:
        try:
            with psycopg.connect(self.config.index.dsn, connect_timeout=5) as connection:
                row = connection.execute(
                    "SELECT (SELECT count(*) FROM archive.outbox WHERE refused IS NULL), coalesce("
                    "(SELECT checked FROM archive.progress WHERE walk = %s), 0),"
                    " (SELECT count(*) FROM archive.damage)",
                    (WALK,),
                ).fetchone()
                used = holds_objects(connection)
        except psycopg.Error as error:
            log.get().warning("not_counted", error=type(error).__name__)
            return None, None, None, None
        return (*row, used) if row else (None, None, None, None)
