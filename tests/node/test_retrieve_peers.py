"""What the retrieval does with archives that refuse, send too much, or answer nonsense."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom import AE, evt
from pynetdicom.sop_class import (
    CTImageStorage,
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
)

from dicom_node.retrieve import peer, source

from . import samples
from .stack import Stack, free_port, wait_until
from .test_retrieve import PACS, finished, retrieving, told, wanted


class Peer:
    """An archive that answers as a test wants; ``asked`` counts the searches."""

    def __init__(self, status: int = 0, **answers: Any) -> None:
        self.port = free_port()
        self.asked = 0
        self._status = status
        self._answers = answers
        self.entity = AE(PACS)
        self.entity.add_supported_context(StudyRootQueryRetrieveInformationModelFind)
        self.entity.add_supported_context(StudyRootQueryRetrieveInformationModelGet)
        self.entity.add_supported_context(CTImageStorage, scu_role=True, scp_role=True)
        self.sent: list[Dataset] = []

    def find(self, event: Any) -> Iterator[Any]:
        self.asked += 1
        if self._status:
            yield self._status, None
            return
        level = event.identifier.QueryRetrieveLevel
        for dataset in self.sent:
            reply = Dataset()
            reply.QueryRetrieveLevel = level
            for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
                setattr(reply, keyword, dataset[keyword].value)
            reply.SOPClassUID = dataset.SOPClassUID
            for keyword, value in self._answers.items():
                setattr(reply, keyword, value)
            yield 0xFF00, reply

    def get(self, _event: Any) -> Iterator[Any]:
        yield len(self.sent)
        for dataset in self.sent:
            dataset.file_meta = FileMetaDataset()
            dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
            yield 0xFF00, dataset

    @contextmanager
    def device(self, stack: Stack, **environment: str) -> Iterator["Peer"]:
        handlers = [(evt.EVT_C_FIND, self.find), (evt.EVT_C_GET, self.get)]
        server = self.entity.start_server(
            ("127.0.0.1", self.port), block=False, evt_handlers=handlers
        )
        try:
            with (
                stack.device(PACS, "store", host="127.0.0.1", port=self.port),
                retrieving(stack, **environment),
            ):
                yield self
        finally:
            server.shutdown()


@pytest.mark.parametrize("status", [0xA900, 0x0122, 0xC001])
def test_a_refused_search_is_not_repeated_for_ever(stack: Stack, status: int) -> None:
    with Peer(status).device(stack) as pacs:
        news = finished(stack, wanted(stack, patient_id="P1"), "failed", 40)
        assert f"0x{status:04X}" in news["error"]
        assert pacs.asked == 3


def test_whoever_turns_us_away_for_good_fails_the_job(stack: Stack) -> None:
    pacs = Peer()
    pacs.entity.require_calling_aet = ["ANOTHER"]
    with pacs.device(stack):
        news = finished(stack, wanted(stack, patient_id="P1"), "failed", 40)
    assert "turns us away" in news["error"]


def test_whoever_cannot_be_searched_fails_the_job(stack: Stack) -> None:
    pacs = Peer()
    pacs.entity.remove_supported_context(StudyRootQueryRetrieveInformationModelFind)
    with pacs.device(stack):
        news = finished(stack, wanted(stack, patient_id="P1"), "failed", 40)
    assert "does not support" in news["error"]


def test_a_source_that_is_short_of_resources_is_asked_again(stack: Stack) -> None:
    with Peer(0xA700).device(stack) as pacs:
        job = wanted(stack, patient_id="P1")
        wait_until(lambda: pacs.asked == 4, "it is asked again", 60)
        assert told(stack, job)["state"] == "waiting"


@pytest.mark.parametrize("count", ["99999999999", "-3"])
def test_a_count_that_cannot_be_stalls_no_job(stack: Stack, count: str) -> None:
    pacs = Peer(NumberOfStudyRelatedInstances=count)
    pacs.sent = samples.slices(2)
    with pacs.device(stack):
        news = finished(stack, wanted(stack, method="get", date_from="2026-11-01"))
    assert (news["done"], news["instances"]) == (1, 2)


def test_an_instance_too_large_is_aborted_while_it_comes(stack: Stack) -> None:
    pacs = Peer()
    large = samples.image(PixelData=bytes(5 << 20), Rows=1024, Columns=2560)
    pacs.sent = [large]
    with pacs.device(stack, YUNYING_NODE_DICOM_MAX_INSTANCE=str(1 << 20)):
        news = finished(stack, wanted(stack, method="get", date_from="2026-11-01"))
    assert news["missing"] == [large.StudyInstanceUID]
    assert news["error"] == "it sends an instance of more than 1048576 bytes"


def test_what_was_sent_with_a_warning_was_sent() -> None:
    status = Dataset()
    status.Status = 0xB000
    status.NumberOfCompletedSuboperations, status.NumberOfWarningSuboperations = 3, 2
    status.NumberOfFailedSuboperations = 0
    assert source._sent(iter([(status, None)])) == 5
    status.NumberOfFailedSuboperations = 1
    with pytest.raises(peer.RefusedError, match="1 instances not sent"):
        source._sent(iter([(status, None)]))
