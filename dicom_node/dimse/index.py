"""The receiver's questions to the index, in behalf of a device: only its own hospital's studies."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, LiteralString

import psycopg
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool

from dicom_node.archive.located import LOCATED, ORDER, Located
from dicom_node.dimse.policy import Device
from dicom_node.web import access, catalog
from dicom_node.web.catalog import Condition, scope
from dicom_node.web.ticket import Ticket

MAX_CONNECTIONS = 8
# Seconds: until a question is given up, and until a connection that nobody needs is closed.
PATIENCE, IDLE = 5.0, 60.0


class Index:
    """Connections are kept for a while: a device that asks once mostly asks again."""

    def __init__(self, dsn: str) -> None:
        self._pool = ConnectionPool(
            dsn,
            min_size=0,
            max_size=MAX_CONNECTIONS,
            num_workers=1,
            timeout=PATIENCE,
            max_idle=IDLE,
            kwargs={"connect_timeout": 3, "autocommit": True, "options": catalog.OPTIONS},
            check=ConnectionPool.check_connection,
            open=False,
        )

    def rows(self, sql: LiteralString, parameters: dict[str, Any]) -> list[DictRow]:
        """Raises `psycopg.Error` when the index does not answer."""
        with (
            self._connection() as connection,
            connection.cursor(row_factory=dict_row) as cursor,
        ):
            return cursor.execute(sql, parameters).fetchall()

    def located(self, device: Device, condition: Condition) -> list[Located]:
        """The instances that *condition* names, of the device's hospital."""
        whole = scope(ticket(device))
        whole.sql += condition.sql
        whole.parameters |= condition.parameters
        return [
            Located(**row) for row in self.rows(LOCATED + whole.where() + ORDER, whole.parameters)
        ]

    def record(self, device: Device, address: str, studies: Sequence[str], action: str) -> None:
        """Put a read on record, before the first answer to it."""
        who = ticket(device)
        bodies = [access.event(who, study, action, address) for study in studies]
        with self._connection() as connection, connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO archive.outbox (kind, body) VALUES ('access', %s)",
                [(Jsonb(body),) for body in bodies],
            )

    def _connection(self) -> AbstractContextManager[psycopg.Connection]:
        # Its threads are there from the first question on; opened again it stays as it is.
        self._pool.open()
        return self._pool.connection()


def ticket(device: Device) -> Ticket:
    """What a device may see, as a ticket says it."""
    return Ticket(
        id="",
        subject=f"ae:{device.ae_title}",
        studies=None,
        hospitals=frozenset((device.hospital,)),
        permissions=frozenset(("view", "download")),
        anonymous=False,
        purpose="tool",
    )
