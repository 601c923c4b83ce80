"""The bucket that the portal names: ``node.s3`` of its configuration (docs/architecture.md)."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_VALUES = {
    "endpoint": re.compile(r"https?://[A-Za-z0-9.:\[\]-]+"),
    "region": re.compile(r"[a-z0-9-]{0,32}"),
    "bucket": re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"),
    "prefix": re.compile(r"[A-Za-z0-9._/-]{0,200}"),
}


def bucket(document: Any) -> Mapping[str, str]:
    """Settings of [s3] by key; none when the portal names no bucket, or not as agreed."""
    node = document.get("node") if isinstance(document, dict) else None
    entry = node.get("s3") if isinstance(node, dict) else None
    if not isinstance(entry, dict):
        return {}
    values = {key: str(entry.get(key) or "") for key in _VALUES}
    if not all(form.fullmatch(values[key]) for key, form in _VALUES.items()):
        return {}
    return {key: value for key, value in values.items() if value}


def kept(cache: Path) -> Mapping[str, str]:
    """`bucket` of the configuration that the node's processes keep in *cache*."""
    try:
        return bucket(json.loads(cache.read_bytes()))
    except (OSError, ValueError, RecursionError):
        return {}
