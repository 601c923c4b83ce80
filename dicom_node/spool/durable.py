"""Files that survive a power cut once the function has returned."""

import contextlib
import ctypes
import errno
import mmap
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from dicom_node.dataset.elements import Buffer

# Windows has neither writev nor fdatasync, and opens files as text unless told otherwise.
_FLAGS = sum(getattr(os, name, 0) for name in ("O_CLOEXEC", "O_BINARY", "O_NOINHERIT"))
# MOVEFILE_REPLACE_EXISTING and MOVEFILE_WRITE_THROUGH of winbase.h
_REPLACE, _WRITE_THROUGH = 0x1, 0x8
# What an OSError says of a disk that takes no more.
NO_SPACE = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))


class Draft:
    """A file on its way: ``<path>`` with the suffix ``.part`` until it is committed.

    The order is the promise: bytes (fdatasync), then the name (rename), then the directory. What
    is neither committed nor discarded, since the process was killed, is only a ``.part`` file.
    """

    __slots__ = ("_descriptor", "_part", "path", "size")

    def __init__(self, path: str) -> None:
        """Create the file; raise OSError, with nothing left behind, when that cannot be done."""
        self.path = path
        self.size = 0
        self._part = os.path.splitext(path)[0] + ".part"  # noqa: PTH122 - a Path costs more
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | _FLAGS
        self._descriptor = os.open(self._part, flags, 0o640)

    def write(self, pieces: Sequence[Buffer]) -> None:
        """Append *pieces*; after an OSError the draft can only be discarded."""
        total = sum(map(len, pieces))
        written = os.writev(self._descriptor, pieces) if total and hasattr(os, "writev") else 0
        self.size += written
        if written < total:
            self._write_rest(pieces, written)

    def _write_rest(self, pieces: Sequence[Buffer], skip: int) -> None:
        """A full disk takes a part before it refuses, and a signal ends a call early."""
        for piece in pieces:
            rest = memoryview(piece)[skip:]
            skip = max(skip - len(piece), 0)
            while rest:
                count = os.write(self._descriptor, rest)
                self.size += count
                rest = rest[count:]

    @contextlib.contextmanager
    def content(self) -> Iterator[mmap.mmap]:
        """What was written, mapped: it is read from the cache, never into memory of our own."""
        mapped = mmap.mmap(self._descriptor, self.size, access=mmap.ACCESS_READ)
        try:
            yield mapped
        finally:
            mapped.close()

    def commit(self, path: str = "") -> None:
        """Have the file durably as *path*, which is on the same file system, or as was said.

        Raises OSError with nothing left behind.
        """
        path = path or self.path
        try:
            sync(self._descriptor)
            self._close()
            rename(self._part, path)
        except BaseException:
            self._close()
            for leftover in (self._part, path):
                with contextlib.suppress(OSError):
                    os.unlink(leftover)  # noqa: PTH108
            raise

    def discard(self) -> None:
        """Remove the file, unless it was committed; doing it again changes nothing."""
        if self._descriptor >= 0:
            self._close()
            with contextlib.suppress(OSError):
                os.unlink(self._part)  # noqa: PTH108

    def _close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def write(path: Path, pieces: Iterable[Buffer]) -> None:
    """Write *pieces* to *path*: whole and on disk, or not there at all (raises OSError)."""
    draft = Draft(str(path))
    try:
        draft.write(list(pieces))
        draft.commit()
    finally:
        draft.discard()


def sync(descriptor: int) -> None:
    """Have what was written to a file on the disk."""
    if hasattr(os, "fdatasync"):
        os.fdatasync(descriptor)
    else:
        os.fsync(descriptor)


def rename(old: str, new: str) -> None:
    """Give a file another name in its file system, durably."""
    windows: Any = getattr(ctypes, "windll", None)
    if windows is not None:
        move = windows.kernel32.MoveFileExW
        if not move(ctypes.c_wchar_p(old), ctypes.c_wchar_p(new), _REPLACE | _WRITE_THROUGH):
            raise OSError(None, "MoveFileEx failed", old, windows.kernel32.GetLastError(), new)
        return
    os.rename(old, new)  # noqa: PTH104
    sync_directory(os.path.dirname(new))  # noqa: PTH120


def sync_directory(path: Path | str) -> None:
    """Have a directory's names on the disk. NTFS does so by its journal, and cannot be told to."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_directory(path: Path, below: Path) -> None:
    """Create *path* and what lies between it and *below*, each name on disk."""
    if path.is_dir():
        return
    if path != below:
        make_directory(path.parent, below)
    path.mkdir(mode=0o750, parents=path == below, exist_ok=True)
    sync_directory(path.parent)


def can_link(source: Path, target: Path) -> bool:
    """Whether a file of directory *source* can be linked into *target*: not to another disk."""
    probe, link = source / ".probe", target / ".probe"
    try:
        probe.touch()
        link.hardlink_to(probe)
    except OSError as error:
        return error.errno != errno.EXDEV
    finally:
        for name in (link, probe):
            with contextlib.suppress(OSError):
                name.unlink()
    return True


def replace(path: Path, content: bytes) -> None:
    """Put *content* in the place of *path* in one step, whoever else does so meanwhile."""
    part = path.with_suffix(f".{os.getpid()}.new")
    with part.open("wb") as stream:
        stream.write(content)
        stream.flush()
        sync(stream.fileno())
    part.replace(path)
    sync_directory(path.parent)
