"""Has another archive send instances, by C-MOVE or C-GET (PS3.4 annex C.4.2, C.4.3)."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import partial
from itertools import groupby
from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import UID
from pynetdicom.events import EVT_C_STORE
from pynetdicom.presentation import (
    PresentationContext,
    StoragePresentationContexts,
    build_context,
)
from pynetdicom.sop_class import (
    StudyRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelMove,
)

from dicom_node.dataset.part10 import FileMeta
from dicom_node.dataset.syntax import EXPLICIT_LITTLE, IMPLICIT_LITTLE, SYNTAXES
from dicom_node.dimse.receive import OUT_OF_RESOURCES, Receiver, answer
from dicom_node.retrieve.bounded import Limit
from dicom_node.retrieve.jobs import Job
from dicom_node.retrieve.peer import (
    TRANSFER_TIMEOUT,
    Listed,
    Peer,
    RefusedError,
    SourceError,
    count_of,
    number,
)

# Of 128 contexts of an association one is the query model's.
MAX_CONTEXTS = 127
# Instances that are named in one request.
MAX_NAMED = 200
# Status of C-MOVE and C-GET (PS3.4 tables C.4-2, C.4-3).
COMPLETE_WITH_WARNING = 0xB000
_NATIVE = [EXPLICIT_LITTLE.uid, IMPLICIT_LITTLE.uid]
_OTHERS = [uid for uid in SYNTAXES if uid not in _NATIVE]


class Source:
    """The device of one job."""

    def __init__(self, job: Job, peer: Peer, receiver: Receiver, max_instance: int) -> None:
        self._job = job
        self._peer = peer
        self._receiver = receiver
        self._max_instance = max_instance

    def studies(self) -> dict[str, int | None]:
        """Study Instance UID → number of instances there, None when it does not say."""
        return self._peer.studies(self._questions())

    def listed(self, study: str) -> list[Listed]:
        """What it has of *study*; empty when it does not list instances."""
        return self._peer.instances(study)

    def answers(self, study: str) -> None:
        """Raise `SourceError` when it does not answer a question about *study*."""
        self._peer.studies([count_of(study)])

    def fetch(self, study: str, listed: Sequence[Listed], stored: frozenset[str]) -> int:
        """Have it send what it has *listed* and is not *stored*; all of a study without a list.

        Returns how many instances it sent; raises `RefusedError` when it says that it did not send
        something, `SourceError` when it broke off.
        """
        wanted = [one for one in listed if one.sop not in stored]
        identifiers = _identifiers(study, listed, wanted)
        if self._job.method == "move":
            model = StudyRootQueryRetrieveInformationModelMove
            contexts = [build_context(model)]
            with self._peer.associated(contexts, timeout=TRANSFER_TIMEOUT) as association:
                return sum(
                    _sent(association.send_c_move(identifier, self._peer.own_ae, model))
                    for identifier in identifiers
                )
        model = StudyRootQueryRetrieveInformationModelGet
        contexts = _storage_contexts({one.sop_class for one in wanted})
        classes = list({UID(context.abstract_syntax) for context in contexts})
        limit = Limit(self._max_instance)
        handlers = [(EVT_C_STORE, partial(self._store, limit)), *limit.handlers]
        with self._peer.associated(
            [build_context(model), *contexts], classes, handlers, TRANSFER_TIMEOUT
        ) as association:
            try:
                return sum(_sent(association.send_c_get(one, model)) for one in identifiers)
            except SourceError:
                if limit.excess:
                    raise RefusedError(limit.excess) from None
                raise

    def _questions(self) -> Iterator[Dataset]:
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
            begin, end = (f"{day:%Y%m%d}" if day else "" for day in (first, last))
            asked.StudyDate = f"{begin}-{end}" if begin or end else ""
            yield asked
            return
        day = first
        while day <= last:
            asked.StudyDate = f"{day:%Y%m%d}"
            yield asked
            day += timedelta(days=1)

    def _store(self, limit: Limit, event: Any) -> Dataset:
        """What a C-GET brings goes the way of everything received."""
        if limit.excess:
            return answer(OUT_OF_RESOURCES, limit.excess)
        try:
            return self._taken(event)
        finally:
            limit.answered()

    def _taken(self, event: Any) -> Dataset:
        request, device = event.request, self._peer.device
        if request.DataSet.getbuffer().nbytes > self._max_instance:
            return answer(OUT_OF_RESOURCES, f"more than {self._max_instance} bytes")
        meta = FileMeta(
            sop_class=str(request.AffectedSOPClassUID),
            sop_instance=str(request.AffectedSOPInstanceUID),
            syntax=str(event.context.transfer_syntax),
            calling_ae=device.ae_title,
            called_ae=self._peer.own_ae,
            address=device.host,
        )
        intake = self._receiver.begin(device.hospital, meta)
        with request.DataSet.getbuffer() as data:
            intake.write([data])
        return answer(*intake.finish())


def _identifiers(
    study: str, listed: Sequence[Listed], wanted: Sequence[Listed]
) -> Iterator[Dataset]:
    """The fewest requests that name all of *wanted* and nothing else."""
    if len(wanted) == len(listed):
        yield _identifier("STUDY", study)
        return
    for series, group in groupby(sorted(wanted, key=lambda one: one.series), lambda o: o.series):
        names = [one.sop for one in group]
        if len(names) == sum(one.series == series for one in listed):
            yield _identifier("SERIES", study, series)
            continue
        for start in range(0, len(names), MAX_NAMED):
            yield _identifier("IMAGE", study, series, names[start : start + MAX_NAMED])


def _identifier(level: str, study: str, series: str = "", names: Sequence[str] = ()) -> Dataset:
    identifier = Dataset()
    identifier.QueryRetrieveLevel = level
    identifier.StudyInstanceUID = study
    if series:
        identifier.SeriesInstanceUID = series
    if names:
        identifier.SOPInstanceUID = list(names)
    return identifier


def _storage_contexts(classes: set[str]) -> list[PresentationContext]:
    """A context for each syntax where there is room: then each instance comes as it lies.

    In a context of several syntaxes the other archive accepts one, whatever it has stored.
    """
    if not classes or "" in classes:
        known = [str(context.abstract_syntax) for context in StoragePresentationContexts]
        return [build_context(uid, list(SYNTAXES)) for uid in known[:MAX_CONTEXTS]]
    each = [_NATIVE, *([uid] for uid in _OTHERS)]
    if len(classes) * len(each) > MAX_CONTEXTS:
        each = [_NATIVE, _OTHERS]
    contexts = [build_context(uid, list(group)) for uid in sorted(classes) for group in each]
    return contexts[:MAX_CONTEXTS]


def _sent(replies: Iterator[tuple[Dataset, Dataset | None]]) -> int:
    final = Dataset()
    for status, _identifier in replies:
        final = status
    if "Status" not in final:
        raise SourceError("it broke off")
    failed = number(final, "NumberOfFailedSuboperations") or 0
    # What came with a warning came. Without a failed one that alone is the warning's meaning.
    if failed or final.Status not in (0, COMPLETE_WITH_WARNING):
        raise RefusedError(f"status 0x{final.Status:04X}, {failed} instances not sent")
    return sum(
        number(final, f"NumberOf{kind}Suboperations") or 0 for kind in ("Completed", "Warning")
    )
