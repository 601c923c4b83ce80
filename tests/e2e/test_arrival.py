"""What a modality sends is in the portal's list, whole, soon and once."""

import time

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
