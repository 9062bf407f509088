"""What a source's profile declares: partitions, retention, granularity, order, windows, single items, tombstones."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from sqlalchemy import insert

from cchc_connect import Conversation
from cchc_connect.adapter import DeleteDetection, ListingOrder, Page, PageRequest, SourceProfile
from cchc_connect.database.reading.quarantine_entries import entries
from cchc_connect.database.tables import run
from cchc_connect.errors import SourceHeld, StartOver
from cchc_connect.monitoring.runs import run as read_one_run
from cchc_connect.sync.pull_range import PullRange
from tests.databases import on_sqlite_only
from tests.sync.memory_systems import START, LandRegister, parcel_item
from tests.sync.pulled_database import PulledDatabase, parcel_key

DAY = timedelta(days=1)


@dataclass
class PartitionedRegister(LandRegister):
    """A register in two partitions, `n` and `s`."""

    profile: SourceProfile = field(
        default_factory=lambda: SourceProfile(
            changed_since=False, deletes=DeleteDetection.ABSENCE, partitions=("n", "s")
        )
    )

    def fetch(self, page_request: PageRequest) -> Conversation[Page]:
        """Return a page of the requested partition."""
        everything = self.items
        self.items = [wire_item for wire_item in everything if wire_item["part"] == page_request.partition]
        page = yield from super().fetch(page_request)
        self.items = everything
        return page


def test_absence_means_deletion_within_its_partition_only(books: PulledDatabase) -> None:
    """A pull of one partition deletes no record of another one."""
    register = PartitionedRegister([parcel_item(1, part="n"), parcel_item(2, part="s")])
    for part in "ns":
        books.pull("a", register, partition=part)
    register.items = []

    books.pull_twice("a", register, partition="n")

    assert books.live_parcels() == ["2"]


def test_an_item_that_moves_between_partitions_is_one_live_record(books: PulledDatabase) -> None:
    """Whichever partition is read first, in the end there is one live record."""
    register = PartitionedRegister([parcel_item(1, part="n")])
    for part in "ns":
        books.pull("a", register, partition=part)
    register.items[0]["part"] = "s"

    for part in "nsns":
        books.pull("a", register, partition=part)

    assert books.live_parcels() == ["1"]
    assert books.row(parcel_key(1)).partition == "s"


@pytest.mark.parametrize("order", ["ns", "sn"])
def test_a_faulty_item_that_moves_between_partitions_stays_in_quarantine(books: PulledDatabase, order: str) -> None:
    """Whichever partition is read first, the one that the item left does not end its entry."""
    register = PartitionedRegister([parcel_item(1, part="n", area="?")])
    for part in "ns":
        books.pull("a", register, partition=part)
    register.items[0]["part"] = "s"

    for part in order:
        books.pull("a", register, partition=part)

    with books.database.reading() as connection:
        assert [(entry.source_key, entry.partition) for entry in entries(connection)] == [("p1", "s")]


def test_a_record_whose_item_is_faulty_in_another_partition_keeps_its_last_values(books: PulledDatabase) -> None:
    """The record stays as long as its item is listed in any partition."""
    register = PartitionedRegister([parcel_item(1, part="n")])
    for part in "ns":
        books.pull("a", register, partition=part)
    register.items = [parcel_item(1, part="s", area="?")]
    for part in "snsn":
        books.pull("a", register, partition=part)
    while_faulty = (books.live_parcels(), books.quarantined())
    register.items = []

    for part in "sn":
        books.pull("a", register, partition=part)

    assert while_faulty == (["1"], ["p1"])
    assert (books.live_parcels(), books.quarantined()) == ([], [])


def test_a_quarantined_item_with_a_taken_key_stays_in_its_partition(books: PulledDatabase) -> None:
    """A pull of another partition, which tries quarantined items again, does not move it there."""
    items = [parcel_item(1, part="n"), parcel_item(1, id="p9", part="s")]
    register = PartitionedRegister(items, profile=SourceProfile(changed_since=True, partitions=("n", "s")))
    for part in "ns":
        books.pull("a", register, partition=part)

    books.pull("a", register, partition="n")

    with books.database.reading() as connection:
        assert [(entry.source_key, entry.partition) for entry in entries(connection)] == [("p9", "s")]


def test_each_partition_has_its_own_cursor(books: PulledDatabase) -> None:
    """The watermark of one partition does not depend on another one."""
    register = PartitionedRegister([parcel_item(1, part="n"), parcel_item(2, part="s", at=(START + DAY).isoformat())])
    books.clock.advance(DAY)
    for part in "ns":
        books.pull("a", register, partition=part)

    marks = [books.cursor(books.stream("a", register, part)).watermark for part in "ns"]

    assert marks == [START, START + DAY]


def test_the_counters_of_a_run_cover_all_partitions(books: PulledDatabase) -> None:
    """A later partition adds to the stored counters, which are the only report of a killed run."""
    register = PartitionedRegister([parcel_item(1, part="n"), parcel_item(2, part="n"), parcel_item(3, part="s")])
    for part in "ns":
        books.pull("a", register, partition=part)

    with books.database.writing() as connection:
        connection.execute(insert(run).values(run_id="run", started_at="2026-07-01T01:00:00.000000Z"))
    tallies = read_one_run(books.database, "run").committed

    assert [(tally.name, tally.record_type, tally.counts.inserted) for tally in tallies] == [("a", "land_parcel", 3)]


@on_sqlite_only
def test_a_source_is_read_completely_after_its_retention_period(books: PulledDatabase) -> None:
    """After a pause longer than the source's `retention` every item is compared."""
    profile = SourceProfile(changed_since=True, retention=timedelta(days=30))
    register = LandRegister([parcel_item(1)], profile=profile)
    books.pull("a", register)
    books.clock.advance(timedelta(days=31))

    books.pull("a", register)

    assert [ask.since for ask in register.requests] == [None, None]


