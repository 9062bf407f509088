"""What a complete listing lacks is deleted when the next run's lacks it too; and never too much at once."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import select

from cchc_connect import Conversation
from cchc_connect.adapter import DeleteDetection, Page, PageRequest, SourceProfile
from cchc_connect.database.tables import absence
from cchc_connect.errors import SourceHeld, Unreachable
from cchc_connect.monitoring.status import status
from cchc_connect.sync.pull_range import PullRange
from tests.quick import few
from tests.sync.listings import Listing
from tests.sync.memory_systems import parcel_item
from tests.sync.pulled_database import PulledDatabase
from tests.sync.test_source_profiles import PartitionedRegister

HOUR = timedelta(hours=1)


@dataclass
class Withdrawn(Listing):
    """A register with tombstones."""

    withdrawn: list[str] = field(default_factory=list[str])

    def fetch(self, page_request: PageRequest) -> Conversation[Page]:
        """Return one page with the tombstones."""
        return replace((yield from super().fetch(page_request)), deleted_keys=self.withdrawn)


def listing(count: int, **changed: Any) -> Listing:
    return replace(Listing([parcel_item(number) for number in range(1, count + 1)], page_size=5), **changed)


def waiting(books: PulledDatabase) -> list[str]:
    with books.database.reading() as connection:
        return sorted(connection.execute(select(absence.c.source_key)).scalars())


def numbers(items: list[dict[str, Any]]) -> set[str]:
    return {wire_item["number"] for wire_item in items}


def held_code(books: PulledDatabase, source: Listing | PartitionedRegister, **pulled: Any) -> str | None:
    """Pull as a run does, and return the code of the hold, if any."""
    stream = books.stream("a", source, pulled.pop("partition", ""))
    try:
        books.prepared(source, stream, **pulled).run()
    except SourceHeld as held:
        books.hold(stream, held)
        return held.code
    return None


# --- two listings


@pytest.mark.parametrize("seed", few(range(5)))
def test_an_item_is_deleted_when_two_complete_listings_in_a_row_lack_it(books: PulledDatabase, seed: int) -> None:
    """Any listing in between that shows it starts the count again: also an incomplete, a limited or a broken one."""
    dice = Random(seed)
    everything = [parcel_item(number) for number in range(1, 61)]
    source = Listing(list(everything), page_size=10)
    books.pull("a", source)
    live, missing = numbers(everything), set[str]()
    for _ in range(12):
        hidden = set(dice.sample(sorted(numbers(everything)), dice.randint(0, 3)))
        source.items = [wire_item for wire_item in everything if wire_item["number"] not in hidden]
        kind = dice.choice(["complete", "complete", "incomplete", "broken", "limited"])
        source.counted = len(source.items) + 1 if kind == "incomplete" else None
        books.clock.advance(25 * HOUR)  # the limit of a day has tests of its own
        if kind == "broken":
            with pytest.raises(Unreachable):
                books.pull("a", source, None, Unreachable("transport.unreachable"))
            shown = numbers(source.items[:10])
            books.hold(books.stream("a", source), SourceHeld("source.paging_loop", connection="a", record_type="x"))
        else:
            pull_range = PullRange(since=books.clock.now()) if kind == "limited" else None
            books.pull("a", source, pull_range=pull_range)
            shown = numbers(source.items)
        if kind == "complete":
            live -= missing - shown
            missing = live - shown
        live |= shown
        missing -= shown
        assert set(books.live_parcels()) == live
        assert waiting(books) == sorted(f"p{number}" for number in missing)


def test_one_run_never_confirms_what_it_noticed_itself(books: PulledDatabase) -> None:
    """However often it reads the listing."""
    source = listing(30)
    books.pull("a", source)
    del source.items[7]
    before = source.page_requests

    def insert(register: Listing, number: int) -> None:
        if number == before + 3:
            register.items.append(parcel_item(99))

    source.before_page = insert
    done = books.pull("a", source)

    assert source.page_requests - before > len(source.items) // source.page_size + 1  # it was read again
    assert (done.counts.deleted, done.counts.absent, waiting(books)) == (0, 1, ["p8"])
    (stream,) = status(books.database).streams
    assert (stream.absent, stream.live) == (1, 31)


def test_a_source_of_changes_is_listed_completely_while_something_is_missing(books: PulledDatabase) -> None:
    """A known item that its range lacks makes it compare everything; the next run confirms; then changes are asked."""
    source = listing(9, profile=SourceProfile(changed_since=True, deletes=DeleteDetection.ABSENCE))
    books.pull("a", source)
    source.items.pop()
    assert books.pull("a", source).counts.absent == 1

    assert books.pull("a", source).counts.deleted == 1

    books.pull("a", source)
    assert source.requests[-1].since is not None


def test_a_question_by_key_confirms_an_absence_at_once(books: PulledDatabase) -> None:
    """The source that is asked says of one that it is there, and of one that it is not."""
    source = listing(12, profile=SourceProfile(changed_since=False, deletes=DeleteDetection.ABSENCE, by_key=True))
    books.pull("a", source)
    source.items = [wire_item for wire_item in source.items if wire_item["id"] not in {"p2", "p3"}]
    source.keys_there = {"p3"}

    done = books.pull("a", source)

    assert (done.counts.deleted, done.counts.absent, waiting(books)) == (1, 1, ["p3"])
    assert [page_request.source_key for page_request in source.requests if page_request.source_key] == ["p2", "p3"]


def test_a_question_by_key_without_an_answer_confirms_nothing(books: PulledDatabase) -> None:
    """The run goes on without it."""
    source = listing(4, profile=SourceProfile(changed_since=False, deletes=DeleteDetection.ABSENCE, by_key=True))
    books.pull("a", source)
    source.items.pop()

    done = books.pull("a", source, None, Unreachable("transport.unreachable"))

    assert (done.counts.deleted, done.counts.absent) == (0, 1)


# --- limits


def test_partitions_that_are_listed_empty_together_hold_the_source(books: PulledDatabase) -> None:
    """Twenty partitions of five: each alone may lose five records, all together may not."""
    partitions = tuple(f"c{number:02}" for number in range(20))
    profile = SourceProfile(changed_since=False, deletes=DeleteDetection.ABSENCE, partitions=partitions)
    full = [parcel_item(number, part=partitions[number % 20]) for number in range(100)]
    source = PartitionedRegister(list(full), profile=profile, page_size=10)

    def run(*, accepting: bool = False) -> Mapping[str, str | None]:
        accepted = frozenset("a") if accepting else frozenset[str]()
        codes = {part: held_code(books, source, partition=part, accept_shrink=accepted) for part in partitions}
        books.clock.advance(HOUR)
        return codes

    assert set(run().values()) == {None}
    source.items = []

    assert list(run().values()) == [None] * 4 + ["source.shrunk"] * 16
    assert set(run().values()) == {"source.shrunk"}
    assert len(books.live_parcels()) == 100
    assert set(run(accepting=True).values()) == {None}
    assert books.live_parcels() == []


@pytest.mark.parametrize("seed", few(range(4)))
def test_a_source_that_shrinks_run_by_run_is_held_within_the_day(books: PulledDatabase, seed: int) -> None:
    """81 of 100 in eight runs, or at any other pace: never more than a fifth of a day's records."""
    dice = Random(seed)
    source = listing(100, page_size=40)
    books.pull("a", source)
    codes = list[str | None]()
    for _ in range(8):
        for _ in range(dice.randint(8, 14)):
            source.items.pop(dice.randrange(len(source.items)))
        codes.append(held_code(books, source))
        books.clock.advance(HOUR)

    assert "source.shrunk" in codes
    assert len(books.live_parcels()) >= 80
    assert codes[-1] == "source.shrunk"


