"""The storage SCP (DICOM PS3.4 annex B): an instance is acknowledged when it is on disk."""

import contextlib
import hashlib
import threading
from collections.abc import Iterator, Sequence

from pydicom.dataset import Dataset

from dicom_node import log
from dicom_node.dataset.elements import Buffer, UnreadableError
from dicom_node.dataset.identity import Identity, InvalidUidError, identify
from dicom_node.dataset.part10 import FileMeta, encode
from dicom_node.dataset.syntax import SYNTAXES
from dicom_node.dataset.uid import is_uid
from dicom_node.spool.durable import NO_SPACE, Draft
from dicom_node.spool.quarantine import Case, Quarantine, Reason
from dicom_node.spool.spool import Spool

# C-STORE status, PS3.4 table B.2-1 and PS3.7 annex C.
SUCCESS = 0x0000
PROCESSING_FAILURE = 0x0110
REFUSED_CLASS = 0x0122
OUT_OF_RESOURCES = 0xA700
MISMATCH = 0xA900
CANNOT_UNDERSTAND = 0xC000
INVALID_UID = 0xC001
OTHER_STUDY = 0xC409

HASH_PIECE = 1 << 20


class RejectedError(Exception):
    """The instance is not taken into the archive, for *reason*."""

    def __init__(self, reason: Reason, status: int, detail: str) -> None:
        super().__init__(detail)
        self.reason: Reason = reason
        self.status = status


class Receiver:
    """Where instances go; any number may be on their way at once, from any thread."""

    def __init__(self, spool: Spool, quarantine: Quarantine) -> None:
        self.spool = spool
        self.quarantine = quarantine
        # To be judged, a deflated data set is held in memory: one at a time.
        self._inflating = threading.Lock()

    def begin(self, hospital: str, meta: FileMeta, study: str = "") -> "Intake":
        """With *study*, an instance of another study is not taken."""
        return Intake(self, hospital, meta, study)

    def identify(self, meta: FileMeta, data: Buffer, start: int) -> Identity:
        """Whether the data set from *start* on is what *meta* says; else raise `RejectedError`."""
        syntax = SYNTAXES[meta.syntax]
        try:
            with self._inflating if syntax.deflated else contextlib.nullcontext():
                identity = identify(data, start, syntax)
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
        return identity


class Intake:
    """One instance on its way: its bytes go to the disk as they come, behind group 2.

    Group 2 can be written ahead, since it repeats the request, and a data set that says otherwise
    is no instance but a case for quarantine. A disk that refuses makes `write` swallow the rest:
    the sender is told by the answer. Whoever began it calls `finish` or `discard`.
    """

    def __init__(self, receiver: Receiver, hospital: str, meta: FileMeta, study: str) -> None:
        self._receiver = receiver
        self._hospital = hospital
        self._meta = meta
        self._study = study
        # Of an instance that could be read.
        self.identity: Identity | None = None
        self._head = encode(meta)
        self._draft: Draft | None = None
        self._refusal = PROCESSING_FAILURE, ""
        with self._refusing():
            self._draft = receiver.spool.draft(hospital)
            self._draft.write([self._head])

    @property
    def path(self) -> str:
        """Where it will lie in the spool; empty when it will not."""
        return self._draft.path if self._draft is not None else ""

    def refuse(self, status: int, comment: str) -> None:
        """Keep nothing of it, and answer so."""
        self.discard()
        self._refusal = status, comment

    def write(self, pieces: Sequence[Buffer]) -> None:
        """Append to the data set."""
        if self._draft is not None:
            with self._refusing():
                self._draft.write(pieces)

    def finish(self) -> tuple[int, str]:
        """Spool what was written, or quarantine it; the C-STORE status and its error comment."""
        try:
            if self._draft is not None:
                with self._refusing():
                    return self._judge(self._draft)
        finally:
            self.discard()
        return self._refusal

    def discard(self) -> None:
        """Leave nothing behind of what was not finished."""
        if self._draft is not None:
            self._draft.discard()
            self._draft = None

    @contextlib.contextmanager
    def _refusing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            log.get().error(
                "store_failed", error=error.strerror, sop_instance=self._meta.sop_instance
            )
            if error.errno in NO_SPACE:
                self.refuse(OUT_OF_RESOURCES, "no space left to store the instance")
            else:
                self.refuse(PROCESSING_FAILURE, "the instance could not be written")

    def _judge(self, draft: Draft) -> tuple[int, str]:
        try:
            with draft.content() as content:
                self.identity = self._receiver.identify(self._meta, content, len(self._head))
        except RejectedError as rejected:
            return self._keep_aside(draft, rejected)
        if self._study and self.identity.study != self._study:
            return OTHER_STUDY, "the instance belongs to another study"
        draft.commit()
        return SUCCESS, ""

    def _keep_aside(self, draft: Draft, rejected: RejectedError) -> tuple[int, str]:
        meta, quarantine = self._meta, self._receiver.quarantine
        with draft.content() as content:
            content.seek(len(self._head))
            digest = hashlib.sha256()
            while piece := content.read(HASH_PIECE):
                digest.update(piece)
        case = Case(
            hospital=self._hospital,
            calling_ae=meta.calling_ae,
            address=meta.address,
            reason=rejected.reason,
            detail=str(rejected),
            study_uid="",
            sop_instance_uid=meta.sop_instance if is_uid(meta.sop_instance) else "",
            size=draft.size - len(self._head),
            sha256=digest.hexdigest(),
        )
        repeated = quarantine.holds(case)
        if not repeated:
            key = quarantine.put(case, draft)
            self._receiver.spool.note("quarantine", case.event(key))
            quarantine.mark(case, key)
        log.get().warning(
            "quarantined", reason=case.reason, detail=case.detail, hospital=case.hospital,
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
