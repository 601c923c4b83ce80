"""Where the objects of a hospital lie: a template of the path, below the hospital's code."""

import re
from datetime import datetime

from dicom_node.dataset.identity import Identity

DEFAULT = "{yyyy}/{mm}/{dd}/{study}/{series}/{instance}.dcm"
FIELDS = (
    "hospital", "yyyy", "mm", "dd", "modality", "patient", "accession", "study", "series",
    "instance",
)  # fmt: skip
MAX_TEMPLATE = 200
MAX_PART = 64
MAX_DEPTH = 12
# What file systems and S3 hold: bytes of one name, and of a whole key.
MAX_NAME = 200
MAX_KEY = 900
_FIELD = re.compile(r"\{([a-z]*)\}")
_LITERAL = re.compile(r"[A-Za-z0-9._/-]*")


class InvalidTemplateError(ValueError):
    """The template cannot be used; the message says why."""


class Layout:
    """A template that was checked: every key is unique by its UIDs, and none leaves its hospital.

    It ends in ``{instance}.dcm`` and holds ``{study}`` and ``{series}``.
    """

    def __init__(self, template: str = "") -> None:
        self.template = template or DEFAULT
        _check(self.template)

    def key(
        self,
        hospital: str,
        day: datetime,
        identity: Identity,
        *,
        modality: str = "",
        patient: str = "",
        accession: str = "",
    ) -> str:
        """The key of an instance; codes and UIDs were checked before, text is reduced here."""
        path = self.template.format(
            hospital=hospital,
            yyyy=f"{day:%Y}",
            mm=f"{day:%m}",
            dd=f"{day:%d}",
            modality=reduced(modality),
            patient=reduced(patient),
            accession=reduced(accession),
            study=identity.study,
            series=identity.series,
            instance=identity.sop_instance,
        )
        return f"{hospital}/{path}"


def reduced(text: str) -> str:
    """*text* from a file as a part of a path: ``[A-Za-z0-9._-]``, never hidden, never empty.

    It never ends like an object, so that no directory takes the place of a file.
    """
    part = re.sub(r"[^A-Za-z0-9._-]", "_", text)[:MAX_PART]
    part = re.sub(r"^\.+|\.+$", "_", part)
    return f"{part}_" if part.lower().endswith(".dcm") or not part else part


def _check(template: str) -> None:
    fields = _FIELD.findall(template)
    literal = _FIELD.sub("", template)
    if len(template) > MAX_TEMPLATE:
        raise InvalidTemplateError(f"is longer than {MAX_TEMPLATE} characters")
    if unknown := sorted(set(fields) - set(FIELDS)):
        raise InvalidTemplateError(f"has the unknown field {{{unknown[0]}}}")
    if not _LITERAL.fullmatch(literal):
        raise InvalidTemplateError("may hold letters, digits, and . _ - / beside its fields")
    if not template.endswith("/{instance}.dcm"):
        raise InvalidTemplateError("must end in /{instance}.dcm")
    if not {"study", "series"} <= set(fields):
        raise InvalidTemplateError("must hold {study} and {series}")
    parts = template.split("/")
    if len(parts) > MAX_DEPTH:
        raise InvalidTemplateError(f"is deeper than {MAX_DEPTH} directories")
    for part in parts:
        if not part or part.startswith("."):
            raise InvalidTemplateError("has a directory without a name, or a hidden one")
        if part != parts[-1] and part.lower().endswith(".dcm"):
            raise InvalidTemplateError("has a directory named like an object")
        if _longest(part) > MAX_NAME:
            raise InvalidTemplateError(f"has a directory of more than {MAX_NAME} characters")
    if _longest(template) > MAX_KEY:
        raise InvalidTemplateError(f"gives paths of more than {MAX_KEY} characters")


def _longest(template: str) -> int:
    return len(_FIELD.sub("x" * (MAX_PART + 1), template))
