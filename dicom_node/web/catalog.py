"""Questions to the index. Each carries the ticket's scope in its SQL; nothing is filtered after."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, LiteralString

import psycopg
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from dicom_node.dataset.frames import Fragments, unpack
from dicom_node.web.auth import Ticket
from dicom_node.web.problem import not_found, unavailable, withheld


@dataclass(slots=True)
class Condition:
    """SQL without text from outside, and the parameters that hold it."""

    sql: list[LiteralString] = field(default_factory=list)
    parameters: dict[str, Any] = field(default_factory=dict)

    def add(self, sql: LiteralString, **parameters: Any) -> None:
        self.sql.append(sql)
        self.parameters.update(parameters)

    def where(self) -> LiteralString:
        return " AND ".join(f"({part})" for part in self.sql) or "TRUE"


def scope(ticket: Ticket) -> Condition:
    """The studies that *ticket* covers, as a condition on ``t`` (archive.study)."""
    condition = Condition()
    if ticket.studies is not None:
        condition.add("t.study_uid = ANY(%(scope)s)", scope=sorted(ticket.studies))
    elif ticket.hospitals is None:
        condition.add("FALSE")
    elif "*" not in ticket.hospitals:
        condition.add("t.hospital = ANY(%(scope)s)", scope=sorted(ticket.hospitals))
    return condition


@dataclass(frozen=True, slots=True)
class Located:
    """An instance and where its bytes lie."""

    id: int
    study: str
    series: str
    sop: str
    sop_class: str
    syntax: str
    key: str
    size: int
    dataset_offset: int
    rows: int | None
    columns: int | None
    frames: int
    pixel_offset: int | None
    frame_length: int | None
    fragment_lengths: bytes | None
    frame_starts: bytes | None
    image: bool
    withheld: bool

    def spans(self, frame: int) -> list[tuple[int, int]]:
        """(offset, length) of the pieces of *frame*, from 1; raise LookupError when not there."""
        if not 1 <= frame <= self.frames or self.pixel_offset is None:
            raise LookupError("no such frame")
        if self.frame_length is not None:
            return [(self.pixel_offset + (frame - 1) * self.frame_length, self.frame_length)]
        lengths = unpack(self.fragment_lengths or b"")
        starts = range(len(lengths)) if self.frame_starts is None else unpack(self.frame_starts)
        if frame > len(starts):
            raise LookupError("no such frame")
        return Fragments(self.pixel_offset, lengths, starts).parts(frame - 1)


_LOCATED: LiteralString = """
SELECT i.id, t.study_uid AS study, s.series_uid AS series, i.sop_uid AS sop, i.sop_class,
    i.transfer_syntax AS syntax, i.object_key AS key, i.size, i.dataset_offset,
    i.row_count AS rows, i.column_count AS columns, i.frame_count AS frames, i.pixel_offset,
    i.frame_length, i.fragment_lengths, i.frame_starts, i.image, i.withheld
FROM archive.instance i JOIN archive.series s ON s.id = i.series_id
JOIN archive.study t ON t.id = s.study_id
WHERE """
_ORDER: LiteralString = " ORDER BY s.number NULLS LAST, s.id, i.number NULLS LAST, i.id"


class Catalog:
    """The index as the web process sees it."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool

    async def rows(self, query: LiteralString, parameters: Mapping[str, Any]) -> list[DictRow]:
        """Run one query; raise `Problem` 503 when the index is away."""
        try:
            async with (
                self._pool.connection() as connection,
                connection.cursor(row_factory=dict_row) as cursor,
            ):
                await cursor.execute(query, parameters)
                return await cursor.fetchall()
        except (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout) as error:
            raise unavailable("The index is not reachable.") from error

    async def located(
        self, ticket: Ticket, study: str, series: str | None = None, sop: str | None = None
    ) -> list[Located]:
        """The instances of a study, series or one instance that *ticket* may see, in order.

        Raises 404 when there is none, 403 when all there are is withheld.
        """
        condition = scope(ticket)
        condition.add("t.study_uid = %(study)s", study=study)
        if series is not None:
            condition.add("s.series_uid = %(series)s", series=series)
        if sop is not None:
            condition.add("i.sop_uid = %(sop)s", sop=sop)
        rows = await self.rows(_LOCATED + condition.where() + _ORDER, condition.parameters)
        if not rows:
            raise not_found()
        found = [Located(**row) for row in rows]
        if ticket.anonymous:
            found = [instance for instance in found if not instance.withheld]
            if not found:
                raise withheld()
        return found
