"""A month of hourly runs: with a purge the database stays bounded, and no record is lost by it."""

from pathlib import Path

import pytest

from cchc_connect import SharedDatabase, records
from cchc_connect.sync.report import RunStatus
from cchc_schemas import Dossier, LandParcel
from tests.quick import few
from tests.simulation.adapter import installed
from tests.simulation.year import ADAPTERS, DOSSIERS, PARCELS, Year

RETENTION = {"runs": "3d", "deliveries": "3d", "quarantine": "3d", "discrepancies": "3d", "history": "3d"}


@pytest.mark.parametrize("days", few([6, 30], 1))
def test_a_month_with_a_purge_ends_with_the_rows_of_a_few_days(tmp_path: Path, days: int) -> None:
    with installed(ADAPTERS):
        year = Year(tmp_path / "year.db", RETENTION, days * 24)
        year.pass_by()

    *_, last = year.months
    assert year.outcomes == {RunStatus.DONE}
    assert last.runs == days * 24
    assert last.rows["run"] <= 4 * 24 + 1
    assert last.rows["change"] <= 4 * 9 * 4 + 2 * (PARCELS + DOSSIERS)
    assert last.rows["delivery"] <= 4 * 9 * 3 + 2 * DOSSIERS
    assert last.rows["audit_entry"] > 2 * last.runs  # each run reads two lists, and sends messages beside
    with SharedDatabase(tmp_path / "year.db") as database:
        assert {record.code: record.status for record in records(database, Dossier)} == {
            item["code"]: item["status"] for item in year.dossiers.items
        }
        areas = {record.parcel_number: str(record.area_m2) for record in records(database, LandParcel)}
    assert areas == {item["number"]: item["area"] for item in year.parcels.items}
