"""Series as DICOM JSON, made once and kept compressed."""

import gzip
import json
import mmap
import zlib
from collections.abc import Sequence
from typing import Any

from dicom_node.dataset.elements import PIXEL_DATA, Buffer, inflate, true_syntax
from dicom_node.dataset.jsonmodel import JsonModel
from dicom_node.dataset.syntax import EXPLICIT_LITTLE, SYNTAXES, Syntax
from dicom_node.store.base import Store
from dicom_node.web import anonymous
from dicom_node.web.catalog import Located
from dicom_node.web.derived import Derived

LEVEL = 5


def readable(file: Buffer, instance: Located) -> tuple[Buffer, int, Syntax]:
    """The data set of a stored file: its bytes (inflated), where it starts, its true syntax."""
    syntax = SYNTAXES[instance.syntax]
    if syntax.deflated:
        return inflate(file, instance.dataset_offset), 0, EXPLICIT_LITTLE
    start = instance.dataset_offset
    return file, start, true_syntax(file, start, syntax)


def instance_json(store: Store, instance: Located, base: str, *, anon: bool) -> dict[str, Any]:
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
    store: Store, derived: Derived, instances: Sequence[Located], base: str, *, anon: bool
) -> bytes:
    """The metadata of *instances*, all of one series, as a gzipped JSON array."""
    first = instances[0]
    prefix = f"{first.series}-{'anonymous' if anon else 'named'}-"
    newest = max(instance.id for instance in instances)
    # The addresses in it change with the origin.
    address = zlib.crc32(base.encode())
    name = f"{first.study}/{prefix}{len(instances)}-{newest}-{address:08x}.json.gz"
    kept = derived.get(name)
    if kept is not None:
        return kept
    rows = [instance_json(store, instance, base, anon=anon) for instance in instances]
    text = json.dumps(rows, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    content = gzip.compress(text.encode("utf-8", "replace"), LEVEL, mtime=0)
    derived.put(name, content, supersedes=prefix)
    return content
