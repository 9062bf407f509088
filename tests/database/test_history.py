"""As-of queries: records as they were stored at an instant, and as they held on a day."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from cchc_connect import history, record_at, records_at
from cchc_connect.database.shared_database import SharedDatabase
from cchc_schemas import ConstructionPermit, LandParcel
from tests.databases import DATABASE_KINDS, prepared_address
from tests.schemas.test_construction import PERMIT
from tests.sync.memory_systems import START, DossierRegister, LandRegister, dossier_codes, parcel_item
from tests.sync.pulled_database import PulledDatabase, parcel_key

(CODE,) = dossier_codes(1)
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)


@pytest.fixture
def books(address: str) -> Iterator[PulledDatabase]:
    with SharedDatabase(address, create_or_upgrade=True) as database:
        yield PulledDatabase(database)


def read_daily(books: PulledDatabase, register: Any, *days: list[dict[str, Any]]) -> None:
    """Pull a register on consecutive days, with the items of each day."""
    for items in days:
        register.items = items
        for _ in range(2):  # what two complete listings lack is deleted
            books.pull("a", register)
        books.clock.advance(DAY)


@pytest.fixture(scope="module", params=DATABASE_KINDS)
def pulled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PulledDatabase]:
    """Give a database whose contents the tests of this module only read."""
    with (
        prepared_address(request.param, tmp_path_factory.mktemp("history")) as address,
        SharedDatabase(address) as database,
    ):
        yield PulledDatabase(database)


@pytest.fixture(scope="module")
def parcels(pulled: PulledDatabase) -> PulledDatabase:
    """Provide a register pulled on four days: two parcels, the first remeasured, the second deleted and restored."""
    first, second = parcel_item(1), parcel_item(2)
    remeasured = parcel_item(1, area="99")
    read_daily(pulled, LandRegister(), [first, second], [remeasured, second], [remeasured], [remeasured, second])
    return pulled


@pytest.mark.parametrize(
    ("after", "areas"),
    [
        (-TICK, {}),
        (0 * DAY, {"1": 250.5, "2": 250.5}),
        (DAY - TICK, {"1": 250.5, "2": 250.5}),
        (DAY, {"1": 99, "2": 250.5}),
        (2 * DAY, {"1": 99}),
        (3 * DAY - TICK, {"1": 99}),
        (3 * DAY, {"1": 99, "2": 250.5}),
    ],
)
def test_records_at_an_instant_are_those_stored_by_then(
    parcels: PulledDatabase, after: timedelta, areas: dict[str, float]
) -> None:
    """A report can be reproduced, to the microsecond; a single record too."""
    at = START + after

    stored = {parcel.parcel_number: parcel.area_m2 for parcel in records_at(parcels.database, LandParcel, at)}

    assert stored == areas
    for number in ("1", "2"):
        parcel = record_at(parcels.database, LandParcel, parcel_key(int(number)), at)
        assert (None if parcel is None else parcel.area_m2) == areas.get(number)


def test_records_of_one_type_are_of_no_other(parcels: PulledDatabase) -> None:
    """Types are read separately, and a key that never existed has no history."""
    assert list(records_at(parcels.database, ConstructionPermit, START + 9 * DAY)) == []
    assert list(history(parcels.database, LandParcel, parcel_key(9))) == []


def test_history_has_every_version_with_its_instant(parcels: PulledDatabase) -> None:
    """Also the versions that ended the record and restored it."""
    versions = history(parcels.database, LandParcel, parcel_key(2))

    assert [
        (version.version, version.operation, version.changed_at - START, version.is_gone) for version in versions
    ] == [
        (1, "insert", 0 * DAY, False),
        (2, "delete", 2 * DAY, True),
        (3, "restore", 3 * DAY, False),
    ]


def permit(issued_on: str, expires_on: str) -> list[dict[str, Any]]:
    return [{**PERMIT, "dossier_code": CODE, "issued_on": issued_on, "expires_on": expires_on}]


@pytest.fixture(scope="module")
def permits(pulled: PulledDatabase) -> PulledDatabase:
    """Provide a permit that is valid in 2025 on the first day and in 2026 on the second."""
    register = DossierRegister(record_type=ConstructionPermit)
    pulled.clock.moment = START
    read_daily(pulled, register, permit("2025-01-10", "2025-12-31"), permit("2026-01-01", "2026-12-31"))
    return pulled


@pytest.mark.parametrize(
    ("after", "valid_on", "expires_in"),
    [
        (0 * DAY, date(2025, 1, 9), None),
        (0 * DAY, date(2025, 1, 10), 2025),
        (0 * DAY, date(2026, 6, 1), None),
        (DAY, date(2025, 12, 31), 2025),
        (DAY, date(2026, 1, 1), 2026),
        (DAY, date(2027, 1, 1), None),
    ],
)
def test_a_version_is_chosen_by_system_time_and_by_valid_time(
    permits: PulledDatabase, after: timedelta, valid_on: date, expires_in: int | None
) -> None:
    """The two times are independent: when a version was stored, and when it holds."""
    key = str(PERMIT["permit_code"])

    stored = record_at(permits.database, ConstructionPermit, key, START + after, valid_on)

    expires_on = None if stored is None else stored.expires_on
    assert (None if expires_on is None else expires_on.year) == expires_in


def test_a_deleted_record_held_until_the_day_its_deletion_was_detected(books: PulledDatabase) -> None:
    """No source says when it ended, so its former days stay what they were."""
    parcel = parcel_key(1)
    read_daily(books, LandRegister(), [parcel_item(1)], [])
    at, deleted_on = START + 9 * DAY, (START + DAY).date()

    assert record_at(books.database, LandParcel, parcel, at) is None
    assert record_at(books.database, LandParcel, parcel, at, deleted_on) is None
    assert record_at(books.database, LandParcel, parcel, at, deleted_on - DAY) is not None
