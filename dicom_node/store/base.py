"""Where instances lie for good. A key names an object and is the same in every kind of store."""

from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from dicom_node.dataset.identity import Identity


class OccupiedError(Exception):
    """Another object lies under the key."""


class Store(Protocol):
    """A place for objects. Taking an object in is idempotent."""

    def adopt(self, key: str, source: Path) -> None:
        """Take the file *source* in as *key*; raise `OccupiedError` when other bytes are there."""

    def discard(self, key: str, source: Path) -> None:
        """Undo `adopt` of *source*, which did not get into the index."""

    def commit(self) -> None:
        """Return when everything adopted since the last commit would survive a power cut."""

    def local(self, key: str) -> Path:
        """A file with the object's bytes, for a program that wants a path."""

    def open(self, key: str) -> BinaryIO:
        """Open an object for reading at any offset; raise FileNotFoundError."""


def object_key(hospital: str, received: datetime, identity: Identity) -> str:
    """The key of an instance; every part was checked before (codes and UIDs only)."""
    return (
        f"{hospital}/{received:%Y/%m/%d}/"
        f"{identity.study}/{identity.series}/{identity.sop_instance}.dcm"
    )
