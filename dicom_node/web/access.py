"""The record of reads: written before the first answer, or there is no answer."""

from collections import OrderedDict

import psycopg
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool, PoolTimeout
from starlette.requests import Request

from dicom_node import log
from dicom_node.web.problem import unavailable
from dicom_node.web.ticket import Ticket

MAX_REMEMBERED = 20_000

_RECORD = """
WITH fresh AS (
    INSERT INTO archive.access (ticket, study_uid, action) VALUES (%s, %s, %s)
    ON CONFLICT DO NOTHING RETURNING 1
)
INSERT INTO archive.outbox (kind, body) SELECT 'access', %s FROM fresh
"""


def event(ticket: Ticket, study: str, action: str, address: str) -> dict[str, str]:
    """A read as the portal is told of it (docs/architecture.md)."""
    return {
        "ticket": ticket.id,
        "subject": ticket.subject,
        "purpose": ticket.purpose,
        "study_uid": study,
        "action": action,
        "address": address,
    }


def address_of(request: Request) -> str:
    """Where a request comes from, as the web server before us says; empty when not known."""
    return request.client.host if request.client else ""


class AccessLog:
    """One event a ticket, study and action, in the outbox of the archive."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool
        self._recorded: OrderedDict[tuple[str, str, str], None] = OrderedDict()

    async def record(self, ticket: Ticket, study: str, action: str, address: str) -> None:
        """Return when the read is on record; raise `Problem` 503 when it cannot be."""
        key = (ticket.id, study, action)
        if key in self._recorded:
            return
        body = event(ticket, study, action, address)
        try:
            async with self._pool.connection() as connection:
                await connection.execute(_RECORD, (*key, Jsonb(body)))
        except (psycopg.Error, PoolTimeout) as error:
            log.get().error("access_not_recorded", error=type(error).__name__)
            raise unavailable("The access cannot be recorded.") from error
        self._recorded[key] = None
        if len(self._recorded) > MAX_REMEMBERED:
            self._recorded.popitem(last=False)
