"""What leaves the node has no fault that it had not before: dciodvfy (dicom3tools) is the judge."""

import subprocess
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.uid import UID
from pynetdicom import AE, build_role
from pynetdicom.events import EVT_C_STORE, Event
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelGet

from dicom_node.dataset.part10 import decode

from .sender import Message, message_of
from .stack import Stack
from .test_query import STATION
from .test_stow import file_of
from .test_syntaxes import TWELVE, address_of, message_in
from .test_web import archived

NATIVE = ["MR_small_implicit.dcm", "MR_small.dcm", "CT_small.dcm", "examples_palette.dcm"]
IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
OTHER = {IMPLICIT: EXPLICIT, EXPLICIT: IMPLICIT}
ANONYMOUS = ["MR_small.dcm", "MR_small_implicit.dcm", "MR_small_bigendian.dcm", "CT_small.dcm",
             "MR_small_jpeg_ls_lossless.dcm", "MR_small_jp2klossless.dcm"]  # fmt: skip


def sample(name: str) -> Message:
    return message_of(Path(get_testdata_file(name, download=False)))


def errors(path: Path) -> set[str]:
    """The errors that dciodvfy finds in a file; what it warns of is not looked at."""
    done = subprocess.run(
        ["dciodvfy", "-new", str(path)], capture_output=True, timeout=60, check=False
    )
    lines = (done.stdout + done.stderr).decode("utf-8", "replace").splitlines()
    assert lines, "the judge says which kind of object it is"
    return {line for line in lines if line.startswith("Error")}


def assert_no_worse(content: bytes, message: Message, directory: Path) -> None:
    before, after = directory / "before.dcm", directory / "after.dcm"
    before.write_bytes(file_of(message))
    after.write_bytes(content)
    assert errors(after) - errors(before) == set()


def test_the_judge_finds_faults(tmp_path: Path) -> None:
    message = sample("MR_small.dcm")
    message.data = message.data[8:]
    faulty = tmp_path / "faulty.dcm"
    faulty.write_bytes(file_of(message))
    assert errors(faulty)


@pytest.mark.req("ARC-4.1", part=True)
@pytest.mark.parametrize("syntax", TWELVE)
def test_a_file_fetched_by_wado_rs_has_no_new_fault(
    stack: Stack, syntax: str, tmp_path: Path
) -> None:
    message = message_in(syntax, tmp_path)
    archived(stack, message)
    answer = stack.get(address_of(stack, message.sop_instance), accept="application/dicom")
    assert_no_worse(answer.content, message, tmp_path)


def fetched(stack: Stack, message: Message, syntax: str) -> bytes:
    """The file of *message* that C-GET brings to a peer that takes *syntax* alone."""
    entity = AE(STATION)
    entity.add_requested_context(StudyRootQueryRetrieveInformationModelGet)
    entity.add_requested_context(message.sop_class, syntax)
    came: list[bytes] = []

    def keep(event: Event) -> int:
        came.append(event.encoded_dataset())
        return 0

    opened = entity.associate(
        "127.0.0.1", stack.dicom_port, ae_title="YUNYING",
        ext_neg=[build_role(UID(message.sop_class), scp_role=True)],
        evt_handlers=[(EVT_C_STORE, keep)],
    )  # fmt: skip
    ((study,),) = stack.query("SELECT study_uid FROM archive.study")
    query = Dataset()
    query.QueryRetrieveLevel, query.StudyInstanceUID = "STUDY", study
    *_, (status, _identifier) = opened.send_c_get(query, StudyRootQueryRetrieveInformationModelGet)
    opened.release()
    assert status.Status == 0
    (content,) = came
    return content


@pytest.mark.req("ARC-4.1", part=True)
@pytest.mark.parametrize("name", NATIVE)
def test_a_data_set_rewritten_for_c_get_has_no_new_fault(
    stack: Stack, name: str, tmp_path: Path
) -> None:
    message = sample(name)
    archived(stack, message)
    with stack.device(STATION, "retrieve"):
        content = fetched(stack, message, OTHER[message.syntax])
    assert decode(content)[0].syntax == OTHER[message.syntax]
    assert_no_worse(content, message, tmp_path)


@pytest.mark.parametrize("name", ANONYMOUS)
def test_an_anonymous_file_has_no_new_fault(stack: Stack, name: str, tmp_path: Path) -> None:
    message = sample(name)
    archived(stack, message)
    address = address_of(stack, message.sop_instance)
    answer = stack.get(address, accept="application/dicom", ticket=stack.ticket(anon=True))
    assert answer.status_code == 200, answer.text
    assert_no_worse(answer.content, message, tmp_path)
