"""The index in PostgreSQL: what is known of a batch before, and one transaction to add it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, LiteralString

import psycopg
from psycopg.types.json import Jsonb

from dicom_node.archive import completeness, study_events, volume
from dicom_node.archive.scan import Scanned
from dicom_node.dataset.frames import pack


@dataclass(frozen=True, slots=True)
class Known:
    """What the index holds of a batch's UIDs."""

    digests: Mapping[str, bytes]
    studies_of: Mapping[str, str]
    hospitals: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class New:
    """An instance to be added; ``key`` is its object's."""

    spool_id: str
    hospital: str
    received: datetime
    key: str
    scanned: Scanned
    location: str = "local"


@dataclass(frozen=True, slots=True)
class Duplicate:
    spool_id: str
    study_uid: str
    received: datetime


@dataclass(frozen=True, slots=True)
class Event:
    """An event that is no study's; ``spool_id`` is where it came from."""

    spool_id: str
    outcome: str
    kind: str
    body: Mapping[str, Any]
    at: datetime


_STUDY_TEXT = (
    "patient_id",
    "patient_name",
    "sex",
    "accession_number",
    "study_id",
    "description",
    "referring_physician",
    "station_name",
)
_STUDY_TIMES = ("birth_date", "study_date", "study_time")


def known(connection: psycopg.Connection, ids: Sequence[str]) -> frozenset[str]:
    """Which of the spool *ids* were dealt with before."""
    query = "SELECT spool_id FROM archive.arrival WHERE spool_id = ANY(%s)"
    return frozenset(row[0] for row in connection.execute(query, (list(ids),)))


def lookup(connection: psycopg.Connection, batch: Sequence[Scanned]) -> Known:
    """What is stored already under the UIDs of *batch*."""
    instances = connection.execute(
        "SELECT i.sop_uid, i.digest, t.study_uid FROM archive.instance i"
        " JOIN archive.series s ON s.id = i.series_id JOIN archive.study t ON t.id = s.study_id"
        " WHERE i.sop_uid = ANY(%s)",
        ([scanned.identity.sop_instance for scanned in batch],),
    ).fetchall()
    hospitals = connection.execute(
        "SELECT study_uid, hospital FROM archive.study WHERE study_uid = ANY(%s)",
        ([scanned.identity.study for scanned in batch],),
    ).fetchall()
    return Known(
        digests={uid: digest for uid, digest, _ in instances},
        studies_of={uid: study for uid, _, study in instances},
        hospitals=dict(hospitals),
    )


def doomed(connection: psycopg.Connection, location: str, keys: Sequence[str]) -> frozenset[str]:
    """Which of *keys* name objects that are still to be deleted."""
    query = "SELECT object_key FROM archive.doomed WHERE location = %s AND object_key = ANY(%s)"
    return frozenset(row[0] for row in connection.execute(query, (location, list(keys))))


def apply(
    connection: psycopg.Connection,
    new: Sequence[New],
    duplicates: Sequence[Duplicate],
    events: Sequence[Event],
    *,
    zone: tzinfo = UTC,
) -> None:
    """Add everything of a batch in the caller's transaction; *zone* says which day it was."""
    completeness.lock(connection)
    add_instances(connection, new)
    if new:
        volume.add(connection, new, zone)
    _add_duplicates(connection, duplicates)
    touched = {n.scanned.identity.study for n in new} | {d.study_uid for d in duplicates}
    study_events.touch(connection, touched)
    if events:
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO archive.outbox (kind, at, body) VALUES (%s, %s, %s)",
                [(event.kind, event.at, Jsonb(event.body)) for event in events],
            )
    _add_arrivals(connection, new, duplicates, events)


def add_instances(connection: psycopg.Connection, new: Sequence[New]) -> None:
    """Add *new* to their series and studies, without a word to anyone."""
    if new:
        _add_studies(connection, new)
        _add_series(connection, new)
        _add_instances(connection, new)


def _copy(
    connection: psycopg.Connection, statement: LiteralString, rows: Iterable[Sequence[Any]]
) -> None:
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _first_filled(group: Sequence[New], part: str, key: str) -> Any:
    """The first value that is there, so that one bare instance does not empty a study's row."""
    values = (getattr(new.scanned, part)[key] for new in group)
    kept = [value for value in values if value not in ("", None)]
    return kept[0] if kept else getattr(group[0].scanned, part)[key]


def _grouped(new: Sequence[New], *names: str) -> dict[tuple[str, ...], list[New]]:
    groups: dict[tuple[str, ...], list[New]] = {}
    for item in new:
        key = tuple(getattr(item.scanned.identity, name) for name in names)
        groups.setdefault(key, []).append(item)
    return groups


