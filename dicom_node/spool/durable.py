"""Files that survive a power cut once the function has returned."""

import contextlib
import errno
import os
from collections.abc import Iterable
from pathlib import Path

from dicom_node.dataset.elements import Buffer


def write(path: Path, pieces: Iterable[Buffer]) -> None:
    """Write *pieces* to *path*: whole and on disk, or not there at all (raises OSError).

    The order is the promise: bytes (fdatasync), then the name (rename), then the directory.
    """
    part = path.with_suffix(".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
    try:
        try:
            for piece in pieces:
                _write_all(descriptor, memoryview(piece))
            os.fdatasync(descriptor)
        finally:
            os.close(descriptor)
        part.rename(path)
        sync_directory(path.parent)
    except BaseException:
        for leftover in (part, path):
            with contextlib.suppress(OSError):
                leftover.unlink()
        raise


def _write_all(descriptor: int, piece: memoryview) -> None:
    while piece:
        piece = piece[os.write(descriptor, piece) :]


def sync_directory(path: Path) -> None:
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
        os.fdatasync(stream.fileno())
    part.replace(path)
    sync_directory(path.parent)
