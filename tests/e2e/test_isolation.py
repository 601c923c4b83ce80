"""A doctor of one hospital finds nothing of another, whichever way he asks."""

import httpx
import pytest

from e2e.portal import RefusedError


@pytest.fixture
def foreign_study(portal):
    """A study of the other hospital, as its own radiologist sees it."""
    rows = portal("radiologist2").studies(
        ["modality", "ilike", "CT"], fields=("id", "study_uid", "accession_number")
    )
    assert rows
    return rows[0]


def test_other_hospitals_studies_are_not_in_the_portal(portal, foreign_study):
    doctor = portal("radiologist")
    assert doctor.studies(["study_uid", "=", foreign_study["study_uid"]]) == []
    with pytest.raises(RefusedError):
        doctor.model("imaging.study", "read", [foreign_study["id"]], ["accession_number"])
    answer = doctor.http.get(f"/imaging/study/{foreign_study['id']}/view")
    assert answer.status_code in (403, 404)


def test_no_ticket_is_given_for_another_hospitals_study(portal, foreign_study):
    with pytest.raises(RefusedError):
        portal("radiologist").ticket(foreign_study["study_uid"])


def test_other_hospitals_studies_are_not_in_dicomweb(portal, foreign_study):
    uid = foreign_study["study_uid"]
    client = portal("radiologist").dicomweb()
    found = client.get("/studies", params={"StudyInstanceUID": uid})
    assert found.status_code in (200, 204)
    assert uid not in found.text
    for path in ("metadata", "overview", "series", "instances", "thumbnail", "rendered"):
        answer = client.get(f"/studies/{uid}/{path}")
        found_nothing = answer.status_code == 200 and answer.json() == []
        assert answer.status_code == 404 or found_nothing, path
    own = portal("radiologist2").dicomweb()
    assert own.get(f"/studies/{uid}/metadata").status_code == 200


def test_dicomweb_answers_nothing_without_a_ticket(origin, foreign_study):
    for path in ("/studies", f"/studies/{foreign_study['study_uid']}/metadata"):
        assert httpx.get(f"{origin}/dicom-web{path}").status_code == 401


def test_finance_and_operations_get_no_ticket_for_pictures(portal):
    for login in ("finance", "ops", "auditor"):
        with pytest.raises(RefusedError):
            portal(login).ticket()
