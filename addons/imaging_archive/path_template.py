"""Where a hospital's objects lie: docs/architecture.md, `hospitals[].path_template`."""

import re

DEFAULT = "{yyyy}/{mm}/{dd}/{study}/{series}/{instance}.dcm"
FIELDS = {
    "hospital": "H001",
    "yyyy": "2026",
    "mm": "11",
    "dd": "24",
    "modality": "CT",
    "patient": "P100",
    "accession": "A2026112401",
    "study": "1.2.840.1.11",
    "series": "1.2.840.1.11.2",
    "instance": "1.2.840.1.11.2.7",
}
REQUIRED = ("study", "series")
MAX_LENGTH = 200
MAX_DEPTH = 12
PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
LITERAL = re.compile(r"[A-Za-z0-9._-]*")


def problem(template):
    """The kind of mistake in `template` and where it is, as (kind, part); None when it is right."""
    if len(template) > MAX_LENGTH:
        return "long", template[:20]
    unknown = [name for name in PLACEHOLDER.findall(template) if name not in FIELDS]
    if unknown:
        return "field", "{%s}" % unknown[0]  # noqa: UP031 braces
    segments = template.split("/")
    if len(segments) > MAX_DEPTH:
        return "deep", template[:20]
    for segment in segments:
        literal = PLACEHOLDER.sub("", segment)
        if not LITERAL.fullmatch(literal) or not segment or set(segment) == {"."}:
            return "segment", segment
    for name in REQUIRED:
        if "{%s}" % name not in template:  # noqa: UP031 braces
            return "missing", "{%s}" % name  # noqa: UP031 braces
    if not template.endswith("{instance}.dcm"):
        return "end", segments[-1]
    return None


def example(template, hospital):
    """What a path looks like, for an invented study of `hospital` (its code)."""
    values = {**FIELDS, "hospital": hospital}
    path = PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), template or DEFAULT)
    return f"{hospital}/{path}"
