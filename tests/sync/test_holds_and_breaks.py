"""Too many faulty items, circuit breakers, a requested stop, and broken database connections."""

from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from cchc_connect.database.replay import MAX_REPLAYS
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.state.circuit_breakers import read_circuit_breakers, record_failure, record_success
from cchc_connect.errors import DatabaseLost, SourceHeld, Stopped
from tests.databases import on_sqlite_only, prepared_address
from tests.sync.memory_systems import LandRegister, ManualClock, parcel_item
from tests.sync.pulled_database import PulledDatabase


@on_sqlite_only
@pytest.mark.parametrize(("bad", "fails"), [(5, False), (6, True)])
def test_a_source_with_too_many_faulty_items_is_held_and_its_good_items_are_stored(
    books: PulledDatabase, bad: int, *, fails: bool
) -> None:
    """More than 5 % and more than five items."""
    items = [parcel_item(number, area="?" if number <= bad else "1") for number in range(1, 21)]
    register = LandRegister(items)
    pull = books.prepared(register, books.stream("a", register), max_quarantined_share=0.05)

    if fails:
        with pytest.raises(SourceHeld) as held:
            pull.run()
        assert held.value.code == "source.too_faulty"
    else:
        pull.run()

    assert len(books.live_parcels()) == 20 - bad


@on_sqlite_only
def test_a_connection_that_fails_in_consecutive_runs_is_paused_longer_each_time(books: PulledDatabase) -> None:
    """From the third failure on it is paused for one minute, two, four and so on, at most an hour."""
    pauses = list[timedelta]()
    for _ in range(10):
        now = books.clock.now()
        with books.database.writing() as connection:
            record_failure(connection, "a", now)
        with books.database.reading() as connection:
            pauses.append(read_circuit_breakers(connection)["a"].retry_at - now)

    assert [pause.total_seconds() / 60 for pause in pauses] == [0, 0, 1, 2, 4, 8, 16, 32, 60, 60]


@on_sqlite_only
def test_a_clock_that_goes_back_does_not_prolong_a_pause(books: PulledDatabase) -> None:
    """A pause that begins in the future is ignored."""
    now = books.clock.now()
    for _ in range(3):
        with books.database.writing() as connection:
            record_failure(connection, "a", now)

    with books.database.reading() as connection:
        breaker = read_circuit_breakers(connection)["a"]
    assert breaker.is_open(now)
    assert not breaker.is_open(now - timedelta(hours=1))
    assert not breaker.is_open(now + timedelta(minutes=1))


@on_sqlite_only
def test_success_resets_the_count_of_failures(books: PulledDatabase) -> None:
    """The breaker's row is removed."""
    with books.database.writing() as connection:
        record_failure(connection, "a", books.clock.now())
        record_success(connection, "a")

    with books.database.reading() as connection:
        assert read_circuit_breakers(connection) == {}


def test_a_run_that_is_asked_to_stop_commits_the_current_page(books: PulledDatabase) -> None:
    """The next run resumes after it."""
    register = LandRegister([parcel_item(number) for number in range(1, 9)])
    stream = books.stream("a", register)

    with pytest.raises(Stopped):
        books.prepared(register, stream, is_stopping=lambda: True).run()
    assert books.live_parcels() == ["1", "2", "3"]

    books.pull("a", register)
    assert len(books.live_parcels()) == 8


def no_sleep(seconds: float) -> None:
    """Return at once."""
    del seconds


class Outage(ManualClock):
    """A clock that, when read within a writing transaction, terminates that database connection, `times` times."""

    def __init__(self, server: str, times: int) -> None:
        super().__init__()
        self._server = server
        self.breaks_left = times

    def now(self) -> datetime:
        """Terminate the writing connection if breaks are left, and return the set instant."""
        if self.breaks_left:
            with psycopg.connect(self._server) as connection:
                ended = connection.execute(
                    "SELECT pg_terminate_backend(pid, 2000) FROM pg_locks"
                    " WHERE locktype = 'advisory' AND granted AND database ="
                    " (SELECT oid FROM pg_database WHERE datname = current_database())"
                )
                self.breaks_left -= ended.rowcount
        return super().now()


@pytest.mark.parametrize(("breaks", "comes_through"), [(1, True), (MAX_REPLAYS + 3, False)])
def test_a_commit_whose_connection_breaks_is_repeated(tmp_path: Path, breaks: int, *, comes_through: bool) -> None:
    """After one break it succeeds on another connection, after several it is an error; no page is stored in part."""
    with prepared_address("postgres", tmp_path) as address, SharedDatabase(address, create_or_upgrade=True) as database:
        clock = Outage(address, breaks)
        books = PulledDatabase(database, clock=clock)
        register = LandRegister([parcel_item(1)])
        pull = books.prepared(register, books.stream("a", register), sleep=no_sleep)

        if comes_through:
            pull.run()
        else:
            with pytest.raises(DatabaseLost):
                pull.run()

        assert clock.breaks_left == breaks - (1 if comes_through else MAX_REPLAYS + 1)
        assert books.live_parcels() == (["1"] if comes_through else [])
