"""Where acknowledged instances wait to be archived, and notes wait to become events."""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import nsmallest
from pathlib import Path
from typing import Any

from dicom_node import hospital, ident
from dicom_node.spool import durable

NOTES = "notes"


@dataclass(frozen=True, slots=True)
class Spooled:
    """One acknowledged instance; ``id`` is time-ordered, ``hospital`` a code."""

    id: str
    hospital: str
    path: Path


class Spool:
    """A directory a hospital, ``<id>.dcm`` in it; ``notes`` holds events of the receiver."""

    def __init__(self, root: Path) -> None:
        self.root = root
        durable.make_directory(root / NOTES, root)

    def draft(self, code: str) -> durable.Draft:
        """Begin an instance of the hospital *code*; committed, it is acknowledged. Raises OSError.

        Its id is its file's name.
        """
        path = f"{self.root}/{code}/{ident.new()}.dcm"
        try:
            return durable.Draft(path)
        except FileNotFoundError:
            durable.make_directory(self.root / code, self.root)
            return durable.Draft(path)

    def take(self, code: str, identifier: str, source: Path) -> None:
        """Link *source* into the spool as *identifier*; doing it again changes nothing."""
        directory = self.root / code
        durable.make_directory(directory, self.root)
        target = directory / f"{identifier}.dcm"
        if not target.exists():
            target.hardlink_to(source)
        # Also when it is there: whoever linked it may have been killed before this.
        durable.sync_directory(directory)

    def note(self, kind: str, body: dict[str, Any], identifier: str = "") -> None:
        """Leave an event for the process that tells the portal; as *identifier* it is the same."""
        text = json.dumps({"kind": kind, "body": body}).encode()
        if identifier:
            # What an earlier process left of it half written is in nobody's way.
            durable.replace(self.note_path(identifier), text)
        else:
            durable.write(self.note_path(ident.new()), [text])

    def note_path(self, identifier: str) -> Path:
        """Where the note lies, until it has become an event."""
        return self.root / NOTES / f"{identifier}.json"

    def discard_unfinished(self) -> list[str]:
        """Remove what an earlier process did not finish writing; it was never acknowledged."""
        leftovers = [path for path in self.root.glob("*/*.part") if path.is_file()]
        for path in leftovers:
            path.unlink(missing_ok=True)
        return [str(path.relative_to(self.root)) for path in leftovers]

    def oldest(self, count: int) -> list[Spooled]:
        """The *count* oldest instances of all hospitals, oldest first."""
        found = nsmallest(count, self._names())
        return [Spooled(name, code, self.root / code / f"{name}.dcm") for name, code in found]

    def holds_before(self, identifier: str) -> bool:
        """Whether something that came before *identifier* is still to be archived."""
        waiting = self.oldest(1)
        return bool(waiting) and waiting[0].id < identifier

    def _names(self) -> Iterator[tuple[str, str]]:
        """(id, hospital) of every instance."""
        for code in self._codes():
            with os.scandir(self.root / code) as entries:
                for entry in entries:
                    name, _, suffix = entry.name.partition(".")
                    if suffix == "dcm" and ident.is_valid(name):
                        yield name, code

    def _codes(self) -> list[str]:
        with os.scandir(self.root) as entries:
            return [e.name for e in entries if hospital.is_code(e.name) and e.is_dir()]

    def census(self) -> tuple[int, int, str]:
        """How many instances wait, their bytes, and the id of the oldest (empty: none)."""
        count, size, oldest = 0, 0, ""
        for name, code in self._names():
            try:
                size += (self.root / code / f"{name}.dcm").stat().st_size
            except FileNotFoundError:
                continue
            count, oldest = count + 1, min(oldest or name, name)
        return count, size, oldest

    def used_per_cent(self) -> float:
        """How full the disk is for whoever is not root, as ``df`` says it."""
        usage = shutil.disk_usage(self.root)
        return 100 * usage.used / max(usage.used + usage.free, 1)

    def notes(self, count: int) -> list[Path]:
        """The *count* oldest notes."""
        return sorted((self.root / NOTES).glob("*.json"))[:count]
