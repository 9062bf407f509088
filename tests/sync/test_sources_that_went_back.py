"""Sources that were restored from a backup and perhaps edited since: everything is compared, their state counts."""

import random
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cchc_connect import Conversation
from cchc_connect.adapter import DeleteDetection, ListingOrder, Page, PageRequest, SourceProfile
from cchc_connect.errors import Unreachable
from cchc_connect.sync.pull import Pull
from cchc_connect.sync.run_context import RunContext
from tests.databases import on_sqlite_only
from tests.quick import few
from tests.sync.memory_systems import START, LandRegister, NoRequestTransport, parcel_item
from tests.sync.pulled_database import PulledDatabase

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class EditedRegister(LandRegister):
    """A register that filters by the time of change and lists in an order of its own."""

    def edit(self, number: int, books: PulledDatabase, choose: random.Random) -> None:
        """Change a parcel, or add it, and stamp it with the present time."""
        at = books.clock.moment - choose.randrange(1, 60) * timedelta(seconds=1)
        item = parcel_item(number, area=str(choose.randrange(1, 10**6)), at=at.isoformat())
        self.items = [entry for entry in self.items if entry["id"] != item["id"]] + [item]


def state(books: PulledDatabase) -> dict[str, str]:
    """Return the area of every live parcel by its number."""
    rows = (books.row(f"gso-2025-07:25747:12:{number}") for number in books.live_parcels())
    return {row.parcel_number: str(int(row.area_m2)) for row in rows}


def truth(items: list[dict[str, Any]]) -> dict[str, str]:
    """Return the same of the source."""
    return {item["number"]: item["area"] for item in items}


@pytest.mark.parametrize("seed", few(range(16)))
@pytest.mark.parametrize("deletes", [DeleteDetection.NEVER, DeleteDetection.TOMBSTONES])
def test_a_source_that_was_restored_and_then_edited_is_compared_completely(
    books: PulledDatabase, seed: int, deletes: DeleteDetection
) -> None:
    """What was changed between the backup and the restore is what the source says, after one run."""
    choose = random.Random(seed)
    profile = SourceProfile(changed_since=True, deletes=deletes, order=choose.choice(list(ListingOrder)))
    register = EditedRegister(profile=profile, page_size=choose.choice([2, 5, 100]))
    for number in range(30):
        register.edit(number, books, choose)
    for _ in range(3):
        books.clock.advance(choose.choice([MINUTE, HOUR, DAY]))
        register.edit(choose.randrange(30), books, choose)
        books.pull("a", register)
    backup = deepcopy(register.items)
    books.clock.advance(choose.choice([MINUTE, HOUR, DAY]))
    for number in choose.sample(range(30), 5):
        register.edit(number, books, choose)
    books.pull("a", register)
    register.items = backup
    books.clock.advance(choose.choice([MINUTE, 9 * MINUTE]))
    for number in choose.sample(range(30), choose.randrange(1, 4)):
        register.edit(number, books, choose)

    counts = books.pull("a", register).counts

    assert state(books) == truth(register.items)
    assert counts.went_back > 0
    for _ in range(2):
        register.requests.clear()
        books.clock.advance(MINUTE)
        again = books.pull("a", register).counts
        assert (again.rows_written, again.outdated, again.went_back, again.unlisted) == (0, 0, 0, 0)
        assert all(page_request.since is not None for page_request in register.requests)


@pytest.mark.parametrize("seed", few(range(16)))
def test_an_honest_source_is_never_said_to_have_gone_back(books: PulledDatabase, seed: int) -> None:
    """Edited again, added, committed late, dated by the day, paged while it is edited: nothing is told or compared."""
    choose = random.Random(seed)
    by_day = choose.random() < 0.4
    resolution = DAY if by_day else timedelta(seconds=1)
    profile = SourceProfile(changed_since=True, timestamp_resolution=resolution, lookback=10 * MINUTE)
    register = EditedRegister(profile=profile, page_size=choose.choice([2, 5, 100]))
    for number in range(20):
        register.edit(number, books, choose)
    for round_ in range(12):
        books.clock.advance(choose.choice([MINUTE, 12 * MINUTE, HOUR, DAY]))
        for number in choose.sample(range(25), choose.randrange(4)):
            register.edit(number, books, choose)
        late = (books.clock.moment - choose.randrange(1, 300) * timedelta(seconds=1)).isoformat()
        register.items.append(parcel_item(100 + round_, area="7", at=late))
        if by_day:
            register.items = [item | {"at": f"{item['at'][:10]}T00:00:00+00:00"} for item in register.items]
        choose.shuffle(register.items)
        register.requests.clear()

        counts = books.pull("a", register).counts

        assert (counts.outdated, counts.went_back, counts.unlisted) == (0, 0, 0)
        assert all(page_request.since is not None for page_request in register.requests) or round_ == 0
        assert state(books) == truth(register.items)


