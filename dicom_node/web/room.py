"""Whether the spool's disk has room for what comes over HTTP, by the receiver's own mark."""

import json
from pathlib import Path

from dicom_node.configuration import InvalidConfigurationError
from dicom_node.dimse.policy import HIGH_WATER, parse
from dicom_node.spool.spool import Spool
from dicom_node.web.problem import Problem


class Room:
    """Reads the mark from the configuration that other processes of the node keep."""

    def __init__(self, spool: Spool, cache: Path) -> None:
        self._spool = spool
        self._cache = cache
        self._changed = 0
        self._mark = HIGH_WATER

    def require(self) -> None:
        """Raise `Problem` 507 when the disk is used up to the mark."""
        if not self.is_left():
            raise Problem(507, "no_room", "The spool's disk is used up to its high-water mark.")

    def is_left(self) -> bool:
        """Whether the disk is used less than up to the mark."""
        return self._spool.used_per_cent() < self._high_water()

    def _high_water(self) -> int:
        try:
            changed = self._cache.stat().st_mtime_ns
            if changed != self._changed:
                self._mark = parse(json.loads(self._cache.read_bytes())).high_water
                self._changed = changed
        except (OSError, ValueError, InvalidConfigurationError):
            # Not known yet, or written by another version: the last mark holds.
            return self._mark
        return self._mark
