"""Who is let in at this moment: the policy, the limits, and the disk."""

from dicom_node import log
from dicom_node.config import Dicom
from dicom_node.configuration import Configuration
from dicom_node.dimse.policy import (
    CONGESTED,
    LIMIT_EXCEEDED,
    NOT_CONFIGURED,
    Admitted,
    Policy,
    Refused,
    decide,
    peer_address,
)
from dicom_node.dimse.recently import Recently
from dicom_node.dimse.server import StorageAssociation
from dicom_node.dimse.tally import Tally
from dicom_node.spool.spool import Spool

# A scanner that tries titles all day must not fill the portal: one event a minute and kind.
REPORT_INTERVAL = 60.0
DISK_FULL = "the spool's disk is used up to its high-water mark"
TOO_MANY = "too many associations"


class Admission:
    """Decides about association requests, from any thread, and tells the portal whom it rejects."""

    def __init__(
        self, settings: Dicom, policies: Configuration[Policy], spool: Spool, tally: Tally
    ) -> None:
        self._settings = settings
        self._policies = policies
        self._spool = spool
        self._tally = tally
        self._reported = Recently(REPORT_INTERVAL)

    def decide(self, association: StorageAssociation) -> Admitted | Refused:
        """Admit *association*, which is counted from then on, or say why not."""
        called = association.requestor.primitive.called_ae_title.strip()
        peer = association.requestor.address_info.address
        decision = decide(
            self._policies.current(), self._settings.ae_title, association.calling_ae, called,
            peer, self._settings.host,
        )  # fmt: skip
        if isinstance(decision, Admitted) and decision.hospital:
            association.device = decision.device
            association.admitted = True
            decision = self._beyond_limits(association) or decision
            association.admitted = isinstance(decision, Admitted)
        if isinstance(decision, Refused):
            self._tally.rejected()
            self._report(association.calling_ae, called, peer, decision.reason)
        return decision

    def refusing(self) -> str:
        """Why nobody at all is let in at this moment, or nothing."""
        policy = self._policies.current()
        if policy is None:
            return NOT_CONFIGURED
        return DISK_FULL if self._spool.used_per_cent() >= policy.high_water else ""

    def connection_refused(self, peer: str) -> None:
        """Note a peer that opens connections without saying who it is."""
        if self._reported.is_new((peer,)):
            log.get().warning("connection_refused", address=peer)

    def connection_failed(self, peer: str, error: str) -> None:
        """Note a connection that did not become an association."""
        if self._reported.is_new((peer, "failed")):
            log.get().warning("connection_failed", address=peer, error=error)

    def _beyond_limits(self, association: StorageAssociation) -> Refused | None:
        if full := self.refusing():
            return Refused(full, CONGESTED)
        admitted = association._server.admitted()
        if len(admitted) > self._settings.max_associations:
            return Refused(TOO_MANY, LIMIT_EXCEEDED)
        device = association.device
        if device is not None and device.max_associations is not None:
            same = [other for other in admitted if other.calling_ae == device.ae_title]
            if len(same) > device.max_associations:
                return Refused(f"{TOO_MANY} of this device", LIMIT_EXCEEDED)
        return None

    def _report(self, calling: str, called: str, peer: str, reason: str) -> None:
        address = str(peer_address(peer))
        log.get().warning(
            "association_rejected",
            calling_ae=calling, called_ae=called, address=address, reason=reason,
        )  # fmt: skip
        if not self._reported.is_new((calling, address, reason)):
            return
        body = {
            "calling_ae": calling, "called_ae": called, "address": address, "reason": reason,
        }  # fmt: skip
        try:
            self._spool.note("rejection", body)
        except OSError as error:
            log.get().error("rejection_not_noted", error=error.strerror)