@on_sqlite_only
def test_a_source_with_daily_granularity_is_asked_from_the_start_of_the_day(books: PulledDatabase) -> None:
    """A change later on the watermark's day has the same date."""
    profile = SourceProfile(changed_since=True, timestamp_resolution=DAY, lookback=timedelta(0))
    register = LandRegister([parcel_item(1)], profile=profile)
    books.pull("a", register)

    books.pull("a", register)

    assert register.requests[-1].since == START.replace(hour=0)


@on_sqlite_only
@pytest.mark.parametrize(("order", "is_moved"), [(ListingOrder.ASCENDING, True), (ListingOrder.NONE, False)])
def test_a_held_pass_moves_the_watermark_only_if_the_source_is_ordered(
    books: PulledDatabase, order: ListingOrder, *, is_moved: bool
) -> None:
    """A pass that broke off has read all changes before its last one only if the oldest come first."""
    profile = SourceProfile(changed_since=True, order=order)
    items = [parcel_item(number, at=(START + number * DAY / 24).isoformat()) for number in range(1, 8)]
    register = LandRegister(items, profile=profile, following={"6": "3"})
    books.clock.advance(DAY)
    stream = books.stream("a", register)
    with pytest.raises(SourceHeld) as held:
        books.pull("a", register)

    books.hold(stream, held.value, order)

    assert (books.cursor(stream).watermark is not None) is is_moved


@dataclass
class Forgetful(LandRegister):
    """A register that refuses the page tokens and times it is asked for, `forgets` times."""

    forgets: int = 1

    def fetch(self, page_request: PageRequest) -> Conversation[Page]:
        """Return a page, or raise `StartOver`."""
        if self.forgets and (page_request.since is not None or self.forgets > 1):
            self.forgets -= 1
            raise StartOver
        return (yield from super().fetch(page_request))


@on_sqlite_only
def test_start_over_restarts_the_pass_from_the_first_page(books: PulledDatabase) -> None:
    """The adapter raises `StartOver`, and everything is read."""
    register = Forgetful([parcel_item(1)], profile=SourceProfile(changed_since=True), forgets=0)
    books.pull("a", register)
    register.items.append(parcel_item(2))
    register.forgets = 1

    books.pull("a", register)

    assert books.live_parcels() == ["1", "2"]


@on_sqlite_only
def test_a_second_start_over_in_one_run_is_an_error(books: PulledDatabase) -> None:
    """The run would never end otherwise."""
    register = Forgetful([parcel_item(1)], profile=SourceProfile(changed_since=True), forgets=9)

    with pytest.raises(StartOver):
        books.pull("a", register)


