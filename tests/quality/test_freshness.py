"""Freshness: every second of the opening hours is judged, exactly, over streams that were away, held and read again."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cchc_connect import SharedDatabase
from cchc_connect.database.state.freshness import due_changes, store_due_changes
from cchc_connect.database.tables import freshness as freshness_table
from cchc_connect.errors import Maintenance, SourceHeld
from cchc_connect.monitoring.freshness import Freshness, freshness, read_states
from cchc_connect.sync.freshness_promise import promise_of
from cchc_connect.transport.opening_hours import OpeningHours, TimeSpan
from tests.databases import on_sqlite_only
from tests.quality.outages import START, Outages, config
from tests.sync.memory_systems import LandRegister, parcel_item
from tests.sync.pulled_database import PulledDatabase

DAY, WEEK, YEAR = 86_400, 7 * 86_400, 365 * 86_400

CASES: list[tuple[dict[str, Any], tuple[int, int], dict[str, int]]] = [
    ({}, (0, 24), {"fresh_within": DAY, "sla": DAY}),
    ({"fresh_within": "3h", "opening_hours": ["07:00-17:00"]}, (7, 17), {"fresh_within": 3 * 3600, "sla": 3 * 3600}),
    ({"fresh_within": "12h", "sla": "5h"}, (0, 24), {"fresh_within": 12 * 3600, "sla": 5 * 3600}),
    ({"fresh_within": "1h", "sla": "8h"}, (0, 24), {"fresh_within": 3600, "sla": 8 * 3600}),
]
"""Keys of the connection, the same opening hours as hours of a day, and the same limits in seconds."""


def counted(judged: object) -> dict[str, int]:
    return {name: getattr(judged, name) for name in ("due_s", "fresh_s", "within_sla_s", "held_s", "breach_s")}


@pytest.mark.parametrize(("keys", "opening", "ages"), CASES)
def test_a_time_of_outages_is_judged_as_second_by_second(
    address: str, keys: dict[str, object], opening: tuple[int, int], ages: dict[str, int]
) -> None:
    with SharedDatabase(address, create_or_upgrade=True) as database:
        outages = Outages(database, config(**keys), seed=4)
        outages.run(timedelta(days=8))

        assert counted(outages.judged(DAY, 8 * DAY)) == outages.oracle(DAY, 8 * DAY, opening, ages)


@pytest.mark.long
@on_sqlite_only
@pytest.mark.parametrize(("keys", "opening", "ages"), CASES[:2])
def test_a_year_of_outages_is_judged_as_second_by_second(
    address: str, keys: dict[str, object], opening: tuple[int, int], ages: dict[str, int]
) -> None:
    with SharedDatabase(address, create_or_upgrade=True) as database:
        outages = Outages(database, config(**keys), seed=2026)
        outages.run(timedelta(days=365))

        assert counted(outages.judged(0, YEAR)) == outages.oracle(0, YEAR, opening, ages)


def test_years_without_outages_are_one_interval(address: str) -> None:
    """What is kept grows with the outages, not with the runs."""
    with SharedDatabase(address, create_or_upgrade=True) as database:
        books = PulledDatabase(database)
        for _ in range(20):
            books.pull("office", LandRegister([parcel_item(1)]))
            books.clock.advance(timedelta(hours=6))
        with database.reading() as connection:
            states = [row.state for row in connection.execute(freshness_table.select())]

    assert states == ["complete"]


def due(books: PulledDatabase, name: str = "office") -> None:
    """Note that the parcels of a connection are due, as a run does before it pulls."""
    with books.database.writing() as connection:
        changes = due_changes(
            connection, name, [("land_parcel", "")], promise_of(config().connections["office"]).limits
        )
        if changes is not None:
            store_due_changes(connection, name, changes, books.clock.now())


def state(books: PulledDatabase) -> Freshness | None:
    with books.database.reading_directly() as connection:
        return next((each.state for each in read_states(connection, books.clock.now())), None)


@pytest.fixture
def register() -> LandRegister:
    return LandRegister([parcel_item(1)])


@pytest.fixture
def books(address: str) -> Iterator[PulledDatabase]:
    with SharedDatabase(address, create_or_upgrade=True) as database:
        yield PulledDatabase(database)


def test_data_grows_old_step_by_step(books: PulledDatabase, register: LandRegister) -> None:
    due(books)
    books.pull("office", register)
    seen = [state(books)]
    for seconds in (DAY, 1, DAY - 1, 1):
        books.clock.advance(timedelta(seconds=seconds))
        seen.append(state(books))

    assert seen == [Freshness.FRESH, Freshness.FRESH, Freshness.STALE, Freshness.STALE, Freshness.BREACH]


def test_data_that_was_never_read_completely_is_a_breach_from_the_first_attempt_on(books: PulledDatabase) -> None:
    before = state(books)
    due(books)

    assert (before, state(books)) == (None, Freshness.BREACH)


def test_a_held_stream_is_not_fresh_until_a_plausible_page(books: PulledDatabase, register: LandRegister) -> None:
    due(books)
    books.pull("office", register)
    books.clock.advance(timedelta(minutes=1))
    books.hold(books.stream("office", register), SourceHeld("source.end_repeated"))
    held = state(books)
    books.clock.advance(timedelta(minutes=1))
    books.pull("office", register)

    assert (held, state(books)) == (Freshness.HELD, Freshness.FRESH)


def test_a_source_that_cannot_be_reached_is_not_held(books: PulledDatabase, register: LandRegister) -> None:
    due(books)
    books.pull("office", register)
    books.hold(books.stream("office", register), Maintenance("transport.maintenance"))

    assert state(books) is Freshness.FRESH


def test_a_stream_that_is_listed_no_longer_does_not_grow_old(books: PulledDatabase, register: LandRegister) -> None:
    due(books)
    books.pull("office", register)
    books.clock.advance(timedelta(days=3))
    limits_of = promise_of(config().connections["office"]).limits
    with books.database.writing() as connection:
        changes = due_changes(connection, "office", [], limits_of)
        assert changes is not None
        store_due_changes(connection, "office", changes, books.clock.now())
    books.clock.advance(timedelta(days=3))

    assert state(books) is None


def test_a_longer_promise_holds_from_the_next_run_on(books: PulledDatabase, register: LandRegister) -> None:
    due(books)
    books.pull("office", register)
    books.clock.advance(timedelta(days=3))
    before = state(books)
    with books.database.writing() as connection:
        longer = promise_of(config(fresh_within="5d").connections["office"]).limits
        changes = due_changes(connection, "office", [("land_parcel", "")], longer)
        assert changes is not None
        store_due_changes(connection, "office", changes, books.clock.now())

    assert (before, state(books)) == (Freshness.BREACH, Freshness.FRESH)


def test_what_follows_now_is_not_judged(books: PulledDatabase) -> None:
    with books.database.writing() as connection:
        changes = due_changes(
            connection, "office", [("dossier", "")], promise_of(config().connections["office"]).limits
        )
        assert changes is not None
        store_due_changes(connection, "office", changes, START)
    now = START + timedelta(hours=1)

    (judged,) = freshness(books.database, config(), START, START + timedelta(days=30), now=now)

    assert (judged.due_s, judged.breach_s) == (3600, 3600)


@pytest.mark.parametrize(
    ("spans", "opened"),
    [
        (["08:00-17:00"], 9 * 3600),
        (["19:00-06:00"], 11 * 3600),
        (["07:00-11:30", "11:00-17:00"], 10 * 3600),
        (["00:00-24:00"], DAY),
        (["22:00-24:00", "00:00-01:00"], 3 * 3600),
    ],
)
def test_opening_hours_are_counted_once_and_over_midnight(spans: list[str], opened: int) -> None:
    hours = OpeningHours([TimeSpan.parse(span) for span in spans])
    start = int(datetime(2026, 3, 2, 3, 4, 5, tzinfo=UTC).timestamp())

    parts = list(hours.open_intervals(start, start + WEEK))

    assert sum(end - begin for begin, end in parts) == 7 * opened
    for second in range(start, start + DAY, 577):
        is_open = any(begin <= second < end for begin, end in parts)
        assert is_open == hours.is_open(datetime.fromtimestamp(second, UTC))
    for seconds in (0, 1, opened, 3 * opened + 1):
        after = hours.after_open_seconds(start, seconds)
        assert sum(end - begin for begin, end in hours.open_intervals(start, after)) == seconds
