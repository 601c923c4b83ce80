"""A storage SCU: sends files as they lie, each in its own transfer syntax."""

import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from pydicom.uid import UID
from pynetdicom import _config
from pynetdicom.ae import ApplicationEntity
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.presentation import PresentationContext, build_context

from dicom_node.dataset.elements import UnreadableError
from dicom_node.dataset.identity import InvalidUidError, identify
from dicom_node.dataset.part10 import FileMeta, decode
from dicom_node.dataset.syntax import IMPLICIT_LITTLE, SYNTAXES

MAX_CONTEXTS = 128


class NotSentError(Exception):
    """A file was not sent, or not accepted; the message says why."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A file's data set begins at ``start``."""

    path: Path
    meta: FileMeta
    start: int

    def read(self) -> bytes:
        """The data set, as it lies."""
        with self.path.open("rb") as file:
            file.seek(self.start)
            return file.read()

    @property
    def kind(self) -> tuple[str, str]:
        return self.meta.sop_class, self.meta.syntax


def run(paths: list[Path], host: str, port: int, calling_ae: str, called_ae: str) -> int:
    """``dicom-node send``: 0 when every file was accepted."""
    outgoing, problems = [], 0
    for path in _files(paths):
        try:
            outgoing.append(prepare(path))
        except (OSError, UnreadableError, InvalidUidError) as error:
            problems += 1
            print(f"{path}: not sent: {error}", file=sys.stderr)
    accepted = 0
    for batch in _batches(outgoing):
        for path, problem in send(batch, host, port, calling_ae, called_ae):
            if problem:
                problems += 1
                print(f"{path}: {problem}", file=sys.stderr)
            else:
                accepted += 1
    print(f"accepted {accepted}, refused {problems}")
    return 1 if problems else 0


def prepare(path: Path) -> Outgoing:
    """Read what an association needs to know of *path*."""
    data = path.read_bytes()
    meta, start = decode(data)
    syntax = meta.syntax or IMPLICIT_LITTLE.uid
    if syntax not in SYNTAXES:
        raise UnreadableError(f"transfer syntax {syntax!r} is not known")
    # Group 2 may name another instance than the data set, which is what is sent.
    found = identify(data, start, SYNTAXES[syntax])
    named = found.completed(meta.sop_class, meta.sop_instance)
    return Outgoing(path, FileMeta(named.sop_class, named.sop_instance, syntax), start)


def send(
    batch: Iterable[Outgoing], host: str, port: int, calling_ae: str, called_ae: str
) -> Iterator[tuple[Path, str]]:
    """Send *batch* in one association; yield each path with what went wrong, or nothing."""
    batch = list(batch)
    kinds = sorted({item.kind for item in batch})
    _config.LOG_HANDLER_LEVEL = "none"
    entity = ApplicationEntity(calling_ae)
    entity.requested_contexts = [build_context(UID(a), UID(syntax)) for a, syntax in kinds]
    association = entity.associate(host, port, ae_title=called_ae)
    try:
        accepted = {
            (str(context.abstract_syntax), str(context.transfer_syntax[0])): context
            for context in association.accepted_contexts
        }
        for number, item in enumerate(batch, 1):
            try:
                _store(association, accepted, item, number % 65536)
            except NotSentError as error:
                yield item.path, str(error)
            else:
                yield item.path, ""
    finally:
        if association.is_established:
            association.release()


def _store(
    association: Association,
    accepted: dict[tuple[str, str], PresentationContext],
    item: Outgoing,
    number: int,
) -> None:
    if not association.is_established:
        reason = "was rejected" if association.is_rejected else "is not there"
        raise NotSentError(f"not sent: the association {reason}")
    context = accepted.get(item.kind)
    if context is None:
        raise NotSentError(f"not sent: the peer does not take {item.kind}")
    response = send_bytes(association, context, item, number)
    if response.Status != 0:
        comment = response.ErrorComment or ""
        raise NotSentError(f"refused with status 0x{response.Status:04X} {comment}".rstrip())


def send_bytes(
    association: Association, context: PresentationContext, item: Outgoing, number: int
) -> C_STORE:
    """One C-STORE of *item* on an association of ours; return the response."""
    with reactor_parked(association):
        return exchange(association, context, item, item.read(), number)


def exchange(
    association: Association,
    context: PresentationContext,
    item: Outgoing,
    data: bytes,
    number: int,
    originator: tuple[str, int] | None = None,
) -> C_STORE:
    """Send *data*, never decoded, as the instance *item*; return the response.

    pynetdicom's ``send_c_store`` re-encodes a data set; here what arrives is what lies on disk.
    Nobody else may take messages of the association meanwhile. *originator* is who asked for a
    C-MOVE, and under which message id (PS3.7 section 9.1.1.1).
    """
    request = C_STORE()
    request.MessageID = number % 65_536
    request.AffectedSOPClassUID = item.meta.sop_class
    request.AffectedSOPInstanceUID = item.meta.sop_instance
    request.Priority = 0x02
    if originator is not None:
        request.MoveOriginatorApplicationEntityTitle, request.MoveOriginatorMessageID = originator
    request.DataSet = BytesIO(data)
    association.dimse.send_msg(request, context.context_id)
    _context, response = association.dimse.get_msg(block=True)
    if response is None:
        raise NotSentError("not sent: the peer does not answer")
    return response


class _Checkpoint(threading.Event):
    """pynetdicom's checkpoint, that tells when somebody really waits at it."""

    blocks = False

    def set(self) -> None:
        # Here and not after waiting: whoever waited may wake up late.
        self.blocks = False
        super().set()

    def wait(self, timeout: float | None = None) -> bool:
        self.blocks = not self.is_set()
        return super().wait(timeout)


@contextmanager
def reactor_parked(association: Association) -> Iterator[None]:
    """Nobody else takes an answer meanwhile.

    pynetdicom's own ``_is_paused`` is true also of a reactor that has just passed its checkpoint:
    it would take the answer of a peer that is quick, and throw it away.
    """
    if not isinstance(association._reactor_checkpoint, _Checkpoint):
        passable, association._reactor_checkpoint = association._reactor_checkpoint, _Checkpoint()
        passable.set()
    checkpoint: _Checkpoint = association._reactor_checkpoint
    checkpoint.clear()
    while not checkpoint.blocks and association.is_established:
        time.sleep(0.0001)
    try:
        yield
    finally:
        checkpoint.set()


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(found for found in path.rglob("*") if found.is_file())
        else:
            yield path


def _batches(outgoing: list[Outgoing]) -> Iterator[list[Outgoing]]:
    """Files in order, cut where an association's presentation contexts are used up."""
    batch: list[Outgoing] = []
    kinds: set[tuple[str, str]] = set()
    for item in outgoing:
        if item.kind not in kinds and len(kinds) == MAX_CONTEXTS:
            yield batch
            batch, kinds = [], set()
        kinds.add(item.kind)
        batch.append(item)
    if batch:
        yield batch
