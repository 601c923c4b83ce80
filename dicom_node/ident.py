"""Time-ordered unique identifiers (26 characters, Crockford base 32: 48 bit ms, 80 bit random)."""

import re
import secrets
import threading
import time
from datetime import UTC, datetime

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES = {character: value for value, character in enumerate(ALPHABET)}
_VALID = re.compile(f"[0-7][{ALPHABET}]{{25}}")
_lock = threading.Lock()
_last = 0


def new() -> str:
    """Return an identifier greater than every one that this process made before."""
    global _last  # noqa: PLW0603 - the order within a process is this module's whole state
    with _lock:
        number = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
        _last = number = max(number, _last + 1)
    return "".join(ALPHABET[number >> shift & 31] for shift in range(125, -5, -5))


def is_valid(text: str) -> bool:
    return _VALID.fullmatch(text) is not None


def time_of(identifier: str) -> datetime:
    """When *identifier* was made, UTC, to the millisecond."""
    milliseconds = 0
    for character in identifier[:10]:
        milliseconds = milliseconds << 5 | _VALUES[character]
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
