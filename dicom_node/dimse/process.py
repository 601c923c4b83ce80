"""``dicom-node receive``."""

import os
import threading

from dicom_node import log, signals
from dicom_node.config import Config
from dicom_node.configuration import Configuration
from dicom_node.dimse.policy import parse
from dicom_node.dimse.scp import Scp
from dicom_node.portal import Portal

GRACE = 3.0


def run(config: Config) -> int:
    """Serve until SIGTERM or SIGINT; what is being stored then may still be finished."""
    signals.hold()
    portal = Portal(config.portal.url, config.portal.database, config.portal.api_key_file)
    settings = config.portal
    policies = Configuration(portal, settings.cache_file, settings.poll_seconds, parse)
    scp = Scp(config, policies)
    server = scp.server()
    policies.start()
    threading.Thread(target=server.serve_forever, name="listener", daemon=True).start()
    log.get().info("listening", host=config.dicom.host, port=config.dicom.port)
    signals.wait()
    log.get().info("stopping")
    server.server_close()
    scp.storage.wait_idle(GRACE)
    # The threads of pynetdicom are no daemons. What they hold was not acknowledged, and whoever
    # sent it sends it again; so nothing is lost by not waiting for them.
    os._exit(0)
