"""The association server: pynetdicom with bounded reads, and no copies of presentation contexts.

Built on pynetdicom 3.0.4's `RequestHandler`, `AssociationSocket` and `Association`, of which
`_create_association`, `recv` and `run_reactor` are private or undocumented: the version is pinned
for them.
"""

import contextlib
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from pynetdicom.ae import ApplicationEntity
from pynetdicom.association import MODE_ACCEPTOR, Association
from pynetdicom.transport import AssociationSocket, RequestHandler, ThreadedAssociationServer

READ_SIZE = 1 << 20
# Connections whose peer has not yet said who it is: of all, and of one address.
MAX_SILENT = 256
MAX_SILENT_OF_ONE = 32


class StorageAssociation(Association):  # type: ignore[misc]
    """A connection that becomes an association once its peer has asked for one.

    ``hospital`` is set once the policy has admitted it; ``storing`` is how many bytes of it are
    being stored; ``cut_off`` says that it is being aborted for sending too much.
    """

    silent = True
    admitted = False
    hospital = ""
    storing = 0
    cut_off = False
    ended: "Callable[[StorageAssociation], None]"

    def wake(self) -> None:
        """End the waiting for a request that cannot come any more."""
        if self.silent and self.dul.to_user_queue.empty():
            self.dul.to_user_queue.put(None)

    def run_reactor(self) -> None:
        try:
            super().run_reactor()
        finally:
            # What was received in part would stay until the next collection of cyclic garbage.
            self.dimse.message = None
            self.ended(self)


class BoundedSocket(AssociationSocket):  # type: ignore[misc]
    """Reads what is there instead of 4 KiB at a time, and no PDU longer, or slower, than agreed."""

    longest: int
    first_deadline: float

    def recv(self, nr_bytes: int) -> bytearray:
        """Read *nr_bytes*; fewer when the peer closed or stated more than the agreed maximum.

        Raises TimeoutError when they are not there in time, however many bytes came before.
        """
        if nr_bytes > self.longest:
            return bytearray()
        connection: socket.socket = self.socket
        patience: float = self.assoc.network_timeout
        deadline = self.first_deadline if self.assoc.silent else time.monotonic() + patience
        received = bytearray(nr_bytes)
        view = memoryview(received)
        while view:
            connection.settimeout(max(deadline - time.monotonic(), 0.001))
            count = connection.recv_into(view[:READ_SIZE])
            if not count:
                return received[: nr_bytes - len(view)]
            view = view[count:]
        connection.settimeout(patience)
        self._acknowledge_at_once(connection)
        return received

    @staticmethod
    def _acknowledge_at_once(connection: socket.socket) -> None:
        # A sender with Nagle's algorithm waits for our delayed ACK, 40 ms an instance. The kernel
        # forgets this option, so it is set again after each read.
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


class _Handler(RequestHandler):  # type: ignore[misc]
    def _create_association(self) -> StorageAssociation:
        entity: ApplicationEntity = self.ae
        association = StorageAssociation(entity, MODE_ACCEPTOR)
        association._server = self.server
        association.ended = self.server.ended
        association.name = f"AcceptorThread@{datetime.now(UTC):%Y%m%d%H%M%S}"
        self.request.settimeout(entity.network_timeout)
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = BoundedSocket(association, client_socket=self.request)
        # A P-DATA-TF may be as long as agreed, an A-ASSOCIATE-RQ a good deal shorter than this.
        connection.longest = max(entity.maximum_pdu_size, 1 << 20)
        connection.first_deadline = time.monotonic() + entity.acse_timeout
        association.set_socket(connection)
        acceptor = association.acceptor
        acceptor.maximum_length = entity.maximum_pdu_size
        acceptor.ae_title = self.server.ae_title
        acceptor.address_info = self.local
        acceptor.implementation_class_uid = entity.implementation_class_uid
        acceptor.implementation_version_name = entity.implementation_version_name
        acceptor.supported_contexts = list(self.server.contexts)
        association.requestor.address_info = self.remote
        for event, handlers in self.server._handlers.items():
            if event.is_intervention:
                association.bind(event, *handlers)
            else:
                for function, arguments in handlers:
                    association.bind(event, function, arguments)
        return association


class Server(ThreadedAssociationServer):  # type: ignore[misc]
    """Listens, and makes one `StorageAssociation` a connection.

    ``ended`` is called when an association has ended, ``refused`` with the address of a peer that
    opens connections and says nothing.
    """

    daemon_threads = True
    request_queue_size = 128
    ended: Callable[[StorageAssociation], None]
    refused: Callable[[str], None]

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, request_handler=_Handler, **keywords)

    def verify_request(self, _request: Any, client_address: Any) -> bool:
        address = client_address[0]
        silent = [
            association.requestor.address_info.address
            for association in self.ae.active_associations
            if association.silent
        ]
        if len(silent) < MAX_SILENT and silent.count(address) < MAX_SILENT_OF_ONE:
            return True
        self.refused(address)
        return False

    def admitted(self) -> int:
        """How many associations are admitted now."""
        return sum(association.admitted for association in self.ae.active_associations)
