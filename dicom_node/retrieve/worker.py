"""Works off the jobs, one study after the other; each step is in the index before the next."""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, tzinfo

import psycopg
from psycopg.types.json import Jsonb

from dicom_node import ident, log
from dicom_node.archive import completeness, evidence
from dicom_node.archive.evidence import Evidence
from dicom_node.retrieve.backoff import Backoff
from dicom_node.retrieve.jobs import Job
from dicom_node.retrieve.peer import Listed, SourceError, UnreachableError
from dicom_node.retrieve.source import Source
from dicom_node.spool.spool import Spool

# So long a fetched study may take from the spool into the index.
SETTLE = 60.0
MAX_MISSING = 1000
# Studies whose counts are kept in one transaction: the archive process waits for it.
TOLD = 500


class Worker:
    """One round does one step of the first job that has something to do."""

    def __init__(
        self,
        jobs: Callable[[], Sequence[Job] | None],
        source: Callable[[Job], Source],
        zone: tzinfo,
        spool: Spool,
    ) -> None:
        self._spool = spool
        self._jobs = jobs
        self._source = source
        self._zone = zone
        self._last_fetch: dict[int, float] = {}
        self._backoff = Backoff()

    def run_once(self, connection: psycopg.Connection) -> int:
        """Return 1 when something was done, 0 when there is nothing to do now."""
        return int(any(self._step(connection, job) for job in self._jobs() or ()))

    def report(self) -> dict[str, int]:
        jobs = self._jobs() or ()
        now = datetime.now(self._zone)
        waiting = sum(job.id in self._backoff or not job.allowed(now) for job in jobs)
        return {"running": len(jobs) - waiting, "waiting": waiting}

    def _step(self, connection: psycopg.Connection, job: Job) -> bool:
        row = connection.execute(
            "SELECT state, listed FROM archive.retrieval WHERE id = %s", (job.id,)
        ).fetchone()
        state, listed = row or ("waiting", False)
        if state in ("done", "failed", "cancelled"):
            return False
        if job.cancelled:
            self._set(connection, job, "cancelled")
            return True
        if not self._backoff.is_due(job.id) or not job.allowed(datetime.now(self._zone)):
            return False
        try:
            done = self._list(connection, job) if not listed else self._next(connection, job)
        except SourceError as error:
            self._put_off(connection, job, str(error))
            return True
        self._backoff.succeeded(job.id)
        return done

    def _put_off(self, connection: psycopg.Connection, job: Job, error: str) -> None:
        pause = self._backoff.failed(job.id)
        log.get().warning("retrieval_put_off", job=job.id, error=error, seconds=pause)
        self._set(connection, job, "running", error)

    def _list(self, connection: psycopg.Connection, job: Job) -> bool:
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
            self._set(connection, job, "done")
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
            error = str(failure)
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
        self._set(connection, job, "running", error)

    def _set(self, connection: psycopg.Connection, job: Job, state: str, error: str = "") -> None:
        """Keep the state and tell the portal, in one transaction."""
        with connection.transaction():
            connection.execute(
                "INSERT INTO archive.retrieval (id, state, error) VALUES (%s, %s, %s)"
                " ON CONFLICT (id) DO UPDATE SET state = excluded.state, error = excluded.error",
                (job.id, state, error),
            )
            connection.execute(
                "INSERT INTO archive.outbox (kind, body) VALUES ('retrieval', %s)",
                (Jsonb(_body(connection, job, state, error)),),
            )


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


def _body(connection: psycopg.Connection, job: Job, state: str, error: str) -> dict[str, object]:
    row = connection.execute(
        "SELECT count(*), count(*) FILTER (WHERE r.state = 'present'),"
        " count(*) FILTER (WHERE r.state = 'failed'), coalesce(sum(t.instance_count), 0)"
        " FROM archive.retrieval_study r LEFT JOIN archive.study t USING (study_uid)"
        " WHERE retrieval_id = %s",
        (job.id,),
    ).fetchone()
    found, done, failed, instances = row or (0, 0, 0, 0)
    missing = connection.execute(
        "SELECT study_uid FROM archive.retrieval_study"
        " WHERE retrieval_id = %s AND state = 'failed' ORDER BY study_uid LIMIT %s",
        (job.id, MAX_MISSING),
    ).fetchall()
    return {
        "id": job.id,
        "state": state,
        "found": found,
        "done": done,
        "failed": failed,
        "instances": int(instances),
        "missing": [uid for (uid,) in missing],
        "error": error,
    }
