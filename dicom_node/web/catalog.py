"""Questions to the index. Each carries the ticket's scope in its SQL; nothing is filtered after."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, LiteralString

import psycopg
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from dicom_node import log
from dicom_node.archive.located import LOCATED, ORDER, Located
from dicom_node.web.problem import not_found, unavailable, withheld
from dicom_node.web.ticket import Ticket

# Of every connection that searches. A timeout in milliseconds; neither machine code nor processes
# made for one query, which takes longer than the query; memory for where a frequent name is found.
OPTIONS = (
    "-c statement_timeout=15000 -c jit=off -c max_parallel_workers_per_gather=0 -c work_mem=32MB"
)

POOL_TIMEOUT = 3.0
RECONNECT_TIMEOUT = 5.0

# What a program meets whose index has not been brought to its version, or to a later one.
_OTHER_VERSION = (
    psycopg.errors.UndefinedColumn,
    psycopg.errors.UndefinedFunction,
    psycopg.errors.UndefinedTable,
    psycopg.errors.InvalidSchemaName,
)


def connections(dsn: str, most: int) -> AsyncConnectionPool:
    """Connections that search the index, at most *most*; none before the pool is opened."""
    return AsyncConnectionPool(
        dsn,
        min_size=1,
        max_size=most,
        timeout=POOL_TIMEOUT,
        # Attempts back off without a limit of their own; after this the next request starts anew.
        reconnect_timeout=RECONNECT_TIMEOUT,
        kwargs={"autocommit": True, "options": OPTIONS},
        check=AsyncConnectionPool.check_connection,
        open=False,
    )


@dataclass(slots=True)
class Condition:
    """SQL without text from outside, and the parameters that hold it.

    ``hints`` say nothing that ``sql`` does not: they are what the index finds candidates by, and
    ``doubtful`` when it cannot tell how many these are.
    """

    sql: list[LiteralString] = field(default_factory=list)
    hints: list[LiteralString] = field(default_factory=list)
    doubtful: bool = False
    parameters: dict[str, Any] = field(default_factory=dict)

    def add(self, sql: LiteralString, **parameters: Any) -> None:
        self.sql.append(sql)
        self.parameters.update(parameters)

    def choose(self, answer: Sequence[DictRow]) -> None:
        """Drop the hints unless they leave few candidates, as the index said."""
        if not answer[0]["few"]:
            self.hints.clear()

    def where(self) -> LiteralString:
        return " AND ".join(f"({part})" for part in self.sql) or "TRUE"


def scope(ticket: Ticket) -> Condition:
    """The studies that *ticket* covers, as a condition on ``t`` (archive.study)."""
    condition = Condition()
    if ticket.studies is not None:
        condition.add("t.study_uid = ANY(%(scope)s)", scope=sorted(ticket.studies))
    elif ticket.hospitals is None:
        condition.add("FALSE")
    elif len(ticket.hospitals) == 1 and "*" not in ticket.hospitals:
        # Of one hospital the index has the studies in the order of the answers.
        condition.add("t.hospital = %(scope)s", scope=next(iter(ticket.hospitals)))
    elif "*" not in ticket.hospitals:
        condition.add("t.hospital = ANY(%(scope)s)", scope=sorted(ticket.hospitals))
    return condition


class Catalog:
    """The index as the web process sees it."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool

    async def rows(
        self,
        query: LiteralString,
        parameters: Mapping[str, Any],
        *,
        prepare: bool | None = None,
    ) -> list[DictRow]:
        """Run one query; raise `Problem` 503 when the index is away, or of another version.

        ``prepare`` False: the index plans it for its parameters every time, as a search needs
        whose values may be rare or frequent.
        """
        try:
            async with (
                self._pool.connection() as connection,
                connection.cursor(row_factory=dict_row) as cursor,
            ):
                await cursor.execute(query, parameters, prepare=prepare)
                return await cursor.fetchall()
        except (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout) as error:
            raise unavailable("The index is not reachable.") from error
        except _OTHER_VERSION as error:
            log.get().error("index_of_another_version", detail=error.diag.message_primary)
            raise unavailable("The index is being brought to another version.") from error

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
        rows = await self.rows(LOCATED + condition.where() + ORDER, condition.parameters)
        if not rows:
            raise not_found()
        found = [Located(**row) for row in rows]
        if ticket.anonymous:
            found = [instance for instance in found if not instance.withheld]
            if not found:
                raise withheld()
        return found
