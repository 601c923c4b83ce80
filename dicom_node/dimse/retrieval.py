"""C-MOVE and C-GET (PS3.4 annex C.4.2, C.4.3): stored instances leave as they lie.

pynetdicom's own service decodes every instance and encodes it anew; here its bytes are sent, and
only what a peer does not take in the syntax in which it is stored is rewritten, between explicit
and implicit VR little endian. Whatever cannot be sent is counted as failed, and named.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import psycopg
from pydicom.dataset import Dataset
from pydicom.filereader import dcmread
from pydicom.uid import UID
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_GET, C_MOVE
from pynetdicom.dsutils import decode, encode
from pynetdicom.presentation import PresentationContext, build_context

from dicom_node import log
from dicom_node.archive.located import Located
from dicom_node.dataset.part10 import FileMeta
from dicom_node.dataset.syntax import EXPLICIT_LITTLE, IMPLICIT_LITTLE
from dicom_node.dimse.caller import Caller
from dicom_node.dimse.find import IdentifierError, keys
from dicom_node.dimse.index import Index, ticket
from dicom_node.dimse.policy import Device, Policy, peer_address
from dicom_node.dimse.send import MAX_CONTEXTS, NotSentError, Outgoing, exchange, reactor_parked
from dicom_node.dimse.server import StorageAssociation
from dicom_node.store.stores import Stores
from dicom_node.web.problem import Problem
from dicom_node.web.query import parse

# Status of C-MOVE and C-GET, PS3.4 tables C.4-2 and C.4-3.
SUCCESS, PENDING, CANCEL, WARNING = 0x0000, 0xFF00, 0xFE00, 0xB000
NO_SUB_OPERATIONS, UNKNOWN_DESTINATION, WRONG_IDENTIFIER, UNABLE = 0xA702, 0xA801, 0xA900, 0xC001
MAX_INSTANCES = 100_000
# An instance that is rewritten is held in memory.
MAX_REWRITTEN = 512 << 20

_NATIVE_LITTLE = (EXPLICIT_LITTLE.uid, IMPLICIT_LITTLE.uid)
_UNIQUE = {
    "PATIENT": ("PatientID",),
    "STUDY": ("StudyInstanceUID",),
    "SERIES": ("StudyInstanceUID", "SeriesInstanceUID"),
    "IMAGE": ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"),
}


class RefusedError(Exception):
    """The whole request cannot be done; ``status`` is its answer."""

    def __init__(self, status: int, comment: str) -> None:
        super().__init__(comment)
        self.status = status


@dataclass(slots=True)
class Progress:
    """Sub-operations of one request (PS3.7 section 9.1.3.1)."""

    remaining: int
    completed: int = 0
    failed: list[str] = field(default_factory=list)


class Retrieval:
    """Serves requests of devices with the role ``retrieve``, one at a time an association."""

    def __init__(self, index: Index, stores: Stores, caller: Caller) -> None:
        self._index = index
        self._stores = stores
        self._caller = caller

    def serve(
        self, association: StorageAssociation, policy: Policy, request: Any, context: Any
    ) -> None:
        """Do what *request* (C_GET or C_MOVE) asks, and answer it to the end."""
        progress = Progress(0)
        device = association.device
        try:
            if device is None:
                raise RefusedError(UNABLE, "unknown device")
            found = self._found(device, request, context)
            progress.remaining = len(found)
            address = str(peer_address(association.requestor.address_info.address))
            studies = sorted({instance.study for instance in found})
            self._index.record(device, address, studies, "instance")
            with self._peer(association, policy, device, request, found) as peer:
                status = self._send_all(association, request, context, peer, found, progress)
        except RefusedError as error:
            self._answer(association, request, context, error.status, progress, str(error))
            return
        except (psycopg.Error, OSError) as error:
            log.get().error(
                "retrieval_failed", calling_ae=association.calling_ae, error=type(error).__name__
            )
            self._answer(association, request, context, UNABLE, progress, "the archive is away")
            return
        self._answer(association, request, context, status, progress)

    def _found(self, device: Device, request: Any, context: Any) -> list[Located]:
        syntax = UID(context.transfer_syntax[0])
        try:
            identifier = decode(request.Identifier, syntax.is_implicit_VR, syntax.is_little_endian)
            level = str(identifier.get("QueryRetrieveLevel", "")).strip()
            if level not in _UNIQUE:
                raise IdentifierError(
                    "QueryRetrieveLevel: is none of PATIENT, STUDY, SERIES, IMAGE"
                )
            named = dict(keys(identifier))
            wanted = {keyword: named.get(keyword, "") for keyword in _UNIQUE[level]}
            for keyword, value in wanted.items():
                # Unique keys only: no wildcards, and no emptiness that would mean everything.
                if not value or "*" in value or "?" in value:
                    raise IdentifierError(f"{keyword}: is missing or a wildcard")
            query = parse("instances", wanted.items(), ticket(device))
        except (IdentifierError, Problem) as error:
            raise RefusedError(WRONG_IDENTIFIER, str(error)) from error
        except Exception as error:
            raise RefusedError(WRONG_IDENTIFIER, "the identifier cannot be read") from error
        found = self._index.located(device, query.condition)
        if len(found) > MAX_INSTANCES:
            raise RefusedError(NO_SUB_OPERATIONS, f"more than {MAX_INSTANCES} instances")
        return found

    @contextmanager
    def _peer(
        self,
        association: StorageAssociation,
        policy: Policy,
        device: Device,
        request: Any,
        found: Sequence[Located],
    ) -> "Iterator[_Same | _Other]":
        """What to send on: of a C-GET its own association, of a C-MOVE one with its destination."""
        if isinstance(request, C_GET):
            yield _Same(association)
            return
        title = str(request.MoveDestination or "").strip()
        target = policy.devices.get(title)
        if target is None or target.hospital != device.hospital or target.port is None:
            raise RefusedError(UNKNOWN_DESTINATION, "the destination is not known here")
        other = _Other(self._caller, target, found)
        try:
            yield other
        finally:
            other.close()

    def _send_all(
        self,
        association: StorageAssociation,
        request: Any,
        context: Any,
        peer: "_Same | _Other",
        found: Sequence[Located],
        progress: Progress,
    ) -> int:
        for number, instance in enumerate(found, 1):
            if not association.is_established:
                return UNABLE
            if request.MessageID in association.dimse.cancel_req:
                return CANCEL
            try:
                self._send(peer, request, association, instance, number)
                progress.completed += 1
            except (NotSentError, OSError) as error:
                log.get().warning(
                    "sub_operation_failed", calling_ae=association.calling_ae,
                    sop_instance=instance.sop, detail=str(error)[:200],
                )  # fmt: skip
                progress.failed.append(instance.sop)
            progress.remaining -= 1
            if progress.remaining:
                self._answer(association, request, context, PENDING, progress)
        if progress.failed and not progress.completed:
            return NO_SUB_OPERATIONS
        return WARNING if progress.failed else SUCCESS

    def _send(
        self,
        peer: "_Same | _Other",
        request: Any,
        association: StorageAssociation,
        instance: Located,
        number: int,
    ) -> None:
        path = self._stores.local(instance.key)
        meta = FileMeta(instance.sop_class, instance.sop, instance.syntax)
        item = Outgoing(path, meta, instance.dataset_offset)
        context = peer.context(instance)
        data = item.read()
        agreed = str(context.transfer_syntax[0])
        if agreed != instance.syntax:
            data = _rewritten(item, UID(agreed))
        originator = None
        if isinstance(request, C_MOVE):
            originator = (association.calling_ae, int(request.MessageID))
        response = peer.exchange(context, item, data, number, originator)
        if response.Status != 0 and response.Status >> 12 != 0xB:
            raise NotSentError(f"refused with status 0x{response.Status:04X}")

    def _answer(
        self,
        association: StorageAssociation,
        request: Any,
        context: Any,
        status: int,
        progress: Progress,
        comment: str = "",
    ) -> None:
        if not association.is_established:
            return
        response = type(request)()
        response.MessageIDBeingRespondedTo = request.MessageID
        response.AffectedSOPClassUID = request.AffectedSOPClassUID
        response.Status = status
        if comment:
            response.ErrorComment = comment[:64]
        if status in (PENDING, CANCEL):
            response.NumberOfRemainingSuboperations = min(progress.remaining, 65_535)
        response.NumberOfCompletedSuboperations = min(progress.completed, 65_535)
        response.NumberOfFailedSuboperations = min(len(progress.failed), 65_535)
        response.NumberOfWarningSuboperations = 0
        # dcmtk's getscu reads no list after a refusal.
        if status in (WARNING, CANCEL) and progress.failed:
            syntax = UID(context.transfer_syntax[0])
            named = Dataset()
            named.FailedSOPInstanceUIDList = progress.failed
            encoded = encode(named, syntax.is_implicit_VR, syntax.is_little_endian)
            response.Identifier = BytesIO(encoded or b"")
        association.dimse.send_msg(response, context.context_id)


class _Same:
    """The association of a C-GET, on which the requestor is a storage SCP too."""

    def __init__(self, association: StorageAssociation) -> None:
        self._association = association

    def context(self, instance: Located) -> PresentationContext:
        accepted = [context for context in self._association.accepted_contexts if context.as_scu]
        return _choose(accepted, instance)

    def exchange(
        self, context: Any, item: Outgoing, data: bytes, number: int, originator: Any
    ) -> Any:
        # The reactor is this very thread: nobody else takes the answer.
        return exchange(self._association, context, item, data, number, originator)


class _Other:
    """An association with the destination of a C-MOVE."""

    def __init__(self, caller: Caller, target: Device, found: Sequence[Located]) -> None:
        contexts: dict[tuple[str, str], PresentationContext] = {}
        for instance in found:
            offered = {instance.syntax}
            if instance.syntax in _NATIVE_LITTLE:
                offered.update(_NATIVE_LITTLE)
            for syntax in offered:
                kind = (instance.sop_class, syntax)
                contexts.setdefault(kind, build_context(UID(kind[0]), UID(syntax)))
        if len(contexts) > MAX_CONTEXTS:
            raise RefusedError(NO_SUB_OPERATIONS, "too many kinds of instances at once")
        self._association: Association | None = None
        if not contexts:
            return
        self._association = caller.associate(target, list(contexts.values()))
        if not self._association.is_established:
            raise RefusedError(UNKNOWN_DESTINATION, "the destination does not answer")

    def context(self, instance: Located) -> PresentationContext:
        if self._association is None or not self._association.is_established:
            raise NotSentError("the destination has ended the association")
        return _choose(self._association.accepted_contexts, instance)

    def exchange(
        self, context: Any, item: Outgoing, data: bytes, number: int, originator: Any
    ) -> Any:
        with reactor_parked(self._association):
            return exchange(self._association, context, item, data, number, originator)

    def close(self) -> None:
        if self._association is not None and self._association.is_established:
            self._association.release()


def _choose(accepted: Sequence[Any], instance: Located) -> PresentationContext:
    """The context with the stored syntax, or one into which the instance can be rewritten."""
    same = [c for c in accepted if str(c.abstract_syntax) == instance.sop_class]
    for context in same:
        if str(context.transfer_syntax[0]) == instance.syntax:
            return context
    if instance.syntax in _NATIVE_LITTLE:
        for context in same:
            if str(context.transfer_syntax[0]) in _NATIVE_LITTLE:
                return context
    raise NotSentError(f"the peer does not take {instance.sop_class} as {instance.syntax}")


def _rewritten(item: Outgoing, syntax: UID) -> bytes:
    """The data set in the other of explicit and implicit VR little endian."""
    if item.path.stat().st_size > MAX_REWRITTEN:
        raise NotSentError("too large to be rewritten")
    try:
        encoded: bytes | None = encode(
            dcmread(item.path), syntax.is_implicit_VR, syntax.is_little_endian
        )
    except Exception as error:
        raise NotSentError(f"cannot be rewritten: {type(error).__name__}") from error
    if not encoded:
        raise NotSentError("cannot be rewritten")
    return encoded