class MovingRegister(LandRegister):
    """A register in which an item of the second page is edited, and so moves to the first, while it is read."""

    edits_left: int = 0

    def fetch(self, page_request: PageRequest) -> Conversation[Page]:
        """Return one page; before the second one its last item moves to the front."""
        if page_request.page_token and page_request.since is not None and self.edits_left:
            self.edits_left -= 1
            moved = self.items.pop()
            self.items.insert(0, moved | {"area": "77", "at": (START + 3 * HOUR).isoformat()})
        page = yield from super().fetch(page_request)
        return replace(page, total=None)


def test_an_item_that_moves_between_two_pages_is_no_evidence(books: PulledDatabase) -> None:
    """A second look at the changes finds it; nothing else is read."""
    items = [parcel_item(number, at=(START + number * MINUTE).isoformat()) for number in range(6)]
    register = MovingRegister(items, profile=SourceProfile(changed_since=True), page_size=3)
    books.clock.advance(4 * HOUR)
    books.pull("a", register)
    register.edits_left = 1

    counts = books.pull("a", register).counts

    assert all(page_request.since is not None for page_request in register.requests[2:])
    assert (counts.went_back, counts.unlisted) == (0, 0)
    assert state(books)["5"] == "77"


@pytest.mark.parametrize("waiting", ["spoilt", "key_taken"])
def test_an_item_in_quarantine_that_is_not_listed_any_more_is_evidence(books: PulledDatabase, waiting: str) -> None:
    """It was changed last, so that nothing else shows that the source was restored."""
    items = [parcel_item(number, area="9", at=(START + number * HOUR).isoformat()) for number in range(4)]
    register = LandRegister(deepcopy(items), profile=SourceProfile(changed_since=True))
    books.clock.advance(5 * HOUR)
    books.pull("a", register)
    register.items[1] |= {"area": "77", "at": (START + 6 * HOUR).isoformat()}
    spoilt = {"spoilt": {"sheet": ""}, "key_taken": {"number": "2"}}[waiting]
    register.items[3] |= {**spoilt, "at": (START + 9 * HOUR).isoformat()}
    books.clock.advance(5 * HOUR)
    books.pull("a", register)
    assert books.quarantined() == ["p3"]
    register.items = [*items, parcel_item(4, area="9", at=(START + 11 * HOUR).isoformat())]
    books.clock.advance(2 * HOUR)

    counts = books.pull("a", register).counts

    assert state(books) == truth(register.items)
    assert counts.went_back > 0
    assert books.quarantined() == []


class SlowRegister(LandRegister):
    """A register of which each page takes some time, by which the watermark stays behind the latest change."""

    books: PulledDatabase

    def fetch(self, page_request: PageRequest) -> Conversation[Page]:
        """Return one page, after ten seconds."""
        self.books.clock.advance(timedelta(seconds=10))
        return (yield from super().fetch(page_request))


def test_what_is_known_to_be_later_than_the_watermark_must_be_listed_too(books: PulledDatabase) -> None:
    """A source that lists what changed since the watermark, and no minute before it, was restored and edited."""
    profile = SourceProfile(changed_since=True, lookback=timedelta(seconds=1))
    register = SlowRegister([parcel_item(number, area="9") for number in range(4)], profile=profile, page_size=1)
    register.books = books
    books.clock.advance(HOUR)
    books.pull("a", register)
    backup = deepcopy(register.items)
    register.items[1] |= {"area": "77", "at": (START + HOUR).isoformat()}
    register.items[2] |= {"area": "78", "at": (START + 2 * HOUR).isoformat()}
    books.clock.advance(3 * HOUR)
    books.pull("a", register)
    register.items = [*backup, parcel_item(4, area="9", at=(START + 5 * HOUR).isoformat())]
    books.clock.advance(2 * HOUR)

    books.pull("a", register)

    assert state(books) == truth(register.items)


