"""Sources of every kind, from their profile: partitions, memory, grain, order, windows, single items, tombstones."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from cchc_connect import Exchange
from cchc_connect.adapter import Ask, Deletes, Order, Page, SourceProfile
from cchc_connect.database.state.counters import read_tallies
from cchc_connect.database.writing.quarantine import entries
from cchc_connect.errors import SourceHeld, StartOver
from cchc_connect.sync.pull import Extent
from tests.databases import on_one_kind
from tests.sync.books import Books, parcel_key
from tests.sync.village import START, LandRegister, parcel_item

DAY = timedelta(days=1)


@dataclass
class Communes(LandRegister):
    """A register in parts."""

    profile: SourceProfile = field(
        default_factory=lambda: SourceProfile(changed_since=False, deletes=Deletes.ABSENCE, partitions=("n", "s"))
    )

    def fetch(self, ask: Ask) -> Exchange[Page]:
        """Return a page of the part that is asked for."""
        everything = self.items
        self.items = [item for item in everything if item["part"] == ask.partition]
        page = yield from super().fetch(ask)
        self.items = everything
        return page


def test_absence_counts_within_a_partition_only(books: Books) -> None:
    """What the north lacks is gone in the north; the south was not asked."""
    register = Communes([parcel_item(1, part="n"), parcel_item(2, part="s")])
    for part in "ns":
        books.pull("a", register, partition=part)
    register.items = []

    books.pull("a", register, partition="n")

    assert books.live() == ["2"]


def test_an_item_that_moves_between_partitions_is_one_live_record(books: Books) -> None:
    """Whichever part is read first, in the end the parcel is there once."""
    register = Communes([parcel_item(1, part="n")])
    for part in "ns":
        books.pull("a", register, partition=part)
    register.items[0]["part"] = "s"

    for part in "nsns":
        books.pull("a", register, partition=part)

    assert books.live() == ["1"]
    assert books.row(parcel_key(1)).partition == "s"


@pytest.mark.parametrize("order", ["ns", "sn"])
def test_a_faulty_item_that_moves_between_partitions_stays_in_quarantine(books: Books, order: str) -> None:
    """Whichever part is read first, the part that it left does not end its entry."""
    register = Communes([parcel_item(1, part="n", area="?")])
    for part in "ns":
        books.pull("a", register, partition=part)
    register.items[0]["part"] = "s"

    for part in order:
        books.pull("a", register, partition=part)

    with books.database.reading() as connection:
        assert [(entry.source_key, entry.partition) for entry in entries(connection)] == [("p1", "s")]


def test_a_record_whose_item_is_faulty_in_another_partition_keeps_its_last_values(books: Books) -> None:
    """It is there as long as its item is, wherever that is listed."""
    register = Communes([parcel_item(1, part="n")])
    for part in "ns":
        books.pull("a", register, partition=part)
    register.items = [parcel_item(1, part="s", area="?")]
    for part in "snsn":
        books.pull("a", register, partition=part)
    kept = (books.live(), books.quarantined())
    register.items = []

    for part in "sn":
        books.pull("a", register, partition=part)

    assert kept == (["1"], ["p1"])
    assert (books.live(), books.quarantined()) == ([], [])


def test_an_item_whose_key_is_taken_waits_in_the_partition_that_lists_it(books: Books) -> None:
    """A pull of another part, which looks again at what waits, does not move it there."""
    items = [parcel_item(1, part="n"), parcel_item(1, id="p9", part="s")]
    register = Communes(items, profile=SourceProfile(changed_since=True, partitions=("n", "s")))
    for part in "ns":
        books.pull("a", register, partition=part)

    books.pull("a", register, partition="n")

    with books.database.reading() as connection:
        assert [(entry.source_key, entry.partition) for entry in entries(connection)] == [("p9", "s")]


def test_each_partition_has_a_cursor_of_its_own(books: Books) -> None:
    """How far the north was read says nothing of the south."""
    register = Communes([parcel_item(1, part="n"), parcel_item(2, part="s", at=(START + DAY).isoformat())])
    for part in "ns":
        books.pull("a", register, partition=part)

    marks = [books.cursor(books.stream("a", register, part)).watermark for part in "ns"]

    assert marks == [START, START + DAY]


def test_what_a_run_did_is_counted_over_all_partitions(books: Books) -> None:
    """A later part does not take the place of an earlier one's counters, which is all that a killed run leaves."""
    register = Communes([parcel_item(1, part="n"), parcel_item(2, part="n"), parcel_item(3, part="s")])
    for part in "ns":
        books.pull("a", register, partition=part)

    with books.database.reading() as connection:
        told = read_tallies(connection, "run")

    assert [(one.name, one.record_type, one.counts.inserted) for one in told] == [("a", "land_parcel", 3)]


