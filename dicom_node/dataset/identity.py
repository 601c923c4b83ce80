"""Who a data set is: the four UIDs, read without decoding anything else."""

from dataclasses import dataclass

from dicom_node.dataset.elements import Buffer, UnreadableError, inflate, true_syntax, walk
from dicom_node.dataset.syntax import Syntax
from dicom_node.dataset.uid import derived, is_uid

SOP_CLASS, SOP_INSTANCE, STUDY, SERIES = 0x00080016, 0x00080018, 0x0020000D, 0x0020000E
_NAMES = {
    SOP_CLASS: "SOP Class UID",
    SOP_INSTANCE: "SOP Instance UID",
    STUDY: "Study Instance UID",
    SERIES: "Series Instance UID",
}
_UID_TAGS = frozenset(_NAMES)


class InvalidUidError(Exception):
    """A UID in the data set is none; the message names the attribute."""


@dataclass(frozen=True, slots=True)
class Identity:
    """UIDs as the data set gives them; an absent one is empty."""

    sop_class: str
    sop_instance: str
    study: str
    series: str

    def completed(self, sop_class: str, sop_instance: str) -> "Identity":
        """Fill what is absent: from the command set, study and series by derivation.

        Study and Series Instance UID are type 1 in every IOD, and yet files without them exist. An
        instance without a study is a study of its own, never put into somebody else's.
        """
        instance = self.sop_instance or sop_instance
        study = self.study or derived("study", instance)
        return Identity(
            self.sop_class or sop_class,
            instance,
            study,
            self.series or derived("series", study),
        )


def identify(data: Buffer, start: int, syntax: Syntax) -> Identity:
    """Walk the whole top level, so that what is accepted can be read to its end.

    Raises `UnreadableError` and `InvalidUidError`.
    """
    if syntax.deflated:
        data, start = inflate(data, start), 0
    syntax = true_syntax(data, start, syntax)
    found: dict[int, str] = {}
    empty = True
    for element in walk(data, start, len(data), syntax):
        empty = False
        if element.tag in _UID_TAGS:
            if element.length > 1024:
                raise InvalidUidError(f"{_NAMES[element.tag]} has {element.length} bytes")
            value = bytes(data[element.value : element.value + element.length])
            found.setdefault(element.tag, value.decode("ascii", "replace").strip(" \0"))
    if empty:
        raise UnreadableError("the data set is empty")
    for tag, text in found.items():
        if text and not is_uid(text):
            raise InvalidUidError(f"{_NAMES[tag]} is not a UID")
    return Identity(*(found.get(tag, "") for tag in (SOP_CLASS, SOP_INSTANCE, STUDY, SERIES)))
