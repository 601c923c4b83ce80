"""The front end's own events: what its receiver noted goes to the portal, at least once.

A note is removed when the portal has accepted or refused it. Sent again after a crash, an event has
the same number and the same content, by which the portal knows it.
"""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from dicom_node import ident, log
from dicom_node.portal import Portal, PortalError
from dicom_node.spool.spool import Spool

MAX_BATCH = 200
# The portal cannot make sense of what was sent, rather than that it is in trouble.
_ABOUT_THE_CONTENT = frozenset((400, 413, 422))
_TIME_AND_LUCK = 128 - 53


class Notes:
    """Delivers what lies in the spool's notes."""

    def __init__(self, spool: Spool, portal: Portal) -> None:
        self._spool = spool
        self._portal = portal
        self._size = MAX_BATCH

    def run_once(self) -> int:
        """Deliver one batch, and return how many notes were settled; raise `PortalError`."""
        paths = self._spool.notes(self._size)
        events = {}
        for path in paths:
            event = _event(path)
            if event is not None:
                events[event["id"]] = (path, event)
        if not events:
            return 0
        try:
            accepted, refused = self._portal.deliver([event for _path, event in events.values()])
        except PortalError as error:
            if error.status not in _ABOUT_THE_CONTENT:
                raise
            if len(events) > 1:
                self._size = max(len(events) // 2, 1)
                return len(events)
            ((path, event),) = events.values()
            accepted, refused = set(), {event["id"]: str(error)}
        self._size = MAX_BATCH
        for number, text in refused.items():
            if number in events:
                log.get().error("event_refused", error=text[:300])
                _put_aside(events[number][0])
        for number in accepted & events.keys():
            events[number][0].unlink(missing_ok=True)
        return len(accepted | refused.keys())


def number_of(identifier: str) -> int:
    """A number for an id, which a JSON number can hold: its time, and five bits of its luck."""
    value = 0
    for character in identifier:
        value = value << 5 | ident.ALPHABET.index(character)
    return value >> _TIME_AND_LUCK


def _event(path: Path) -> dict[str, Any] | None:
    try:
        if not ident.is_valid(path.stem):
            raise ValueError(path.name)
        note = json.loads(path.read_bytes())
        kind, body = note["kind"], note["body"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        log.get().error("note_damaged", note=path.name, error=type(error).__name__)
        _put_aside(path)
        return None
    at = _timestamp(ident.time_of(path.stem))
    return {"id": number_of(path.stem), "kind": kind, "at": at, kind: body}


def _timestamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _put_aside(path: Path) -> None:
    path.replace(path.with_suffix(".damaged"))
