"""Storage commitment, push model (PS3.4 annex J): what is in the index, with its object, is ours.

A request is kept as a file until its report was delivered, so it survives the process. It is
judged once everything that came before it has left the spool: an instance that is on its way is
not yet denied.
"""

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
from pydicom.dataset import Dataset
from pynetdicom.presentation import build_context, build_role
from pynetdicom.sop_class import StorageCommitmentPushModel, StorageCommitmentPushModelInstance

from dicom_node import ident, log
from dicom_node.dataset.uid import is_uid
from dicom_node.dimse.caller import Caller
from dicom_node.dimse.index import Index
from dicom_node.dimse.policy import COMMITMENT, NOT_AUTHORISED, Device, Policy
from dicom_node.spool import durable
from dicom_node.spool.spool import Spool
from dicom_node.store.base import StoreError
from dicom_node.store.stores import Stores
from dicom_node.web.catalog import Condition

REQUEST_COMMITMENT = 1  # the only action type
SUCCESS, FAILURES_EXIST = 1, 2  # event types
# PS3.3 C.14.1.1, failure reasons.
NO_SUCH_INSTANCE, CLASS_CONFLICT = 0x0112, 0x0119
# Status of the N-ACTION, PS3.7 annex C.
DONE, PROCESSING_FAILURE, INVALID_ARGUMENT, NO_SUCH_ACTION = 0x0000, 0x0110, 0x0115, 0x0123
MAX_INSTANCES = 20_000
PAUSE = 1.0
RETRY = (5, 15, 60, 300, 900)
GIVE_UP = 7 * 86_400.0


class Commitments:
    """Keeps requests, judges them, and reports."""

    def __init__(
        self,
        index: Index,
        stores: Stores,
        spool: Spool,
        caller: Caller,
        policy: Callable[[], Policy | None],
    ) -> None:
        self._index = index
        self._stores = stores
        self._spool = spool
        self._caller = caller
        self._policy = policy
        self._root = spool.root / "commitments"
        self._due: dict[str, tuple[float, int]] = {}

    def start(self) -> None:
        durable.make_directory(self._root, self._spool.root)
        threading.Thread(target=self._run, name="commitment", daemon=True).start()

    def accept(self, event: Any) -> tuple[int, Dataset | None]:
        """Answer an N-ACTION: Success once the request is on disk."""
        device = event.assoc.device
        if device is None or COMMITMENT not in device.roles or device.port is None:
            return NOT_AUTHORISED, None
        if event.action_type != REQUEST_COMMITMENT:
            return NO_SUCH_ACTION, None
        try:
            asked = _read(event.action_information)
        except Exception as error:  # noqa: BLE001 - whatever pydicom makes of bytes from outside
            log.get().warning("commitment_unreadable", error=repr(error)[:200])
            return INVALID_ARGUMENT, None
        body = {"device": device.ae_title, **asked}
        try:
            durable.write(self._root / f"{ident.new()}.json", [json.dumps(body).encode()])
        except OSError as error:
            log.get().error("commitment_not_kept", error=error.strerror)
            return PROCESSING_FAILURE, None
        return DONE, None

    def _run(self) -> None:
        while True:
            for path in sorted(self._root.glob("*.json")):
                due, attempts = self._due.get(path.stem, (0.0, 0))
                if time.monotonic() < due:
                    continue
                try:
                    done = self._deal_with(path)
                except (psycopg.Error, OSError, StoreError, _NotDeliveredError) as error:
                    log.get().warning("commitment_put_off", error=str(error).split("\n")[0][:200])
                    pause = RETRY[min(attempts, len(RETRY) - 1)]
                    self._due[path.stem] = (time.monotonic() + pause, attempts + 1)
                    continue
                if done:
                    path.unlink(missing_ok=True)
                    self._due.pop(path.stem, None)
            time.sleep(PAUSE)

    def _deal_with(self, path: Path) -> bool:
        if self._spool.holds_before(path.stem):
            return False
        try:
            request = json.loads(path.read_bytes())
        except ValueError:
            path.rename(path.with_suffix(".damaged"))
            return False
        policy = self._policy()
        device = policy.devices.get(request["device"]) if policy else None
        age = time.time() - ident.time_of(path.stem).timestamp()
        if device is None or device.port is None:
            if age < GIVE_UP:
                raise _NotDeliveredError("the device is not known any more")
            log.get().error("commitment_given_up", device=request["device"])
            return True
        self._report(device, *self._judged(device, request))
        log.get().info("commitment_reported", device=device.ae_title)
        return True

    def _judged(self, device: Device, request: dict[str, Any]) -> tuple[int, Dataset]:
        condition = Condition()
        condition.add(
            "i.sop_uid = ANY(%(uids)s)",
            uids=[instance for _class, instance in request["instances"]],
        )
        stored = {found.sop: found for found in self._index.located(device, condition)}
        kept: list[Dataset] = []
        failed: list[Dataset] = []
        for sop_class, uid in request["instances"]:
            item = Dataset()
            item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, uid
            found = stored.get(uid)
            if found is None or not self._stores.holds(found.key, found.location):
                item.FailureReason = NO_SUCH_INSTANCE
            elif found.sop_class != sop_class:
                item.FailureReason = CLASS_CONFLICT
            (failed if "FailureReason" in item else kept).append(item)
        report = Dataset()
        report.TransactionUID = request["transaction"]
        if kept:
            report.ReferencedSOPSequence = kept
        if failed:
            report.FailedSOPSequence = failed
        return FAILURES_EXIST if failed else SUCCESS, report

    def _report(self, device: Device, event_type: int, report: Dataset) -> None:
        association = self._caller.associate(
            device,
            [build_context(StorageCommitmentPushModel)],
            [build_role(StorageCommitmentPushModel, scp_role=True)],
        )
        if not association.is_established:
            raise _NotDeliveredError(f"{device.ae_title} does not answer")
        try:
            status, _reply = association.send_n_event_report(
                report, event_type, StorageCommitmentPushModel, StorageCommitmentPushModelInstance
            )
        except (RuntimeError, ValueError) as error:
            raise _NotDeliveredError(str(error)) from error
        finally:
            if association.is_established:
                association.release()
        if status.get("Status") != 0:
            raise _NotDeliveredError(f"{device.ae_title} did not take the report")


class _NotDeliveredError(Exception):
    """The report is still to be delivered."""


def _read(information: Dataset) -> dict[str, Any]:
    """The transaction and its (class, instance) pairs, checked; raise ValueError."""
    transaction = str(information.TransactionUID)
    references = information.ReferencedSOPSequence
    if not is_uid(transaction) or not 0 < len(references) <= MAX_INSTANCES:
        raise ValueError("TransactionUID or the number of references")
    pairs = [
        (str(item.ReferencedSOPClassUID), str(item.ReferencedSOPInstanceUID)) for item in references
    ]
    if not all(is_uid(uid) for pair in pairs for uid in pair):
        raise ValueError("a reference is no UID")
    return {"transaction": transaction, "instances": pairs}
