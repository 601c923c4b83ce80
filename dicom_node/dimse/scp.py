"""The process ``dicom-node receive``: events of pynetdicom, turned into calls of the receiver."""

import sys
from ssl import SSLContext
from typing import TYPE_CHECKING, Any

from pydicom import config as pydicom_config
from pydicom.uid import UID
from pynetdicom import _config
from pynetdicom.ae import ApplicationEntity
from pynetdicom.events import (
    EVT_C_ECHO,
    EVT_C_FIND,
    EVT_C_STORE,
    EVT_CONN_CLOSE,
    EVT_N_ACTION,
    EVT_N_CREATE,
    EVT_N_SET,
    EVT_PDU_RECV,
    EVT_REQUESTED,
    EVT_SOP_COMMON,
)
from pynetdicom.pdu import P_DATA_TF
from pynetdicom.pdu_primitives import SOPClassCommonExtendedNegotiation
from pynetdicom.presentation import build_context
from pynetdicom.service_class import ServiceClass
from pynetdicom.sop_class import Verification, uid_to_service_class

from dicom_node import log
from dicom_node.config import Config
from dicom_node.configuration import Configuration
from dicom_node.dataset.part10 import IMPLEMENTATION_NAME, IMPLEMENTATION_UID
from dicom_node.dimse.admission import Admission
from dicom_node.dimse.budget import Budget
from dicom_node.dimse.policy import Policy, Refused
from dicom_node.dimse.receive import REFUSED_CLASS, SUCCESS, Receiver, answer
from dicom_node.dimse.server import Server, StorageAssociation
from dicom_node.dimse.storage import Storage, query_contexts, storage_contexts
from dicom_node.dimse.tally import Tally
from dicom_node.dimse.wire import MAX_COMMAND, StoreRequest
from dicom_node.spool.quarantine import Quarantine
from dicom_node.spool.spool import Spool

if TYPE_CHECKING:
    from dicom_node.dimse.services import Services

# Whoever connects must say who he is within this time: idle connections are no associations.
ASSOCIATE_TIMEOUT = 10
STORAGE_SERVICE = "1.2.840.10008.4.2"


