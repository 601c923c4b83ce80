"""``dicom-node retrieve``: fetches from other archives what the portal asks for."""

from zoneinfo import ZoneInfo

import psycopg

from dicom_node import log, signals
from dicom_node.archive.loop import Loop, Turn
from dicom_node.config import Config
from dicom_node.configuration import Configuration
from dicom_node.dimse.receive import Receiver
from dicom_node.portal import Portal
from dicom_node.report import Reporter
from dicom_node.retrieve.jobs import parse
from dicom_node.retrieve.source import Source
from dicom_node.retrieve.worker import Worker
from dicom_node.spool.quarantine import Quarantine
from dicom_node.spool.spool import Spool

POLL = 1.0
GRACE = 2.0
# One process works on the jobs; a second one waits.
LOCK = 7_241_000_003


def run(config: Config) -> int:
    """Work until SIGTERM or SIGINT; what was being fetched then is fetched again."""
    signals.hold()
    settings = config.portal
    portal = Portal(settings.url, settings.database, settings.api_key_file)
    known = Configuration(portal, settings.cache_file, settings.poll_seconds, parse)
    receiver = Receiver(Spool(config.spool.path), Quarantine(config.quarantine.path))
    worker = Worker(
        known.current,
        lambda job: Source(job, config.dicom.ae_title, receiver),
        ZoneInfo(config.archive.time_zone),
    )

    def alone(connection: psycopg.Connection) -> int:
        row = connection.execute("SELECT pg_try_advisory_lock(%s)", (LOCK,)).fetchone()
        return worker.run_once(connection) if row and row[0] else 0

    turn = Turn()
    known.start()
    Reporter(portal, "retrieve", worker.report, settings.report_seconds).start()
    loop = Loop("retrieve", config.index.dsn, POLL, turn, alone)
    loop.start()
    log.get().info("retrieving")
    signals.wait()
    turn.stopping.set()
    loop.join(GRACE)
    portal.close()
    return 0
