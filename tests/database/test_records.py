"""Listings of records: a slow reader holds no transaction, and sees each record once."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta

import psycopg
import pytest

from cchc_connect import records, records_at
from cchc_connect.database.reading.records import RECORD_BATCH_SIZE
from cchc_connect.database.shared_database import SharedDatabase
from cchc_schemas import LandParcel
from tests.sync.memory_systems import START, LandRegister, parcel_item
from tests.sync.pulled_database import PulledDatabase

Listing = Callable[[SharedDatabase], Iterator[LandParcel]]

MANY = 2 * RECORD_BATCH_SIZE + 1
"""More than two batches."""


def as_they_are(database: SharedDatabase) -> Iterator[LandParcel]:
    return records(database, LandParcel)


def as_they_were(database: SharedDatabase) -> Iterator[LandParcel]:
    return records_at(database, LandParcel, START + timedelta(days=1))


LISTINGS = pytest.mark.parametrize("listing", [as_they_are, as_they_were])


@pytest.fixture
def books(address: str) -> Iterator[PulledDatabase]:
    with SharedDatabase(address, create_or_upgrade=True) as database:
        yield PulledDatabase(database)


def register(count: int) -> LandRegister:
    return LandRegister([parcel_item(number) for number in range(1, count + 1)], page_size=count)


def has_open_reader(address: str) -> bool:
    """True if a transaction that read the records is still open."""
    if address.startswith("sqlite"):
        with closing(sqlite3.connect(address.removeprefix("sqlite:///"), timeout=0)) as connection:
            (busy, *_) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            return bool(busy)
    with psycopg.connect(address) as connection:
        locks = "SELECT count(*) FROM pg_locks WHERE relation IN ('land_parcel'::regclass, 'change'::regclass)"
        return connection.execute(locks).fetchone() != (0,)


@LISTINGS
def test_no_transaction_is_open_while_the_caller_handles_a_record(
    books: PulledDatabase, address: str, listing: Listing
) -> None:
    """The server would end it after an idle minute, and an SQLite file would grow by the pages it needs."""
    books.pull("a", register(3))
    reader = listing(books.database)
    next(reader)

    assert not has_open_reader(address)
    assert len(list(reader)) == 2


@LISTINGS
def test_each_of_many_records_is_yielded_once(books: PulledDatabase, listing: Listing) -> None:
    """The end of a batch is not the end of the listing, and the next batch begins after it."""
    books.pull("a", register(MANY))

    numbers = [parcel.parcel_number for parcel in listing(books.database)]

    assert (len(numbers), set(numbers)) == (MANY, {str(number) for number in range(1, MANY + 1)})


@LISTINGS
@pytest.mark.parametrize("count", [0, RECORD_BATCH_SIZE])
def test_a_last_batch_may_be_empty(books: PulledDatabase, listing: Listing, count: int) -> None:
    if count:
        books.pull("a", register(count))

    assert len(list(listing(books.database))) == count


def test_records_as_they_were_are_of_one_committed_state(books: PulledDatabase) -> None:
    """What is committed while they are read is not among them, even if its instant is."""
    books.pull("a", register(MANY))
    reader = as_they_were(books.database)
    first = next(reader)
    changed = register(MANY + 1)
    changed.items[1:] = [{**item, "area": "7"} for item in changed.items[1:]]
    books.pull("a", changed)

    areas = [str(parcel.area_m2) for parcel in (first, *reader)]

    assert areas == ["250.5"] * MANY


def test_deleted_records_do_not_end_a_listing(books: PulledDatabase) -> None:
    """A batch of nothing but deleted records is not the last one."""
    source = register(MANY)
    books.pull("a", source)
    source.items = source.items[-1:]
    stream = books.stream("a", source)
    for _ in range(2):  # what two complete listings lack is deleted
        books.prepared(source, stream, accept_shrink=frozenset({"a"})).run()

    assert [
        [parcel.parcel_number for parcel in listing(books.database)] for listing in (as_they_are, as_they_were)
    ] == [
        [str(MANY)],
        [str(MANY)],
    ]
