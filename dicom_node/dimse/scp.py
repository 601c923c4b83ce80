"""The process ``dicom-node receive``: events of pynetdicom, turned into calls of the receiver."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pydicom.uid import UID
from pynetdicom import _config
from pynetdicom.ae import ApplicationEntity
from pynetdicom.events import (
    EVT_C_ECHO,
    EVT_C_STORE,
    EVT_PDU_RECV,
    EVT_REJECTED,
    EVT_REQUESTED,
    EVT_SOP_COMMON,
)
from pynetdicom.pdu_primitives import SOPClassCommonExtendedNegotiation
from pynetdicom.presentation import PresentationContext, build_context
from pynetdicom.service_class import ServiceClass, StorageServiceClass
from pynetdicom.sop_class import Verification, uid_to_service_class

from dicom_node import log
from dicom_node.config import Config
from dicom_node.dataset.part10 import IMPLEMENTATION_NAME, IMPLEMENTATION_UID, FileMeta
from dicom_node.dataset.syntax import SYNTAXES
from dicom_node.dimse.configuration import PolicySource
from dicom_node.dimse.policy import Refused, decide, peer_address
from dicom_node.dimse.receive import SUCCESS, Receiver, answer
from dicom_node.dimse.server import Server
from dicom_node.spool.quarantine import Quarantine
from dicom_node.spool.spool import Spool

# Whoever connects must say who he is within this time: idle connections are no associations.
ASSOCIATE_TIMEOUT = 10
STORAGE_SERVICE = "1.2.840.10008.4.2"
MAX_REMEMBERED_REJECTIONS = 1024
REJECTION_INTERVAL = 60.0


class Scp:
    """Wires one `Receiver` to an association server."""

    def __init__(self, config: Config, policies: PolicySource) -> None:
        self.settings = config.dicom
        self.policies = policies
        self.spool = Spool(config.spool.path)
        quarantine = Quarantine(config.quarantine.path)
        quarantine.discard_unfinished()
        for name in self.spool.discard_unfinished():
            log.get().warning("unfinished_discarded", file=name)
        self.receiver = Receiver(config.dicom, self.spool, quarantine)
        self._rejections: dict[tuple[str, ...], float] = {}
        self._lock = threading.Lock()
        self._idle = threading.Condition()
        self._busy = 0

    def server(self) -> Server:
        """A bound server, not yet serving."""
        _config.LOG_HANDLER_LEVEL = "none"
        entity = ApplicationEntity(self.settings.ae_title)
        entity.maximum_associations = self.settings.max_associations
        entity.maximum_pdu_size = self.settings.max_pdu
        entity.network_timeout = self.settings.network_timeout
        entity.acse_timeout = min(ASSOCIATE_TIMEOUT, self.settings.network_timeout)
        entity.implementation_class_uid = UID(IMPLEMENTATION_UID)
        entity.implementation_version_name = IMPLEMENTATION_NAME
        server: Server = entity.make_server(
            (self.settings.host, self.settings.port),
            contexts=[build_context(Verification)],
            server_class=Server,
            evt_handlers=[
                (EVT_REQUESTED, self.on_requested),
                (EVT_SOP_COMMON, self.on_sop_common),
                (EVT_REJECTED, self.on_rejected_by_limit),
                (EVT_PDU_RECV, self.on_pdu),
                (EVT_C_ECHO, self.on_echo),
                (EVT_C_STORE, self.on_store),
            ],
        )
        return server

    def on_requested(self, event: Any) -> None:
        """Admit or reject; offer storage contexts only to who is admitted."""
        association = event.assoc
        request = association.requestor.primitive
        calling, called = request.calling_ae_title.strip(), request.called_ae_title.strip()
        peer = association.requestor.address_info.address
        decision = decide(self.policies.current(), self.settings.ae_title, calling, called, peer)
        if isinstance(decision, Refused):
            association.acse.send_reject(*decision.answer)
            association.kill()
            self._report_rejection(calling, called, peer, decision.reason)
            return
        association.hospital = decision.hospital
        if decision.hospital:
            association.acceptor.supported_contexts = [
                *association.acceptor.supported_contexts,
                *storage_contexts(request.presentation_context_definition_list),
            ]

    def on_sop_common(self, event: Any) -> dict[UID, SOPClassCommonExtendedNegotiation]:
        """Tell pynetdicom that private and unknown classes are storage (PS3.7 annex D.3.3.6)."""
        proposed = event.assoc.requestor.primitive.presentation_context_definition_list
        found = {}
        for context in proposed:
            if uid_to_service_class(context.abstract_syntax) is ServiceClass:
                item = SOPClassCommonExtendedNegotiation()
                item.sop_class_uid = context.abstract_syntax
                item.service_class_uid = STORAGE_SERVICE
                found[context.abstract_syntax] = item
        return found

    def on_rejected_by_limit(self, event: Any) -> None:
        request = event.assoc.requestor.primitive
        peer = event.assoc.requestor.address_info.address
        calling, called = request.calling_ae_title.strip(), request.called_ae_title.strip()
        self._report_rejection(calling, called, peer, "too many associations")

    def on_pdu(self, event: Any) -> None:
        """Abort a transfer that grows past the largest instance taken."""
        message = event.assoc.dimse.message
        if message is not None and message.data_set.tell() > self.settings.max_instance:
            log.get().error(
                "instance_too_large",
                limit=self.settings.max_instance,
                calling_ae=event.assoc.requestor.ae_title,
            )
            event.assoc.abort()

    def on_echo(self, _event: Any) -> int:
        return SUCCESS

    def on_store(self, event: Any) -> Any:
        association, request = event.assoc, event.request
        meta = FileMeta(
            sop_class=str(request.AffectedSOPClassUID),
            sop_instance=str(request.AffectedSOPInstanceUID),
            syntax=str(event.context.transfer_syntax),
            calling_ae=association.requestor.ae_title.strip(),
            called_ae=association.requestor.primitive.called_ae_title.strip(),
            address=str(peer_address(association.requestor.address_info.address)),
        )
        with self._storing(), request.DataSet.getbuffer() as data:
            return answer(*self.receiver.store(association.hospital, meta, data))

    @contextmanager
    def _storing(self) -> Iterator[None]:
        with self._idle:
            self._busy += 1
        try:
            yield
        finally:
            with self._idle:
                self._busy -= 1
                self._idle.notify_all()

    def wait_idle(self, seconds: float) -> None:
        """Return when nothing is being stored, after *seconds* at the latest."""
        with self._idle:
            self._idle.wait_for(lambda: not self._busy, seconds)

    def _report_rejection(self, calling: str, called: str, peer: str, reason: str) -> None:
        address = str(peer_address(peer))
        log.get().warning(
            "association_rejected",
            calling_ae=calling, called_ae=called, address=address, reason=reason,
        )  # fmt: skip
        if not self._first_in_a_while((calling, address, reason)):
            return
        body = {
            "calling_ae": calling, "called_ae": called, "address": address, "reason": reason,
        }  # fmt: skip
        try:
            self.spool.note("rejection", body)
        except OSError as error:
            log.get().error("rejection_not_noted", error=error.strerror)

    def _first_in_a_while(self, key: tuple[str, ...]) -> bool:
        # A scanner that tries titles all day must not fill the portal: one event a minute and key.
        now = time.monotonic()
        with self._lock:
            if now - self._rejections.get(key, -REJECTION_INTERVAL) < REJECTION_INTERVAL:
                return False
            if len(self._rejections) >= MAX_REMEMBERED_REJECTIONS:
                oldest = min(self._rejections, key=lambda known: self._rejections[known])
                if now - self._rejections[oldest] < REJECTION_INTERVAL:
                    return False
                del self._rejections[oldest]
            self._rejections[key] = now
            return True


def storage_contexts(proposed: list[PresentationContext]) -> list[PresentationContext]:
    """Contexts for the storage classes among *proposed*, private and unknown ones included."""
    syntaxes = list(SYNTAXES)
    classes = {context.abstract_syntax for context in proposed}
    return [build_context(uid, syntaxes) for uid in classes if is_storage(uid)]


def is_storage(uid: UID) -> bool:
    """Whether a SOP class is stored: known as storage, or known as nothing else."""
    return uid_to_service_class(uid) in (StorageServiceClass, ServiceClass)
