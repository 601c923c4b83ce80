"""Files made from stored objects, kept to be served again; each can be made anew at any time."""

import contextlib
import os
import secrets
import shutil
from pathlib import Path

from dicom_node import log

DIRECTORY = "derived"


class Derived:
    """Below the store, where no hospital's code (capitals only) can collide with it."""

    def __init__(self, store_root: Path) -> None:
        self.root = store_root / DIRECTORY

    def get(self, name: str) -> bytes | None:
        try:
            return (self.root / name).read_bytes()
        except OSError:
            return None

    def forget(self, study: str) -> None:
        """Delete all that was made of a study's objects."""
        shutil.rmtree(self.root / study, ignore_errors=True)

    def put(self, name: str, content: bytes, supersedes: str = "") -> None:
        """Keep *content*; remove others of the directory that begin with *supersedes*.

        What cannot be kept is served all the same, and made again the next time.
        """
        path = self.root / name
        part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(content)
            os.replace(part, path)  # noqa: PTH105 - one step, whatever lies there
            if supersedes:
                for old in path.parent.glob(f"{supersedes}*"):
                    if old != path:
                        old.unlink(missing_ok=True)
        except OSError as error:
            log.get().warning("derived_not_kept", name=name, error=error.strerror)
            with contextlib.suppress(OSError):
                part.unlink()
