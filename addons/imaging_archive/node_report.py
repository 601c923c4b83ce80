"""What the node's processes tell of themselves: docs/architecture.md, "Node → portal: reports".

Unknown keys are kept, and a value of an unexpected type is shown as absent: a display never
stands in a node's way.
"""

import json
from datetime import UTC, datetime

PROCESSES = ("receive", "archive", "retrieve", "upload", "web", "render")
MAX_SIZE = 65536
MAX_DEVICES = 5000
MAX_NUMBER = 2**53


class ReportError(ValueError):
    """The report is refused; the message names the field and the reason."""


def check(process, report):
    """The report as it is kept; raises ReportError."""
    if process not in PROCESSES:
        raise ReportError(f"process: must be one of {', '.join(PROCESSES)}")
    if not isinstance(report, dict):
        raise ReportError("report: an object is expected")
    try:
        text = json.dumps(report, allow_nan=False)
    except ValueError as error:
        raise ReportError(f"report: {error}") from error
    # A list of devices may be long; it is taken out and kept with the devices themselves.
    kept = {key: value for key, value in report.items() if key != "devices"}
    if len(text) > MAX_SIZE * 8 or len(json.dumps(kept)) > MAX_SIZE:
        raise ReportError(f"report: longer than {MAX_SIZE} characters")
    if "\\u0000" in text:
        raise ReportError("report: contains a NUL character")
    return kept


def last_images(report):
    """The last arrival (naive UTC) by AE title, of a report of `receive`."""
    devices = report.get("devices")
    if not isinstance(devices, list):
        return {}
    found = {}
    for device in devices[:MAX_DEVICES]:
        if isinstance(device, dict) and isinstance(device.get("ae_title"), str):
            at = moment(device, "last_received")
            if at:
                found[device["ae_title"]] = at
    return found


def number(report, key):
    """A finite number of the report, 0 or more; None when it is absent or no such number."""
    value = report.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return value if 0 <= value <= MAX_NUMBER else None


def text(report, key, limit=500):
    value = report.get(key)
    return value[:limit] if isinstance(value, str) else ""


def moment(report, key):
    """An instant of the report as naive UTC, never in the future; None when absent."""
    try:
        value = datetime.fromisoformat(report.get(key))
        value = value.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    except (TypeError, ValueError, OverflowError):
        return None
    return min(value, datetime.now(UTC).replace(tzinfo=None, microsecond=0))
