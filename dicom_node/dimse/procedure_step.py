"""Modality performed procedure step (PS3.4 annex F): which images a modality has made.

A step that was completed is evidence of what its study holds. One that was discontinued is not:
what it has made until then may be sent or thrown away. A step is a file until long after its end,
so that it is known over a restart, and while the index is away.
"""

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset

from dicom_node import log
from dicom_node.dataset.uid import is_uid
from dicom_node.dimse.policy import MPPS, NOT_AUTHORISED, Device
from dicom_node.spool import durable
from dicom_node.spool.spool import Spool

IN_PROGRESS, COMPLETED, DISCONTINUED = "IN PROGRESS", "COMPLETED", "DISCONTINUED"
# PS3.7 annex C.
SUCCESS, INVALID_VALUE, PROCESSING_FAILURE, DUPLICATE = 0x0000, 0x0106, 0x0110, 0x0111
NO_SUCH_INSTANCE, INVALID_ARGUMENT, INVALID_INSTANCE = 0x0112, 0x0115, 0x0117
# Error ID: may no longer be updated (PS3.4 table F.7.2-2).
FINAL = 0xA710
MAX_INSTANCES = 50_000
KEPT = 60 * 86_400.0

Answer = tuple[int | Dataset, Dataset | None]


class ProcedureSteps:
    """Answers N-CREATE and N-SET, and leaves a note for the archive process."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._root = spool.root / "steps"
        self._lock = threading.Lock()

    def start(self) -> None:
        """Make the directory, and forget steps that are long over."""
        durable.make_directory(self._root, self._spool.root)
        for path in self._root.glob("*.json"):
            if path.stat().st_mtime < time.time() - KEPT:
                path.unlink(missing_ok=True)

    def create(self, event: Any) -> Answer:
        """Answer an N-CREATE: Success once the step is on disk."""
        device = _device(event)
        if device is None:
            return NOT_AUTHORISED, None
        uid = str(event.request.AffectedSOPInstanceUID or "")
        if not is_uid(uid):
            return INVALID_INSTANCE, None
        try:
            attributes = event.attribute_list
            studies = _studies(attributes)
            instances = _instances(attributes)
        except Exception as error:  # noqa: BLE001 - whatever pydicom makes of bytes from outside
            return _unreadable(error), None
        if attributes.get("PerformedProcedureStepStatus") != IN_PROGRESS:
            return INVALID_VALUE, None
        step = {
            "hospital": device.hospital, "status": IN_PROGRESS,
            "studies": studies, "instances": instances,
        }  # fmt: skip
        with self._lock:
            if self._path(uid).exists():
                return DUPLICATE, None
            return _kept(lambda: self._write(uid, step)), None

    def change(self, event: Any) -> Answer:
        """Answer an N-SET: Success once what it says is on disk."""
        device = _device(event)
        if device is None:
            return NOT_AUTHORISED, None
        try:
            changes = event.modification_list
            status = str(changes.get("PerformedProcedureStepStatus", IN_PROGRESS))
            listed = "PerformedSeriesSequence" in changes
            instances = _instances(changes)
        except Exception as error:  # noqa: BLE001 - as above
            return _unreadable(error), None
        if status not in (IN_PROGRESS, COMPLETED, DISCONTINUED):
            return INVALID_VALUE, None
        uid = str(event.request.RequestedSOPInstanceUID or "")
        with self._lock:
            step = self._step(uid, device)
            if step is None:
                return NO_SUCH_INSTANCE, None
            if step["status"] != IN_PROGRESS:
                return _final(), None
            step["status"] = status
            if listed:
                step["instances"] = instances
            return _kept(lambda: self._finish(uid, step)), None

    def _step(self, uid: str, device: Device) -> dict[str, Any] | None:
        """A step of the device's own hospital."""
        if not is_uid(uid):
            return None
        try:
            step: dict[str, Any] = json.loads(self._path(uid).read_bytes())
        except (OSError, ValueError):
            return None
        return step if step["hospital"] == device.hospital else None

    def _finish(self, uid: str, step: dict[str, Any]) -> None:
        # The note first: who gets no answer sends the change again, and the note is written twice.
        if step["status"] == COMPLETED and step["instances"] and len(step["studies"]) == 1:
            body = {
                "step": uid, "hospital": step["hospital"], "study_uid": step["studies"][0],
                "instances": step["instances"],
            }  # fmt: skip
            self._spool.note("mpps", body)
        self._write(uid, step)

    def _write(self, uid: str, step: dict[str, Any]) -> None:
        durable.replace(self._path(uid), json.dumps(step).encode())

    def _path(self, uid: str) -> Path:
        return self._root / f"{uid}.json"


def _device(event: Any) -> Device | None:
    device: Device | None = event.assoc.device
    return device if device is not None and MPPS in device.roles else None


def _studies(attributes: Dataset) -> list[str]:
    """The studies for which the step was done; of several, nobody says whose an image is."""
    items = attributes.ScheduledStepAttributesSequence
    studies = sorted({str(item.StudyInstanceUID) for item in items})
    if not studies or not all(map(is_uid, studies)):
        raise ValueError("StudyInstanceUID is none")
    return studies


def _instances(attributes: Dataset) -> list[str]:
    found: dict[str, None] = {}
    for series in attributes.get("PerformedSeriesSequence") or ():
        for keyword in (
            "ReferencedImageSequence",
            "ReferencedNonImageCompositeSOPInstanceSequence",
        ):
            for item in series.get(keyword) or ():
                found[str(item.ReferencedSOPInstanceUID)] = None
    if len(found) > MAX_INSTANCES or not all(map(is_uid, found)):
        raise ValueError("a reference is no UID, or there are too many")
    return list(found)


def _kept(write: Callable[[], None]) -> int:
    try:
        write()
    except OSError as error:
        log.get().error("procedure_step_not_kept", error=error.strerror)
        return PROCESSING_FAILURE
    return SUCCESS


def _unreadable(error: Exception) -> int:
    log.get().warning("procedure_step_unreadable", error=repr(error)[:200])
    return INVALID_ARGUMENT


def _final() -> Dataset:
    status = Dataset()
    status.Status = PROCESSING_FAILURE
    status.ErrorID = FINAL
    status.ErrorComment = "the procedure step may no longer be updated"
    return status
