"""Where instances lie for good. A key names an object and is the same in every kind of store."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol


class OccupiedError(Exception):
    """Another object lies under the key."""


class StoreError(OSError):
    """The store did not do what was asked now; it may later."""


class NotConfiguredError(StoreError):
    """Objects lie in a bucket that nobody names."""

    def __init__(self) -> None:
        super().__init__(
            "objects lie in a bucket that is not configured: set node.s3 in the portal or [s3] in"
            " the node's file"
        )


@dataclass(frozen=True, slots=True)
class Deposit:
    """The file ``source``, to be taken in as ``key``; ``received`` goes with the object."""

    key: str
    source: Path
    received: datetime


@dataclass(frozen=True, slots=True)
class Stored:
    """An object that lies in a store."""

    key: str
    size: int
    received: datetime


class Readable(Protocol):
    """Objects to be read, wherever they lie."""

    def near(self, key: str) -> BinaryIO | None:
        """Open the object if it is on this machine; None when it has to be read from afar."""

    def open(self, key: str) -> BinaryIO:
        """Open an object for reading at any offset; raise FileNotFoundError."""

    def local(self, key: str) -> Path:
        """A file with the object's bytes, for a program that wants a path."""

    def read(self, key: str, offset: int, length: int) -> bytes:
        """A span of an object, all of it; raise FileNotFoundError or `StoreError`."""


class Store(Readable, Protocol):
    """A place for objects. Taking an object in, and deleting one, is idempotent."""

    location: str

    def adopt(self, deposits: Sequence[Deposit]) -> list[OccupiedError | OSError | None]:
        """Take the files in; for each None, or why not: the next attempt may succeed on OSError."""

    def discard(self, key: str, source: Path) -> None:
        """Undo `adopt` of *source*, which did not get into the index."""

    def commit(self) -> None:
        """Return when everything adopted since the last commit would survive a power cut."""

    def stream(self, key: str) -> Iterator[bytes]:
        """An object from its beginning to its end, as it lies in the store now."""

    def holds(self, key: str) -> bool:
        """Whether there is an object *key*."""

    def delete(self, key: str) -> None:
        """Remove an object that may be there."""

    def objects(self, after: str) -> Iterator[Stored]:
        """All objects of hospitals whose keys sort behind *after*, in that order."""
