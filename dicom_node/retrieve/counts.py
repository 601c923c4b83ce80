"""Asks the devices that may be asked how many instances a study has, once it has become quiet."""

from collections.abc import Callable, Mapping
from typing import LiteralString

import psycopg

from dicom_node import log
from dicom_node.archive import completeness, evidence
from dicom_node.archive.evidence import Evidence
from dicom_node.dimse.policy import Device
from dicom_node.retrieve.backoff import Backoff
from dicom_node.retrieve.peer import Peer, SourceError, count_of

# Studies of one device at once.
BATCH = 20

# Asked again once more has come; whoever has been asked has a row, also when it knew nothing.
_QUIET: LiteralString = """
SELECT t.study_uid, t.instance_count FROM archive.study t
WHERE t.hospital = %s AND t.last_received < now() - %s * interval '1 second'
    AND t.received_on >= (now() AT TIME ZONE 'UTC')::date - %s
    AND NOT EXISTS (SELECT FROM archive.evidence e WHERE e.study_uid = t.study_uid
        AND e.source = 'c-find' AND e.origin = %s AND e.at > t.last_received)
ORDER BY t.last_received LIMIT %s
"""


class Counts:
    """One round asks one device about some studies; a device that does not answer is let be."""

    def __init__(
        self,
        devices: Callable[[], Mapping[str, Device]],
        peer: Callable[[Device], Peer],
        quiet_seconds: float,
        days: int,
    ) -> None:
        self._devices = devices
        self._peer = peer
        self._quiet = quiet_seconds
        self._days = days
        self._backoff = Backoff()

    def run_once(self, connection: psycopg.Connection) -> int:
        """Return how many studies were asked about."""
        return sum(
            self._ask(connection, device)
            for device in self._devices().values()
            if device.ask_counts and device.port is not None
        )

    def _ask(self, connection: psycopg.Connection, device: Device) -> int:
        if not self._backoff.is_due(device.ae_title):
            return 0
        rows = connection.execute(
            _QUIET, (device.hospital, self._quiet, self._days, device.ae_title, BATCH)
        ).fetchall()
        if not rows:
            return 0
        try:
            self._learn(connection, device, dict(rows))
        except SourceError as error:
            pause = self._backoff.failed(device.ae_title)
            log.get().warning(
                "counts_put_off", device=device.ae_title, error=str(error), seconds=pause
            )
            return 0
        self._backoff.succeeded(device.ae_title)
        return len(rows)

    def _learn(
        self, connection: psycopg.Connection, device: Device, stored: Mapping[str, int]
    ) -> None:
        peer = self._peer(device)
        told = peer.studies(count_of(uid) for uid in stored)
        for uid, instances in stored.items():
            expected = told.get(uid)
            names = None
            if uid in told and expected != instances:
                # Which ones are missing is more than how many.
                listed = peer.instances(uid)
                names = tuple(one.sop for one in listed) or None
            if names is not None and expected is not None and len(names) < expected:
                names = None
            evidence.record(connection, [_evidence(device, uid, expected, names)])


def _evidence(
    device: Device, study: str, expected: int | None, names: tuple[str, ...] | None
) -> Evidence:
    return Evidence(study, completeness.C_FIND, device.ae_title, device.hospital, expected, names)
