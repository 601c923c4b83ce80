"""Files made from stored objects, kept to be served again; each can be made anew at any time."""

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from dicom_node import log

DIRECTORY = "derived"


class Derived:
    """Below the store, where no hospital's code (capitals only) can collide with it."""

    def __init__(self, store_root: Path) -> None:
        self.root = store_root / DIRECTORY

    def key(self, name: str) -> str:
        """The name under which a local store reads it."""
        return f"{DIRECTORY}/{name}"

    def get(self, name: str) -> bytes | None:
        try:
            return (self.root / name).read_bytes()
        except OSError:
            return None

    def forget(self, study: str) -> None:
        """Delete all that was made of a study's objects."""
        shutil.rmtree(self.root / study, ignore_errors=True)

    def forget_others(self, prefix: str, *names: str) -> None:
        """Delete what begins with *prefix*, and what is left of its making, except *names*."""
        path = self.root / prefix
        kept = {self.root / name for name in names}
        for old in path.parent.glob(f"{path.name}*"):
            if old not in kept:
                old.unlink(missing_ok=True)

    @contextlib.contextmanager
    def writing(self, name: str) -> Iterator[BinaryIO]:
        """A new file, which gets its name when all is written; raises OSError."""
        path = self.root / name
        part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with part.open("wb") as file:
                yield file
            os.replace(part, path)  # noqa: PTH105 - one step, whatever lies there
        except BaseException:
            part.unlink(missing_ok=True)
            raise

    def put(self, name: str, content: bytes, supersedes: str = "") -> None:
        """Keep *content*; remove others of the directory that begin with *supersedes*.

        What cannot be kept is served all the same, and made again the next time.
        """
        try:
            with self.writing(name) as file:
                file.write(content)
            if supersedes:
                self.forget_others(f"{name.rpartition('/')[0]}/{supersedes}", name)
        except OSError as error:
            log.get().warning("derived_not_kept", name=name, error=error.strerror)
