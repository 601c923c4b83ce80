"""What a modality sends is in the portal's list, whole, soon and once."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pydicom
import pytest

from e2e.modality import ct_study

FIELDS = ("series_count", "instance_count", "duplicate_count", "accession_number", "hospital_id")


def _wait_for(condition, seconds=5.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.1)
    return condition()


@pytest.mark.req("GEN-2", part=True)
@pytest.mark.req("ARC-4.2", part=True)
def test_study_is_listed_with_its_counts_within_five_seconds(tmp_path, send, portal):
    study, files = ct_study(tmp_path, 12, PatientID="E2E-1", AccessionNumber="ARRIVE1")
    result = send(files, "CT_A")
    assert result.returncode == 0, result.stdout + result.stderr
    doctor = portal("radiologist")
    (row,) = _wait_for(
        lambda: doctor.studies(
            ["study_uid", "=", study], ["instance_count", "=", 12], fields=FIELDS
        )
    )
    assert row["series_count"] == 1
    assert row["accession_number"] == "ARRIVE1"


@pytest.mark.req("ARC-5.8")
def test_a_busy_hour_is_archived_as_fast_as_it_comes(tmp_path, send, portal):
    """Four scanners at once, CT slices of the usual size: nothing queues up behind them."""
    sent = []
    for number in range(4):
        directory = tmp_path / str(number)
        directory.mkdir()
        pixels = bytes(512 * 512 * 2)
        sent.append(ct_study(directory, 50, Rows=512, Columns=512, PixelData=pixels))
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda one: send(one[1], "CT_A"), sent))
    assert all(result.returncode == 0 for result in results)
    uids = [study for study, _files in sent]
    domain = (["study_uid", "in", uids], ["instance_count", "=", 50])
    assert _wait_for(lambda: len(portal("radiologist").studies(*domain)) == 4)


@pytest.mark.req("GEN-2", "ARC-5.3")
def test_all_hospitals_images_lie_in_one_cloud_each_where_its_hospital_wants_them(
    tmp_path, send, portal
):
    admin, store = portal("admin"), Path(os.environ["YUNYING_TEST_HOME"]) / "store"
    devices = admin.model(
        "imaging.device", "search_read", [["modality", "in", ("CT", "MR", "DX")]],
        ["ae_title", "hospital_id"],
    )  # fmt: skip
    by_hospital = {device["hospital_id"][0]: device["ae_title"] for device in devices}
    assert len(by_hospital) > 1, "the demonstration has devices of several hospitals"
    hospitals = admin.model(
        "imaging.hospital", "read", list(by_hospital), ["code", "path_template"]
    )
    first = hospitals[0]
    template = "{modality}/{accession}/{study}/{series}/{instance}.dcm"
    admin.model("imaging.hospital", "write", [first["id"]], {"path_template": template})
    time.sleep(7)  # the node asks every five seconds
    try:
        for hospital in hospitals:
            code = hospital["code"]
            directory = tmp_path / code
            directory.mkdir()
            study, files = ct_study(directory, 3, AccessionNumber=f"CLOUD-{code}")
            assert send(files, by_hospital[hospital["id"]]).returncode == 0
            (row,) = _wait_for(
                lambda study=study: admin.studies(
                    ["study_uid", "=", study], ["instance_count", "=", 3], fields=FIELDS
                )
            )
            assert row["hospital_id"][0] == hospital["id"]
            place = f"CT/CLOUD-{code}/{study}" if hospital is first else f"*/*/*/{study}"
            stored = list((store / code).glob(f"{place}/*/*.dcm"))
            assert {path.stem for path in stored} == {
                pydicom.dcmread(path).SOPInstanceUID for path in files
            }
            page = admin.dicomweb(study)
            address = page.get(f"/studies/{study}/instances").json()[0]["00081190"]["Value"][0]
            assert page.get(f"{address}/frames/1").is_success, "it can be shown from there"
    finally:
        admin.model(
            "imaging.hospital", "write", [first["id"]],
            {"path_template": first["path_template"]},
        )  # fmt: skip


@pytest.mark.req("ARC-5.5")
def test_sending_the_same_images_again_changes_only_a_counter(tmp_path, send, portal):
    study, files = ct_study(tmp_path, 5, PatientID="E2E-2", AccessionNumber="TWICE1")
    doctor = portal("radiologist")
    assert send(files, "CT_A").returncode == 0
    (before,) = _wait_for(
        lambda: doctor.studies(["study_uid", "=", study], ["instance_count", "=", 5], fields=FIELDS)
    )
    assert send(files, "CT_A").returncode == 0
    (after,) = _wait_for(
        lambda: doctor.studies(
            ["study_uid", "=", study], ["duplicate_count", "=", 5], fields=FIELDS
        )
    )
    assert before["duplicate_count"] == 0
    assert after == before | {"duplicate_count": 5}


@pytest.mark.req("ARC-4.3", part=True)
def test_unknown_modality_is_refused(tmp_path, send, portal):
    study, files = ct_study(tmp_path, 1)
    result = send(files, "STRANGER")
    assert result.returncode != 0
    assert "Calling AE Title Not Recognized" in result.stdout + result.stderr
    assert portal("admin").studies(["study_uid", "=", study]) == []
    rejected = _wait_for(
        lambda: portal("ops").model(
            "imaging.rejection", "search_read", [["calling_ae", "=", "STRANGER"]], ["reason"]
        )
    )
    assert rejected
