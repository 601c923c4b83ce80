"""``dicom-node receive``."""

import contextlib
import ctypes
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
from dicom_node.dimse.listener import Listener
from dicom_node.dimse.policy import parse
from dicom_node.dimse.scp import Scp
from dicom_node.portal import Portal
from dicom_node.report import Reporter

GRACE = 3.0
# malloc.h
M_ARENA_MAX = -8


def run(config: Config) -> int:
    """Serve until SIGTERM or SIGINT; what is being stored then may still be finished."""
    signals.hold(watchdog.STUCK)
    _keep_memory_together()
    threading.excepthook = _note_failure
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
    listeners = [Listener(scp, port, context) for port, context in ports.items()]
    scp.discard_unfinished()
    if scp.services is not None:
        scp.services.start()
    policies.start()
    for listener in listeners:
        listener.start()
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
    for listener in listeners:
        listener.stop()
    scp.storage.wait_idle(GRACE)
    life.end()
    # The threads of pynetdicom are no daemons. What they hold was not acknowledged, and whoever
    # sent it sends it again; so nothing is lost by not waiting for them.
    os._exit(0)


def _note_failure(failure: threading.ExceptHookArgs) -> None:
    """A peer that breaks the protocol can end a thread of its association, and that alone."""
    name = failure.thread.name if failure.thread is not None else ""
    log.get().error("thread_failed", thread=name, error=repr(failure.exc_value))


def _keep_memory_together() -> None:
    """Have glibc keep one heap for all threads, where it is the C library.

    It would keep one for each of some sixteen threads, and give none of them back.
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)


def _ports(config: Config) -> dict[int, SSLContext | None]:
    """The ports to listen at, with the context of those under TLS."""
    ports: dict[int, SSLContext | None] = {config.dicom.port: None}
    if config.dicom.tls_port:
        ports[config.dicom.tls_port] = tls.context(config.dicom)
    return ports
