"""Another archive, asked by C-FIND (PS3.4 annex C.4.1)."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from ssl import SSLContext
from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import UID
from pynetdicom import _config
from pynetdicom.ae import ApplicationEntity
from pynetdicom.association import Association
from pynetdicom.presentation import build_context, build_role
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelFind

from dicom_node.dataset.uid import is_uid
from dicom_node.dimse.caller import Caller
from dicom_node.dimse.policy import Device

FIND = StudyRootQueryRetrieveInformationModelFind
TIMEOUT = 60
MAX_STUDIES = 100_000
MAX_INSTANCES = 100_000
PENDING = (0xFF00, 0xFF01)


class SourceError(Exception):
    """The other archive did not do what was asked; the message is for the operator."""


class UnreachableError(SourceError):
    """It does not answer at all."""


@dataclass(frozen=True, slots=True)
class Listed:
    """An instance as the other archive lists it; ``sop_class`` empty: it does not say."""

    series: str
    sop: str
    sop_class: str


class Peer:
    """A device, asked in the name *own_ae*; *tls* is used when the device wants it."""

    def __init__(self, device: Device, own_ae: str, tls: SSLContext) -> None:
        self.device = device
        self.own_ae = own_ae
        self._tls = tls

    def studies(self, questions: Iterable[Dataset]) -> dict[str, int | None]:
        """Study Instance UID → number of instances there, None when it does not say."""
        found: dict[str, int | None] = {}
        with self.associated([build_context(FIND)]) as association:
            for question in questions:
                for reply in _find(association, question):
                    uid = str(reply.get("StudyInstanceUID", ""))
                    if not is_uid(uid):
                        raise SourceError("it names a study without a UID")
                    if _matches(reply, question):
                        found[uid] = number(reply.get("NumberOfStudyRelatedInstances"))
                    if len(found) > MAX_STUDIES:
                        raise SourceError(f"it names more than {MAX_STUDIES} studies")
        return found

    def instances(self, study: str) -> list[Listed]:
        """What it has of *study*; empty when it has nothing, or does not list instances."""
        with self.associated([build_context(FIND)]) as association:
            question = _question("SERIES", study)
            question.SeriesInstanceUID = ""
            series = {str(r.get("SeriesInstanceUID", "")) for r in _find(association, question)}
            found: dict[str, Listed] = {}
            for uid in sorted(filter(is_uid, series)):
                question = _question("IMAGE", study)
                question.SeriesInstanceUID = uid
                question.SOPInstanceUID = question.SOPClassUID = ""
                for reply in _find(association, question):
                    sop = str(reply.get("SOPInstanceUID", ""))
                    if not is_uid(sop) or len(found) > MAX_INSTANCES:
                        raise SourceError("it names an instance without a UID, or too many")
                    kind = str(reply.get("SOPClassUID", ""))
                    found[sop] = Listed(uid, sop, kind if is_uid(kind) else "")
        return list(found.values())

    @contextmanager
    def associated(
        self,
        contexts: Sequence[Any],
        classes: Sequence[UID] = (),
        store: Callable[[Any], Any] | None = None,
    ) -> Iterator[Association]:
        """An association, on which it may send instances of *classes* to *store*."""
        _config.LOG_HANDLER_LEVEL = "none"
        device = self.device
        entity = ApplicationEntity(self.own_ae)
        entity.acse_timeout = entity.connection_timeout = 10
        entity.dimse_timeout = entity.network_timeout = TIMEOUT
        roles = [build_role(uid, scp_role=True) for uid in classes]
        association = Caller(entity, self._tls).associate(device, contexts, roles, store)
        if not association.is_established:
            raise UnreachableError(f"{device.ae_title} does not answer, or turns us away")
        try:
            yield association
        except (ValueError, RuntimeError) as error:
            raise SourceError(f"{device.ae_title}: {error}") from error
        finally:
            if association.is_established:
                association.release()


def number(value: Any) -> int | None:
    """A count of the other archive; None when it is none."""
    try:
        return max(0, int(value))
    except (TypeError, ValueError):
        return None


def count_of(study: str) -> Dataset:
    """The question how many instances *study* has."""
    question = _question("STUDY", study)
    question.NumberOfStudyRelatedInstances = None
    return question


def _question(level: str, study: str) -> Dataset:
    question = Dataset()
    question.QueryRetrieveLevel = level
    question.StudyInstanceUID = study
    return question


def _matches(reply: Dataset, question: Dataset) -> bool:
    """Some archives ignore a key that they do not support, and would send everything."""
    for keyword in ("StudyInstanceUID", "AccessionNumber", "PatientID"):
        asked, told = str(question.get(keyword) or ""), str(reply.get(keyword) or "")
        if asked and told and asked != told.strip():
            return False
    asked, modalities = question.get("ModalitiesInStudy"), reply.get("ModalitiesInStudy")
    if asked and modalities:
        told_all = [modalities] if isinstance(modalities, str) else list(modalities)
        return asked in told_all
    return True


def _find(association: Association, identifier: Dataset) -> Iterator[Dataset]:
    for status, reply in association.send_c_find(identifier, FIND):
        if "Status" not in status:
            raise SourceError("it broke off the search")
        if status.Status in PENDING and reply is not None:
            yield reply
        elif status.Status != 0:
            raise SourceError(f"search refused with status 0x{status.Status:04X}")
