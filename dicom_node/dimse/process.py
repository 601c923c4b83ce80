"""``dicom-node receive``."""

import os
import signal
import threading

from dicom_node import log
from dicom_node.config import Config
from dicom_node.dimse.configuration import PolicySource
from dicom_node.dimse.scp import Scp
from dicom_node.portal import Portal

GRACE = 3.0


def run(config: Config) -> int:
    """Serve until SIGTERM or SIGINT; associations still open after a grace time are cut off."""
    portal = Portal(config.portal.url, config.portal.database, config.portal.api_key_file)
    policies = PolicySource(portal, config.portal.cache_file, config.portal.poll_seconds)
    server = Scp(config, policies).server()
    policies.start()
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    threading.Thread(target=server.serve_forever, name="listener", daemon=True).start()
    log.get().info("listening", host=config.dicom.host, port=config.dicom.port)
    stopping.wait()
    log.get().info("stopping")
    server.shutdown()
    _finish(server.active_associations)
    # The threads of pynetdicom are no daemons. What they hold was not acknowledged, and whoever
    # sent it sends it again; so nothing is lost by not waiting for them.
    os._exit(0)


def _finish(associations: list[threading.Thread]) -> None:
    for association in associations:
        association.join(GRACE / len(associations))
