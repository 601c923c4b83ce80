"""Objects as files below a directory, on the same file system as the spool."""

import contextlib
import filecmp
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from dicom_node import hospital
from dicom_node.spool import durable
from dicom_node.store.base import Deposit, OccupiedError, Stored, StoreError

CHUNK = 1 << 17


class LocalStore:
    """Adopts by hard link: no byte is copied, and the spool file stays until it is indexed."""

    location = "local"

    def __init__(self, root: Path) -> None:
        self.root = root
        self._changed: set[Path] = set()
        root.mkdir(parents=True, exist_ok=True)

    def adopt(self, deposits: Sequence[Deposit]) -> list[OccupiedError | OSError | None]:
        return [self._adopt(deposit) for deposit in deposits]

    def _adopt(self, deposit: Deposit) -> OccupiedError | OSError | None:
        target = f"{self.root}/{deposit.key}"
        try:
            # The time of the file is all that tells a later reindexing when it came.
            moment = deposit.received.timestamp()
            os.utime(deposit.source, (moment, moment))
            try:
                os.link(deposit.source, target)
            except FileNotFoundError:
                self._make_directory(Path(target).parent)
                os.link(deposit.source, target)
        except FileExistsError:
            same = Path(target).samefile(deposit.source)
            if not same and not filecmp.cmp(target, deposit.source, shallow=False):
                return OccupiedError(deposit.key)
        except OSError as error:
            return error
        self._changed.add(Path(target).parent)
        return None

    def _make_directory(self, path: Path) -> None:
        """Create *path*; the names between it and the root are on disk after the next commit."""
        if path.is_dir():
            return
        self._make_directory(path.parent)
        path.mkdir(mode=0o750, exist_ok=True)
        self._changed.add(path.parent)

    def discard(self, key: str, source: Path) -> None:
        target = self.root / key
        if target.exists() and target.samefile(source):
            target.unlink()

    def commit(self) -> None:
        while self._changed:
            with contextlib.suppress(FileNotFoundError):  # emptied by a deletion, and removed
                durable.sync_directory(next(iter(self._changed)))
            self._changed.pop()

    def near(self, key: str) -> BinaryIO | None:
        return self.open(key)

    def open(self, key: str) -> BinaryIO:
        return self.local(key).open("rb")

    def local(self, key: str) -> Path:
        return self.root / key

    def read(self, key: str, offset: int, length: int) -> bytes:
        with self.open(key) as stream:
            stream.seek(offset)
            found = stream.read(length)
        if len(found) != length:
            raise StoreError(f"the object ends before byte {offset + length}")
        return found

    def stream(self, key: str) -> Iterator[bytes]:
        with self.open(key) as stream:
            while chunk := stream.read(CHUNK):
                yield chunk

    def holds(self, key: str) -> bool:
        return self.local(key).is_file()

    def delete(self, key: str) -> None:
        path = self.root / key
        path.unlink(missing_ok=True)
        for directory in path.parents:
            if directory == self.root:
                break
            try:
                directory.rmdir()
            except OSError:  # others lie there
                break

    def objects(self, after: str) -> Iterator[Stored]:
        codes = sorted(path.name for path in self.root.iterdir() if hospital.is_code(path.name))
        for code in codes:
            yield from self._below(code, after)

    def _below(self, prefix: str, after: str) -> Iterator[Stored]:
        """Directories and files in the order of their keys, which sort with the slash."""
        with os.scandir(self.root / prefix) as found:
            entries = {
                f"{prefix}/{entry.name}{'/' if entry.is_dir(follow_symlinks=False) else ''}": entry
                for entry in found
            }
        for key in sorted(entries):
            if key.endswith("/"):
                if key > after or after.startswith(key):
                    yield from self._below(key[:-1], after)
            elif key > after and key.endswith(".dcm") and entries[key].is_file():
                status = entries[key].stat()
                yield Stored(key, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))
