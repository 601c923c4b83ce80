"""Delivers events to the portal, at least once, in order, and goes on behind one that fails."""

from datetime import timedelta
from typing import Any

import psycopg

from dicom_node import log
from dicom_node.archive.study_events import timestamp
from dicom_node.portal import Portal, PortalError

MAX_BATCH = 200
MAX_ERROR = 500
# The portal says that it cannot make sense of what was sent, rather than that it is in trouble.
_ABOUT_THE_CONTENT = frozenset((400, 413, 422, 500))
_NEVER_ACCEPTABLE = frozenset((400, 413, 422))
_RETRY_ONE = timedelta(minutes=5)


class Delivery:
    """Sends what is due. The batch shrinks to find an event that the portal chokes on."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        self.size = MAX_BATCH

    def run_once(self, connection: psycopg.Connection) -> int:
        """Send one batch and return how many events are settled; raise `PortalError`."""
        rows = connection.execute(
            "SELECT id, kind, at, body FROM archive.outbox"
            " WHERE refused IS NULL AND due <= now() ORDER BY id LIMIT %s",
            (self.size,),
        ).fetchall()
        if not rows:
            return 0
        try:
            accepted, refused = self.portal.deliver([_event(*row) for row in rows])
        except PortalError as error:
            if error.status not in _ABOUT_THE_CONTENT:
                raise
            if len(rows) > 1:
                self.size = len(rows) // 2
                log.get().warning("events_split", status=error.status, size=self.size)
                return len(rows)
            self._set_aside(connection, rows[0][0], error)
            return 1
        self.size = min(MAX_BATCH, self.size * 2)
        return self._settle(connection, {row[0] for row in rows}, accepted, refused)

    def _settle(
        self,
        connection: psycopg.Connection,
        sent: set[int],
        accepted: set[int],
        refused: dict[int, str],
    ) -> int:
        with connection.transaction():
            connection.execute(
                "DELETE FROM archive.outbox WHERE id = ANY(%s)", (list(accepted & sent),)
            )
            for number, error in refused.items():
                if number in sent:
                    log.get().error("event_refused", event_id=number, error=error[:MAX_ERROR])
                    self._refuse(connection, number, error)
        unanswered = sent - accepted - refused.keys()
        if unanswered:
            connection.execute(
                "UPDATE archive.outbox SET attempts = attempts + 1,"
                " due = now() + least(attempts + 1, 60) * interval '1 second' WHERE id = ANY(%s)",
                (list(unanswered),),
            )
        return len(sent) - len(unanswered)

    def _set_aside(self, connection: psycopg.Connection, number: int, error: PortalError) -> None:
        log.get().error("event_not_taken", event_id=number, status=error.status)
        if error.status in _NEVER_ACCEPTABLE:
            self._refuse(connection, number, str(error))
        else:
            connection.execute(
                "UPDATE archive.outbox SET attempts = attempts + 1, due = now() + %s WHERE id = %s",
                (_RETRY_ONE, number),
            )

    def _refuse(self, connection: psycopg.Connection, number: int, error: str) -> None:
        text = error.replace("\0", "")[:MAX_ERROR]
        connection.execute("UPDATE archive.outbox SET refused = %s WHERE id = %s", (text, number))


def _event(number: int, kind: str, at: Any, body: dict[str, Any]) -> dict[str, Any]:
    return {"id": number, "kind": kind, "at": timestamp(at), kind: body}
