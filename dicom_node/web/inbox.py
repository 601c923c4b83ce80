"""Instances out of an HTTP request's body, each on its way to the spool while it still comes in.

Multipart bodies (RFC 2046, RFC 2387) and single ones, as PS3.18 section 8.6.1 has them.
"""

from collections.abc import Callable, Mapping

from dicom_node.dataset.elements import UnreadableError
from dicom_node.dataset.identity import Identity
from dicom_node.dataset.part10 import FileMeta, decode
from dicom_node.dataset.syntax import SYNTAXES
from dicom_node.dimse.receive import (
    CANNOT_UNDERSTAND,
    OUT_OF_RESOURCES,
    SUCCESS,
    Intake,
)
from dicom_node.web.parts import BodyError, Parts, media_type

# PS3.18 table I.2-2.
SYNTAX_NOT_SUPPORTED = 0xC122
MAX_PARTS = 10_000
# File meta information of real files has some hundred bytes.
MAX_META = 1 << 20
FIRST_LOOK = 4096
DICOM = "application/dicom"

Begin = Callable[[FileMeta], Intake]


class Outcome:
    """What became of one instance. ``status`` as a C-STORE would answer."""

    def __init__(
        self, meta: FileMeta, status: int, comment: str, identity: Identity | None
    ) -> None:
        self.sop_class = (identity.sop_class if identity else "") or meta.sop_class
        self.sop_instance = (identity.sop_instance if identity else "") or meta.sop_instance
        self.status = status
        self.comment = comment
        self.identity = identity

    @property
    def stored(self) -> bool:
        return self.status == SUCCESS


class Part:
    """One DICOM file as it comes: group 2 first, then an `Intake` for the rest."""

    def __init__(self, begin: Begin, max_size: int) -> None:
        self._begin = begin
        self._max_size = max_size
        self._head = bytearray()
        self._looked = 0
        self._size = 0
        self._meta = FileMeta()
        self._intake: Intake | None = None
        self._refusal: tuple[int, str] | None = None

    def write(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > self._max_size:
            self._refuse(OUT_OF_RESOURCES, "the instance is larger than the node takes")
        elif self._intake is not None:
            self._intake.write([data])
        elif self._refusal is None:
            self._head += data
            if len(self._head) >= max(FIRST_LOOK, 2 * self._looked):
                self._look(whole=False)

    def finish(self) -> Outcome:
        """Store it, durably, or say why not."""
        if self._intake is None and self._refusal is None:
            self._look(whole=True)
        identity = None
        if self._intake is not None:
            status, comment = self._intake.finish()
            identity = self._intake.identity
        else:
            status, comment = self._refusal or (CANNOT_UNDERSTAND, "no DICOM file")
        return Outcome(self._meta, status, comment, identity)

    def discard(self) -> None:
        if self._intake is not None:
            self._intake.discard()
            self._intake = None

    def _look(self, *, whole: bool) -> None:
        """Read group 2 if it is here as a whole, and begin the instance."""
        self._looked = len(self._head)
        try:
            meta, start = decode(bytes(self._head))
        except UnreadableError as error:
            if whole or len(self._head) > MAX_META:
                self._refuse(CANNOT_UNDERSTAND, str(error))
            return
        if start >= len(self._head) and not whole:
            if len(self._head) > MAX_META:
                self._refuse(CANNOT_UNDERSTAND, "file meta information is too long")
            return
        if meta.syntax not in SYNTAXES:
            self._meta = meta
            told = bool(meta.syntax)
            self._refuse(
                SYNTAX_NOT_SUPPORTED if told else CANNOT_UNDERSTAND,
                "the transfer syntax is not supported" if told else "no DICOM file",
            )
            return
        self._meta = meta
        self._intake = self._begin(meta)
        self._intake.write([bytes(self._head[start:])])
        self._head.clear()

    def _refuse(self, status: int, comment: str) -> None:
        self.discard()
        self._head.clear()
        if self._refusal is None:
            self._refusal = status, comment


class Body:
    """Takes a body piece by piece; `outcomes` are those of the parts that have ended."""

    def __init__(self, begin: Begin, max_size: int, boundary: str = "") -> None:
        """Without a *boundary* the body is one instance."""
        self.outcomes: list[Outcome] = []
        self._new: Callable[[], Part] = lambda: Part(begin, max_size)
        self._part: Part | None = None
        self._parts: Parts | None = None
        if boundary:
            self._parts = Parts(
                boundary,
                opening=self._open,
                begin=self._look_at,
                data=self._on_data,
                end=self._end_part,
            )
        else:
            self._part = self._new()

    def write(self, data: bytes) -> None:
        """Raises `BodyError`."""
        if self._parts is None:
            self._on_data(data)
        else:
            self._parts.write(data)

    def finish(self) -> None:
        """All has come; raises `BodyError` when that is not the end."""
        if self._parts is None:
            self._end_part()
        else:
            self._parts.finish()

    def discard(self) -> None:
        """Leave nothing behind of a part that did not end."""
        if self._part is not None:
            self._part.discard()
            self._part = None

    def _open(self) -> None:
        if len(self.outcomes) >= MAX_PARTS:
            raise BodyError(f"The body has more than {MAX_PARTS} parts.")
        self._part = self._new()

    def _look_at(self, headers: Mapping[bytes, str]) -> None:
        # The default is the type of the whole (RFC 2387 section 3.1), which was looked at.
        if media_type(headers) not in ("", DICOM):
            raise BodyError("A part is not application/dicom.")

    def _on_data(self, data: bytes) -> None:
        if self._part is not None:
            self._part.write(data)

    def _end_part(self) -> None:
        if self._part is not None:
            part, self._part = self._part, None
            self.outcomes.append(part.finish())
