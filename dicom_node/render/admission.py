"""How many may look at once; who comes later waits, and hears how many are before."""

import asyncio
from pathlib import Path

from dicom_node.web.problem import Problem

MOST_WAITING = 64
_LOOK = 1.0
_MEMORY = Path("/proc/meminfo")


class Admission:
    """*sessions* at once, and only while *reserve* bytes of memory are left to everybody else."""

    def __init__(self, sessions: int, reserve: int) -> None:
        self._sessions = sessions
        self._reserve = reserve
        self.inside = 0
        self._waiting: list[object] = []

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def queue(self) -> "Place":
        """A place at the end of the queue; raise `Problem` 503 when that is too long."""
        if len(self._waiting) >= MOST_WAITING:
            raise Problem(503, "overloaded", "Too many wait to be shown a volume; try later.")
        return Place(self)

    def _has_room(self) -> bool:
        return self.inside < self._sessions and available() > self._reserve


class Place:
    """In the queue, then inside, until `leave`."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self._inside = False
        admission._waiting.append(self)

    @property
    def before(self) -> int:
        """How many will be let in before."""
        return self._admission._waiting.index(self)

    def enter(self) -> bool:
        """Go in if it is this one's turn."""
        admission = self._admission
        if not self._inside and self.before == 0 and admission._has_room():
            admission._waiting.remove(self)
            admission.inside += 1
            self._inside = True
        return self._inside

    def leave(self) -> None:
        if self._inside:
            self._admission.inside -= 1
            self._inside = False
        elif self in self._admission._waiting:
            self._admission._waiting.remove(self)

    @staticmethod
    async def wait() -> None:
        """Until it is worth to look again."""
        await asyncio.sleep(_LOOK)


def available() -> int:
    """Bytes that can be had without swapping."""
    for line in _MEMORY.read_text().splitlines():
        name, _, value = line.partition(":")
        if name == "MemAvailable":
            return int(value.split()[0]) * 1024
    return 0