@on_one_kind
def test_a_source_that_forgot_is_read_whole(books: Books) -> None:
    """After a pause longer than the source remembers its changes everything is compared."""
    profile = SourceProfile(changed_since=True, retention=timedelta(days=30))
    register = LandRegister([parcel_item(1)], profile=profile)
    books.pull("a", register)
    books.clock.pass_time(timedelta(days=31))

    books.pull("a", register)

    assert [ask.since for ask in register.asks] == [None, None]


@on_one_kind
def test_a_source_that_dates_by_the_day_is_asked_for_whole_days(books: Books) -> None:
    """A change later on the watermark's day bears the same date."""
    profile = SourceProfile(changed_since=True, granularity=DAY, late_by=timedelta(0))
    register = LandRegister([parcel_item(1)], profile=profile)
    books.pull("a", register)

    books.pull("a", register)

    assert register.asks[-1].since == START.replace(hour=0)


@on_one_kind
@pytest.mark.parametrize(("order", "moved"), [(Order.ASCENDING, True), (Order.NONE, False)])
def test_what_was_read_in_order_need_not_be_read_again_after_a_hold(books: Books, order: Order, *, moved: bool) -> None:
    """A pass that broke off moves the watermark only where the oldest change comes first."""
    profile = SourceProfile(changed_since=True, order=order)
    items = [parcel_item(number, at=(START + number * DAY / 24).isoformat()) for number in range(1, 8)]
    register = LandRegister(items, profile=profile, following={"6": "3"})
    books.clock.pass_time(DAY)
    stream = books.stream("a", register)
    with pytest.raises(SourceHeld) as held:
        books.pull("a", register)

    books.hold(stream, held.value, order)

    assert (books.cursor(stream).watermark is not None) is moved


@dataclass
class Forgetful(LandRegister):
    """A register that does not know positions or times it is asked for."""

    forgets: int = 1

    def fetch(self, ask: Ask) -> Exchange[Page]:
        """Return a page, or the word that nobody knows where we were."""
        if self.forgets and (ask.since is not None or self.forgets > 1):
            self.forgets -= 1
            raise StartOver
        return (yield from super().fetch(ask))


@on_one_kind
def test_a_source_that_does_not_know_where_we_were_is_read_whole_once(books: Books) -> None:
    """The adapter says so, and the pass begins anew."""
    register = Forgetful([parcel_item(1)], profile=SourceProfile(changed_since=True), forgets=0)
    books.pull("a", register)
    register.items.append(parcel_item(2))
    register.forgets = 1

    books.pull("a", register)

    assert books.live() == ["1", "2"]


@on_one_kind
def test_a_source_that_never_knows_is_held(books: Books) -> None:
    """A second time in one run is no way to go on."""
    register = Forgetful([parcel_item(1)], profile=SourceProfile(changed_since=True), forgets=9)

    with pytest.raises(StartOver):
        books.pull("a", register)


