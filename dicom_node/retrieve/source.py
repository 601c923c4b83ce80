"""Another archive, asked by C-FIND and made to send by C-MOVE or C-GET (PS3.4 annex C)."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import UID
from pynetdicom import _config
from pynetdicom.ae import ApplicationEntity
from pynetdicom.association import Association
from pynetdicom.events import EVT_C_STORE
from pynetdicom.presentation import StoragePresentationContexts, build_context, build_role
from pynetdicom.sop_class import (
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelMove,
)

from dicom_node.dataset.part10 import FileMeta
from dicom_node.dataset.syntax import SYNTAXES
from dicom_node.dataset.uid import is_uid
from dicom_node.dimse.receive import Receiver, answer
from dicom_node.retrieve.jobs import Job

TIMEOUT = 60
MAX_STUDIES = 100_000
# Of 128 contexts of an association one is the query model's.
MAX_CLASSES = 127
PENDING = (0xFF00, 0xFF01)


class SourceError(Exception):
    """The other archive did not do what was asked; the message is for the operator."""


class Source:
    """The device of one job."""

    def __init__(self, job: Job, own_ae: str, receiver: Receiver) -> None:
        self._job = job
        self._own_ae = own_ae
        self._receiver = receiver

    def studies(self) -> dict[str, int | None]:
        """Study Instance UID → number of instances there, None when it does not say."""
        found: dict[str, int | None] = {}
        association = self._associate([build_context(StudyRootQueryRetrieveInformationModelFind)])
        try:
            for identifier in self._identifiers():
                for reply in self._find(association, identifier):
                    uid = str(reply.get("StudyInstanceUID", ""))
                    if not is_uid(uid):
                        raise SourceError("it names a study without a UID")
                    found[uid] = _count(reply.get("NumberOfStudyRelatedInstances"))
                    if len(found) > MAX_STUDIES:
                        raise SourceError(f"it names more than {MAX_STUDIES} studies")
        finally:
            _release(association)
        return found

    def fetch(self, study: str) -> int:
        """Have it send *study* and return how many instances it sent.

        Raises `SourceError` when something was not sent.
        """
        identifier = Dataset()
        identifier.QueryRetrieveLevel = "STUDY"
        identifier.StudyInstanceUID = study
        if self._job.method == "move":
            model = StudyRootQueryRetrieveInformationModelMove
            association = self._associate([build_context(model)])
            replies = association.send_c_move(identifier, self._own_ae, model)
        else:
            model = StudyRootQueryRetrieveInformationModelGet
            classes = [c.abstract_syntax for c in StoragePresentationContexts[:MAX_CLASSES]]
            contexts = [build_context(uid, list(SYNTAXES)) for uid in classes]
            association = self._associate([build_context(model), *contexts], classes)
            replies = association.send_c_get(identifier, model)
        try:
            final = Dataset()
            for status, _identifier in replies:
                final = status
        finally:
            _release(association)
        if "Status" not in final:
            raise SourceError("it broke off")
        failed = final.get("NumberOfFailedSuboperations", 0)
        if final.Status != 0 or failed:
            raise SourceError(f"status 0x{final.Status:04X}, {failed or 0} instances not sent")
        return _count(final.get("NumberOfCompletedSuboperations")) or 0

    def _identifiers(self) -> Iterator[Dataset]:
        """One question a day: some archives answer no more than so many studies at once."""
        job = self._job
        asked = Dataset()
        asked.QueryRetrieveLevel = "STUDY"
        asked.StudyInstanceUID = job.study_uid
        asked.AccessionNumber = job.accession_number
        asked.PatientID = job.patient_id
        asked.ModalitiesInStudy = job.modality
        asked.NumberOfStudyRelatedInstances = None
        first, last = job.date_from, job.date_to
        if not first or not last:
            asked.StudyDate = (
                f"{first or '':%Y%m%d}-" if first else f"-{last:%Y%m%d}" if last else ""
            )
            yield asked
            return
        day = first
        while day <= last:
            asked.StudyDate = f"{day:%Y%m%d}"
            yield asked
            day += timedelta(days=1)

    def _find(self, association: Association, identifier: Dataset) -> Iterator[Dataset]:
        model = StudyRootQueryRetrieveInformationModelFind
        for status, reply in association.send_c_find(identifier, model):
            if "Status" not in status:
                raise SourceError("it broke off the search")
            if status.Status in PENDING and reply is not None:
                yield reply
            elif status.Status != 0:
                raise SourceError(f"search refused with status 0x{status.Status:04X}")

    def _associate(self, contexts: list[Any], classes: list[UID] | None = None) -> Association:
        _config.LOG_HANDLER_LEVEL = "none"
        device = self._job.device
        entity = ApplicationEntity(self._own_ae)
        entity.acse_timeout = entity.connection_timeout = 10
        entity.dimse_timeout = entity.network_timeout = TIMEOUT
        association = entity.associate(
            device.host,
            device.port,
            contexts=contexts,
            ae_title=device.ae_title,
            ext_neg=[build_role(uid, scp_role=True) for uid in classes or ()],
            evt_handlers=[(EVT_C_STORE, self._store)],
        )
        if not association.is_established:
            raise SourceError(f"{device.ae_title} does not answer, or turns us away")
        return association

    def _store(self, event: Any) -> Dataset:
        """What a C-GET brings goes the way of everything received."""
        request, device = event.request, self._job.device
        meta = FileMeta(
            sop_class=str(request.AffectedSOPClassUID),
            sop_instance=str(request.AffectedSOPInstanceUID),
            syntax=str(event.context.transfer_syntax),
            calling_ae=device.ae_title,
            called_ae=self._own_ae,
            address=device.host,
        )
        intake = self._receiver.begin(device.hospital, meta)
        with request.DataSet.getbuffer() as data:
            intake.write([data])
        return answer(*intake.finish())


def _count(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


def _release(association: Association) -> None:
    if association.is_established:
        association.release()
