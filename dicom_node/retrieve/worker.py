"""Works off the jobs, one study after the other; each step is in the index before the next."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, tzinfo

import psycopg

from dicom_node import ident, log
from dicom_node.archive import completeness, evidence
from dicom_node.archive.evidence import Evidence
from dicom_node.retrieve import progress
from dicom_node.retrieve.backoff import Backoff
from dicom_node.retrieve.jobs import Job, Unusable
from dicom_node.retrieve.peer import Listed, RefusedError, SourceError, UnreachableError
from dicom_node.retrieve.source import Source
from dicom_node.spool.spool import Spool

# So long a fetched study may take from the spool into the index.
SETTLE = 60.0
# A source that refuses so often, one time after the other, does not do what the job wants; a study
# at which one that otherwise answers breaks off so often is given up.
MAX_TRIES = 3
FINAL = ("done", "failed", "cancelled")
# Studies whose counts are kept in one transaction: the archive process waits for it.
TOLD = 500


class Worker:
    """One round does one step of the first job that has something to do.

    What is kept in memory alone (pauses, tries) a new process begins anew.
    """

    def __init__(
        self,
        jobs: Callable[[], Sequence[Job | Unusable] | None],
        source: Callable[[Job], Source],
        zone: tzinfo,
        spool: Spool,
    ) -> None:
        self._spool = spool
        self._jobs = jobs
        self._source = source
        self._zone = zone
        self._news = progress.News()
        self._states: dict[int, str] = {}
        self._last_fetch: dict[int, float] = {}
        self._backoff = Backoff()
        self._refusals: Counter[int] = Counter()
        self._breaks: Counter[tuple[int, str]] = Counter()

    def run_once(self, connection: psycopg.Connection) -> int:
        """Return 1 when something was done, 0 when there is nothing to do now."""
        jobs = self._jobs() or ()
        self._states = {job.id: self._states.get(job.id, "waiting") for job in jobs}
        done = any(self._step(connection, job) for job in jobs)
        self._news.tell_due(connection)
        return int(done)

    def report(self) -> dict[str, int]:
        states = list(self._states.values())
        return {name: states.count(name) for name in ("running", "waiting")}

    def _step(self, connection: psycopg.Connection, job: Job | Unusable) -> bool:
        row = connection.execute(
            "SELECT state, listed, error FROM archive.retrieval WHERE id = %s", (job.id,)
        ).fetchone()
        state, listed, error = row or ("waiting", False, "")
        self._states[job.id] = state
        if state in FINAL:
            return False
        if job.cancelled:
            self._set(connection, job, "cancelled")
            return True
        if isinstance(job, Unusable):
            return self._say_why(connection, job, state, error)
        if not self._backoff.is_due(job.id):
            return False
        if not job.allowed(datetime.now(self._zone)):
            if state == "running":
                self._set(connection, job, "waiting", error)
            return False
        return self._work(connection, job, listed=listed)

    def _say_why(
        self, connection: psycopg.Connection, job: Unusable, state: str, error: str
    ) -> bool:
        """Say once that nothing is done, and why."""
        wanted = "failed" if job.final else "waiting"
        if (state, error) == (wanted, job.problem):
            return False
        log.get().warning("retrieval_unusable", job=job.id, problem=job.problem)
        self._set(connection, job, wanted, job.problem)
        return True

    def _work(self, connection: psycopg.Connection, job: Job, *, listed: bool) -> bool:
        try:
            done = self._next(connection, job) if listed else self._list(connection, job)
        except RefusedError as refusal:
            self._refusals[job.id] += 1
            if self._refusals[job.id] < MAX_TRIES:
                self._put_off(connection, job, str(refusal))
            else:
                self._set(connection, job, "failed", str(refusal))
            return True
        except SourceError as error:
            self._put_off(connection, job, str(error))
            return True
        self._refusals.pop(job.id, None)
        self._backoff.succeeded(job.id)
        return done

    def _put_off(self, connection: psycopg.Connection, job: Job, error: str) -> None:
        pause = self._backoff.failed(job.id)
        log.get().warning("retrieval_put_off", job=job.id, error=error, seconds=pause)
        self._set(connection, job, "waiting", error)

    def _list(self, connection: psycopg.Connection, job: Job) -> bool:
        if job.id not in self._backoff:
            self._set(connection, job, "running")
        studies = self._source(job).studies()
        for counts in _some(sorted(studies.items())):
            told = [_told(job, uid, count) for uid, count in counts if count is not None]
            evidence.record(connection, told)
        with connection.transaction(), connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO archive.retrieval_study VALUES (%s, %s, %s, 'wanted')"
                " ON CONFLICT DO NOTHING",
                [(job.id, uid, expected) for uid, expected in sorted(studies.items())],
            )
            cursor.execute("UPDATE archive.retrieval SET listed = true WHERE id = %s", (job.id,))
        self._set(connection, job, "running")
        return True

    def _next(self, connection: psycopg.Connection, job: Job) -> bool:
        row = connection.execute(
            "SELECT study_uid, expected FROM archive.retrieval_study"
            " WHERE retrieval_id = %s AND state = 'wanted' ORDER BY study_uid LIMIT 1",
            (job.id,),
        ).fetchone()
        if row is None:
            self._set(connection, job, "done", _last_error(connection, job.id))
            return True
        study, expected = row
        if _belongs_elsewhere(connection, study, job.device.hospital):
            self._settle(connection, job, study, "failed", f"{study} is another hospital's")
            return True
        if expected is not None and len(_stored(connection, study)) == expected:
            self._settle(connection, job, study, "present")
            return True
        last = self._last_fetch.get(job.id, float("-inf"))
        if job.per_minute and time.monotonic() - last < 60 / job.per_minute:
            return False
        self._last_fetch[job.id] = time.monotonic()
        if self._states[job.id] != "running":
            self._set(connection, job, "running")
        self._fetch(connection, job, study, expected)
        return True

    def _fetch(
        self, connection: psycopg.Connection, job: Job, study: str, expected: int | None
    ) -> None:
        source = self._source(job)
        listed = self._listed(source, study, expected)
        if listed:
            names = tuple(one.sop for one in listed)
            evidence.record(connection, [_told(job, study, len(names), names)])
        before = _stored(connection, study)
        if listed and all(one.sop in before for one in listed):
            self._settle(connection, job, study, "present")
            return
        sent, error = 0, ""
        try:
            sent = source.fetch(study, listed, before)
        except SourceError as failure:
            log.get().warning("study_not_fetched", job=job.id, study=study, error=str(failure))
            # Whether it was the study or the source: one that is away answers no question.
            source.answers(study)
            self._breaks[job.id, study] += 1
            if not isinstance(failure, RefusedError) and self._breaks[job.id, study] < MAX_TRIES:
                raise
            error = str(failure)
        self._breaks.pop((job.id, study), None)
        self._wait_archived()
        stored = _stored(connection, study)
        if listed:
            arrived = all(one.sop in stored for one in listed)
        else:
            arrived = len(stored) >= (len(before) + sent if expected is None else expected)
        if not arrived and not error:
            error = f"{study}: not everything that was sent is stored"
        self._settle(connection, job, study, "present" if arrived else "failed", error)

    def _listed(self, source: Source, study: str, expected: int | None) -> list[Listed]:
        """What the source has of *study*; nothing when it does not list all its instances."""
        try:
            listed = source.listed(study)
        except UnreachableError:
            raise
        except SourceError as error:
            # It may send what it does not list.
            log.get().info("instances_not_listed", study=study, error=str(error))
            return []
        return listed if expected is None or len(listed) >= expected else []

    def _wait_archived(self) -> None:
        """Until what came has left the spool; raise `SourceError` when that takes too long."""
        mark = ident.new()
        deadline = time.monotonic() + SETTLE
        while self._spool.holds_before(mark):
            if time.monotonic() > deadline:
                raise SourceError("what it sent waits in the spool to be archived")
            time.sleep(0.3)

    def _settle(
        self, connection: psycopg.Connection, job: Job, study: str, state: str, error: str = ""
    ) -> None:
        connection.execute(
            "UPDATE archive.retrieval_study SET state = %s"
            " WHERE retrieval_id = %s AND study_uid = %s",
            (state, job.id, study),
        )
        if error:
            progress.keep(connection, job.id, "running", error)
        self._news.changed(job.id)

    def _set(
        self, connection: psycopg.Connection, job: Job | Unusable, state: str, error: str = ""
    ) -> None:
        """Keep the state and tell the portal, in one transaction."""
        with connection.transaction():
            progress.keep(connection, job.id, state, error)
            self._news.tell(connection, job.id)
        self._states[job.id] = state


def _last_error(connection: psycopg.Connection, job: int) -> str:
    """Why a study of *job* failed, when one did."""
    row = connection.execute(
        "SELECT error FROM archive.retrieval r WHERE id = %s AND EXISTS (SELECT FROM"
        " archive.retrieval_study s WHERE s.retrieval_id = r.id AND s.state = 'failed')",
        (job,),
    ).fetchone()
    return row[0] if row else ""


def _stored(connection: psycopg.Connection, study: str) -> frozenset[str]:
    rows = connection.execute(
        "SELECT i.sop_uid FROM archive.instance i JOIN archive.series s ON s.id = i.series_id"
        " JOIN archive.study t ON t.id = s.study_id WHERE t.study_uid = %s",
        (study,),
    )
    return frozenset(uid for (uid,) in rows)


def _belongs_elsewhere(connection: psycopg.Connection, study: str, hospital: str) -> bool:
    row = connection.execute(
        "SELECT 1 FROM archive.study WHERE study_uid = %s AND hospital <> %s", (study, hospital)
    ).fetchone()
    return row is not None


def _told(job: Job, study: str, expected: int, names: tuple[str, ...] | None = None) -> Evidence:
    device = job.device
    return Evidence(study, completeness.C_FIND, device.ae_title, device.hospital, expected, names)


def _some(items: Sequence[tuple[str, int | None]]) -> Iterator[Sequence[tuple[str, int | None]]]:
    for start in range(0, len(items), TOLD):
        yield items[start : start + TOLD]
