"""A front end's file on its way into the centre's spool: it grows, over any number of requests.

``<hospital>/<id>.upload`` until its last byte is there and its digest is right, then ``<id>.dcm``.
What a crash leaves is a beginning that the front end goes on from; a beginning that is damaged is
found by the digest, and begun anew.
"""

import contextlib
import fcntl
import hashlib
import os
import time
from pathlib import Path

from dicom_node.spool import durable
from dicom_node.spool.spool import Spool

SUFFIX = ".upload"


class BusyError(Exception):
    """Somebody else is writing the same file."""


class DifferentError(Exception):
    """The bytes are not those that the sender has."""


class Partial:
    """The file of one id, locked against every other process and request until `close`."""

    def __init__(self, spool: Spool, hospital: str, name: str) -> None:
        """Raises `BusyError`, OSError."""
        directory = spool.root / hospital
        durable.make_directory(directory, spool.root)
        self._part = directory / f"{name}{SUFFIX}"
        self.path = directory / f"{name}.dcm"
        self._descriptor = os.open(self._part, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # It may have got its name, or have been cleared away, since it was opened.
            if self._part.stat().st_ino != os.fstat(self._descriptor).st_ino:
                raise BusyError
        except (BlockingIOError, FileNotFoundError) as error:
            self.close()
            raise BusyError from error
        except BaseException:
            self.close()
            raise
        self.size = os.fstat(self._descriptor).st_size

    def append(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            written = os.pwrite(self._descriptor, rest, self.size)
            self.size += written
            rest = rest[written:]

    def commit(self, digest: bytes) -> None:
        """Have it in the spool, durably; raise `DifferentError`, and begin anew, if it is not it.

        *digest* is SHA-256 over the whole file.
        """
        with open(self._descriptor, "rb", closefd=False) as stream:
            stream.seek(0)
            if hashlib.file_digest(stream, "sha256").digest() != digest:
                self.discard()
                raise DifferentError
        os.fdatasync(self._descriptor)
        self._part.rename(self.path)
        durable.sync_directory(self.path.parent)

    def discard(self) -> None:
        self._part.unlink(missing_ok=True)

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def is_same(path: Path, digest: bytes) -> bool | None:
    """Whether the file has this SHA-256; None when there is no such file."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").digest() == digest
    except FileNotFoundError:
        return None


def size_of(spool: Spool, hospital: str, name: str) -> int:
    """How many bytes of it came so far."""
    try:
        return (spool.root / hospital / f"{name}{SUFFIX}").stat().st_size
    except FileNotFoundError:
        return 0


def clear_away(spool: Spool, seconds: float) -> list[str]:
    """Remove what nobody has gone on with for so long; it was never acknowledged."""
    gone = []
    for path in spool.root.glob(f"*/*{SUFFIX}"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > seconds:
                path.unlink()
                gone.append(str(path.relative_to(spool.root)))
    return gone
