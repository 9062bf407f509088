"""Permits and works: the source's own code is the key, dates out of order are noted."""

import pytest

from cchc_schemas import ConstructionPermit, ConstructionWorks, Note, PermitStatus, WorksGrade, code_list

PERMIT: dict[str, object] = {
    "permit_code": "CTCPXD-0001",
    "permit_number": "604/GPXD",
    "name": "Nhà ở riêng lẻ",
    "kind": "5",
    "step": "CPXD",
    "status": "permit_issued",
    "scheme": "gso-2025-01",
    "commune_code": "25747",
    "parcel_refs": [{"raw": "604 (tờ bản đồ số 3)"}],
    "measures": [{"name": "Số tầng", "raw": "02 tầng + mái"}],
}
WORKS: dict[str, object] = {
    "works_code": "CTXD-0001",
    "name": "Nhà ở riêng lẻ",
    "status": "DXD",
    "scheme": "gso-2025-07",
    "commune_code": "25747",
}


@pytest.mark.parametrize("status", PermitStatus)
def test_every_status_of_a_permit_is_taken(status: PermitStatus) -> None:
    assert ConstructionPermit.read({**PERMIT, "status": status.value}).record.status is status


@pytest.mark.parametrize("status", list(code_list("works_status")))
def test_every_status_of_works_is_taken(status: str) -> None:
    assert ConstructionWorks.read({**WORKS, "status": status}).notes == ()


@pytest.mark.parametrize("grade", WorksGrade)
def test_every_grade_of_works_is_taken(grade: WorksGrade) -> None:
    assert ConstructionWorks.read({**WORKS, "grade": grade.value}).record.grade is grade


def test_the_source_s_own_code_is_the_key_and_never_the_printed_number() -> None:
    assert ConstructionPermit.read(PERMIT).record.key == "CTCPXD-0001"
    assert ConstructionWorks.read(WORKS).record.key == "CTXD-0001"


def test_a_permit_that_ended_before_it_was_issued_is_noted() -> None:
    reading = ConstructionPermit.read({**PERMIT, "issued_on": "2021-09-27", "expires_on": "2020"})

    assert reading.notes == (Note("expires_on", "dates_out_of_order"),)


def test_works_completed_before_they_began_are_noted() -> None:
    reading = ConstructionWorks.read({**WORKS, "started_on": "2021-09", "completed_on": "2021-08-31"})

    assert reading.notes == (Note("completed_on", "dates_out_of_order"),)


def test_works_completed_in_the_year_they_began_are_not_noted() -> None:
    assert ConstructionWorks.read({**WORKS, "started_on": "2021-09", "completed_on": "2021"}).notes == ()
