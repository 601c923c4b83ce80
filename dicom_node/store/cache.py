"""Whole objects kept on this machine for programs that want a file; bounded, and never missed."""

import contextlib
import hashlib
import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from dicom_node.store.base import StoreError

# How much comes in between two looks at the whole; a look empties down to this part of the limit.
_LOOK_AFTER = 256 << 20
_KEPT = 0.9


class Cache:
    """Files named by a digest of their key. The one used longest ago goes first.

    Several processes share it: a file is whole under its name, or not there.
    """

    def __init__(self, root: Path, limit: int) -> None:
        self.root = root
        self.limit = limit
        self._since_look = 0

    def get(self, key: str) -> Path | None:
        path = self._path(key)
        try:
            os.utime(path)
        except OSError:
            return None
        return path

    def open(self, key: str) -> BinaryIO | None:
        path = self.get(key)
        try:
            return path.open("rb") if path else None
        except FileNotFoundError:
            return None

    def link(self, key: str, source: Path) -> None:
        """Keep *source*, a file of the same disk, as the object *key* if that is possible."""
        path = self._path(key)
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            path.hardlink_to(source)
            self._grown(source.stat().st_size)

    def fill(self, key: str, size: int, chunks: Iterable[bytes]) -> Path:
        """Keep *chunks* as *key*; raise `StoreError` when they are not *size* bytes."""
        path = self._path(key)
        part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with part.open("wb") as stream:
                for chunk in chunks:
                    stream.write(chunk)
                written = stream.tell()
            if written != size:
                raise StoreError(f"the object has {size} bytes, {written} came")
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        self._grown(size)
        return path

    def remove(self, key: str) -> None:
        self._path(key).unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        name = hashlib.sha256(key.encode()).hexdigest()
        return self.root / name[:2] / name

    def _grown(self, size: int) -> None:
        self._since_look += size
        if self._since_look >= min(_LOOK_AFTER, self.limit // 4):
            self._since_look = 0
            self._shrink()

    def _shrink(self) -> None:
        kept = []
        for path in self.root.glob("*/*"):
            with contextlib.suppress(OSError):
                status = path.stat()
                kept.append((status.st_mtime, status.st_size, path))
        total = sum(size for _time, size, _path in kept)
        if total <= self.limit:
            return
        for _time, size, path in sorted(kept):
            if total <= self.limit * _KEPT:
                break
            path.unlink(missing_ok=True)
            total -= size
