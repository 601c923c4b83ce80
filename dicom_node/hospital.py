"""The codes of hospitals, which name directories of the spool and the store."""

import re

UNKNOWN = "UNKNOWN"
_CODE = re.compile(r"[A-Z0-9_-]{1,16}")


def is_code(text: str) -> bool:
    """Whether *text* is a hospital's code: no code is a path, nor a name that the node uses."""
    return _CODE.fullmatch(text) is not None
