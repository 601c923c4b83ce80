"""Brings what lies in the spool to the centre, oldest first, and goes on after every mishap."""

import random
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from dicom_node import log
from dicom_node.portal import PortalError
from dicom_node.spool.spool import Spool, Spooled
from dicom_node.upload.centre import AwayError, BusyError, Centre, RefusedError
from dicom_node.upload.plan import Plan
from dicom_node.upload.tally import Tally

# Of names read from the spool at once: a backlog is listed once in so many files.
LISTING = 20_000
POLL = 0.5
# Seconds between two tries: while the centre is away, and of one file that it does not take.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
PUT_OFF = 300.0
# The same for a file whose earlier try the centre has not given up yet, which takes it half a
# minute at most.
BUSY_PUT_OFF = 3.0
NO_PLAN = "the centre has not set up this front end's upload"

Connect = Callable[[Plan], Centre]


@dataclass(frozen=True, slots=True)
class _Line:
    """What a plan needs at work."""

    plan: Plan
    centre: Centre
    threads: ThreadPoolExecutor


class Courier:
    """Uploads by the plan of the moment. A file leaves the spool when the centre has it."""

    def __init__(
        self, spool: Spool, plan: Callable[[], Plan | None], connect: Connect, tally: Tally
    ) -> None:
        self._spool = spool
        self._plan = plan
        self._connect = connect
        self._tally = tally
        self._line: _Line | None = None
        self._queue: deque[Spooled] = deque()
        self._put_off: dict[str, float] = {}
        # Which ones were begun: of these the centre is asked how far they have come. After a start
        # nobody knows, so it is asked about each that waited then.
        self._begun: set[str] = {item.id for item in spool.oldest(LISTING)}

    def run(self, stopping: threading.Event) -> None:
        pause = 0.0
        while not stopping.wait(pause):
            try:
                done = self._round()
                pause = 0.0 if done else POLL
            except (AwayError, PortalError, OSError) as error:
                pause = _longer(pause)
                self._queue.clear()
                if self._tally.failed(str(error)):
                    log.get().warning("upload_interrupted", error=str(error)[:300])

    def _round(self) -> int:
        """Upload one batch; raise what stops all uploads."""
        line = self._prepared()
        if line is None:
            self._tally.failed(NO_PLAN)
            return 0
        items = self._next(line.plan.batch)
        if not items:
            self._tally.failed("")
            return 0
        results = [line.threads.submit(self._one, line.centre, item) for item in items]
        failures = [failure for failure in (result.exception() for result in results) if failure]
        if failures:
            raise failures[0]
        return len(items)

    def _one(self, centre: Centre, item: Spooled) -> None:
        begun = item.id in self._begun
        self._begun.add(item.id)
        try:
            centre.upload(item.id, item.path, begun=begun)
        except FileNotFoundError:
            return
        except BusyError:
            self._put_off[item.id] = time.monotonic() + BUSY_PUT_OFF
            return
        except RefusedError as error:
            self._put_off[item.id] = time.monotonic() + PUT_OFF
            self._tally.refused(item.id, str(error))
            log.get().error("upload_refused", spool_id=item.id, error=str(error)[:300])
            return
        item.path.unlink(missing_ok=True)
        self._begun.discard(item.id)
        self._put_off.pop(item.id, None)
        self._tally.uploaded(item.id)

    def _next(self, count: int) -> list[Spooled]:
        now = time.monotonic()
        if not self._queue:
            self._queue.extend(self._spool.oldest(LISTING))
        items: list[Spooled] = []
        while self._queue and len(items) < count:
            item = self._queue.popleft()
            if self._put_off.get(item.id, 0.0) <= now:
                items.append(item)
        return items

    def _prepared(self) -> _Line | None:
        plan = self._plan()
        line = self._line
        if line is not None and line.plan == plan:
            return line
        if line is not None:
            line.threads.shutdown()
            line.centre.close()
        self._line = None
        if plan is not None:
            threads = ThreadPoolExecutor(plan.threads, "upload")
            self._line = _Line(plan, self._connect(plan), threads)
        return self._line


def _longer(pause: float) -> float:
    """Twice as long, and not in step with every other front end that lost the same centre."""
    return min(max(pause * 2, FIRST_PAUSE), LONGEST_PAUSE) * random.uniform(0.8, 1.0)  # noqa: S311
