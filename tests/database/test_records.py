"""Records read one after the other: whoever reads them may take any time, and keeps nobody waiting."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta

import psycopg
import pytest

from cchc_connect import records, records_at
from cchc_connect.database.reading.records import AT_ONCE
from cchc_connect.database.shared_database import SharedDatabase
from cchc_schemas import LandParcel
from tests.sync.memory_systems import START, LandRegister, parcel_item
from tests.sync.pulled_database import Books

Listing = Callable[[SharedDatabase], Iterator[LandParcel]]

MANY = 2 * AT_ONCE + 1
"""More than two pages."""


def as_they_are(database: SharedDatabase) -> Iterator[LandParcel]:
    return records(database, LandParcel)


def as_they_were(database: SharedDatabase) -> Iterator[LandParcel]:
    return records_at(database, LandParcel, START + timedelta(days=1))


LISTINGS = pytest.mark.parametrize("listing", [as_they_are, as_they_were])


@pytest.fixture
def books(address: str) -> Iterator[Books]:
    with SharedDatabase(address) as database:
        yield Books(database)


def register(count: int) -> LandRegister:
    return LandRegister([parcel_item(number) for number in range(1, count + 1)], page_size=count)


def is_somebody_reading(address: str) -> bool:
    """Say whether a transaction that read the records is still open."""
    if address.startswith("sqlite"):
        with closing(sqlite3.connect(address.removeprefix("sqlite:///"), timeout=0)) as connection:
            (busy, *_) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            return bool(busy)
    with psycopg.connect(address) as connection:
        held = "SELECT count(*) FROM pg_locks WHERE relation IN ('land_parcel'::regclass, 'change'::regclass)"
        return connection.execute(held).fetchone() != (0,)


@LISTINGS
def test_nobody_holds_a_transaction_while_a_record_is_with_its_reader(
    books: Books, address: str, listing: Listing
) -> None:
    """One that is silent for a minute is ended by the server, and old pages of the file are kept for it."""
    books.pull("a", register(3))
    reader = listing(books.database)
    next(reader)

    assert not is_somebody_reading(address)
    assert len(list(reader)) == 2


@LISTINGS
def test_each_of_many_records_is_yielded_once(books: Books, listing: Listing) -> None:
    """The end of a page is not the end of the listing, and the next one begins behind it."""
    books.pull("a", register(MANY))

    numbers = [parcel.parcel_number for parcel in listing(books.database)]

    assert (len(numbers), set(numbers)) == (MANY, {str(number) for number in range(1, MANY + 1)})


@LISTINGS
@pytest.mark.parametrize("count", [0, AT_ONCE])
def test_a_last_page_may_be_empty(books: Books, listing: Listing, count: int) -> None:
    if count:
        books.pull("a", register(count))

    assert len(list(listing(books.database))) == count


def test_records_as_they_were_are_of_one_committed_state(books: Books) -> None:
    """What is committed while they are read is not among them, also where its instant would be."""
    books.pull("a", register(MANY))
    reader = as_they_were(books.database)
    first = next(reader)
    changed = register(MANY + 1)
    changed.items[1:] = [{**item, "area": "7"} for item in changed.items[1:]]
    books.pull("a", changed)

    areas = [str(parcel.area_m2) for parcel in (first, *reader)]

    assert areas == ["250.5"] * MANY


def test_records_that_are_gone_fill_no_page(books: Books) -> None:
    """A page of nothing but the gone is not the end."""
    source = register(MANY)
    books.pull("a", source)
    source.items = source.items[-1:]
    stream = books.stream("a", source)
    books.prepared(source, stream, shrinking=frozenset({"a"})).run()

    assert [[one.parcel_number for one in listing(books.database)] for listing in (as_they_are, as_they_were)] == [
        [str(MANY)],
        [str(MANY)],
    ]
