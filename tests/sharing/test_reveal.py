"""`reveal` on both databases: own records whole, others as granted, and nothing before it is on record."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from cchc_connect import AccessDenied, AccessReason, Config, SharedDatabase, reveal
from cchc_connect.database.tables import audit_entry
from cchc_schemas import ConstructionPermit, Dossier, LandParcel
from tests.databases import DATABASE_KINDS, prepared_address
from tests.sharing.invented_agreements import BUILDING, DOSSIER, NOW
from tests.sharing.shared_records import dossier, make_agreement, parcel, permit, write
from tests.sync.memory_systems import ManualClock

CONFIG = Config.load(f'[operator]\nagency = "{BUILDING}"\n[officials.minh]\nagency = "{BUILDING}"\n')
REASON = AccessReason(official="minh", purpose="construction_permit", dossier=DOSSIER)
LINKED, UNLINKED = parcel("123"), parcel("124")
TODAY = date.today()  # noqa: DTZ011  # the program's own clock decides, whatever the zone


@pytest.fixture(params=DATABASE_KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SharedDatabase]:
    with (
        prepared_address(request.param, tmp_path) as address,
        SharedDatabase(address, create_or_upgrade=True) as opened,
    ):
        write(opened, "land", [LINKED, UNLINKED])
        write(opened, "building", [dossier(applicant_name="Lê Mẫu"), permit("01/GPXD", LINKED)])
        yield opened


def entries(database: SharedDatabase) -> list[dict[str, Any]]:
    query = select(audit_entry.c.body).where(audit_entry.c.chain == "commands").order_by(audit_entry.c.entry)
    with database.reading() as connection:
        bodies = [json.loads(body) for body in connection.execute(query).scalars()]
    return [body for body in bodies if body["kind"] != "agreement"]


def kinds(database: SharedDatabase) -> list[str]:
    return [body["kind"] for body in entries(database)]


def test_own_records_are_whole_and_others_as_granted(database: SharedDatabase) -> None:
    make_agreement(database, starts=TODAY - timedelta(days=1), ends=TODAY + timedelta(days=300))

    own = reveal(CONFIG, database, Dossier, [DOSSIER], REASON)
    granted = reveal(CONFIG, database, LandParcel, [LINKED.key, UNLINKED.key], REASON)

    assert own[DOSSIER]["applicant_name"] == "Lê Mẫu"
    assert list(granted) == [LINKED.key]
    assert "address" not in granted[LINKED.key]
    assert kinds(database) == ["reveal", "read"]


def test_without_an_agreement_others_records_are_denied(database: SharedDatabase) -> None:
    with pytest.raises(AccessDenied) as denial:
        reveal(CONFIG, database, LandParcel, [LINKED.key], REASON)

    assert denial.value.reasons == ("no_agreement",)
    assert kinds(database) == ["refused"]


def test_the_clock_of_the_view_says_when_values_are_shown(database: SharedDatabase) -> None:
    """It decides for own records and for others', on the day and in the entry."""
    make_agreement(database)
    late = ManualClock(NOW + timedelta(days=400))

    reveal(CONFIG, database, Dossier, [DOSSIER], REASON, clock=ManualClock(NOW))
    assert list(reveal(CONFIG, database, LandParcel, [LINKED.key], REASON, clock=ManualClock(NOW))) == [LINKED.key]
    with pytest.raises(AccessDenied) as denial:
        reveal(CONFIG, database, LandParcel, [LINKED.key], REASON, clock=late)

    assert denial.value.reasons == ("not_in_force",)
    assert [entry["at"][:10] for entry in entries(database)] == ["2026-11-30", "2026-11-30", "2028-01-04"]


def test_a_key_that_is_not_there_is_absent_and_leaves_no_entry(database: SharedDatabase) -> None:
    assert reveal(CONFIG, database, ConstructionPermit, ["nowhere"], REASON) == {}
    assert kinds(database) == []