def test_a_source_that_shrinks_a_little_every_day_is_never_held(books: PulledDatabase) -> None:
    """The limit is one of a day."""
    source = listing(100, page_size=40)
    books.pull("a", source)
    for _ in range(10):
        del source.items[:5]
        books.clock.advance(25 * HOUR)
        assert held_code(books, source) is None

    books.clock.advance(25 * HOUR)
    books.pull("a", source)
    assert len(books.live_parcels()) == len(source.items) == 50


@pytest.mark.parametrize("is_held_first", [True, False])
def test_an_accepted_shrink_takes_two_listings_too_and_counts_no_more(
    books: PulledDatabase, *, is_held_first: bool
) -> None:
    """What was accepted is deleted by the next run, and a small loss afterwards is no reason for a hold."""
    source = listing(40)
    books.pull("a", source)
    source.items = source.items[:15]
    if is_held_first:
        assert held_code(books, source) == "source.shrunk"
        books.clock.advance(HOUR)
    assert held_code(books, source, accept_shrink=frozenset("a")) is None
    assert len(books.live_parcels()) == (15 if is_held_first else 40)
    books.clock.advance(HOUR)

    assert held_code(books, source) is None
    source.items.pop()
    for _ in range(2):
        books.clock.advance(HOUR)
        assert held_code(books, source) is None

    assert len(books.live_parcels()) == 14


