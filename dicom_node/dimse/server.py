"""The association server: pynetdicom with bounded reads, and no copies of presentation contexts.

Built on pynetdicom 3.0.4's `RequestHandler`, `AssociationSocket` and `Association`, of which
`_create_association` and `recv` are private or undocumented: the version is pinned for them.
"""

import contextlib
import socket
from datetime import UTC, datetime
from typing import Any

from pynetdicom.ae import ApplicationEntity
from pynetdicom.association import MODE_ACCEPTOR, Association
from pynetdicom.transport import AssociationSocket, RequestHandler, ThreadedAssociationServer

READ_SIZE = 1 << 20


class StorageAssociation(Association):  # type: ignore[misc]
    """An accepted association; ``hospital`` is set once the policy has admitted it."""

    hospital = ""


class BoundedSocket(AssociationSocket):  # type: ignore[misc]
    """Reads what is there instead of 4 KiB at a time, and no PDU longer than agreed."""

    longest: int

    def recv(self, nr_bytes: int) -> bytearray:
        """Read *nr_bytes*; fewer when the peer closed or stated more than the agreed maximum."""
        if nr_bytes > self.longest:
            return bytearray()
        connection: socket.socket = self.socket
        received = bytearray(nr_bytes)
        view = memoryview(received)
        while view:
            count = connection.recv_into(view[:READ_SIZE])
            if not count:
                return received[: nr_bytes - len(view)]
            view = view[count:]
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
        association.name = f"AcceptorThread@{datetime.now(UTC):%Y%m%d%H%M%S}"
        self.request.settimeout(entity.network_timeout)
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = BoundedSocket(association, client_socket=self.request)
        # A P-DATA-TF may be as long as agreed, an A-ASSOCIATE-RQ a good deal shorter than this.
        connection.longest = max(entity.maximum_pdu_size, 1 << 20)
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
    """Listens, and makes one `StorageAssociation` a connection."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, request_handler=_Handler, **keywords)