def _add_studies(connection: psycopg.Connection, new: Sequence[New]) -> None:
    connection.execute(
        "CREATE TEMP TABLE IF NOT EXISTS new_study (study_uid text, hospital text,"
        " patient_id text, patient_name text, sex text, accession_number text, study_id text,"
        " description text, referring_physician text, station_name text, birth_date date,"
        " study_date date, study_time time, calling_ae text, modalities text[], body_parts text[],"
        " instance_count int, size bigint, first_received timestamptz, last_received timestamptz)"
        " ON COMMIT DELETE ROWS"
    )
    rows = []
    for (uid,), group in _grouped(new, "study").items():
        values = [_first_filled(group, "study", key) for key in (*_STUDY_TEXT, *_STUDY_TIMES)]
        received = [item.received for item in group]
        modalities = sorted({str(item.scanned.series["modality"]) for item in group} - {""})
        parts = sorted({str(item.scanned.series["body_part"]) for item in group} - {""})
        rows.append(
            (
                uid, group[0].hospital, *values, group[0].scanned.meta.calling_ae,
                modalities, parts, len(group), sum(item.scanned.size for item in group),
                min(received), max(received),
            )
        )  # fmt: skip
    _copy(
        connection,
        "COPY new_study FROM STDIN",
        rows,
    )
    connection.execute(_MERGE_STUDIES)


_MERGE_STUDIES: LiteralString = """
INSERT INTO archive.study AS old (study_uid, hospital, patient_id, patient_name, sex,
    accession_number, study_id, description, referring_physician, station_name, birth_date,
    study_date, study_time, calling_ae, modalities, body_parts, instance_count, size,
    first_received, last_received)
SELECT study_uid, hospital, patient_id, patient_name, sex, accession_number, study_id, description,
    referring_physician, station_name, birth_date, study_date, study_time, calling_ae, modalities,
    body_parts, instance_count, size, first_received, last_received
FROM new_study ORDER BY study_uid
ON CONFLICT (study_uid) DO UPDATE SET
    patient_id = COALESCE(NULLIF(old.patient_id, ''), excluded.patient_id),
    patient_name = COALESCE(NULLIF(old.patient_name, ''), excluded.patient_name),
    sex = COALESCE(NULLIF(old.sex, ''), excluded.sex),
    accession_number = COALESCE(NULLIF(old.accession_number, ''), excluded.accession_number),
    study_id = COALESCE(NULLIF(old.study_id, ''), excluded.study_id),
    description = COALESCE(NULLIF(old.description, ''), excluded.description),
    referring_physician =
        COALESCE(NULLIF(old.referring_physician, ''), excluded.referring_physician),
    station_name = COALESCE(NULLIF(old.station_name, ''), excluded.station_name),
    birth_date = COALESCE(old.birth_date, excluded.birth_date),
    study_date = COALESCE(old.study_date, excluded.study_date),
    study_time = COALESCE(old.study_time, excluded.study_time),
    modalities = ARRAY(SELECT DISTINCT m FROM unnest(old.modalities || excluded.modalities) m
                       ORDER BY m),
    body_parts = ARRAY(SELECT DISTINCT b FROM unnest(old.body_parts || excluded.body_parts) b
                       ORDER BY b),
    instance_count = old.instance_count + excluded.instance_count,
    size = old.size + excluded.size,
    first_received = least(old.first_received, excluded.first_received),
    last_received = greatest(old.last_received, excluded.last_received)
"""


def _add_series(connection: psycopg.Connection, new: Sequence[New]) -> None:
    connection.execute(
        "CREATE TEMP TABLE IF NOT EXISTS new_series (study_uid text, series_uid text, number int,"
        " modality text, description text, body_part text, laterality text, series_date date,"
        " series_time time, instance_count int, last_received timestamptz) ON COMMIT DELETE ROWS"
    )
    keys = (
        "number", "modality", "description", "body_part", "laterality", "series_date",
        "series_time",
    )  # fmt: skip
    _copy(
        connection,
        "COPY new_series FROM STDIN",
        [
            (
                *uids,
                *(_first_filled(group, "series", key) for key in keys),
                len(group),
                max(item.received for item in group),
            )
            for uids, group in _grouped(new, "study", "series").items()
        ],
    )
    connection.execute(
        "INSERT INTO archive.series AS old (study_id, series_uid, number, modality, description,"
        " body_part, laterality, series_date, series_time, instance_count, last_received)"
        " SELECT t.id, n.series_uid, n.number, n.modality, n.description, n.body_part,"
        " n.laterality, n.series_date, n.series_time, n.instance_count, n.last_received"
        " FROM new_series n JOIN archive.study t USING (study_uid) ORDER BY t.id, n.series_uid"
        " ON CONFLICT (study_id, series_uid) DO UPDATE SET"
        " instance_count = old.instance_count + excluded.instance_count,"
        " last_received = greatest(old.last_received, excluded.last_received), described = false,"
        " number = COALESCE(old.number, excluded.number),"
        " description = COALESCE(NULLIF(old.description, ''), excluded.description),"
        " body_part = COALESCE(NULLIF(old.body_part, ''), excluded.body_part)"
    )
    connection.execute(
        "UPDATE archive.study t SET series_count ="
        " (SELECT count(*) FROM archive.series s WHERE s.study_id = t.id)"
        " FROM new_study n WHERE n.study_uid = t.study_uid"
    )


