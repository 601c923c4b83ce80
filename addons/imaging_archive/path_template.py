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
    segments = template.split("/")
    if len(template) > MAX_LENGTH or len(segments) > MAX_DEPTH:
        return "long", template[:20]
    unknown = [name for name in PLACEHOLDER.findall(template) if name not in FIELDS]
    if unknown:
        return "field", f"{{{unknown[0]}}}"
    for segment in segments:
        literal = PLACEHOLDER.sub("", segment)
        if not LITERAL.fullmatch(literal) or not segment or set(segment) == {"."}:
            return "segment", segment
    missing = [name for name in REQUIRED if f"{{{name}}}" not in template]
    if missing:
        return "missing", f"{{{missing[0]}}}"
    return None if template.endswith("{instance}.dcm") else ("end", segments[-1])


def example(template, hospital):
    """What a path looks like, for an invented study of `hospital` (its code)."""
    values = {**FIELDS, "hospital": hospital}
    path = PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), template or DEFAULT)
    return f"{hospital}/{path}"
