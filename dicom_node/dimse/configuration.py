"""The portal's configuration at the receiver: fetched, kept, used when the portal is away."""

import threading
import time
from pathlib import Path

from dicom_node import log
from dicom_node.dimse.policy import InvalidConfigurationError, Policy, loads
from dicom_node.portal import Portal, PortalError
from dicom_node.spool import durable


class PolicySource:
    """The last configuration that the portal gave, also over a restart."""

    def __init__(self, portal: Portal, cache: Path, interval: float) -> None:
        self._portal = portal
        self._cache = cache
        self._interval = interval
        self._policy: Policy | None = None
        self._document = b""

    def current(self) -> Policy | None:
        return self._policy

    def start(self) -> None:
        """Take the cached answer, then ask the portal every few seconds, in a daemon thread."""
        self._load()
        threading.Thread(target=self._run, name="configuration", daemon=True).start()

    def _load(self) -> None:
        try:
            document = self._cache.read_bytes()
            self._policy, self._document = loads(document), document
        except FileNotFoundError:
            log.get().info("configuration_not_cached", file=str(self._cache))
        except (OSError, InvalidConfigurationError) as error:
            log.get().error("configuration_cache_unusable", error=str(error))

    def _run(self) -> None:
        failing = False
        while True:
            try:
                self._refresh()
                failing = False
            except (PortalError, InvalidConfigurationError, OSError) as error:
                if not failing:
                    log.get().warning("configuration_not_fetched", error=str(error))
                failing = True
            time.sleep(self._interval)

    def _refresh(self) -> None:
        document = self._portal.configuration()
        if document == self._document:
            return
        # In force first: a device that is switched off must not send on because the disk is full.
        self._policy = policy = loads(document)
        durable.make_directory(self._cache.parent, self._cache.parent)
        durable.replace(self._cache, document)
        self._document = document
        log.get().info(
            "configuration_changed",
            check_calling_ae=policy.check_calling_ae,
            devices=len(policy.devices),
        )