def test_a_comparison_that_was_cut_off_is_begun_again_by_the_next_run(books: PulledDatabase) -> None:
    """The evidence that a source went back outlives the run that found it."""
    items = [parcel_item(number, area="9", at=(START + number * MINUTE).isoformat()) for number in range(3)]
    register = LandRegister(deepcopy(items), profile=SourceProfile(changed_since=True))
    books.clock.advance(HOUR)
    books.pull("a", register)
    register.items[1] |= {"area": "77", "at": (START + 2 * HOUR).isoformat()}
    books.clock.advance(2 * HOUR)
    books.pull("a", register)
    register.items = [*items, parcel_item(4, area="9", at=(START + 4 * HOUR).isoformat())]
    books.clock.advance(2 * HOUR)
    with pytest.raises(Unreachable):
        books.pull("a", register, None, Unreachable("transport.unreachable"))

    books.pull("a", register)

    assert state(books) == truth(register.items)


@pytest.mark.parametrize("spoilt", [{}, {"sheet": ""}, {"number": "1"}])
@pytest.mark.parametrize("deletes", DeleteDetection)
def test_a_deleted_item_is_no_evidence_for_long(
    books: PulledDatabase, deletes: DeleteDetection, spoilt: dict[str, str]
) -> None:
    """Where the source does not list deletions, one complete comparison finds nothing that went back."""
    items = [parcel_item(number, at=(START + number * MINUTE).isoformat()) for number in range(6)]
    items[2] |= spoilt
    register = LandRegister(items, profile=SourceProfile(changed_since=True, deletes=deletes))
    books.clock.advance(HOUR)
    books.pull("a", register)
    del register.items[2]
    counted = [books.pull("a", register).counts for _ in range(2)]
    register.requests.clear()

    counted.append(books.pull("a", register).counts)

    assert all(page_request.since is not None for page_request in register.requests)
    assert [(counts.outdated, counts.went_back, counts.unlisted) for counts in counted] == [(0, 0, 0)] * 3


class ForgetfulRegister(LandRegister):
    """A register whose list of changes leaves out what has no time of change."""

    def _is_selected(self, item: Any, page_request: PageRequest) -> bool:
        is_dated = bool(item["at"]) and not item["at"].startswith("0001")
        return is_dated or page_request.since is None


@pytest.mark.parametrize("at", [None, "0001-01-01T00:00:00+00:00"])
def test_rows_without_a_time_of_change_are_compared_by_content_each_time(books: PulledDatabase, at: str | None) -> None:
    """A list of changes that leaves them out is not relied on; the report counts them."""
    items = [parcel_item(1), parcel_item(2, at=at), parcel_item(3, at=at)]
    register = ForgetfulRegister(items, profile=SourceProfile(changed_since=True))
    books.clock.advance(HOUR)
    books.pull("a", register)
    register.items[1] = parcel_item(2, at=at, area="5")

    counts = [books.pull("a", register).counts for _ in range(2)]

    assert state(books)["2"] == "5"
    assert [(each.unlisted, each.went_back) for each in counts] == [(2, 0)] * 2


@on_sqlite_only
def test_a_dry_run_finds_a_source_that_went_back_and_marks_nothing(books: PulledDatabase) -> None:
    """The database stays as it is."""
    register = LandRegister([parcel_item(1), parcel_item(2)], profile=SourceProfile(changed_since=True))
    books.clock.advance(HOUR)
    books.pull("a", register)
    before = books.everything()
    del register.items[1]

    context = RunContext(run_id="dry", database=books.database, clock=books.clock, token=None)
    Pull(register, books.stream("a", register), NoRequestTransport(), context).run()

    assert books.everything() == before
