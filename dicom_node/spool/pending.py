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


class Pending:
    """``<spool>/measurements/<study>/<spool id>.dcm``, each a link to the spooled file."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool

    def announce(self, study: str, path: str) -> None:
        """Say that *path* of the spool will be an instance of *study*; raises OSError."""
        target = Path(path)
        directory = self._spool.root / FOLDER / study
        durable.make_directory(directory, self._spool.root)
        link = directory / target.name
        link.symlink_to(os.path.relpath(target, directory))
        durable.sync_directory(directory)

    def read(self, study: str) -> list[bytes]:
        """The files of *study* that wait in the spool, newest first.

        What is not among them and was acknowledged is in the index by now.
        """
        found = []
        for link in sorted((self._spool.root / FOLDER / study).glob("*.dcm"), reverse=True):
            try:
                found.append(link.read_bytes())
            except FileNotFoundError:
                with contextlib.suppress(FileNotFoundError):
                    if time.time() - link.lstat().st_mtime > PATIENCE:
                        link.unlink()
        with contextlib.suppress(OSError):
            (self._spool.root / FOLDER / study).rmdir()
        return found