def test_a_renumbered_or_restored_record_is_no_deletion(books: PulledDatabase) -> None:
    """A reform that renumbers every parcel does not use up the limit of the day."""
    source = listing(20)
    books.pull("a", source)
    source.items = [{**wire_item, "sheet": "77"} for wire_item in source.items]
    books.pull("a", source)
    books.clock.advance(HOUR)
    source.items.pop()

    assert [held_code(books, source) for _ in range(2)] == [None, None]
    assert len(books.live_parcels()) == 19


def test_tombstones_are_not_limited(books: PulledDatabase) -> None:
    """Each names one item that the source itself deleted."""
    source = Withdrawn(
        [parcel_item(number) for number in range(1, 11)],
        profile=SourceProfile(changed_since=False, deletes=DeleteDetection.TOMBSTONES),
        page_size=10,
    )
    books.pull("a", source)
    source.items = []
    source.withdrawn = [f"p{number}" for number in range(1, 11)]

    done = books.pull("a", source)

    assert (done.counts.deleted, books.live_parcels()) == (10, [])


# --- honest sources


@pytest.mark.parametrize("seed", few(range(30)))
def test_an_honest_source_is_neither_held_nor_incomplete(books: PulledDatabase, seed: int) -> None:
    """With counts or links or neither, full last pages, edits while it is read, and a few rows gone each day."""
    dice = Random(seed)
    size = dice.randint(2, 7)
    counts, links = dice.choice([True, False]), dice.choice([True, False])
    source = listing(
        dice.choice([0, size, 3 * size, dice.randint(20, 40)]),
        page_size=size,
        announces=counts,
        links=links,
        probes=not links,
        profile=SourceProfile(
            changed_since=dice.choice([True, False]),
            deletes=dice.choice([DeleteDetection.ABSENCE, DeleteDetection.NEVER]),
        ),
    )
    number = 1000

    def edit(register: Listing, _page: int) -> None:
        """Register a parcel between two pages of about every third reading."""
        nonlocal number
        if dice.random() < 0.3 * size / (len(register.items) + size):
            number += 1
            register.items.append(parcel_item(number, at=books.clock.now().isoformat()))

    source.before_page = edit
    for _ in range(4):
        done = books.pull("a", source)
        assert done.incomplete is None
        books.clock.advance(25 * HOUR)
        if len(source.items) > 20:
            source.items.pop(dice.randrange(len(source.items)))
    source.before_page = lambda _listing, _number: None
    for _ in range(2):
        books.pull("a", source)

    assert numbers(source.items) <= set(books.live_parcels())
    if source.profile.deletes is DeleteDetection.ABSENCE and not source.profile.changed_since:
        assert set(books.live_parcels()) == numbers(source.items)
