"""How the archive process is doing, for the portal."""

import os
import platform
from datetime import UTC, datetime
from typing import Any

import psycopg

from dicom_node import __version__, ident
from dicom_node.archive.study_events import timestamp
from dicom_node.archive.verify import WALK
from dicom_node.config import Config
from dicom_node.portal import Portal
from dicom_node.spool.quarantine import Quarantine
from dicom_node.spool.spool import Spool

PROCESS = "archive"


class Reporter:
    """Counts and tells; nothing is kept."""

    def __init__(
        self, portal: Portal, config: Config, spool: Spool, quarantine: Quarantine
    ) -> None:
        self.portal = portal
        self.config = config
        self.spool = spool
        self.quarantine = quarantine
        self.started = timestamp(datetime.now(UTC))

    def run_once(self, connection: psycopg.Connection) -> int:
        self.portal.report(PROCESS, self.values(connection))
        return 0

    def values(self, connection: psycopg.Connection) -> dict[str, Any]:
        """Sizes in bytes, moments in UTC or None."""
        count, size, oldest = self.spool.census()
        outbox, verified, damaged = connection.execute(
            "SELECT (SELECT count(*) FROM archive.outbox WHERE refused IS NULL),"
            " (SELECT checked FROM archive.progress WHERE walk = %s),"
            " (SELECT count(*) FROM archive.damage)",
            (WALK,),
        ).fetchone() or (0, 0, 0)
        disk = os.statvfs(self.config.store.path)
        return {
            "started": self.started,
            "version": __version__,
            "host": platform.node(),
            "spool_count": count,
            "spool_size": size,
            "spool_oldest": timestamp(ident.time_of(oldest)) if oldest else None,
            "outbox_count": outbox,
            "quarantine_count": self.quarantine.count(),
            "disk_size": disk.f_blocks * disk.f_frsize,
            "disk_free": disk.f_bavail * disk.f_frsize,
            "verified": verified or 0,
            "damaged": damaged,
        }
