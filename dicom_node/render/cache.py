"""Volumes kept on this machine, bounded; each can be made anew of the stored objects at any time.

A volume is a directory that gets its name when all is written. Nothing waits for the disk: what a
power cut may have left half written is thrown away at the next start of the machine.
"""

import contextlib
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from dicom_node.archive.located import Located

DIRECTORY = "volumes"
# The file that says what a volume is, written last.
DESCRIPTION = "volume.json"
# To be changed when the same series is to give another volume.
EDITION = 1
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_PART = ".part"
# A look empties down to this part of the limit.
_KEPT = 0.9


class Volumes:
    """Below the store, where no hospital's code (capitals only) can collide with it.

    One directory a study, so that all of it goes when the study is disposed of.
    """

    def __init__(self, store_root: Path, limit: int = 0) -> None:
        self.root = store_root / DIRECTORY
        self.limit = limit

    def place(self, instances: Sequence[Located], every: int) -> Path:
        """Where the volume of *instances*, all of one series, lies or will lie."""
        listed = [(one.id, one.sop, one.key, one.size, one.frames) for one in instances]
        text = json.dumps([EDITION, every, listed], separators=(",", ":"))
        return self.root / instances[0].study / hashlib.sha256(text.encode()).hexdigest()[:32]

    def has(self, place: Path) -> bool:
        """Whether it is there; if so, it is the last to go."""
        try:
            os.utime(place)
        except OSError:
            return False
        return (place / DESCRIPTION).is_file()

    @contextlib.contextmanager
    def making(self, place: Path) -> Iterator[Path]:
        """An empty directory, which becomes *place* when it is left without an error."""
        part = place.with_name(f"{place.name}.{secrets.token_hex(4)}{_PART}")
        part.mkdir(parents=True)
        try:
            yield part
            # Somebody else may have made the same meanwhile.
            with contextlib.suppress(OSError):
                part.rename(place)
        finally:
            shutil.rmtree(part, ignore_errors=True)

    def bound(self, *, but: Path) -> None:
        """Remove what was used longest ago until the rest is within the limit; never *but*."""
        found = sorted(self._volumes(), key=lambda one: one[1])
        total = sum(size for _place, _used, size in found)
        if total <= self.limit:
            return
        for place, _used, size in found:
            if total <= self.limit * _KEPT:
                return
            if place != but:
                self._remove(place)
                total -= size

    def forget(self, study: str) -> None:
        """Delete all that was made of a study's objects."""
        shutil.rmtree(self.root / study, ignore_errors=True)

    def clear(self) -> None:
        """At a start: delete what was left half made, and after a start of the machine all."""
        marker, boot = self.root / "boot", _BOOT.read_text() if _BOOT.exists() else ""
        with contextlib.suppress(OSError):
            if marker.read_text() == boot:
                for part in self.root.glob(f"*/*{_PART}"):
                    shutil.rmtree(part, ignore_errors=True)
                return
        shutil.rmtree(self.root, ignore_errors=True)
        self.root.mkdir(parents=True, exist_ok=True)
        marker.write_text(boot)

    def _volumes(self) -> Iterator[tuple[Path, float, int]]:
        for place in self.root.glob("*/*"):
            if place.name.endswith(_PART):
                continue  # somebody is at work there
            with contextlib.suppress(OSError):
                size = sum(path.stat().st_size for path in place.iterdir())
                yield place, place.stat().st_mtime, size

    def _remove(self, place: Path) -> None:
        # Whoever has it mapped keeps it; nobody finds half of it.
        part = place.with_name(f"{place.name}.{secrets.token_hex(4)}{_PART}")
        with contextlib.suppress(OSError):
            place.rename(part)
        shutil.rmtree(part, ignore_errors=True)
        with contextlib.suppress(OSError):
            place.parent.rmdir()
