"""The association server: pynetdicom with bounded reads, and no copies of presentation contexts.

Built on private or undocumented parts of pynetdicom 3.0.4, whose version is pinned for them;
tests/node/test_pynetdicom.py says which.
"""

import errno
import socket
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from ssl import SSLSocket
from typing import Any

from pynetdicom.ae import ApplicationEntity
from pynetdicom.association import MODE_ACCEPTOR, Association
from pynetdicom.dimse_primitives import C_GET, C_MOVE
from pynetdicom.transport import RequestHandler, ThreadedAssociationServer

from dicom_node.dimse.connection import Connection
from dicom_node.dimse.direct import DirectProvider, Store
from dicom_node.dimse.policy import Device

# Connections whose peer has not yet said who it is: of all, and of one address.
MAX_SILENT = 256
MAX_SILENT_OF_ONE = 32


class ListenerDiedError(Exception):
    """The listening socket is of no use any more."""


class StorageAssociation(Association):  # type: ignore[misc]
    """A connection that becomes an association once its peer has asked for one.

    ``hospital`` and ``device`` are set once the policy has admitted it; ``storing`` is how many
    bytes of it are being stored, in memory; ``serving`` says that a request is being served by the
    stock code, ``cut_off`` that it is being aborted for sending too much.
    """

    silent = True
    admitted = False
    hospital = ""
    device: Device | None = None
    storing = 0
    serving = False
    cut_off = False
    ended: "Callable[[StorageAssociation], None]"

    @property
    def calling_ae(self) -> str:
        return str(self.requestor.primitive.calling_ae_title).strip()

    def wake(self) -> None:
        """End the waiting for a request that cannot come any more."""
        if self.silent and self.dul.to_user_queue.empty():
            self.dul.to_user_queue.put(None)

    def _serve_request(self, msg: Any, context_id: int) -> None:
        self.serving = True
        try:
            if isinstance(msg, C_GET | C_MOVE) and context_id in self._accepted_cx:
                self._server.retrieve(self, msg, self._accepted_cx[context_id])
            else:
                super()._serve_request(msg, context_id)
        finally:
            self.serving = False

    def run_reactor(self) -> None:
        try:
            super().run_reactor()
        finally:
            # What was received in part would stay until the next collection of cyclic garbage.
            self.dimse.message = None
            self.dul.socket.forget()
            self.ended(self)


class _Handler(RequestHandler):  # type: ignore[misc]
    def _create_association(self) -> StorageAssociation:
        entity: ApplicationEntity = self.ae
        if isinstance(self.request, SSLSocket):
            self._shake_hands(entity.acse_timeout)
        association = StorageAssociation(entity, MODE_ACCEPTOR)
        association._server = self.server
        association.ended = self.server.ended
        if self.server.direct:
            association.dul = DirectProvider(association, self.server.store(association))
            # They are kept by the timers of the provider that was replaced.
            association.acse_timeout = entity.acse_timeout
            association.network_timeout = entity.network_timeout
        association.name = f"AcceptorThread@{datetime.now(UTC):%Y%m%d%H%M%S}"
        self.request.settimeout(entity.network_timeout)
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(association, self.request)
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

    def _shake_hands(self, seconds: float) -> None:
        """In this connection's thread: in the listener's it would keep everybody waiting."""
        self.server.handshakes.append(self.client_address[0])
        try:
            self.request.settimeout(seconds)
            self.request.do_handshake()
        finally:
            self.server.handshakes.remove(self.client_address[0])


class Server(ThreadedAssociationServer):  # type: ignore[misc]
    """Listens, and makes one `StorageAssociation` a connection.

    ``direct`` chooses the direct data plane, whose instances go to the ``store`` of their
    association. ``ended`` is called when an association has ended, ``refused`` with the address
    of a peer that opens connections and says nothing, ``failed`` with that of one whose connection
    became no association, and why. ``retrieve`` serves a C-GET or C-MOVE of an association under
    a presentation context.
    """

    daemon_threads = True
    request_queue_size = 128
    direct: bool
    store: Callable[[StorageAssociation], Store]
    ended: Callable[[StorageAssociation], None]
    refused: Callable[[str], None]
    failed: Callable[[str, str], None]
    retrieve: Callable[[StorageAssociation, Any, Any], None]

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        self.handshakes: list[str] = []
        super().__init__(*arguments, request_handler=_Handler, **keywords)

    def verify_request(self, _request: Any, client_address: Any) -> bool:
        address = client_address[0]
        silent = [
            association.requestor.address_info.address
            for association in self.ae.active_associations
            if association.silent
        ]
        silent += self.handshakes
        if len(silent) < MAX_SILENT and silent.count(address) < MAX_SILENT_OF_ONE:
            return True
        self.refused(address)
        return False

    def get_request(self) -> tuple[socket.socket, Any]:
        try:
            connection, address = self.socket.accept()
        except OSError as error:
            if error.errno in (errno.EBADF, errno.EINVAL):
                # socketserver would try it again, at once and for ever.
                raise ListenerDiedError(str(error)) from error
            raise
        if self.ssl_context is not None:
            connection = self.ssl_context.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        return connection, address

    def handle_error(self, _request: Any, client_address: Any) -> None:
        self.failed(client_address[0], repr(sys.exc_info()[1]))

    def admitted(self) -> list[StorageAssociation]:
        """The associations that are admitted now."""
        return [association for association in self.ae.active_associations if association.admitted]
