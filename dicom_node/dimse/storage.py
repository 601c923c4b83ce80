"""The storage service (PS3.4 annex B) between an association and the receiver."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from pydicom.uid import UID
from pynetdicom.presentation import PresentationContext, build_context
from pynetdicom.service_class import ServiceClass, StorageServiceClass
from pynetdicom.sop_class import (
    ModalityPerformedProcedureStep,
    PatientRootQueryRetrieveInformationModelFind,
    PatientRootQueryRetrieveInformationModelGet,
    PatientRootQueryRetrieveInformationModelMove,
    StorageCommitmentPushModel,
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelMove,
    uid_to_service_class,
)

from dicom_node.dataset.part10 import FileMeta
from dicom_node.dataset.syntax import EXPLICIT_LITTLE, IMPLICIT_LITTLE, SYNTAXES
from dicom_node.dimse.policy import COMMITMENT, MPPS, QUERY, RETRIEVE, Device, peer_address
from dicom_node.dimse.receive import REFUSED_CLASS, SUCCESS, Intake, Receiver
from dicom_node.dimse.server import StorageAssociation
from dicom_node.dimse.tally import Tally
from dicom_node.dimse.wire import StoreRequest

QUERY_SYNTAXES = (EXPLICIT_LITTLE.uid, IMPLICIT_LITTLE.uid)
MODELS = {
    QUERY: (
        PatientRootQueryRetrieveInformationModelFind,
        StudyRootQueryRetrieveInformationModelFind,
    ),
    RETRIEVE: (
        PatientRootQueryRetrieveInformationModelGet,
        PatientRootQueryRetrieveInformationModelMove,
        StudyRootQueryRetrieveInformationModelGet,
        StudyRootQueryRetrieveInformationModelMove,
    ),
    COMMITMENT: (StorageCommitmentPushModel,),
    MPPS: (ModalityPerformedProcedureStep,),
}


class Storage:
    """What is being stored now, over all associations."""

    def __init__(self, receiver: Receiver, max_instance: int, tally: Tally) -> None:
        self.tally = tally
        self.receiver = receiver
        self.max_instance = max_instance
        self._idle = threading.Condition()
        self._busy = 0

    def of(self, association: StorageAssociation) -> "AssociationStore":
        return AssociationStore(self, association)

    @contextmanager
    def finishing(self) -> Iterator[None]:
        """Somebody is about to acknowledge an instance."""
        with self._idle:
            self._busy += 1
        try:
            yield
        finally:
            with self._idle:
                self._busy -= 1
                self._idle.notify_all()

    def wait_idle(self, seconds: float) -> None:
        """Return when nothing is being finished, after *seconds* at the latest."""
        with self._idle:
            self._idle.wait_for(lambda: not self._busy, seconds)


class AssociationStore:
    """Where the instances of one association go."""

    def __init__(self, storage: Storage, association: StorageAssociation) -> None:
        self._storage = storage
        self._association = association
        self.max_instance = storage.max_instance

    def begin(self, request: StoreRequest, context: int) -> Intake | None:
        """An intake for *request*; None when *context* is not one for storage."""
        association = self._association
        accepted = association._accepted_cx.get(context)
        if accepted is None or not is_storage(accepted.abstract_syntax):
            return None
        meta = FileMeta(
            sop_class=request.sop_class,
            sop_instance=request.sop_instance,
            syntax=str(accepted.transfer_syntax[0]),
            calling_ae=association.calling_ae,
            called_ae=association.requestor.primitive.called_ae_title.strip(),
            address=str(peer_address(association.requestor.address_info.address)),
        )
        intake = self._storage.receiver.begin(association.hospital, meta)
        device = association.device
        if device is not None and not device.takes(request.sop_class):
            # It was agreed on another class, and is sent under its context.
            intake.refuse(REFUSED_CLASS, "this SOP class is not accepted from this device")
        return intake

    def finish(self, intake: Intake) -> tuple[int, str]:
        """The status and the error comment of the answer."""
        with self._storage.finishing():
            status, comment = intake.finish()
        if status == SUCCESS:
            device = self._association.device
            self._storage.tally.received(device.ae_title if device is not None else "")
        return status, comment


def storage_contexts(
    proposed: list[PresentationContext], device: Device | None
) -> list[PresentationContext]:
    """Contexts for the storage classes among *proposed*, private and unknown ones included.

    Of each class only the syntaxes that were proposed: all others would be built for nothing. A
    device that may retrieve may take the role of an SCP in them (PS3.7 annex D.3.3.4).
    """
    fetches = device is not None and RETRIEVE in device.roles
    syntaxes: dict[UID, dict[UID, None]] = {}
    for context in proposed:
        uid = context.abstract_syntax
        if is_storage(uid) and (device is None or device.takes(uid) or fetches):
            syntaxes.setdefault(uid, {}).update(dict.fromkeys(context.transfer_syntax))
    known = [
        uid
        for uid in SYNTAXES
        if device is None or not device.transfer_syntaxes or uid in device.transfer_syntaxes
    ]
    offers = {
        # Whoever fetches says what it likes best; of a sender's syntaxes ours is the choice.
        uid: tuple(
            filter(known.__contains__, named) if fetches else filter(named.__contains__, known)
        )
        for uid, named in syntaxes.items()
    }
    return [_context(uid, offer, fetches) for uid, offer in offers.items() if offer]


def query_contexts(device: Device | None) -> list[PresentationContext]:
    """Contexts for what *device* may ask."""
    if device is None:
        return []
    models = [uid for role, uids in MODELS.items() if role in device.roles for uid in uids]
    return [_context(uid, QUERY_SYNTAXES) for uid in models]


@lru_cache(maxsize=4096)
def _context(uid: str, syntaxes: tuple[str, ...], both_roles: bool = False) -> PresentationContext:
    """An acceptor's context, which nobody changes: to build one takes 0.1 ms."""
    context = build_context(uid, list(syntaxes))
    if both_roles:
        context.scu_role = context.scp_role = True
    return context


def is_storage(uid: UID) -> bool:
    """Whether a SOP class is stored: known as storage, or known as nothing else."""
    return uid_to_service_class(uid) in (StorageServiceClass, ServiceClass)
