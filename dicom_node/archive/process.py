"""``dicom-node archive``: threads that archive, deliver and prune, each with its connection."""

import os
import threading
from collections.abc import Callable

import psycopg

from dicom_node import log, signals
from dicom_node.archive.migrate import is_current
from dicom_node.archive.outbox import Delivery
from dicom_node.archive.worker import Archiver
from dicom_node.config import Config
from dicom_node.portal import Portal, PortalError
from dicom_node.spool import durable
from dicom_node.spool.quarantine import Quarantine
from dicom_node.spool.spool import Spool
from dicom_node.store.local import LocalStore

# Held by the process that archives; a second one waits.
LOCK = 7_241_000_002
MAX_PAUSE = 5.0
DELIVERY_POLL = 0.5
GRACE = 2.0
PRUNE_INTERVAL = 3600.0

Round = Callable[[psycopg.Connection], int]


class _Loop(threading.Thread):
    """Calls *round_* while there is work, else every *pause* seconds; outlives the database."""

    def __init__(
        self, name: str, dsn: str, pause: float, stopping: threading.Event, round_: Round
    ) -> None:
        super().__init__(name=name, daemon=True)
        self.dsn = dsn
        self.pause = pause
        self.stopping = stopping
        self.round = round_
        self.exclusive = False

    def run(self) -> None:
        delay = 0.0
        while not self.stopping.wait(delay):
            try:
                with psycopg.connect(self.dsn, autocommit=True, connect_timeout=5) as connection:
                    delay = self._connected(connection)
            except (psycopg.Error, PortalError, OSError) as error:
                delay = min(MAX_PAUSE, max(self.pause, delay * 2))
                log.get().warning(
                    "retrying", loop=self.name, error=type(error).__name__,
                    detail=str(error).split("\n")[0][:300], seconds=delay,
                )  # fmt: skip

    def _connected(self, connection: psycopg.Connection) -> float:
        if not is_current(connection):
            raise psycopg.ProgrammingError("the schema archive is not migrated yet")
        if self.exclusive:
            row = connection.execute("SELECT pg_try_advisory_lock(%s)", (LOCK,)).fetchone()
            if row is None or not row[0]:
                raise psycopg.OperationalError("another process is archiving")
        while not self.stopping.is_set():
            if not self.round(connection):
                self.stopping.wait(self.pause)
        return 0.0


def _die(arguments: threading.ExceptHookArgs) -> None:
    """End the process when one of its threads failed: the supervisor starts it whole again."""
    log.get().critical("thread_failed", exc_info=arguments.exc_value)
    os._exit(70)


def prune(connection: psycopg.Connection) -> int:
    """Forget which reads are on record once no ticket of that time can be alive."""
    connection.execute("DELETE FROM archive.access WHERE at < now() - interval '1 day'")
    return 0


def run(config: Config) -> int:
    """Archive and deliver until SIGTERM or SIGINT."""
    archiver = Archiver(
        Spool(config.spool.path),
        LocalStore(config.store.path),
        Quarantine(config.quarantine.path),
        config.archive.batch_size,
    )
    for section in ("store", "quarantine"):
        if not durable.can_link(config.spool.path, getattr(config, section).path):
            log.get().critical(
                "configuration_unusable",
                error=f"{section}.path: must be on the file system of spool.path",
            )
            return 2
    portal = Portal(config.portal.url, config.portal.database, config.portal.api_key_file)
    delivery = Delivery(portal)
    stopping = threading.Event()
    signals.hold()
    archiving = _Loop(
        "archive", config.index.dsn, config.archive.poll_seconds, stopping, archiver.run_once
    )
    archiving.exclusive = True
    loops = [
        archiving,
        _Loop("delivery", config.index.dsn, DELIVERY_POLL, stopping, delivery.run_once),
        _Loop("pruning", config.index.dsn, PRUNE_INTERVAL, stopping, prune),
    ]
    threading.excepthook = _die
    log.get().info("archiving", spool=str(config.spool.path), store=str(config.store.path))
    for loop in loops:
        loop.start()
    signals.wait()
    stopping.set()
    for loop in loops:
        loop.join(GRACE)
    portal.close()
    return 0
