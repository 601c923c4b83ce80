"""Whether a study is all there: by evidence, never by waiting."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pynetdicom import AE
from pynetdicom.sop_class import ModalityPerformedProcedureStep

from . import samples
from .sender import send
from .stack import Stack, wait_until

TITLE = "CT_STEP"


@pytest.fixture
def modality(stack: Stack) -> Iterator[None]:
    with (
        stack.device(TITLE, "store", "mpps"),
        stack.device("MR_STEP", "mpps", hospital="H002"),
    ):
        yield


class Step:
    """A procedure step of a modality."""

    def __init__(self, stack: Stack, title: str = TITLE) -> None:
        self.uid = samples.uid()
        entity = AE(title)
        entity.add_requested_context(ModalityPerformedProcedureStep)
        self.opened = entity.associate("127.0.0.1", stack.dicom_port, ae_title="YUNYING")

    def create(self, study: str, status: str = "IN PROGRESS") -> int:
        attributes = Dataset()
        attributes.PerformedProcedureStepStatus = status
        scheduled = Dataset()
        scheduled.StudyInstanceUID = study
        attributes.ScheduledStepAttributesSequence = [scheduled]
        attributes.PerformedSeriesSequence = []
        answer, _ = self.opened.send_n_create(attributes, ModalityPerformedProcedureStep, self.uid)
        return int(answer.Status)

    def end(self, status: str, *images: Dataset, uid: str = "") -> int:
        changes = Dataset()
        changes.PerformedProcedureStepStatus = status
        series = Dataset()
        series.ReferencedImageSequence = []
        for image in images:
            item = Dataset()
            item.ReferencedSOPClassUID = image.SOPClassUID
            item.ReferencedSOPInstanceUID = image.SOPInstanceUID
            series.ReferencedImageSequence.append(item)
        changes.PerformedSeriesSequence = [series]
        answer, _ = self.opened.send_n_set(changes, ModalityPerformedProcedureStep, uid or self.uid)
        return int(answer.Status)


def told(stack: Stack, uid: str, state: str, *rest: Any) -> None:
    expected = {"state": state, **dict(zip(("expected", "missing", "source"), rest, strict=False))}

    def right() -> bool:
        event = stack.portal.study(uid)
        return event is not None and expected.items() <= event["completeness"].items()

    wait_until(right, f"the portal knows that {uid} is {expected}")


def sent(stack: Stack, *datasets: Dataset) -> None:
    answers = send(stack.dicom_port, map(samples.message, datasets), "CT_A")
    assert [answer and answer.status for answer in answers] == [0] * len(datasets)
    stack.wait_archived()


@pytest.mark.req("ARC-5.9", part=True)
def test_what_nobody_told_is_unknown(stack: Stack) -> None:
    dataset = samples.image()
    sent(stack, dataset)
    told(stack, dataset.StudyInstanceUID, "unknown", None, None, "")


@pytest.mark.req("ARC-5.9", part=True)
def test_a_completed_step_says_which_images_are_missing(stack: Stack, modality: None) -> None:
    datasets = samples.slices(3)
    study = datasets[0].StudyInstanceUID
    step = Step(stack)
    assert step.create(study) == 0
    sent(stack, *datasets[:2])
    told(stack, study, "unknown")
    assert step.end("COMPLETED", *datasets) == 0
    told(stack, study, "incomplete", 3, 1, "mpps")
    sent(stack, samples.image(StudyInstanceUID=study))
    wait_until(lambda: stack.portal.study(study)["instance_count"] == 3, "another image is there")
    told(stack, study, "incomplete", 3, 1, "mpps")
    sent(stack, datasets[2])
    told(stack, study, "complete", 3, 0, "mpps")
    assert step.end("COMPLETED", *datasets) == 0x0110, "a step that has ended is not changed"
    step.opened.release()


def test_a_step_is_known_before_its_study_and_over_a_restart(stack: Stack, modality: None) -> None:
    datasets = samples.slices(2)
    study = datasets[0].StudyInstanceUID
    step = Step(stack)
    assert step.create(study) == 0
    step.opened.release()
    stack.kill("receive")
    stack.start("receive")
    stack.wait_ready("receive")
    again = Step(stack)
    assert again.end("COMPLETED", *datasets, uid=step.uid) == 0
    again.opened.release()
    stack.wait_archived()
    sent(stack, datasets[0])
    told(stack, study, "incomplete", 2, 1, "mpps")
    stack.restart("receive")  # whose report says no more that it was killed


def test_two_steps_of_a_study_are_added_up(stack: Stack, modality: None) -> None:
    datasets = samples.slices(4)
    for images in (datasets[:2], datasets[2:]):
        step = Step(stack)
        assert step.create(datasets[0].StudyInstanceUID) == 0
        assert step.end("COMPLETED", *images) == 0
        step.opened.release()
    sent(stack, *datasets[:3])
    told(stack, datasets[0].StudyInstanceUID, "incomplete", 4, 1, "mpps")


def test_a_discontinued_step_says_nothing(stack: Stack, modality: None) -> None:
    datasets = samples.slices(2)
    step = Step(stack)
    assert step.create(datasets[0].StudyInstanceUID) == 0
    assert step.end("DISCONTINUED", *datasets) == 0
    step.opened.release()
    sent(stack, datasets[0])
    told(stack, datasets[0].StudyInstanceUID, "unknown")


def test_a_step_is_its_own_hospitals(stack: Stack, modality: None) -> None:
    dataset = samples.image()
    sent(stack, dataset)
    step, foreign = Step(stack), Step(stack, "MR_STEP")
    assert step.create(dataset.StudyInstanceUID) == 0
    assert step.create(dataset.StudyInstanceUID) == 0x0111, "the same step is not made twice"
    assert foreign.end("COMPLETED", dataset, uid=step.uid) == 0x0112
    assert foreign.create(dataset.StudyInstanceUID) == 0
    assert foreign.end("COMPLETED", dataset, samples.image()) == 0
    stack.wait_archived()
    sent(stack, samples.image(StudyInstanceUID=dataset.StudyInstanceUID))
    wait_until(
        lambda: stack.portal.study(dataset.StudyInstanceUID)["instance_count"] == 2,
        "the portal knows both images",
    )
    told(stack, dataset.StudyInstanceUID, "unknown")
    for opened in (step.opened, foreign.opened):
        opened.release()


def test_nonsense_is_refused(stack: Stack, modality: None) -> None:
    step = Step(stack)
    assert step.create("1.2.x") == 0x0115
    assert step.create(samples.uid(), status="COMPLETED") == 0x0106
    assert step.end("COMPLETED") == 0x0112
    assert step.create(samples.uid()) == 0
    assert step.end("FINISHED") == 0x0106
    bad = samples.image()
    bad.SOPInstanceUID = "../1"
    assert step.end("COMPLETED", bad) == 0x0115
    step.opened.release()


def test_who_has_not_the_role_reports_no_step(stack: Stack) -> None:
    assert not Step(stack, "CT_A").opened.accepted_contexts


def test_the_order_says_how_many_images_there_will_be(stack: Stack, modality: None) -> None:
    datasets = samples.slices(3)
    study = datasets[0].StudyInstanceUID
    sent(stack, *datasets[:2])
    stack.configure(expected=[{"study_uid": study, "instances": 3}, {"study_uid": "x"}])
    told(stack, study, "incomplete", 3, 1, "ris")
    step = Step(stack)
    assert step.create(study) == 0
    assert step.end("COMPLETED", *datasets[:2]) == 0
    step.opened.release()
    told(stack, study, "complete", 2, 0, "mpps")
    stack.configure(expected=[])


def test_what_the_portal_does_not_name_any_more_holds_on(stack: Stack) -> None:
    datasets = samples.slices(2)
    study = datasets[0].StudyInstanceUID
    stack.configure(expected=[{"study_uid": study, "instances": 2}])
    sent(stack, *datasets)
    told(stack, study, "complete", 2, 0, "ris")
    stack.configure(expected=[])
    sent(stack, samples.image(StudyInstanceUID=study))
    wait_until(lambda: stack.portal.study(study)["instance_count"] == 3, "another image is there")
    told(stack, study, "complete", 2, 0, "ris")
