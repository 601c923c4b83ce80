"""Instances that get into the spool all together or not at all.

They lie in ``<spool>/bundles/<hospital>.<id>.part`` while they are written; that the directory gets
its name without ``.part`` is what acknowledges them. From there they are linked into the spool;
what a crash interrupts is done again at the next start.
"""

import shutil
import threading
from collections.abc import Sequence
from pathlib import Path

from dicom_node import ident, log
from dicom_node.dataset.elements import Buffer
from dicom_node.spool import durable
from dicom_node.spool.spool import Spool

FOLDER = "bundles"
_PART = ".part"


class Bundle:
    """Of one hospital. Whoever began it calls `commit` or `discard`, from whatever thread."""

    def __init__(self, spool: Spool, hospital: str) -> None:
        """Raises OSError."""
        self._spool = spool
        self._final = spool.root / FOLDER / f"{hospital}.{ident.new()}"
        self._part = self._final.with_name(self._final.name + _PART)
        self._closing = threading.Lock()
        durable.make_directory(self._part, spool.root)

    def add(self, pieces: Sequence[Buffer]) -> None:
        """Write a file of it, durably; raise OSError, also when it was discarded."""
        with self._closing:
            durable.write(self._part / f"{ident.new()}.dcm", pieces)

    def commit(self) -> None:
        """Acknowledge all of it; raise OSError when nothing of it is."""
        with self._closing:
            try:
                durable.rename(str(self._part), str(self._final))
            except OSError:
                shutil.rmtree(self._final, ignore_errors=True)
                raise
            try:
                _hand_over(self._spool, self._final)
            except OSError as error:
                # It is safe where it lies, and goes on from there at the next start.
                log.get().error("bundle_waits", name=self._final.name, error=error.strerror)

    def discard(self) -> None:
        """Leave nothing behind, unless it was committed."""
        with self._closing:
            shutil.rmtree(self._part, ignore_errors=True)


def go_on(spool: Spool) -> None:
    """At a start: hand over what was acknowledged, delete what was not."""
    for directory in sorted((spool.root / FOLDER).glob("*")):
        if directory.suffix == _PART:
            shutil.rmtree(directory, ignore_errors=True)
        else:
            _hand_over(spool, directory)


def _hand_over(spool: Spool, directory: Path) -> None:
    hospital = directory.name.partition(".")[0]
    for path in sorted(directory.glob("*.dcm")):
        spool.take(hospital, path.stem, path)
    shutil.rmtree(directory)
