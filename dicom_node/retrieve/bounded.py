"""Associations with other archives, which may send no more at once than the node can hold."""

from io import BytesIO
from typing import Any

from pynetdicom.ae import ApplicationEntity
from pynetdicom.dimse_messages import C_STORE_RQ
from pynetdicom.events import EVT_DIMSE_RECV, EVT_PDU_RECV
from pynetdicom.pdu import P_DATA_TF
from pynetdicom.transport import AssociationSocket

from dicom_node.dimse.wire import MAX_COMMAND

# An A-ASSOCIATE-AC is shorter than this, and a P-DATA-TF as long as was agreed.
LONGEST_PDU = 1 << 20


class _Socket(AssociationSocket):  # type: ignore[misc]
    def recv(self, nr_bytes: int) -> bytearray:
        """Read *nr_bytes*; nothing, which ends the connection, when a PDU is too long."""
        received: bytearray = super().recv(nr_bytes) if nr_bytes <= LONGEST_PDU else bytearray()
        return received


class BoundedEntity(ApplicationEntity):  # type: ignore[misc]
    """Takes no PDU longer than `LONGEST_PDU`."""

    def _create_socket(self, assoc: Any, address: Any, tls_args: Any) -> AssociationSocket:
        connection = _Socket(assoc, address=address)
        connection.tls_args = tls_args
        return connection


class Limit:
    """Has one association aborted when the peer sends more than agreed: looked at PDU by PDU.

    An instance may have *max_instance* bytes; the next one comes after the answer to the last.
    ``excess`` says what was too much; what comes then until the end is not kept.
    """

    def __init__(self, max_instance: int) -> None:
        self.excess = ""
        self._max_instance = max_instance
        self._unanswered = 0

    @property
    def handlers(self) -> list[tuple[Any, Any]]:
        return [(EVT_PDU_RECV, self._on_pdu), (EVT_DIMSE_RECV, self._on_message)]

    def answered(self) -> None:
        """An instance has been dealt with; the next one may come."""
        self._unanswered -= 1

    def _on_message(self, event: Any) -> None:
        self._unanswered += isinstance(event.message, C_STORE_RQ)

    def _on_pdu(self, event: Any) -> None:
        message = event.assoc.dimse.message
        if message is None or not isinstance(event.pdu, P_DATA_TF):
            return
        if not self.excess:
            self.excess = self._excess(message)
            if self.excess:
                # By this pynetdicom has whoever waits for the next message abort at once.
                event.assoc.dimse.msg_queue.put((None, None))
        if self.excess:
            message.data_set = BytesIO()

    def _excess(self, message: Any) -> str:
        if message.data_set.tell() > self._max_instance:
            return f"it sends an instance of more than {self._max_instance} bytes"
        if message.encoded_command_set.tell() > MAX_COMMAND:
            return f"it sends a command of more than {MAX_COMMAND} bytes"
        if self._unanswered > 1:
            return "it sends instances without waiting for an answer"
        return ""
