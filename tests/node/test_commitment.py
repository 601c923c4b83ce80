"""Storage commitment: a modality asks whether it may forget its images."""

import queue
from collections.abc import Iterator
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pynetdicom import AE, evt
from pynetdicom.presentation import build_role
from pynetdicom.sop_class import StorageCommitmentPushModel, StorageCommitmentPushModelInstance

from . import samples
from .sender import send
from .stack import Stack, free_port

TITLE = "MODALITY"


@pytest.fixture
def modality(stack: Stack) -> Iterator[dict[str, Any]]:
    at = {"host": "127.0.0.1", "port": free_port()}
    with stack.device(TITLE, "store", "commitment", **at) as entry:
        yield entry


class Reports:
    """A modality that listens for reports."""

    def __init__(self, port: int) -> None:
        self.arrived: queue.Queue[tuple[int, Dataset]] = queue.Queue()
        entity = AE(TITLE)
        entity.add_supported_context(StorageCommitmentPushModel, scu_role=True, scp_role=True)
        self.server = entity.start_server(
            ("127.0.0.1", port), block=False, evt_handlers=[(evt.EVT_N_EVENT_REPORT, self._take)]
        )

    def _take(self, event: Any) -> tuple[int, None]:
        self.arrived.put((event.event_type, event.event_information))
        return 0x0000, None


def ask(stack: Stack, *datasets: Dataset, title: str = TITLE) -> int | None:
    entity = AE(title)
    entity.add_requested_context(StorageCommitmentPushModel)
    opened = entity.associate(
        "127.0.0.1", stack.dicom_port, ae_title="YUNYING",
        ext_neg=[build_role(StorageCommitmentPushModel, scu_role=True)],
    )  # fmt: skip
    if not opened.accepted_contexts:
        opened.release()
        return None
    request = Dataset()
    request.TransactionUID = generate_uid()
    request.ReferencedSOPSequence = []
    for dataset in datasets:
        item = Dataset()
        item.ReferencedSOPClassUID = dataset.SOPClassUID
        item.ReferencedSOPInstanceUID = dataset.SOPInstanceUID
        request.ReferencedSOPSequence.append(item)
    status, _reply = opened.send_n_action(
        request, 1, StorageCommitmentPushModel, StorageCommitmentPushModelInstance
    )
    opened.release()
    answer: int = status.Status
    return answer


@pytest.mark.req("ARC-4.1", part=True)
def test_only_what_is_stored_is_committed(stack: Stack, modality: dict[str, Any]) -> None:
    reports = Reports(modality["port"])
    try:
        stored, never, other = samples.image(), samples.image(), samples.image()
        send(stack.dicom_port, map(samples.message, (stored, other)), "CT_A")
        assert ask(stack, stored) == 0
        kind, report = reports.arrived.get(timeout=20)
        assert kind == 1
        assert [item.ReferencedSOPInstanceUID for item in report.ReferencedSOPSequence] == [
            stored.SOPInstanceUID
        ]
        other.SOPClassUID = samples.MR
        assert ask(stack, stored, never, other) == 0
        kind, report = reports.arrived.get(timeout=20)
        assert kind == 2
        reasons = {i.ReferencedSOPInstanceUID: i.FailureReason for i in report.FailedSOPSequence}
        assert reasons == {never.SOPInstanceUID: 0x0112, other.SOPInstanceUID: 0x0119}
    finally:
        reports.server.shutdown()


def test_an_object_that_is_gone_is_not_committed(stack: Stack, modality: dict[str, Any]) -> None:
    reports = Reports(modality["port"])
    try:
        dataset = samples.image()
        send(stack.dicom_port, [samples.message(dataset)], "CT_A")
        stack.wait_archived()
        ((key,),) = stack.query("SELECT object_key FROM archive.instance")
        lost = stack.root / "store" / key
        aside = lost.rename(lost.with_suffix(".aside"))
        assert ask(stack, dataset) == 0
        assert reports.arrived.get(timeout=20)[0] == 2
        aside.rename(lost)
    finally:
        reports.server.shutdown()


def test_a_report_waits_for_its_modality_over_a_restart(
    stack: Stack, modality: dict[str, Any]
) -> None:
    dataset = samples.image()
    send(stack.dicom_port, [samples.message(dataset)], "CT_A")
    assert ask(stack, dataset) == 0
    stack.kill("receive")
    reports = Reports(modality["port"])
    try:
        stack.start("receive")
        assert reports.arrived.get(timeout=30)[0] == 1
    finally:
        reports.server.shutdown()
        stack.restart("receive")  # whose report says no more that it was killed


def test_who_has_not_the_role_is_not_answered(stack: Stack) -> None:
    assert ask(stack, samples.image(), title="CT_A") is None
