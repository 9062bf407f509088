"""As-of reading: what was known at an instant, and of which day it speaks."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from cchc_connect import history, record_at, records_at
from cchc_connect.database.shared_database import SharedDatabase
from cchc_schemas import ConstructionPermit, LandParcel
from tests.schemas.test_construction import PERMIT
from tests.sync.memory_systems import START, DossierRegister, LandRegister, dossier_codes, parcel_item
from tests.sync.pulled_database import Books, parcel_key

(CODE,) = dossier_codes(1)
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)


@pytest.fixture
def books(address: str) -> Iterator[Books]:
    with SharedDatabase(address) as database:
        yield Books(database)


def read_daily(books: Books, register: Any, *days: list[dict[str, Any]]) -> None:
    """Read a register on one day after another, as it is on each."""
    for items in days:
        register.items = items
        books.pull("a", register)
        books.clock.pass_time(DAY)


@pytest.fixture
def parcels(books: Books) -> Books:
    """Give a register read on four days: two parcels, one remeasured, one gone, and it came back."""
    one, other = parcel_item(1), parcel_item(2)
    wider = parcel_item(1, area="99")
    read_daily(books, LandRegister(), [one, other], [wider, other], [wider], [wider, other])
    return books


@pytest.mark.parametrize(
    ("after", "known"),
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
def test_records_at_an_instant_are_those_that_were_known_then(
    parcels: Books, after: timedelta, known: dict[str, float]
) -> None:
    """A report can be made again as it was, to the microsecond; so it is with each record alone."""
    at = START + after

    found = {one.parcel_number: one.area_m2 for one in records_at(parcels.database, LandParcel, at)}

    assert found == known
    for number in ("1", "2"):
        alone = record_at(parcels.database, LandParcel, parcel_key(int(number)), at)
        assert (None if alone is None else alone.area_m2) == known.get(number)


def test_records_of_one_type_are_of_no_other(parcels: Books) -> None:
    """Types are read apart, and a key that never was has no history."""
    assert list(records_at(parcels.database, ConstructionPermit, START + 9 * DAY)) == []
    assert list(history(parcels.database, LandParcel, parcel_key(9))) == []


def test_history_has_every_version_with_when_it_was_known(parcels: Books) -> None:
    """Also the ones that ended the record and brought it back."""
    versions = history(parcels.database, LandParcel, parcel_key(2))

    assert [(one.version, one.operation, one.changed_at - START, one.is_gone) for one in versions] == [
        (1, "insert", 0 * DAY, False),
        (2, "delete", 2 * DAY, True),
        (3, "restore", 3 * DAY, False),
    ]


def permit(issued_on: str, expires_on: str) -> list[dict[str, Any]]:
    return [{**PERMIT, "dossier_code": CODE, "issued_on": issued_on, "expires_on": expires_on}]


@pytest.fixture
def permits(books: Books) -> Books:
    """Give a permit for 2025 that is another for 2026 on the second day."""
    register = DossierRegister(record_type=ConstructionPermit)
    read_daily(books, register, permit("2025-01-10", "2025-12-31"), permit("2026-01-01", "2026-12-31"))
    return books


@pytest.mark.parametrize(
    ("known_after", "valid_on", "expires_in"),
    [
        (0 * DAY, date(2025, 1, 9), None),
        (0 * DAY, date(2025, 1, 10), 2025),
        (0 * DAY, date(2026, 6, 1), None),
        (DAY, date(2025, 12, 31), 2025),
        (DAY, date(2026, 1, 1), 2026),
        (DAY, date(2027, 1, 1), None),
    ],
)
def test_what_holds_on_a_day_is_told_as_it_was_known_at_an_instant(
    permits: Books, known_after: timedelta, valid_on: date, expires_in: int | None
) -> None:
    """Two times are two questions: what was known when, and of which day."""
    key = str(PERMIT["permit_code"])

    found = record_at(permits.database, ConstructionPermit, key, START + known_after, valid_on)

    expires_on = None if found is None else found.expires_on
    assert (None if expires_on is None else expires_on.year) == expires_in


def test_a_record_that_is_gone_held_until_the_day_it_was_found_gone(books: Books) -> None:
    """Nobody says when it ended, so its former days stay what they were."""
    parcel = parcel_key(1)
    read_daily(books, LandRegister(), [parcel_item(1)], [])
    at, gone_on = START + 9 * DAY, (START + DAY).date()

    assert record_at(books.database, LandParcel, parcel, at) is None
    assert record_at(books.database, LandParcel, parcel, at, gone_on) is None
    assert record_at(books.database, LandParcel, parcel, at, gone_on - DAY) is not None