def _add_instances(connection: psycopg.Connection, new: Sequence[New]) -> None:
    connection.execute(
        "CREATE TEMP TABLE IF NOT EXISTS new_instance (study_uid text, series_uid text,"
        " sop_uid text, sop_class text, number int, transfer_syntax text, object_key text,"
        " digest bytea, size bigint, dataset_offset bigint, row_count int, column_count int,"
        " frame_count int, pixel_offset bigint, frame_length bigint, fragment_lengths bytea,"
        " frame_starts bytea, image boolean, withheld boolean, received timestamptz, location text)"
        " ON COMMIT DELETE ROWS"
    )
    _copy(connection, "COPY new_instance FROM STDIN", map(_instance_row, new))
    connection.execute(
        "INSERT INTO archive.instance (series_id, sop_uid, sop_class, number, transfer_syntax,"
        " object_key, digest, size, dataset_offset, row_count, column_count, frame_count,"
        " pixel_offset, frame_length, fragment_lengths, frame_starts, image, withheld, received,"
        " location) SELECT s.id, n.sop_uid, n.sop_class, n.number, n.transfer_syntax,"
        " n.object_key, n.digest,"
        " n.size, n.dataset_offset, n.row_count, n.column_count, n.frame_count, n.pixel_offset,"
        " n.frame_length, n.fragment_lengths, n.frame_starts, n.image, n.withheld, n.received,"
        " n.location"
        " FROM new_instance n JOIN archive.study t USING (study_uid)"
        " JOIN archive.series s ON s.study_id = t.id AND s.series_uid = n.series_uid"
    )


def _instance_row(new: New) -> tuple[Any, ...]:
    scanned, pixels = new.scanned, new.scanned.pixels
    fragments, starts = pixels.fragments, None
    if fragments is not None and fragments.starts is not None:
        one_each = len(fragments.starts) == len(fragments.lengths)
        starts = None if one_each else pack(fragments.starts)
    elif fragments is not None:
        starts = b""
    return (
        scanned.identity.study,
        scanned.identity.series,
        scanned.identity.sop_instance,
        scanned.identity.sop_class,
        scanned.number,
        scanned.meta.syntax,
        new.key,
        scanned.digest,
        scanned.size,
        scanned.dataset_offset,
        scanned.rows,
        scanned.columns,
        pixels.frames,
        pixels.offset,
        pixels.length,
        pack(fragments.lengths) if fragments is not None else None,
        starts,
        scanned.image,
        scanned.withheld,
        new.received,
        new.location,
    )


def _add_duplicates(connection: psycopg.Connection, duplicates: Sequence[Duplicate]) -> None:
    if not duplicates:
        return
    counts: dict[str, int] = {}
    for duplicate in duplicates:
        counts[duplicate.study_uid] = counts.get(duplicate.study_uid, 0) + 1
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE archive.study SET duplicate_count = duplicate_count + %s WHERE study_uid = %s",
            [(count, uid) for uid, count in sorted(counts.items())],
        )


def _add_arrivals(
    connection: psycopg.Connection,
    new: Sequence[New],
    duplicates: Sequence[Duplicate],
    events: Sequence[Event],
) -> None:
    rows = [(item.spool_id, "stored") for item in new]
    rows += [(item.spool_id, "duplicate") for item in duplicates]
    rows += [(item.spool_id, item.outcome) for item in events]
    if rows:
        _copy(connection, "COPY archive.arrival (spool_id, outcome) FROM STDIN", rows)


def add_arrivals(connection: psycopg.Connection, ids: Iterable[str], outcome: str) -> None:
    """Remember spool *ids* that led to nothing new."""
    rows = [(identifier, outcome) for identifier in ids]
    if rows:
        _copy(connection, "COPY archive.arrival (spool_id, outcome) FROM STDIN", rows)
