"""The node's stores: the one that takes in, and the others that objects may lie in."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, TypeVar

from dicom_node import log
from dicom_node.config import S3, Config, bucket
from dicom_node.store.base import NotConfiguredError, Store
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

    @property
    def nearline(self) -> Store | None:
        """Where old studies go, when there is such a place beside the primary store."""
        return self.by_location.get("s3") if self.primary.location == "local" else None

    def at(self, location: str) -> Store:
        """The store of a location that the index tells; raise `NotConfiguredError`."""
        store = self.by_location.get(location)
        if store is None:
            raise NotConfiguredError
        return store

    def near(self, key: str) -> BinaryIO | None:
        return self._first(lambda store: store.near(key))

    def open(self, key: str) -> BinaryIO:
        return self._first(lambda store: store.open(key))

    def local(self, key: str) -> Path:
        return self._first(lambda store: _existing(store.local(key)))

    def read(self, key: str, offset: int, length: int) -> bytes:
        return self._first(lambda store: store.read(key, offset, length))

    def stream(self, key: str, location: str) -> Iterator[bytes]:
        return self.at(location).stream(key)

    def holds(self, key: str, location: str) -> bool:
        return self.at(location).holds(key)

    def _first(self, attempt: Callable[[Store], T]) -> T:
        # A look at the disk costs nothing, one at a bucket a round trip.
        *earlier, last = sorted(
            self.by_location.values(), key=lambda store: store.location != "local"
        )
        for store in earlier:
            try:
                return attempt(store)
            except FileNotFoundError:
                continue
        return attempt(last)


class FollowingStores(Stores):
    """Stores for a process that only reads: what is not found is looked for in the bucket of now.

    So nothing is to be restarted, and no association cut, when the archive takes a bucket over.
    """

    def __init__(self, config: Config) -> None:
        super().__init__(*_places(config, config.s3))
        self._config = config
        self._bucket = config.s3

    def at(self, location: str) -> Store:
        if location not in self.by_location:
            self._follow(self._bucket)
        return super().at(location)

    def holds(self, key: str, location: str) -> bool:
        used = self._bucket
        return super().holds(key, location) or (self._follow(used) and super().holds(key, location))

    def _first(self, attempt: Callable[[Store], T]) -> T:
        used = self._bucket
        try:
            return super()._first(attempt)
        except OSError:
            if not self._follow(used):
                raise
        return super()._first(attempt)

    def _follow(self, used: S3) -> bool:
        """Take over what the portal says now; False when it was *used* already."""
        named = bucket(self._config)
        if named == used:
            return False
        # Another thread may have done so meanwhile.
        if named != self._bucket:
            self.primary, *others = _places(self._config, named)
            self.by_location = {store.location: store for store in (self.primary, *others)}
            self._bucket = named
            log.get().info("bucket_taken_over", bucket=named.bucket)
        return True


def of(config: Config) -> Stores:
    """The stores that *config* names; nothing is reached for yet."""
    return Stores(*_places(config, config.s3))


def _existing(path: Path) -> Path:
    if not path.exists():
        raise FileNotFoundError(path)
    return path


def _places(config: Config, settings: S3) -> list[Store]:
    local = LocalStore(config.store.path)
    if not settings.bucket:
        return [local]
    remote = S3Store(settings, Cache(config.store.path / CACHE, settings.cache_size))
    return [remote, local] if config.store.kind == "s3" else [local, remote]
