"""Which spooled instances belong to a study: for what must be seen before it is in the index.

A symbolic link a file, made before the file is there: a process that is killed in between leaves a
link to nothing. Once the instance is archived its link leads nowhere, and is cleared away.
"""

import contextlib
import os
import time
from pathlib import Path

from dicom_node.spool import durable
from dicom_node.spool.spool import Spool

FOLDER = "measurements"
# Seconds after which a link to nothing is not one whose file is about to come.
PATIENCE = 60.0
ATTEMPTS = 5


class Pending:
    """``<spool>/measurements/<study>/<spool id>.dcm``, each a link to the spooled file."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool

    def announce(self, study: str, path: str) -> None:
        """Say that *path* of the spool will be an instance of *study*; raises OSError."""
        target = Path(path)
        directory = self._folder / study
        for attempt in range(ATTEMPTS):
            durable.make_directory(directory, self._spool.root)
            try:
                (directory / target.name).symlink_to(os.path.relpath(target, directory))
                break
            except FileNotFoundError:
                # Whoever read meanwhile found the directory empty, and removed it.
                if attempt == ATTEMPTS - 1:
                    raise
        durable.sync_directory(directory)

    def read(self, study: str) -> list[bytes]:
        """The files of *study* that wait in the spool, newest first.

        What is not among them and was acknowledged is in the index by now.
        """
        found = []
        for link in sorted((self._folder / study).glob("*.dcm"), reverse=True):
            try:
                found.append(link.read_bytes())
            except FileNotFoundError:
                self._clear(link)
        with contextlib.suppress(OSError):
            (self._folder / study).rmdir()
        return found

    def clear_away(self) -> None:
        """Remove the links of all studies that lead nowhere."""
        for link in self._folder.glob("*/*.dcm"):
            if not link.exists():
                self._clear(link)
        for directory in self._folder.glob("*"):
            with contextlib.suppress(OSError):
                directory.rmdir()

    @property
    def _folder(self) -> Path:
        return self._spool.root / FOLDER

    def _clear(self, link: Path) -> None:
        with contextlib.suppress(FileNotFoundError):
            if time.time() - link.lstat().st_mtime > PATIENCE:
                link.unlink()
