"""Series as DICOM JSON, made once and kept compressed."""

import gzip
import hashlib
import io
import json
import mmap
from collections.abc import Sequence
from typing import Any

from pydicom.datadict import tag_for_keyword

from dicom_node.archive.located import Located
from dicom_node.dataset.elements import PIXEL_DATA, Buffer, inflate, true_syntax
from dicom_node.dataset.jsonmodel import JsonModel
from dicom_node.dataset.syntax import EXPLICIT_LITTLE, SYNTAXES, Syntax
from dicom_node.store.base import Readable
from dicom_node.web import anonymous
from dicom_node.web.allowed import TAGS
from dicom_node.web.derived import Derived

LEVEL = 5
# To be changed when the same file is to give other metadata: what is kept is then made anew.
EDITION = 2


def readable(file: Buffer, instance: Located) -> tuple[Buffer, int, Syntax]:
    """The data set of a stored file: its bytes (inflated), where it starts, its true syntax."""
    syntax = SYNTAXES[instance.syntax]
    if syntax.deflated:
        return inflate(file, instance.dataset_offset), 0, EXPLICIT_LITTLE
    start = instance.dataset_offset
    return file, start, true_syntax(file, start, syntax)


def instance_json(store: Readable, instance: Located, base: str, *, anon: bool) -> dict[str, Any]:
    """One instance's metadata; ``base`` is the address of the service."""
    with (
        store.open(instance.key) as stream,
        mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as file,
    ):
        data, start, syntax = readable(file, instance)
        if anon:
            data, start = anonymous.rewrite(data, start, len(data), syntax), 0
        address = (
            f"{base}/studies/{instance.study}/series/{instance.series}"
            f"/instances/{instance.sop}/bulkdata"
        )
        result = JsonModel(data, syntax, address).convert(start, len(data))
    if anon and instance.frames:
        result["7FE00010"] = {"vr": "OW", "BulkDataURI": f"{address}/{PIXEL_DATA:08X}"}
    _complete(result, instance)
    return dict(sorted(result.items()))


def first_value(said: dict[str, Any], keyword: str) -> str:
    """The first value of an attribute in DICOM JSON, as text."""
    element = said.get(f"{tag_for_keyword(keyword):08X}", {})
    value = (element.get("Value") or [""])[0]
    if isinstance(value, dict):
        groups = ("Alphabetic", "Ideographic", "Phonetic")
        return "=".join(str(value.get(group, "")) for group in groups).rstrip("=")
    return str(value or "")


def _complete(result: dict[str, Any], instance: Located) -> None:
    """What the file itself may lack, and a client needs to find its way."""
    for tag, value in (
        ("00080016", instance.sop_class),
        ("00080018", instance.sop),
        ("0020000D", instance.study),
        ("0020000E", instance.series),
    ):
        result[tag] = {"vr": "UI", "Value": [value]}
    result["00083002"] = {"vr": "UI", "Value": [instance.syntax]}


def series_json(
    store: Readable, derived: Derived, instances: Sequence[Located], base: str, *, anon: bool
) -> bytes:
    """The metadata of *instances*, all of one series, as a gzipped JSON array."""
    first = instances[0]
    prefix = f"{first.series}-{'anonymous' if anon else 'named'}-"
    name = f"{first.study}/{prefix}{_made_of(instances, base, anon=anon)}.json.gz"
    kept = derived.get(name)
    if kept is not None:
        return kept
    content = io.BytesIO()
    with gzip.GzipFile(fileobj=content, mode="wb", compresslevel=LEVEL, mtime=0) as array:
        for number, instance in enumerate(instances):
            row = instance_json(store, instance, base, anon=anon)
            text = json.dumps(row, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
            array.write(b"," if number else b"[")
            array.write(text.encode("utf-8", "replace"))
        array.write(b"]")
    derived.put(name, content.getvalue(), supersedes=prefix)
    return content.getvalue()


def _made_of(instances: Sequence[Located], base: str, *, anon: bool) -> str:
    """A digest of all that the metadata depends on: also what an anonymous ticket may see."""
    allowed = sorted(TAGS) if anon else ()
    parts = (EDITION, base, *allowed, *(instance.sop for instance in instances))
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:32]
