"""A proposed value is one that its field can have; a personal one reaches nobody, and no reason names a person."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from cchc_connect import SharedDatabase
from cchc_connect.corrections.owner_files import COLUMNS, export_corrections
from cchc_connect.corrections.proposed_values import AHEAD, checked_value
from cchc_connect.corrections.requests import CorrectionState
from cchc_connect.errors import UsageMistake
from cchc_schemas import RECORD_TYPES
from cchc_schemas.record_paths import leaves
from tests.corrections.asked import CONFIG, HOLDER, NOW, NUMBER, ask, audit_bodies, contradict, of_area, read
from tests.exports.readers import csv_rows
from tests.sharing.invented_agreements import LAND, PROVINCE
from tests.sharing.shared_records import write

DAY = date(2026, 12, 1)

HAPPENED = frozenset(
    {
        *("answered_at", "asked_at", "at", "birth", "completed_on", "decided_on", "happened_at", "integrated_on"),
        *("issued_at", "issued_on", "processed_at", "published_at", "published_on", "received_at", "refused_at"),
        *("registered_on", "rejected_at", "returned_at", "started_at", "started_on", "stopped_at", "submitted_at"),
        *("supplement_asked_at", "supplied_at", "withdrawn_at"),
    }
)
"""Names of fields whose day is over when it is written."""


@pytest.fixture
def database(address: str) -> Iterator[SharedDatabase]:
    with SharedDatabase(address) as opened:
        contradict(opened)
        yield opened


UNFIT = {
    ("land_parcel", "area_m2", "phường"): "is not a number; expected, for instance: 260.5",
    ("land_parcel", "area_m2", "-5"): "is not greater than 0",
    ("land_parcel", "in_dispute", "maybe"): "is neither yes nor no; expected, for instance: true",
    ("land_parcel", "commune_code", "99999"): "is not a commune code",
    ("land_parcel", "uses.code", "XYZ"): "is not a known land use code; allowed: NNP, LUA",
    ("land_parcel", "uses.0.code", "XYZ"): "is not a known land use code; allowed: NNP, LUA",
    ("land_parcel", "previous_keys", "45"): "is not a parcel key; expected, for instance: gso-2025-07:25747:45:123",
    ("construction_permit", "status", "issued"): "allowed: permit_requested, permit_in_review",
    ("construction_permit", "issued_on", "soon"): "is not a date",
    ("construction_permit", "issued_on", "2027-01"): "lies in the future",
    ("construction_permit", "parcel_refs.commune_code", "99999"): "is not a commune code",
    ("dossier", "status", "99"): "allowed: 1, 2, 3",
    ("dossier", "received_at", "2026-12-01"): "is a time without time zone offset",
    ("dossier", "received_at", "2026-12-02T00:00:00+07:00"): "lies in the future",
}


@pytest.mark.parametrize(("record_type", "path", "value"), UNFIT)
def test_a_value_that_a_field_cannot_have_is_refused_with_what_it_may_have(
    record_type: str, path: str, value: str
) -> None:
    with pytest.raises(UsageMistake) as refused:
        checked_value(record_type, path, value, None, DAY)

    assert refused.value.code == "corrections.value_unfit"
    assert UNFIT[record_type, path, value] in str(refused.value)
    assert f"schema show {record_type}" in str(refused.value)


@pytest.mark.parametrize(
    ("record_type", "path", "value"),
    [
        ("land_parcel", "area_m2", "260.75"),
        ("land_parcel", "in_dispute", "true"),
        ("land_parcel", "commune_code", "25747"),
        ("land_parcel", "uses.code", "ODT"),
        ("construction_permit", "status", "permit_issued"),
        ("construction_permit", "issued_on", "2026"),
        ("construction_permit", "expires_on", "2031-01-31"),
        ("dossier", "due_at", "2027-01-31T17:00:00+07:00"),
        ("dossier", "received_at", "2026-12-01T23:59:59+07:00"),
    ],
)
def test_a_value_that_a_field_can_have_is_accepted(record_type: str, path: str, value: str) -> None:
    checked_value(record_type, path, value, None, DAY)


def test_a_commune_code_is_judged_by_the_list_that_the_record_states() -> None:
    """The commune 00001 ended on 1 July 2025."""
    checked_value("land_parcel", "commune_code", "00001", {"scheme": "gso-2025-01"}, DAY)

    with pytest.raises(UsageMistake):
        checked_value("land_parcel", "commune_code", "00001", {"scheme": "gso-2025-07"}, DAY)


def test_it_is_known_of_every_day_of_a_record_whether_it_may_lie_ahead() -> None:
    names = {
        path.rpartition(".")[2]
        for record_class in RECORD_TYPES.values()
        for path, leaf in leaves(record_class).items()
        if leaf.has_year
    }

    assert names == AHEAD | HAPPENED
    assert not AHEAD & HAPPENED


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("holders.name", HOLDER, "value_personal"),
        ("holders.id_number", NUMBER, "value_personal"),
        ("holders", HOLDER, "value_of_part"),
        ("area_m2", "100.50", "value_present"),
        ("area_m2", HOLDER, "value_unfit"),
    ],
)
def test_a_value_that_the_agency_cannot_use_is_not_stored(
    database: SharedDatabase, field: str, value: str, code: str
) -> None:
    """Neither in a request nor in the audit log."""
    with pytest.raises(UsageMistake) as refused:
        ask(database, field, proposed_value=value)

    assert refused.value.code == f"corrections.{code}"
    assert value not in str(refused.value)
    assert audit_bodies(database) == []


def test_a_reason_that_names_a_person_is_refused_and_shown_as_the_agency_would_read_it(
    database: SharedDatabase,
) -> None:
    with pytest.raises(UsageMistake) as refused:
        ask(database, "holders.name", reason=f"Tên đúng là {HOLDER}, {NUMBER}")
    reason = "Theo giấy xác nhận số 12/GXN-UBND ngày 12/06/2026\ncủa UBND phường"

    assert refused.value.code == "corrections.reason_personal"
    assert "Tên đúng là ***, ***0123" in str(refused.value)
    assert ask(database, "holders.name", reason=reason).reason == reason


def test_a_file_for_an_agency_has_nothing_hidden_that_it_must_act_upon(
    database: SharedDatabase, tmp_path: Path
) -> None:
    """A proposed address is written as it is; of a personal field it is said in words where its value stands."""
    address = "Đường Trần Hưng Đạo, phường Bình Dương"
    ask(database, "holders.name", at=NOW)
    ask(database, "address", proposed_value=address, at=NOW)

    path = export_corrections(CONFIG, database, LAND, tmp_path / "a.csv", at=NOW).path

    rows = [dict(zip(COLUMNS, row, strict=True)) for row in csv_rows(path)[1:]]
    assert [row["proposed_value"] for row in rows] == ["", address]
    assert rows[0]["present_value"] == "holders.name: personal, not written here; see your own record"
    assert "***" not in str(rows)


def test_an_agency_that_nobody_names_is_not_asked(database: SharedDatabase) -> None:
    with pytest.raises(UsageMistake) as refused:
        ask(database, "address", owner=PROVINCE.replace("H09", "H90"))

    assert refused.value.code == "corrections.agency_unknown"
    assert f"Did you mean '{PROVINCE}'?" in str(refused.value)
    assert audit_bodies(database) == []
    assert ask(database, "address", owner=f" {PROVINCE} ").owner == PROVINCE


def test_a_proposed_value_arrives_however_it_is_written(database: SharedDatabase) -> None:
    number = ask(database, "area_m2", proposed_value="260.50").number

    write(database, "land", [of_area("260.5")])

    assert read(database, number).state is CorrectionState.CORRECTED
