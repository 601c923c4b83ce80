"""The codes of hospitals, which name directories of the spool and the store."""

import os
import re
from pathlib import PureWindowsPath

UNKNOWN = "UNKNOWN"
_CODE = re.compile(r"[A-Z0-9_-]{1,16}")


def is_code(text: str) -> bool:
    """Whether *text* is a hospital's code: no code is a path, nor a name that the node uses.

    On Windows neither is a device such as CON or COM1.
    """
    return _CODE.fullmatch(text) is not None and not (os.name == "nt" and is_device(text))


def is_device(text: str) -> bool:
    """Whether Windows takes a file name for a device."""
    return PureWindowsPath(text).is_reserved()
