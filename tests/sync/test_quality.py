"""When a source is too bad, too far or too slow: it fails loudly, rests, or ends at a good place."""

from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.state.circuit_breakers import note_failure, note_success, read_breakers
from cchc_connect.errors import DatabaseLost, SourceHeld, Stopped
from tests.databases import on_one_kind, prepared_address
from tests.sync.books import Books
from tests.sync.village import HandClock, LandRegister, parcel_item


@on_one_kind
@pytest.mark.parametrize(("bad", "fails"), [(5, False), (6, True)])
def test_a_source_of_which_too_much_is_faulty_fails_loudly_and_keeps_the_good(
    books: Books, bad: int, *, fails: bool
) -> None:
    """More than 5 % and more than five: the rest is there all the same."""
    items = [parcel_item(number, area="?" if number <= bad else "1") for number in range(1, 21)]
    register = LandRegister(items)
    pull = books.prepared(register, books.stream("a", register), most_quarantined=0.05)

    if fails:
        with pytest.raises(SourceHeld) as held:
            pull.run()
        assert held.value.code == "source.too_faulty"
    else:
        pull.run()

    assert len(books.live()) == 20 - bad


@on_one_kind
def test_a_connection_that_fails_run_after_run_rests_and_longer_each_time(books: Books) -> None:
    """Twice is bad luck; from the third time on it is left alone for a minute, two, four ... an hour."""
    rests = list[timedelta]()
    for _ in range(10):
        now = books.clock.now()
        with books.database.writing() as connection:
            note_failure(connection, "a", now)
        with books.database.reading() as connection:
            rests.append(read_breakers(connection)["a"].closed_until - now)

    assert [rest.total_seconds() / 60 for rest in rests] == [0, 0, 1, 2, 4, 8, 16, 32, 60, 60]


@on_one_kind
def test_a_clock_that_goes_back_does_not_prolong_a_rest(books: Books) -> None:
    """A rest that begins in the future is none."""
    now = books.clock.now()
    for _ in range(3):
        with books.database.writing() as connection:
            note_failure(connection, "a", now)

    with books.database.reading() as connection:
        breaker = read_breakers(connection)["a"]
    assert breaker.is_open(now)
    assert not breaker.is_open(now - timedelta(hours=1))
    assert not breaker.is_open(now + timedelta(minutes=1))


@on_one_kind
def test_success_forgets_failures(books: Books) -> None:
    """An answer ends the count."""
    with books.database.writing() as connection:
        note_failure(connection, "a", books.clock.now())
        note_success(connection, "a")

    with books.database.reading() as connection:
        assert read_breakers(connection) == {}


def test_a_run_that_is_asked_to_end_commits_the_page_at_hand(books: Books) -> None:
    """The next run goes on from there."""
    register = LandRegister([parcel_item(number) for number in range(1, 9)])
    stream = books.stream("a", register)

    with pytest.raises(Stopped):
        books.prepared(register, stream, is_stopping=lambda: True).run()
    assert books.live() == ["1", "2", "3"]

    books.pull("a", register)
    assert len(books.live()) == 8


def not_at_all(seconds: float) -> None:
    """Sleep as long as a test wants to wait."""
    del seconds


class Outage(HandClock):
    """A clock that has the server end the connection of whoever looks at it within a transaction."""

    def __init__(self, server: str, times: int) -> None:
        super().__init__()
        self._server = server
        self.left = times

    def now(self) -> datetime:
        """Return the instant the test chose, and break what is under way."""
        if self.left:
            with psycopg.connect(self._server) as connection:
                ended = connection.execute(
                    "SELECT pg_terminate_backend(pid, 2000) FROM pg_locks"
                    " WHERE locktype = 'advisory' AND granted AND database ="
                    " (SELECT oid FROM pg_database WHERE datname = current_database())"
                )
                self.left -= ended.rowcount
        return super().now()


@pytest.mark.parametrize(("breaks", "comes_through"), [(1, True), (9, False)])
def test_a_commit_whose_connection_breaks_is_done_again(tmp_path: Path, breaks: int, *, comes_through: bool) -> None:
    """Once is mended on another connection, again and again is an error; no page is half there."""
    with prepared_address("postgres", tmp_path) as address, SharedDatabase(address) as database:
        clock = Outage(address, breaks)
        books = Books(database, clock=clock)
        register = LandRegister([parcel_item(1)])
        pull = books.prepared(register, books.stream("a", register), sleep=not_at_all)

        if comes_through:
            pull.run()
        else:
            with pytest.raises(DatabaseLost):
                pull.run()

        assert clock.left == breaks - (1 if comes_through else 4)
        assert books.live() == (["1"] if comes_through else [])
