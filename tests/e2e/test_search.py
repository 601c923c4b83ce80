"""Studies are found by any conditions together, in the list that doctors work from."""

import re

import pytest
from playwright.sync_api import expect


def _narrow(page, text, field):
    """Type *text* and take the suggestion to look for it in *field*."""
    page.locator(".o_searchview_input").fill(text)
    page.locator(".o_searchview_autocomplete [role=menuitem]", has_text=field).first.click()
    expect(page.locator(".o_searchview_facet", has_text=field)).to_be_visible()


@pytest.mark.req("CON-4.1")
def test_an_expert_finds_a_study_by_number_name_device_and_date_together(signed_in, portal):
    expert = portal("expert")
    fields = ("accession_number", "patient_name", "device_id", "study_date", "modality")
    every = expert.studies(fields=fields)
    wanted = next(row for row in every if row["accession_number"] == "CT26110001")
    page = signed_in("desktop", "expert")
    page.goto("/odoo/imaging-studies?view_type=list")
    rows = page.locator(".o_data_row")
    expect(rows.first).to_be_visible()
    found = every
    for field, column, text in (
        ("姓名", "patient_name", wanted["patient_name"][:1]),
        ("设备", "device_id", wanted["device_id"][1].split()[0]),
        ("检查号", "accession_number", wanted["accession_number"][:4]),
    ):
        _narrow(page, text, field)
        found = [row for row in found if text.lower() in str(row[column]).lower()]
        expect(rows).to_have_count(len(found))
    page.locator(".o_searchview_dropdown_toggler").click()
    page.get_by_role("menuitemcheckbox", name=re.compile(r"^CT$")).click()
    expect(rows).to_have_count(len([row for row in found if row["modality"] == "CT"]))
    expect(rows.first).to_contain_text(wanted["accession_number"])
    page.locator(".o_searchview_facet .o_facet_remove").last.click()
    expect(rows).to_have_count(len(found))
