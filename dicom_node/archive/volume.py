"""How much was newly stored: a day, a hospital, a modality."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, tzinfo
from typing import TYPE_CHECKING

import psycopg
from psycopg.types.json import Jsonb

if TYPE_CHECKING:
    from dicom_node.archive.index import New


def add(connection: psycopg.Connection, new: Sequence[New], zone: tzinfo) -> None:
    """Add *new* to the sums and tell the portal, in the caller's transaction."""
    sums: dict[tuple[date, str, str], tuple[int, int]] = {}
    for item in new:
        day = item.received.astimezone(zone).date()
        key = (day, item.hospital, str(item.scanned.series["modality"] or ""))
        count, size = sums.get(key, (0, 0))
        sums[key] = count + 1, size + item.scanned.size
    for (day, hospital, modality), (count, size) in sorted(sums.items()):
        row = connection.execute(
            "INSERT INTO archive.volume AS old VALUES (%s, %s, %s, %s, %s)"
            " ON CONFLICT (day, hospital, modality) DO UPDATE SET"
            " instances = old.instances + excluded.instances, size = old.size + excluded.size"
            " RETURNING instances, size",
            (day, hospital, modality, count, size),
        ).fetchone()
        instances, total = row or (count, size)
        _tell(connection, day, hospital, modality, instances, total)


def _tell(
    connection: psycopg.Connection,
    day: date,
    hospital: str,
    modality: str,
    instances: int,
    size: int,
) -> None:
    """What waits of an older sum says nothing that the new one does not."""
    subject = f"{day} {hospital} {modality}"
    connection.execute(
        "DELETE FROM archive.outbox"
        " WHERE kind = 'volume' AND subject = %s AND subject IS NOT NULL AND refused IS NULL",
        (subject,),
    )
    body = {
        "day": day.isoformat(),
        "hospital": hospital,
        "modality": modality,
        "instances": instances,
        "size": size,
    }
    connection.execute(
        "INSERT INTO archive.outbox (kind, subject, body) VALUES ('volume', %s, %s)",
        (subject, Jsonb(body)),
    )
