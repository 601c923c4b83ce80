"""UIDs (DICOM PS3.5 section 9.1), checked before they name a file, a row or an address."""

import hashlib
import re

_UID = re.compile(r"[0-9]+(?:\.[0-9]+)*")


def is_uid(text: str) -> bool:
    """Digits and single dots, at most 64 characters; leading zeros, which many send, pass."""
    return 0 < len(text) <= 64 and _UID.fullmatch(text) is not None


def derived(kind: str, uid: str) -> str:
    """A stable UID for a study or series that a data set does not name (PS3.5 annex B.2)."""
    digest = hashlib.sha256(f"yunying {kind} {uid}".encode()).digest()
    return f"2.25.{int.from_bytes(digest[:16], 'big')}"
