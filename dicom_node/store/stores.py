"""The node's stores: the one that takes in, and the others that objects may lie in."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, TypeVar

from dicom_node.config import Config
from dicom_node.store.base import Store
from dicom_node.store.cache import Cache
from dicom_node.store.local import LocalStore
from dicom_node.store.s3 import S3Store

CACHE = "cache"  # below the store, where no hospital's code (capitals only) can collide with it
T = TypeVar("T")


class Stores:
    """Reads an object wherever it lies: it may be moved between a look at the index and a read."""

    def __init__(self, primary: Store, *others: Store) -> None:
        self.primary = primary
        self.by_location: dict[str, Store] = {store.location: store for store in (primary, *others)}
        # A look at the disk costs nothing, one at a bucket a round trip.
        self._order = sorted(self.by_location.values(), key=lambda store: store.location != "local")

    @property
    def nearline(self) -> Store | None:
        """Where old studies go, when there is such a place beside the primary store."""
        return self.by_location.get("s3") if self.primary.location == "local" else None

    def near(self, key: str) -> BinaryIO | None:
        return self._first(lambda store: store.near(key))

    def open(self, key: str) -> BinaryIO:
        return self._first(lambda store: store.open(key))

    def local(self, key: str) -> Path:
        if len(self._order) > 1 and (path := self._order[0].local(key)).exists():
            return path
        return self._order[-1].local(key)

    def read(self, key: str, offset: int, length: int) -> bytes:
        return self._first(lambda store: store.read(key, offset, length))

    def stream(self, key: str, location: str) -> Iterator[bytes]:
        return self.by_location[location].stream(key)

    def _first(self, attempt: Callable[[Store], T]) -> T:
        *earlier, last = self._order
        for store in earlier:
            try:
                return attempt(store)
            except FileNotFoundError:
                continue
        return attempt(last)


def of(config: Config) -> Stores:
    """The stores that *config* names; nothing is reached for yet."""
    local = LocalStore(config.store.path)
    if not config.s3.bucket:
        return Stores(local)
    cache = Cache(config.store.path / CACHE, config.s3.cache_size)
    remote = S3Store(config.s3, cache)
    return Stores(remote, local) if config.store.kind == "s3" else Stores(local, remote)
