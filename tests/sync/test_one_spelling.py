"""A record whose key is spelled in two ways is one record, and rows with a former spelling follow their key."""

from collections.abc import Iterator

import pytest
from sqlalchemy import update

from cchc_connect.database.record_tables import record_table
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.tables import change, cursor
from tests.sync.memory_systems import LandRegister, parcel_item
from tests.sync.pulled_database import PulledDatabase, parcel_key

FORMER = "gso-2025-07:25747:12.0:1"
"""Key of parcel 1 as a program stored it that did not know two spellings of one number."""


@pytest.fixture
def books(address: str) -> Iterator[PulledDatabase]:
    with SharedDatabase(address, create_or_upgrade=True) as database:
        yield PulledDatabase(database)


def store_former_key(books: PulledDatabase) -> None:
    """Give the row of parcel 1 its former key, as it is in a database of an earlier version."""
    table, present = record_table("land_parcel"), parcel_key(1)
    with books.database.writing() as connection:
        row_of = update(table).where(table.c.record_key == present)
        connection.execute(row_of.values(record_key=FORMER, map_sheet="12.0", item_hash=b"former"))
        connection.execute(update(change).where(change.c.record_key == present).values(record_key=FORMER))
        connection.execute(update(cursor).values(translation_key="1.1"))


def test_two_spellings_from_two_sources_are_one_record(books: PulledDatabase) -> None:
    books.pull("a", LandRegister([parcel_item(1)]))
    pull = books.pull("b", LandRegister([parcel_item(1, id="b1", sheet="12.0", number="01")]))

    assert books.live_parcels() == ["1"]
    assert pull.counts.foreign == 1


def test_a_spelling_that_alternates_writes_no_versions(books: PulledDatabase) -> None:
    register = LandRegister([parcel_item(1)])
    books.pull("a", register)
    register.items = [parcel_item(1, sheet="12.0")]

    again = books.pull("a", register)

    assert (again.counts.unchanged, again.counts.rows_written) == (1, 0)


def test_a_row_with_a_former_spelling_is_renumbered_by_the_next_pull(books: PulledDatabase) -> None:
    register = LandRegister([parcel_item(1, sheet="12.0"), parcel_item(2)])
    books.pull("a", register)
    store_former_key(books)

    books.pull("a", register)

    assert books.row(FORMER).deleted_at is not None
    assert books.row(parcel_key(1)).deleted_at is None
    assert books.versions()[-2:] == [("1", "insert", "a"), ("1", "renumber", "a")]
    assert books.live_parcels() == ["1", "2"]


def test_of_two_rows_that_become_one_the_second_is_quarantined_and_not_live(books: PulledDatabase) -> None:
    """Two items of one source in two spellings were two records; a person has to say which one is right."""
    register = LandRegister([parcel_item(1, id="first"), parcel_item(9, id="second")])
    books.pull("a", register)
    table = record_table("land_parcel")
    with books.database.writing() as connection:
        of_second = update(table).where(table.c.source_key == "second")
        connection.execute(of_second.values(record_key=FORMER, item_hash=b"former"))
        connection.execute(update(change).where(change.c.record_key == parcel_key(9)).values(record_key=FORMER))
        connection.execute(update(cursor).values(translation_key="1.1"))
    register.items = [parcel_item(1, id="first"), parcel_item(1, id="second", sheet="12.0")]

    books.pull("a", register)

    assert books.quarantined() == ["second"]
    assert (books.row(FORMER).deleted_at is None, books.live_parcels()) == (False, ["1"])
