"""Studies as the portal hears of them."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from dicom_node.archive import completeness
from dicom_node.archive.completeness import Completeness

_NOTHING_SAID = Completeness()


def touch(connection: psycopg.Connection, uids: Iterable[str]) -> None:
    """Give each study a new revision and an event with its values, in the caller's transaction.

    A revision is never less than the clock (ms), so that it goes on growing when the index was
    rebuilt, or the study deleted and received anew.
    """
    uids = sorted(set(uids))
    if not uids:
        return
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            "UPDATE archive.study SET revision = greatest(revision + 1,"
            " (extract(epoch FROM clock_timestamp()) * 1000)::bigint)"
            " WHERE study_uid = ANY(%s) RETURNING *",
            (uids,),
        )
        rows = cursor.fetchall()
        states = completeness.of(connection, uids)
        # What waits of an older revision says nothing that the new one does not.
        cursor.execute(
            "DELETE FROM archive.outbox"
            " WHERE kind = 'study' AND refused IS NULL AND study_uid = ANY(%s)",
            (uids,),
        )
        cursor.executemany(
            "INSERT INTO archive.outbox (kind, study_uid, body) VALUES ('study', %s, %s)",
            [
                (uid, Jsonb(study_body(row, states.get(uid, _NOTHING_SAID))))
                for row in rows
                for uid in (row["study_uid"],)
            ],
        )


def study_body(row: Mapping[str, Any], state: Completeness) -> dict[str, Any]:
    """A study's row as the portal wants it."""
    return {
        "uid": row["study_uid"],
        "hospital": row["hospital"],
        "revision": row["revision"],
        "patient": {
            "id": row["patient_id"],
            "name": row["patient_name"],
            "birth_date": _iso(row["birth_date"]),
            "sex": row["sex"],
        },
        "accession_number": row["accession_number"],
        "study_id": row["study_id"],
        "date": _iso(row["study_date"]),
        "time": _iso(row["study_time"]),
        "description": row["description"],
        "modalities": row["modalities"],
        "body_parts": row["body_parts"],
        "referring_physician": row["referring_physician"],
        "station_name": row["station_name"],
        "calling_ae": row["calling_ae"],
        "series_count": row["series_count"],
        "instance_count": row["instance_count"],
        "duplicate_count": row["duplicate_count"],
        "size": row["size"],
        "first_received": timestamp(row["first_received"]),
        "last_received": timestamp(row["last_received"]),
        "completeness": state.body(),
        "location": _location(row["nearline_count"], row["instance_count"]),
    }


def _location(nearline: int, instances: int) -> str:
    if not nearline:
        return "online"
    return "nearline" if nearline == instances else "mixed"


def _iso(value: date | time | None) -> str | None:
    return value.isoformat() if value is not None else None


def timestamp(moment: datetime) -> str:
    """UTC with microseconds and ``Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
