"""The portal's configuration document: fetched, kept, used when the portal is away.

What is in it is docs/architecture.md's to say. Each process takes from it what it needs, with a
parser of its own, and ignores what it does not know.
"""

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, TypeVar

from dicom_node import log
from dicom_node.portal import Portal, PortalError
from dicom_node.spool import durable

Parsed = TypeVar("Parsed")


class InvalidConfigurationError(Exception):
    """The portal's configuration is not as agreed; the message names the field."""


class Configuration(Generic[Parsed]):
    """The last document that the portal gave and *parse* understood, also over a restart.

    *parse* takes the decoded JSON and raises `InvalidConfigurationError`; a document that it
    refuses changes nothing. Several processes may keep the same cache file.
    """

    def __init__(
        self, portal: Portal, cache: Path, interval: float, parse: Callable[[Any], Parsed]
    ) -> None:
        self._portal = portal
        self._cache = cache
        self._interval = interval
        self._parse = parse
        self._current: Parsed | None = None
        self._document = b""

    def current(self) -> Parsed | None:
        """What is in force; None before any document is known."""
        return self._current

    def start(self) -> None:
        """Take the cached answer, then ask the portal every few seconds, in a daemon thread."""
        self._load()
        threading.Thread(target=self._run, name="configuration", daemon=True).start()

    def _load(self) -> None:
        try:
            document = self._cache.read_bytes()
            self._current, self._document = self._decode(document), document
            log.get().info("configuration_loaded")
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
        self._current = self._decode(document)
        durable.make_directory(self._cache.parent, self._cache.parent)
        durable.replace(self._cache, document)
        self._document = document
        log.get().info("configuration_changed")

    def _decode(self, text: bytes) -> Parsed:
        try:
            return self._parse(json.loads(text))
        except (ValueError, RecursionError) as error:
            raise InvalidConfigurationError(f"no JSON: {error}") from error
