"""Objects as files below a directory, on the same file system as the spool."""

import filecmp
from pathlib import Path
from typing import BinaryIO

from dicom_node.spool import durable
from dicom_node.store.base import OccupiedError


class LocalStore:
    """Adopts by hard link: no byte is copied, and the spool file stays until it is indexed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._changed: set[Path] = set()
        root.mkdir(parents=True, exist_ok=True)

    def adopt(self, key: str, source: Path) -> None:
        target = self.root / key
        durable.make_directory(target.parent, self.root)
        try:
            target.hardlink_to(source)
        except FileExistsError:
            same = target.samefile(source) or filecmp.cmp(target, source, shallow=False)
            if not same:
                raise OccupiedError(key) from None
        self._changed.add(target.parent)

    def discard(self, key: str, source: Path) -> None:
        target = self.root / key
        if target.exists() and target.samefile(source):
            target.unlink()

    def commit(self) -> None:
        while self._changed:
            durable.sync_directory(self._changed.pop())

    def local(self, key: str) -> Path:
        return self.root / key

    def open(self, key: str) -> BinaryIO:
        return self.local(key).open("rb")