def test_a_window_is_read_again_and_moves_no_cursor(books: Books) -> None:
    """A backfill finds what was missed and changes nothing about how far the source was read."""
    register = LandRegister([parcel_item(1)], profile=SourceProfile(changed_since=True))
    books.pull("a", register)
    before = books.cursor(books.stream("a", register))
    register.items.append(parcel_item(2, at=(START - 9 * DAY).isoformat()))

    books.pull("a", register, extent=Extent(since=START - 10 * DAY, until=START))

    assert books.live() == ["1", "2"]
    assert books.cursor(books.stream("a", register)) == before


def test_a_window_reports_that_no_cursor_moved(books: Books) -> None:
    """Whatever later change it shows, the next pass asks from where the source was read up to."""
    register = LandRegister([parcel_item(1)], profile=SourceProfile(changed_since=True))
    books.pull("a", register)
    register.items.append(parcel_item(2, at=(START + DAY / 2).isoformat()))

    done = books.pull("a", register, extent=Extent(since=START))

    assert done.after == books.cursor(books.stream("a", register))


@on_one_kind
def test_a_window_of_a_source_that_cannot_tell_is_its_whole_listing(books: Books) -> None:
    """It is not asked for a part and not blamed for showing all; what did not change comes to nothing new."""
    old = (START - 90 * DAY).isoformat()
    register = LandRegister([parcel_item(1, at=old), parcel_item(2)])
    books.pull("a", register)
    register.items[1] = parcel_item(2, area="300")

    done = books.pull("a", register, extent=Extent(since=START - DAY))

    assert register.asks[-1].since is None
    assert (done.counts.unchanged, done.counts.updated) == (1, 1)


@on_one_kind
@pytest.mark.parametrize("by_key", [True, False])
def test_one_item_is_read_again_and_no_other(books: Books, *, by_key: bool) -> None:
    """A source that can be asked for one is; of another the whole listing is passed over but for the one."""
    register = LandRegister([parcel_item(1), parcel_item(2)])
    register.profile = replace(register.profile, by_key=by_key)
    books.pull("a", register)
    register.items = [parcel_item(1, area="7"), parcel_item(2, area="8")]

    books.pull("a", register, extent=Extent(key="p2"))

    assert [books.row(parcel_key(number)).area_m2 for number in (1, 2)] == [250.5, 8]
    assert register.asks[-1].key == ("p2" if by_key else None)


@dataclass
class Tombstones(LandRegister):
    """A register that lists what is gone."""

    profile: SourceProfile = field(
        default_factory=lambda: SourceProfile(changed_since=True, deletes=Deletes.TOMBSTONES)
    )
    gone: list[str] = field(default_factory=list[str])

    def fetch(self, ask: Ask) -> Exchange[Page]:
        """Return a page with what is gone."""
        page = yield from super().fetch(ask)
        return replace(page, gone=self.gone)


def test_a_tombstone_ends_a_record_which_keeps_its_last_values(books: Books) -> None:
    """What the source calls gone is gone; a key that was never here is nothing."""
    register = Tombstones([parcel_item(1), parcel_item(2)])
    books.pull("a", register)
    register.items, register.gone = register.items[:1], ["p2", "p99"]

    done = books.pull("a", register)

    assert (books.live(), done.counts.deleted) == (["1"], 1)
    assert books.row(parcel_key(2)).area_m2 == 250.5


def test_what_comes_back_after_its_tombstone_is_restored(books: Books) -> None:
    """The next version follows the one that ended it."""
    register = Tombstones([parcel_item(1)])
    books.pull("a", register)
    register.gone = ["p1"]
    register.items = []
    books.pull("a", register)
    register.items, register.gone = [parcel_item(1)], []

    books.pull("a", register)

    assert [operation for _, operation, _ in books.versions()] == ["insert", "delete", "restore"]


def test_a_tombstone_ends_a_quarantined_item_too(books: Books) -> None:
    """Quarantine holds what is bad at the source, not what was."""
    register = Tombstones([parcel_item(1, area="?")])
    books.pull("a", register)
    register.items, register.gone = [], ["p1"]

    books.pull("a", register)

    assert books.quarantined() == []
