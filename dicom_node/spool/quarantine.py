"""Where bytes lie that could not be taken into the archive: kept, never shown as an image."""

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from dicom_node import ident
from dicom_node.spool import durable

Reason = Literal["unreadable", "invalid_uid", "mismatch", "conflict", "other_hospital"]


@dataclass(frozen=True, slots=True)
class Case:
    """Why an instance lies in quarantine, as the portal shows it; ``sha256`` over the data set."""

    hospital: str
    calling_ae: str
    address: str
    reason: Reason
    detail: str
    study_uid: str
    sop_instance_uid: str
    size: int
    sha256: str

    def event(self, key: str) -> dict[str, Any]:
        return {"key": key, **asdict(self)}


class Quarantine:
    """``<hospital>/<key>.dcm``; ``<hospital>/digest/`` names the same files by reason and digest.

    The same bytes for the same reason are kept once: a modality that repeats a bad file every
    minute does not fill the disk.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)

    def holds(self, case: Case) -> bool:
        return self._marker(case).exists()

    def put(self, case: Case, draft: durable.Draft) -> str:
        """Commit the file here, and return its key. Raises OSError with nothing left behind."""
        directory = self._directory(case.hospital)
        key = ident.new()
        draft.commit(f"{directory}/{key}.dcm")
        return key

    def mark(self, case: Case, key: str) -> None:
        """Remember the digest of *key*, once its event is safe; until then a repeat is kept too."""
        marker = self._marker(case)
        try:
            marker.hardlink_to(marker.parent.parent / f"{key}.dcm")
        except FileExistsError:
            return
        durable.sync_directory(marker.parent)

    def take(self, case: Case, key: str, source: Path) -> bool:
        """Link *source* into quarantine as *key*; False when other, equal bytes lie there already.

        Doing it again after a crash changes nothing.
        """
        directory = self._directory(case.hospital)
        marker, target = self._marker(case), directory / f"{key}.dcm"
        if marker.exists() and not marker.samefile(source):
            return False
        for name in (target, marker):
            if not name.exists():
                name.hardlink_to(source)
                durable.sync_directory(name.parent)
        return True

    def path(self, code: str, key: str) -> Path:
        """Where *key* of the hospital *code* lies, if it does; both were checked before."""
        return self.root / code / f"{key}.dcm"

    def remove(self, code: str, key: str) -> None:
        """Delete *key* and what names the same file; a repeat is then kept anew."""
        path = self.path(code, key)
        try:
            inode = path.stat().st_ino
        except FileNotFoundError:
            return
        directory = path.parent / "digest"
        if directory.is_dir():
            with os.scandir(directory) as entries:
                for entry in [entry for entry in entries if entry.inode() == inode]:
                    Path(entry.path).unlink(missing_ok=True)
        path.unlink(missing_ok=True)
        durable.sync_directory(path.parent)

    def count(self) -> int:
        return sum(1 for _ in self.root.glob("*/*.dcm"))

    def discard_unfinished(self) -> None:
        for path in self.root.glob("*/*.part"):
            path.unlink(missing_ok=True)

    def _directory(self, hospital: str) -> Path:
        directory = self.root / hospital
        durable.make_directory(directory / "digest", self.root)
        return directory

    def _marker(self, case: Case) -> Path:
        return self.root / case.hospital / "digest" / f"{case.reason}-{case.sha256}"