class Scp:
    """Wires one `Receiver` to an association server."""

    def __init__(self, config: Config, policies: Configuration[Policy]) -> None:
        self.settings = config.dicom
        self.spool = Spool(config.spool.path)
        self.quarantine = Quarantine(config.quarantine.path)
        self.receiver = Receiver(self.spool, self.quarantine)
        self.budget = Budget(config.dicom.max_in_memory)
        self.tally = Tally()
        self.storage = Storage(self.receiver, config.dicom.max_instance, self.tally)
        self.admission = Admission(config.dicom, policies, self.spool, self.tally)
        self._entity = self._make_entity()
        self.services = self._make_services(config, policies)

    def _make_services(self, config: Config, policies: Configuration[Policy]) -> "Services | None":
        """None for a front end: it has no index, nor the libraries for one."""
        if not (config.has("index") and config.has("store")):
            return None
        from dicom_node.dimse.services import Services  # noqa: PLC0415

        # An entity of its own: the associations of the other one are those that are served.
        return Services(config, self.spool, self._make_entity(), policies.current)

    def _make_entity(self) -> ApplicationEntity:
        _config.LOG_HANDLER_LEVEL = "none"
        # UIDs are checked where they are used (`is_uid`); pydicom would check each of the hundreds
        # in an association request, and only warn.
        pydicom_config.settings.reading_validation_mode = pydicom_config.IGNORE
        entity = ApplicationEntity(self.settings.ae_title)
        # Counted at admission: pynetdicom counts connections that nobody has admitted.
        entity.maximum_associations = sys.maxsize
        entity.maximum_pdu_size = self.settings.max_pdu
        entity.network_timeout = self.settings.network_timeout
        entity.acse_timeout = min(ASSOCIATE_TIMEOUT, self.settings.network_timeout)
        entity.implementation_class_uid = UID(IMPLEMENTATION_UID)
        entity.implementation_version_name = IMPLEMENTATION_NAME
        return entity

    def listen(self, port: int, tls: SSLContext | None = None) -> Server:
        """A bound server, not yet serving."""
        server: Server = self._entity.make_server(
            (self.settings.host, port),
            contexts=[build_context(Verification)],
            server_class=Server,
            ssl_context=tls,
            evt_handlers=[
                (EVT_REQUESTED, self.on_requested),
                (EVT_SOP_COMMON, self.on_sop_common),
                (EVT_PDU_RECV, self.on_pdu),
                (EVT_CONN_CLOSE, self.on_closed),
                (EVT_C_ECHO, self.on_echo),
                (EVT_C_STORE, self.on_store),
                *self._asked(),
            ],
        )
        server.direct = self.settings.data_plane == "direct"
        server.store = self.storage.of
        server.ended = self.on_ended
        server.refused = self.admission.connection_refused
        server.failed = self.admission.connection_failed
        if self.services is not None:
            server.retrieve = self.services.retrieve
        return server

    def _asked(self) -> list[tuple[Any, Any]]:
        if self.services is None:
            return []
        return [
            (EVT_C_FIND, self.services.find),
            (EVT_N_ACTION, self.services.commit),
            (EVT_N_CREATE, self.services.create_step),
            (EVT_N_SET, self.services.change_step),
        ]

    def discard_unfinished(self) -> None:
        """Clear away what a crash left; to be called once a port is bound, and once only.

        For then it is certain that no other process is at work on these files.
        """
        self.quarantine.discard_unfinished()
        for name in self.spool.discard_unfinished():
            log.get().warning("unfinished_discarded", file=name)

    def report(self) -> dict[str, Any]:
        """What the portal is told of this process."""
        associations = self._entity.active_associations
        return {
            "associations": sum(association.admitted for association in associations),
            "max_associations": self.settings.max_associations,
            "refusing": self.admission.refusing(),
            **self.tally.report(),
        }

    def on_requested(self, event: Any) -> None:
        """Admit or reject; offer storage contexts only to who is admitted."""
        association = event.assoc
        association.silent = False
        decision = self.admission.decide(association)
        if isinstance(decision, Refused):
            association.acse.send_reject(*decision.answer)
            association.kill()
            return
        association.hospital = decision.hospital
        if decision.hospital:
            proposed = association.requestor.primitive.presentation_context_definition_list
            association.acceptor.supported_contexts = [
                *association.acceptor.supported_contexts,
                *storage_contexts(proposed, decision.device),
                *(query_contexts(decision.device) if self.services else ()),
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

    def on_pdu(self, event: Any) -> None:
        """Abort whoever sends too much; have the others wait while memory is short."""
        association = event.assoc
        if association.cut_off or not isinstance(event.pdu, P_DATA_TF):
            return
        reason = self._excess(association)
        if reason:
            association.cut_off = True
            log.get().error("transfer_aborted", reason=reason, **_peer(association))
            association.abort()

    def _excess(self, association: StorageAssociation) -> str:
        dimse = association.dimse
        size = command = 0
        if dimse.message is not None:
            size = dimse.message.data_set.tell()
            command = dimse.message.encoded_command_set.tell()
        if size > self.settings.max_instance:
            return f"an instance of more than {self.settings.max_instance} bytes"
        if command > MAX_COMMAND:
            return f"a command of more than {MAX_COMMAND} bytes"
        if dimse.msg_queue.qsize() > 1:
            return "requests that wait for no answer"
        held = size + association.storing
        if not self.budget.hold(association, held, self.settings.network_timeout):
            return "no memory for another instance"
        return ""

    def on_closed(self, event: Any) -> None:
        event.assoc.wake()

    def on_ended(self, association: StorageAssociation) -> None:
        self.budget.release(association)

    def on_echo(self, _event: Any) -> int:
        return SUCCESS

    def on_store(self, event: Any) -> Any:
        association, request = event.assoc, event.request
        store = self.storage.of(association)
        asked = StoreRequest(
            request.MessageID,
            str(request.AffectedSOPClassUID),
            str(request.AffectedSOPInstanceUID),
        )
        association.storing = request.DataSet.getbuffer().nbytes
        try:
            intake = store.begin(asked, event.context.context_id)
            if intake is None:
                return REFUSED_CLASS
            with request.DataSet.getbuffer() as data:
                intake.write([data])
            status, comment = store.finish(intake)
        finally:
            association.storing = 0
            self.budget.release(association)
            # Else it stays until pynetdicom's threads have let go of the request.
            request.DataSet = None
        return answer(status, comment)


def _peer(association: StorageAssociation) -> dict[str, str]:
    return {
        "calling_ae": association.requestor.ae_title,
        "address": association.requestor.address_info.address,
    }
