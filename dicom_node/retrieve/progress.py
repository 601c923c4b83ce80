"""How far a job is: counted in the index, told to the portal as absolute values."""

import time

import psycopg
from psycopg.types.json import Jsonb

# A job of many small studies must not fill the outbox, nor be counted again for each of them.
INTERVAL = 3.0
MAX_MISSING = 1000
MAX_ERROR = 500


class News:
    """When which job was told last. What a killed process did not tell its successor does."""

    def __init__(self) -> None:
        self._told: dict[int, float] = {}
        self._untold: set[int] = set()

    def changed(self, job: int) -> None:
        """There is something to tell of *job*, in its time."""
        self._untold.add(job)

    def tell_due(self, connection: psycopg.Connection) -> None:
        """Tell of the jobs that have changed, and were not told of just before."""
        now = time.monotonic()
        for job in sorted(self._untold):
            if now - self._told.get(job, float("-inf")) >= INTERVAL:
                with connection.transaction():
                    self.tell(connection, job)

    def tell(self, connection: psycopg.Connection, job: int) -> None:
        """Leave an event, in the caller's transaction; what waits of an older one is void."""
        subject = f"retrieval {job}"
        connection.execute(
            "DELETE FROM archive.outbox WHERE subject = %s AND refused IS NULL", (subject,)
        )
        connection.execute(
            "INSERT INTO archive.outbox (kind, subject, body) VALUES ('retrieval', %s, %s)",
            (subject, Jsonb(_body(connection, job))),
        )
        self._told[job] = time.monotonic()
        self._untold.discard(job)


def keep(connection: psycopg.Connection, job: int, state: str, error: str) -> None:
    """*error* as far as it can be kept: it may quote what another archive said."""
    connection.execute(
        "INSERT INTO archive.retrieval (id, state, error) VALUES (%s, %s, %s)"
        " ON CONFLICT (id) DO UPDATE SET state = excluded.state, error = excluded.error",
        (job, state, error.replace("\0", "")[:MAX_ERROR]),
    )


def _body(connection: psycopg.Connection, job: int) -> dict[str, object]:
    """``instances``: how many the archive has of the studies that are here whole."""
    row = connection.execute(
        "SELECT r.state, r.error, count(s), count(s) FILTER (WHERE s.state = 'present'),"
        " count(s) FILTER (WHERE s.state = 'failed'),"
        " coalesce(sum(t.instance_count) FILTER (WHERE s.state = 'present'), 0)::bigint"
        " FROM archive.retrieval r"
        " LEFT JOIN archive.retrieval_study s ON s.retrieval_id = r.id"
        " LEFT JOIN archive.study t USING (study_uid)"
        " WHERE r.id = %s GROUP BY r.id",
        (job,),
    ).fetchone()
    state, error, found, done, failed, instances = row or ("waiting", "", 0, 0, 0, 0)
    missing = connection.execute(
        "SELECT study_uid FROM archive.retrieval_study"
        " WHERE retrieval_id = %s AND state = 'failed' ORDER BY study_uid LIMIT %s",
        (job, MAX_MISSING),
    ).fetchall()
    return {
        "id": job,
        "state": state,
        "found": found,
        "done": done,
        "failed": failed,
        "instances": instances,
        "missing": [uid for (uid,) in missing],
        "error": error,
    }
