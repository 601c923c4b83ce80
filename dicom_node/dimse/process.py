"""``dicom-node receive``."""

import os
import sys
import threading
import time
from ssl import SSLContext

from dicom_node import log, signals
from dicom_node.config import Config, ConfigError
from dicom_node.configuration import Configuration
from dicom_node.dimse import tls, watchdog
from dicom_node.dimse.life import Life
from dicom_node.dimse.policy import parse
from dicom_node.dimse.scp import Scp
from dicom_node.dimse.server import Server
from dicom_node.portal import Portal
from dicom_node.report import Reporter

GRACE = 3.0
# Seconds before a listener that died is opened again.
REOPEN = 1.0


def run(config: Config) -> int:
    """Serve until SIGTERM or SIGINT; what is being stored then may still be finished."""
    signals.hold(watchdog.STUCK)
    settings, dicom = config.portal, config.dicom
    try:
        ports = _ports(config)
    except ConfigError as error:
        print(f"dicom-node: configuration: {error}", file=sys.stderr)
        return 2
    life_file = settings.cache_file.parent / "receive.json"
    life = Life(life_file)
    delay = life.begin()
    if delay:
        log.get().warning("start_delayed", seconds=delay, **life.report())
        time.sleep(delay)
    portal = Portal(settings.url, settings.database, settings.api_key_file)
    policies = Configuration(portal, settings.cache_file, settings.poll_seconds, parse)
    scp = Scp(config, policies)
    listeners = [(port, context, scp.listen(port, context)) for port, context in ports.items()]
    scp.discard_unfinished()
    policies.start()
    for listener in listeners:
        arguments = (scp, *listener)
        threading.Thread(target=_serve, args=arguments, name="listener", daemon=True).start()
    log.get().info("listening", host=dicom.host, ports=list(ports))

    def report() -> dict[str, object]:
        life.go_on()
        return scp.report() | life.report()

    Reporter(portal, "receive", report, settings.report_seconds).start()
    if dicom.watchdog_seconds:
        watchdog.start(dicom.host, dicom.port, dicom.ae_title, dicom.watchdog_seconds, life_file)
    if signals.wait(watchdog.STUCK) == watchdog.STUCK:
        os._exit(watchdog.EXIT_STUCK)
    log.get().info("stopping")
    for _port, _context, server in listeners:
        server.server_close()
    scp.storage.wait_idle(GRACE)
    life.end()
    # The threads of pynetdicom are no daemons. What they hold was not acknowledged, and whoever
    # sent it sends it again; so nothing is lost by not waiting for them.
    os._exit(0)


def _ports(config: Config) -> dict[int, SSLContext | None]:
    """The ports to listen at, with the context of those under TLS."""
    ports: dict[int, SSLContext | None] = {config.dicom.port: None}
    if config.dicom.tls_port:
        ports[config.dicom.tls_port] = tls.context(config.dicom)
    return ports


def _serve(scp: Scp, port: int, context: SSLContext | None, server: Server) -> None:
    """Listen for ever: a listener that dies is opened again."""
    while True:
        try:
            server.serve_forever()
        except Exception as error:  # noqa: BLE001 - whatever it is, modalities must be served
            log.get().critical("alarm", what="a listener died", port=port, error=repr(error))
        server.server_close()
        time.sleep(REOPEN)
        try:
            server = scp.listen(port, context)
        except OSError as error:
            log.get().critical("alarm", what="a port cannot be opened", port=port, error=str(error))
