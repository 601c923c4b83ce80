"""The storage SCP (DICOM PS3.4 annex B): an instance is acknowledged when it is on disk."""

import errno
import hashlib

from pydicom.dataset import Dataset

from dicom_node import log
from dicom_node.dataset.elements import UnreadableError
from dicom_node.dataset.identity import Identity, InvalidUidError, identify
from dicom_node.dataset.part10 import FileMeta, encode
from dicom_node.dataset.syntax import SYNTAXES
from dicom_node.dataset.uid import is_uid
from dicom_node.spool.quarantine import Case, Quarantine, Reason
from dicom_node.spool.spool import Spool

# C-STORE status, PS3.4 table B.2-1 and PS3.7 annex C.
SUCCESS = 0x0000
PROCESSING_FAILURE = 0x0110
OUT_OF_RESOURCES = 0xA700
MISMATCH = 0xA900
CANNOT_UNDERSTAND = 0xC000
INVALID_UID = 0xC001

_NO_SPACE = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))


class RejectedError(Exception):
    """The instance is not taken into the archive, for *reason*."""

    def __init__(self, reason: Reason, status: int, detail: str) -> None:
        super().__init__(detail)
        self.reason: Reason = reason
        self.status = status


class Receiver:
    """Takes the bytes of one C-STORE request at a time, from any thread."""

    def __init__(self, spool: Spool, quarantine: Quarantine) -> None:
        self.spool = spool
        self.quarantine = quarantine

    def store(self, hospital: str, meta: FileMeta, data: memoryview) -> tuple[int, str]:
        """Spool *data*, or quarantine it; return the C-STORE status and its error comment."""
        try:
            try:
                identity = self._identify(meta, data)
            except RejectedError as rejected:
                return self._keep_aside(hospital, meta, data, rejected)
            completed = FileMeta(
                identity.sop_class,
                identity.sop_instance,
                meta.syntax,
                meta.calling_ae,
                meta.called_ae,
                meta.address,
            )
            self.spool.put(hospital, (encode(completed), data))
        except OSError as error:
            log.get().error("store_failed", error=error.strerror, sop_instance=meta.sop_instance)
            if error.errno in _NO_SPACE:
                return OUT_OF_RESOURCES, "no space left to store the instance"
            return PROCESSING_FAILURE, "the instance could not be written"
        return SUCCESS, ""

    def _identify(self, meta: FileMeta, data: memoryview) -> Identity:
        try:
            identity = identify(data, 0, SYNTAXES[meta.syntax])
        except UnreadableError as error:
            raise RejectedError("unreadable", CANNOT_UNDERSTAND, str(error)) from error
        except InvalidUidError as error:
            raise RejectedError("invalid_uid", INVALID_UID, str(error)) from error
        for name, told, found in (
            ("SOP Class UID", meta.sop_class, identity.sop_class),
            ("SOP Instance UID", meta.sop_instance, identity.sop_instance),
        ):
            if not is_uid(told):
                raise RejectedError(
                    "invalid_uid", INVALID_UID, f"{name} of the request is not a UID"
                )
            if found and found != told:
                detail = f"{name} of the request and of the data set differ"
                raise RejectedError("mismatch", MISMATCH, detail)
        return identity.completed(meta.sop_class, meta.sop_instance)

    def _keep_aside(
        self, hospital: str, meta: FileMeta, data: memoryview, rejected: RejectedError
    ) -> tuple[int, str]:
        case = Case(
            hospital=hospital,
            calling_ae=meta.calling_ae,
            address=meta.address,
            reason=rejected.reason,
            detail=str(rejected),
            study_uid="",
            sop_instance_uid=meta.sop_instance if is_uid(meta.sop_instance) else "",
            size=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
        )
        repeated = self.quarantine.holds(case)
        if not repeated:
            key = self.quarantine.put(case, (encode(meta), data))
            self.spool.note("quarantine", case.event(key))
            self.quarantine.mark(case, key)
        log.get().warning(
            "quarantined", reason=case.reason, detail=case.detail, hospital=hospital,
            calling_ae=case.calling_ae, address=case.address, repeated=repeated,
        )  # fmt: skip
        return rejected.status, str(rejected)


def answer(status: int, comment: str) -> Dataset:
    """The C-STORE response's status and Error Comment, which holds 64 characters."""
    response = Dataset()
    response.Status = status
    if comment:
        response.ErrorComment = comment[:64]
    return response
