"""A sender for tests: any bytes, under any UIDs, in any syntax."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from pydicom.uid import UID
from pynetdicom import AE, _config
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.presentation import build_context

from dicom_node.dataset.identity import identify
from dicom_node.dataset.part10 import decode
from dicom_node.dataset.syntax import SYNTAXES
from dicom_node.dimse.send import reactor_parked

_config.LOG_HANDLER_LEVEL = "none"


@dataclass
class Message:
    """What is sent: ``data`` is the data set's bytes."""

    sop_class: str
    sop_instance: str
    syntax: str
    data: bytes
    name: str = ""


def message_of(path: Path) -> Message:
    """A file as a message; the data set says who it is, or else group 2."""
    content = path.read_bytes()
    meta, start = decode(content)
    found = identify(content, start, SYNTAXES[meta.syntax])
    named = found.completed(meta.sop_class, meta.sop_instance)
    return Message(named.sop_class, named.sop_instance, meta.syntax, content[start:], path.name)


@dataclass
class Answer:
    status: int
    comment: str


@contextmanager
def association(port: int, messages: Iterable[Message], calling: str, called: str) -> Iterator[Any]:
    entity = AE(calling)
    entity.dimse_timeout = 30
    kinds = sorted({(message.sop_class, message.syntax) for message in messages})
    entity.requested_contexts = [build_context(UID(kind), UID(syntax)) for kind, syntax in kinds]
    opened = entity.associate("127.0.0.1", port, ae_title=called)
    try:
        yield opened
    finally:
        if opened.is_established:
            opened.release()


def store(opened: Any, message: Message, number: int = 1) -> Answer | None:
    """Send one message; None when the association broke before an answer."""
    context = next(
        (
            context
            for context in opened.accepted_contexts
            if context.abstract_syntax == message.sop_class
            and context.transfer_syntax[0] == message.syntax
        ),
        None,
    )
    if context is None:
        return None
    request = C_STORE()
    request.MessageID = number % 65536
    request.AffectedSOPClassUID = message.sop_class
    request.AffectedSOPInstanceUID = message.sop_instance
    request.Priority = 2
    request.DataSet = BytesIO(message.data)
    with reactor_parked(opened):
        opened.dimse.send_msg(request, context.context_id)
        _number, response = opened.dimse.get_msg(block=True)
    if response is None or response.Status is None:
        return None
    return Answer(response.Status, response.ErrorComment or "")


def send(
    port: int, messages: Iterable[Message], calling: str = "CT_A", called: str = "YUNYING"
) -> list[Answer | None]:
    """Send all in one association and return an answer each."""
    messages = list(messages)
    with association(port, messages, calling, called) as opened:
        if not opened.is_established:
            return [None] * len(messages)
        return [store(opened, message, number) for number, message in enumerate(messages, 1)]