def test_a_window_is_read_again_and_moves_no_cursor(books: PulledDatabase) -> None:
    """A backfill finds missed items and leaves the cursor of the source unchanged."""
    register = LandRegister([parcel_item(1)], profile=SourceProfile(changed_since=True))
    books.pull("a", register)
    before = books.cursor(books.stream("a", register))
    register.items.append(parcel_item(2, at=(START - 9 * DAY).isoformat()))

    books.pull("a", register, pull_range=PullRange(since=START - 10 * DAY, until=START))

    assert books.live_parcels() == ["1", "2"]
    assert books.cursor(books.stream("a", register)) == before


def test_a_window_reports_an_unmoved_cursor(books: PulledDatabase) -> None:
    """Even if the window shows a later change, the next pass asks from the stored watermark."""
    register = LandRegister([parcel_item(1)], profile=SourceProfile(changed_since=True))
    books.pull("a", register)
    register.items.append(parcel_item(2, at=(START + DAY / 2).isoformat()))

    done = books.pull("a", register, pull_range=PullRange(since=START))

    assert done.after == books.cursor(books.stream("a", register))


@on_sqlite_only
def test_a_window_of_a_source_without_a_filter_is_its_complete_listing(books: PulledDatabase) -> None:
    """No time is sent with the request and no item is refused as too old; unchanged items write nothing."""
    old = (START - 90 * DAY).isoformat()
    register = LandRegister([parcel_item(1, at=old), parcel_item(2)])
    books.pull("a", register)
    register.items[1] = parcel_item(2, area="300")

    done = books.pull("a", register, pull_range=PullRange(since=START - DAY))

    assert register.requests[-1].since is None
    assert (done.counts.unchanged, done.counts.updated) == (1, 1)


@on_sqlite_only
@pytest.mark.parametrize("by_key", [True, False])
def test_one_item_is_read_again_and_no_other(books: PulledDatabase, *, by_key: bool) -> None:
    """A source with `by_key` is asked for the item; else the complete listing is read and the others ignored."""
    register = LandRegister([parcel_item(1), parcel_item(2)])
    register.profile = replace(register.profile, by_key=by_key)
    books.pull("a", register)
    register.items = [parcel_item(1, area="7"), parcel_item(2, area="8")]

    books.pull("a", register, pull_range=PullRange(key="p2"))

    assert [books.row(parcel_key(number)).area_m2 for number in (1, 2)] == [250.5, 8]
    assert register.requests[-1].source_key == ("p2" if by_key else None)


@dataclass
class Tombstones(LandRegister):
    """A register that lists deleted items."""

    profile: SourceProfile = field(
        default_factory=lambda: SourceProfile(changed_since=True, deletes=DeleteDetection.TOMBSTONES)
    )
    gone: list[str] = field(default_factory=list[str])

    def fetch(self, page_request: PageRequest) -> Conversation[Page]:
        """Return a page with the keys of deleted items."""
        page = yield from super().fetch(page_request)
        return replace(page, deleted_keys=self.gone)


def test_a_tombstone_marks_a_record_deleted_and_keeps_its_last_values(books: PulledDatabase) -> None:
    """A tombstone for an unknown key is ignored."""
    register = Tombstones([parcel_item(1), parcel_item(2)])
    books.pull("a", register)
    register.items, register.gone = register.items[:1], ["p2", "p99"]

    done = books.pull("a", register)

    assert (books.live_parcels(), done.counts.deleted) == (["1"], 1)
    assert books.row(parcel_key(2)).area_m2 == 250.5


def test_an_item_that_comes_back_after_its_tombstone_is_restored(books: PulledDatabase) -> None:
    """Its next version follows the one of the deletion."""
    register = Tombstones([parcel_item(1)])
    books.pull("a", register)
    register.gone = ["p1"]
    register.items = []
    books.pull("a", register)
    register.items, register.gone = [parcel_item(1)], []

    books.pull("a", register)

    assert [operation for _, operation, _ in books.versions()] == ["insert", "delete", "restore"]


def test_a_tombstone_ends_a_quarantine_entry_too(books: PulledDatabase) -> None:
    """Quarantine holds items that are faulty at the source now."""
    register = Tombstones([parcel_item(1, area="?")])
    books.pull("a", register)
    register.items, register.gone = [], ["p1"]

    books.pull("a", register)

    assert books.quarantined() == []
