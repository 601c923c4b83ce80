"""Threads that do one thing again and again, each with its own connection to the index."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import psycopg

from dicom_node import log
from dicom_node.archive.migrate import is_current
from dicom_node.portal import PortalError

# Held by the process that archives, and by the one that retrieves; a second one waits.
LOCK, RETRIEVING = 7_241_000_002, 7_241_000_003
MAX_PAUSE = 5.0

Round = Callable[[psycopg.Connection], int]


@dataclass
class Turn:
    """Whose turn it is: ``stopping`` ends every loop, ``held`` says that this process may.

    *lock* is what it holds then, *work* how the log calls what another process does meanwhile.
    """

    lock: int = LOCK
    work: str = "archiving"
    stopping: threading.Event = field(default_factory=threading.Event)
    held: threading.Event = field(default_factory=threading.Event)


class Loop(threading.Thread):
    """Calls *round_* while there is work, else every *pause* seconds; outlives the database.

    ``takes`` the lock, or ``needs`` it held by the loop that does. *ready* is called before the
    first round of a connection, and raises OSError while there must be none.
    """

    def __init__(
        self,
        name: str,
        dsn: str,
        pause: float,
        turn: Turn,
        round_: Round,
        *,
        takes: bool = False,
        needs: bool = False,
        ready: Callable[[psycopg.Connection], None] | None = None,
    ) -> None:
        super().__init__(name=name, daemon=True)
        self.dsn = dsn
        self.pause = pause
        self.turn = turn
        self.round = round_
        self.takes = takes
        self.needs = needs
        self.ready = ready

    def run(self) -> None:
        delay = 0.0
        while not self.turn.stopping.wait(delay):
            if self.needs and not self.turn.held.wait(self.pause):
                continue
            try:
                with psycopg.connect(self.dsn, autocommit=True, connect_timeout=5) as connection:
                    delay = self._connected(connection)
            except (psycopg.Error, PortalError, OSError) as error:
                delay = min(MAX_PAUSE, max(self.pause, delay * 2, 0.5))
                log.get().warning(
                    "retrying", loop=self.name, error=type(error).__name__,
                    detail=str(error).split("\n")[0][:300], seconds=delay,
                )  # fmt: skip
            finally:
                if self.takes:
                    self.turn.held.clear()

    def _connected(self, connection: psycopg.Connection) -> float:
        if not is_current(connection):
            raise psycopg.ProgrammingError("the schema archive is not migrated yet")
        if self.ready is not None:
            self.ready(connection)
        if self.takes:
            take_lock(connection, self.turn.lock, self.turn.work)
            self.turn.held.set()
        while not self.turn.stopping.is_set():
            if self.needs and not self.turn.held.is_set():
                break
            if not self.round(connection):
                self.turn.stopping.wait(self.pause)
        return 0.0


def take_lock(connection: psycopg.Connection, lock: int = LOCK, work: str = "archiving") -> None:
    """Be the one that does *work*, for as long as *connection* lives; raise when another one is."""
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", (lock,)).fetchone()
    if row is None or not row[0]:
        raise psycopg.OperationalError(f"another process is {work}")
