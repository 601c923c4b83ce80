"""``dicom-node retrieve``: fetches from other archives what the portal asks for."""

from zoneinfo import ZoneInfo

from dicom_node import log, signals
from dicom_node.archive.loop import RETRIEVING, Loop, Turn
from dicom_node.config import Config
from dicom_node.configuration import Configuration
from dicom_node.dimse import tls
from dicom_node.dimse.policy import Device
from dicom_node.dimse.receive import Receiver
from dicom_node.portal import Portal
from dicom_node.report import Reporter
from dicom_node.retrieve.counts import Counts
from dicom_node.retrieve.jobs import Plan, parse
from dicom_node.retrieve.peer import Peer
from dicom_node.retrieve.source import Source
from dicom_node.retrieve.worker import Worker
from dicom_node.spool.quarantine import Quarantine
from dicom_node.spool.spool import Spool

POLL = 1.0
GRACE = 2.0


def run(config: Config) -> int:
    """Work until SIGTERM or SIGINT; what was being fetched then is fetched again."""
    signals.hold()
    signals.end_with_threads()
    settings = config.portal
    portal = Portal(settings.url, settings.database, settings.api_key_file)
    known = Configuration(portal, settings.cache_file, settings.poll_seconds, parse)
    receiver = Receiver(Spool(config.spool.path), Quarantine(config.quarantine.path))
    outgoing = tls.outgoing(config.dicom)

    def peer(device: Device) -> Peer:
        return Peer(device, config.dicom.ae_title, outgoing)

    def plan() -> Plan:
        return known.current() or Plan((), {})

    worker = Worker(
        lambda: plan().jobs,
        lambda job: Source(job, peer(job.device), receiver, config.dicom.max_instance),
        ZoneInfo(config.archive.time_zone),
        receiver.spool,
    )
    pace = config.retrieve
    counts = Counts(lambda: plan().devices, peer, pace.quiet_seconds, pace.ask_days)

    turn = Turn(RETRIEVING, "retrieving")
    known.start()
    Reporter(portal, "retrieve", worker.report, settings.report_seconds).start()
    loops = [
        Loop("retrieve", config.index.dsn, POLL, turn, worker.run_once, takes=True),
        Loop("counts", config.index.dsn, POLL, turn, counts.run_once, needs=True),
    ]
    for loop in loops:
        loop.start()
    log.get().info("retrieving")
    signals.wait()
    turn.stopping.set()
    for loop in loops:
        loop.join(GRACE)
    portal.close()
    return 0
