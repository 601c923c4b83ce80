"""The direct data plane: the data set of a C-STORE goes from the socket to the disk.

pynetdicom 3.0.4 reads PDUs in the thread of its upper layer provider. Here that thread, while
nothing but C-STORE requests come, takes the data set out of the PDUs itself and answers itself, and
the thread that serves requests is parked. Whatever is no C-STORE request is left unread for the
stock code. PS3.7 section 9.3.1, PS3.8 section 9.3.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from pynetdicom.dul import DULServiceProvider

from dicom_node import log
from dicom_node.dimse.connection import ClosedError, Connection, PatienceError
from dicom_node.dimse.receive import Intake
from dicom_node.dimse.wire import (
    A_ABORT,
    A_RELEASE_RQ,
    IS_COMMAND,
    IS_LAST,
    MAX_COMMAND,
    P_DATA,
    PDU_HEADER,
    PDV_HEADER,
    StoreRequest,
    WireError,
    store_request,
    store_response,
)

ESTABLISHED = "Sta6"
# Of pynetdicom's state machine: the connection is closed; the peer breaks the protocol.
CLOSED, INVALID = "Evt17", "Evt19"
# The kernel takes 1024 at once.
MAX_PIECES = 512
# Bytes a second that a peer must reach on an average; a modem of 1990 does.
SLOWEST = 1024


class Store(Protocol):
    """Where the instances of one association go."""

    max_instance: int

    def begin(self, request: StoreRequest, context: int) -> Intake | None:
        """An intake for *request*; None when *context* is not one for storage."""

    def finish(self, intake: Intake) -> tuple[int, str]:
        """The status and the error comment of the answer."""


class _OtherError(Exception):
    """What comes next is for the stock code."""


class _SilentError(Exception):
    """Nothing came, and nothing was on its way."""


class DirectProvider(DULServiceProvider):  # type: ignore[misc]
    """An upper layer provider that serves C-STORE requests by itself."""

    def __init__(self, association: Any, store: Store) -> None:
        super().__init__(association)
        self._store = store
        self._pieces: list[memoryview] = []
        self._intake: Intake | None = None
        self._deadline = 0.0

    def _read_pdu_data(self) -> None:
        if self._may_take_over():
            with self._reactor_parked():
                handed_back = self._serve()
            if not handed_back:
                return
        super()._read_pdu_data()

    def _may_take_over(self) -> bool:
        """Whether nobody but this thread has anything to do with the association."""
        association = self._assoc
        return (
            self.state_machine.current_state == ESTABLISHED
            and not association.serving
            and association.dimse.message is None
            and association.dimse.msg_queue.empty()
            and self.event_queue.empty()
            and self.to_provider_queue.empty()
        )

    @contextmanager
    def _reactor_parked(self) -> Iterator[None]:
        self._assoc._reactor_checkpoint.clear()
        try:
            yield
        finally:
            # Else the time that passed here would count as silence.
            self._idle_timer.restart()
            self._assoc._reactor_checkpoint.set()

    def _serve(self) -> bool:
        """Serve C-STORE requests; True when the next PDU is there and for the stock code."""
        self.socket.look_ahead()
        problem = ""
        try:
            while self._wait():
                self._serve_one()
        except _OtherError:
            return True
        except (ClosedError, OSError):
            self.event_queue.put(CLOSED)
        except _SilentError:
            self._abort()
        except PatienceError:
            problem = "the peer is too slow"
        except WireError as error:
            problem = str(error)
        finally:
            self._drop()
        if problem:
            peer = self._assoc.requestor
            log.get().error(
                "transfer_aborted",
                reason=problem, calling_ae=peer.ae_title, address=peer.address_info.address,
            )  # fmt: skip
            self._abort()
        return False

    def _abort(self) -> None:
        self.event_queue.put(INVALID)
        # What the peer sends on is not read: it would be taken for PDUs.
        self.socket.deaf = True

    def _wait(self) -> bool:
        """Wait for the next PDU; False when this thread has something else to do first."""
        connection: Connection = self.socket
        if connection.start == connection.end:
            connection.start = connection.end = 0
        deadline = time.monotonic() + self._assoc.network_timeout
        while connection.start == connection.end:
            if self._kill_thread or not self.to_provider_queue.empty():
                return False
            if not connection.read() and time.monotonic() > deadline:
                raise _SilentError
        return True

    def _serve_one(self) -> None:
        connection: Connection = self.socket
        self._deadline = time.monotonic() + self._assoc.network_timeout
        kind, left = PDU_HEADER.unpack(self._look(PDU_HEADER.size))
        if kind != P_DATA or not PDV_HEADER.size <= left <= connection.longest:
            raise _OtherError
        head = self._look(PDU_HEADER.size + PDV_HEADER.size)
        length, context, control = PDV_HEADER.unpack_from(head, PDU_HEADER.size)
        whole = control & (IS_COMMAND | IS_LAST) == IS_COMMAND | IS_LAST
        if not whole or not 2 <= length <= min(MAX_COMMAND, left - 4):
            raise _OtherError
        size = PDU_HEADER.size + 4 + length
        request = store_request(self._look(size)[PDU_HEADER.size + PDV_HEADER.size :])
        if request is None:
            raise _OtherError
        self._intake = self._store.begin(request, context)
        if self._intake is None:
            raise _OtherError
        connection.start += size
        self._take_data_set(context, left - 4 - length)
        status, comment = self._store.finish(self._intake)
        self._intake = None
        longest = self._assoc.requestor.maximum_length or 0
        message = store_response(request, context, status, comment, longest)
        connection.answer(message, time.monotonic() + self._assoc.network_timeout)

    def _take_data_set(self, context: int, left: int) -> None:
        """Write the fragments of the data set; *left* bytes of the present PDU are unread."""
        connection: Connection = self.socket
        size, last = 0, False
        while not last:
            while not left:
                kind, left = PDU_HEADER.unpack(self._look(PDU_HEADER.size))
                if kind in (A_RELEASE_RQ, A_ABORT):
                    raise _OtherError
                if kind != P_DATA:
                    raise WireError(f"a PDU of type {kind} within a data set")
                if left > connection.longest:
                    raise WireError(f"a PDU of {left} bytes")
                connection.start += PDU_HEADER.size
            if left < PDV_HEADER.size:
                raise WireError("a PDU ends within the header of a fragment")
            length, of, control = PDV_HEADER.unpack(self._look(PDV_HEADER.size))
            if not 2 <= length <= left - 4:
                raise WireError("the length of a fragment does not fit its PDU")
            if control & IS_COMMAND or of != context:
                raise WireError("another message within a data set")
            connection.start += PDV_HEADER.size
            left -= 4 + length
            size += length - 2
            if size > self._store.max_instance:
                raise WireError(f"an instance of more than {self._store.max_instance} bytes")
            self._take(length - 2)
            last = bool(control & IS_LAST)
        if left:
            raise WireError("more fragments than the last one")
        self._flush()

    def _take(self, count: int) -> None:
        """Take the next *count* bytes as part of the data set."""
        connection: Connection = self.socket
        while count:
            if connection.start == connection.end:
                self._read()
            end = min(connection.end, connection.start + count)
            if len(self._pieces) == MAX_PIECES:
                self._flush()
            self._pieces.append(connection.buffer[connection.start : end])
            count -= end - connection.start
            connection.start = end

    def _look(self, count: int) -> memoryview:
        """The next *count* bytes, unread."""
        connection: Connection = self.socket
        while connection.end - connection.start < count:
            self._read()
        return connection.buffer[connection.start : connection.start + count]

    def _read(self) -> None:
        connection: Connection = self.socket
        if connection.end == len(connection.buffer):
            self._flush()
            connection.rewind()
        before, silence = connection.end, time.monotonic() + self._assoc.network_timeout
        while not connection.read():
            if time.monotonic() > min(self._deadline, silence) or self._kill_thread:
                raise PatienceError
        # Bytes buy time, so that a large instance may take long, but a trickle does not last.
        self._deadline += (connection.end - before) / SLOWEST
        if time.monotonic() > self._deadline:
            raise PatienceError

    def _flush(self) -> None:
        if self._pieces and self._intake is not None:
            self._intake.write(self._pieces)
        self._pieces.clear()

    def _drop(self) -> None:
        self._pieces.clear()
        if self._intake is not None:
            self._intake.discard()
            self._intake = None
