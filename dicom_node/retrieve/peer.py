"""Another archive, asked by C-FIND (PS3.4 annex C.4.1)."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from ssl import SSLContext
from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import UID
from pynetdicom import _config
from pynetdicom.association import Association
from pynetdicom.presentation import build_context, build_role
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelFind

from dicom_node import log
from dicom_node.dataset.uid import is_uid
from dicom_node.dimse.caller import Caller
from dicom_node.dimse.policy import Device
from dicom_node.retrieve.bounded import BoundedEntity

FIND = StudyRootQueryRetrieveInformationModelFind
# Seconds without an answer: to a question, and while instances are sent, which some archives
# first have to take from a tape.
TIMEOUT, TRANSFER_TIMEOUT = 60, 600
MAX_STUDIES = 100_000
MAX_INSTANCES = 100_000
# An instance is counted in an integer of PostgreSQL, and of the standard's IS (PS3.5 6.2).
MAX_NUMBER = (1 << 31) - 1
# Status of C-FIND (PS3.4 table C.4-1).
PENDING, OUT_OF_RESOURCES = (0xFF00, 0xFF01), 0xA700
# Result of A-ASSOCIATE-RJ (PS3.8 table 9-21).
REJECTED_PERMANENT = 1


class SourceError(Exception):
    """The other archive did not do what was asked; the message is for the operator."""


class UnreachableError(SourceError):
    """It does not answer at all, or not at this moment."""


class RefusedError(SourceError):
    """It answered that it does not do what was asked: asking again would not help."""


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
                        found[uid] = number(reply, "NumberOfStudyRelatedInstances")
                    if len(found) > MAX_STUDIES:
                        raise RefusedError(
                            f"it names more than {MAX_STUDIES} studies: narrow the retrieval down"
                        )
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
        handlers: Sequence[tuple[Any, Any]] = (),
        timeout: float = TIMEOUT,
    ) -> Iterator[Association]:
        """An association, on which it may send instances of *classes* to *handlers*.

        Whatever it sends that pynetdicom or pydicom cannot bear is a `SourceError`.
        """
        _config.LOG_HANDLER_LEVEL = "none"
        device = self.device
        entity = BoundedEntity(self.own_ae)
        entity.acse_timeout = entity.connection_timeout = 10
        entity.dimse_timeout = entity.network_timeout = timeout
        roles = [build_role(uid, scp_role=True) for uid in classes]
        association = None
        try:
            association = Caller(entity, self._tls).associate(device, contexts, roles, handlers)
            _require_established(association, device)
            yield association
        except SourceError:
            raise
        except OSError as error:
            raise UnreachableError(f"{device.ae_title} is not reached: {error}") from error
        except Exception as error:
            log.get().warning("source_misbehaved", device=device.ae_title, error=repr(error)[:300])
            raise SourceError(f"{device.ae_title}: {error}") from error
        finally:
            if association is not None and association.is_established:
                association.release()


def _require_established(association: Association, device: Device) -> None:
    if association.is_established:
        return
    rejection = association.acceptor.primitive if association.is_rejected else None
    if rejection is not None and rejection.result == REJECTED_PERMANENT:
        raise RefusedError(
            f"{device.ae_title} turns us away: {rejection.reason_str}; it has to know our AE title"
        )
    if association.is_aborted and association.rejected_contexts:
        raise RefusedError(f"{device.ae_title} does not support what was asked of it")
    raise UnreachableError(f"{device.ae_title} does not answer, or turns us away")


def number(reply: Dataset, keyword: str) -> int | None:
    """A count of the other archive; None when it is none, or greater than there can be."""
    try:
        value = int(reply[keyword].value)
    except (KeyError, TypeError, ValueError, OverflowError, ArithmeticError):
        return None
    return value if 0 <= value <= MAX_NUMBER else None


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
        elif status.Status == OUT_OF_RESOURCES:
            raise UnreachableError("it has no resources for the search at this moment")
        elif status.Status != 0:
            raise RefusedError(f"it refuses the search with status 0x{status.Status:04X}")
