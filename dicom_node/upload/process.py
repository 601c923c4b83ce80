"""``dicom-node upload``: from a front end's spool to the centre."""

import os
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from dicom_node import ident, log, signals
from dicom_node.archive.instructions import Instructions
from dicom_node.config import Config
from dicom_node.configuration import Configuration, InvalidConfigurationError
from dicom_node.dimse.receive import Receiver
from dicom_node.portal import Portal, PortalError
from dicom_node.report import Reporter
from dicom_node.spool.quarantine import Quarantine
from dicom_node.spool.spool import Spool
from dicom_node.upload import plan
from dicom_node.upload.centre import Centre, Tickets
from dicom_node.upload.courier import Courier
from dicom_node.upload.decisions import Decisions
from dicom_node.upload.notes import Notes
from dicom_node.upload.pace import Pace
from dicom_node.upload.tally import Tally

NOTES_POLL, DECISIONS_POLL = 5.0, 1.0
GRACE = 2.0


def run(config: Config) -> int:
    """Upload until SIGTERM or SIGINT; what is on its way then goes on after the next start."""
    signals.hold()
    signals.end_with_threads()
    settings = config.portal
    portal = Portal(settings.url, settings.database, settings.api_key_file)
    spool, tally, stopping = Spool(config.spool.path), Tally(), threading.Event()
    zone = ZoneInfo(config.archive.time_zone)

    def parse(document: Any) -> plan.Told:
        found = plan.parse(document)
        wanted = config.upload.hospital
        if found is not None and wanted and found.hospital != wanted:
            raise InvalidConfigurationError(
                f"node.upload.hospital: the centre knows this front end as {found.hospital}, and "
                f"upload.hospital is {wanted}"
            )
        return plan.Told(found, document)

    known = Configuration(portal, settings.cache_file, settings.poll_seconds, parse)

    def current_plan() -> plan.Plan | None:
        told = known.current()
        return told.plan if told is not None else None

    def document() -> Mapping[str, Any] | None:
        told = known.current()
        return told.document if told is not None else None

    def rate() -> int:
        current = current_plan()
        return current.bytes_per_second(datetime.now(zone)) if current is not None else 0

    pace, tickets = Pace(rate), Tickets(portal)

    def allow(size: int) -> None:
        pace.wait_for(size, stopping)
        tally.sent(size)

    courier = Courier(spool, current_plan, lambda p: Centre(p.url, tickets, allow), tally)
    instructions = Instructions(document, zone)
    decisions = Decisions(
        Receiver(spool, Quarantine(config.quarantine.path)),
        lambda: instructions.quarantine() if known.current() is not None else None,
    )

    def collect() -> dict[str, Any]:
        count, size, oldest = spool.census()
        waiting = {
            "spool_count": count,
            "spool_size": size,
            "spool_oldest": ident.time_of(oldest).isoformat() if oldest else None,
        }
        return waiting | tally.report()

    known.start()
    Reporter(portal, "upload", collect, settings.report_seconds).start()
    delivery = (Notes(spool, portal).run_once, NOTES_POLL, "events_not_delivered", stopping)
    deciding = (decisions.run_once, DECISIONS_POLL, "quarantine_not_decided", stopping)
    threads = [
        threading.Thread(target=courier.run, args=(stopping,), name="courier", daemon=True),
        threading.Thread(target=_repeat, args=delivery, name="notes", daemon=True),
        threading.Thread(target=_repeat, args=deciding, name="decisions", daemon=True),
    ]
    log.get().info("uploading", spool=str(config.spool.path))
    for thread in threads:
        thread.start()
    signals.wait()
    stopping.set()
    for thread in threads:
        thread.join(GRACE)
    # A transfer that is still going on has not been acknowledged: it goes on after the next start.
    os._exit(0)


def _repeat(work: Callable[[], int], poll: float, trouble: str, stopping: threading.Event) -> None:
    """Do *work* while there is some, else every *poll* seconds; *trouble* is logged once."""
    failing, pause = False, 0.0
    while not stopping.wait(pause):
        try:
            pause = 0.0 if work() else poll
            failing = False
        except (PortalError, OSError) as error:
            if not failing:
                log.get().warning(trouble, error=str(error)[:300])
            failing, pause = True, poll
