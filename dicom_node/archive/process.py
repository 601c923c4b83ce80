"""``dicom-node archive``: threads that archive, deliver, check and tidy up."""

import os
from zoneinfo import ZoneInfo

import psycopg

from dicom_node import log, signals
from dicom_node.archive.bucket import Bucket
from dicom_node.archive.describe import Describer
from dicom_node.archive.disposal import Disposer
from dicom_node.archive.evidence import Orders
from dicom_node.archive.instructions import Instructions, parse
from dicom_node.archive.judgement import Judge
from dicom_node.archive.loop import Loop, Turn
from dicom_node.archive.outbox import Delivery
from dicom_node.archive.report import Status
from dicom_node.archive.tiering import Mover
from dicom_node.archive.verify import Verifier
from dicom_node.archive.worker import Archiver
from dicom_node.config import Config
from dicom_node.configuration import Configuration
from dicom_node.portal import Portal
from dicom_node.report import Reporter
from dicom_node.spool import durable
from dicom_node.spool.quarantine import Quarantine
from dicom_node.spool.spool import Spool
from dicom_node.store import stores
from dicom_node.web.derived import Derived

DELIVERY_POLL = 0.5
GRACE = 2.0
PRUNE_INTERVAL = 3600.0
BACKGROUND_POLL = 1.0


def prune(connection: psycopg.Connection) -> int:
    """Forget which reads are on record once no ticket of that time can be alive."""
    connection.execute("DELETE FROM archive.access WHERE at < now() - interval '1 day'")
    return 0


def _loops(
    config: Config,
    portal: Portal,
    turn: Turn,
    instructions: Instructions,
    spool: Spool,
    quarantine: Quarantine,
    store: stores.Stores,
    bucket: Bucket,
) -> list[Loop]:
    derived = Derived(config.store.path)
    archiver = Archiver(spool, store.primary, quarantine, instructions, config.archive)
    disposer = Disposer(store, derived, instructions)
    judge = Judge(archiver.place, instructions)

    def archive(connection: psycopg.Connection) -> int:
        """One after the other: none of them finds the index or the store in another's middle."""
        done = disposer.run_once(connection) + judge.run_once(connection)
        return done + archiver.run_once(connection)

    dsn, poll = config.index.dsn, config.archive.poll_seconds
    verifier = Verifier(store, instructions, turn.stopping.wait)
    describer = Describer(
        spool, store, derived, config.web.origin, config.archive.settle_seconds, instructions
    )
    mover = Mover(store, derived, instructions)

    def move(connection: psycopg.Connection) -> int:
        """Nothing is put where nobody would look for it after the next start."""
        return mover.run_once(connection) if bucket.settled() else 0

    return [
        Loop("archive", dsn, poll, turn, archive, takes=True, ready=bucket.ready),
        Loop("delivery", dsn, DELIVERY_POLL, turn, Delivery(portal).run_once),
        Loop("pruning", dsn, PRUNE_INTERVAL, turn, prune),
        Loop("orders", dsn, BACKGROUND_POLL, turn, Orders(instructions.expected).run_once),
        Loop("verify", dsn, BACKGROUND_POLL, turn, verifier.run_once, needs=True),
        Loop("describe", dsn, BACKGROUND_POLL, turn, describer.run_once, needs=True),
        Loop("tiers", dsn, BACKGROUND_POLL, turn, move, needs=True),
    ]


def run(config: Config) -> int:
    """Archive and deliver until SIGTERM or SIGINT."""
    config.store.path.mkdir(parents=True, exist_ok=True)
    config.quarantine.path.mkdir(parents=True, exist_ok=True)
    config.spool.path.mkdir(parents=True, exist_ok=True)
    for section in ("store", "quarantine"):
        if not durable.can_link(config.spool.path, getattr(config, section).path):
            log.get().critical(
                "configuration_unusable",
                error=f"{section}.path: must be on the file system of spool.path",
            )
            return 2
    # Names that a killed process made, and did not live to bring to the disk, are relied on now.
    os.sync()
    portal = Portal(config.portal.url, config.portal.database, config.portal.api_key_file)
    turn = Turn()
    signals.hold()
    settings = config.portal
    known = Configuration(portal, settings.cache_file, settings.poll_seconds, parse)
    zone = ZoneInfo(config.archive.time_zone)
    instructions = Instructions(known.current, zone, config.store.path_template)
    spool, quarantine = Spool(config.spool.path), Quarantine(config.quarantine.path)
    store = stores.of(config)
    bucket = Bucket(config, store, instructions)
    loops = _loops(config, portal, turn, instructions, spool, quarantine, store, bucket)
    signals.end_with_threads()
    known.start()
    bucket.start()
    status = Status(config, spool, quarantine, bucket)
    Reporter(portal, "archive", status.collect, settings.report_seconds).start()
    log.get().info("archiving", spool=str(config.spool.path), store=config.store.kind)
    for loop in loops:
        loop.start()
    signals.wait()
    turn.stopping.set()
    for loop in loops:
        loop.join(GRACE)
    portal.close()
    return 0
