"""One key with two contents on two pages: an edit while paging is normal, two items with one key are told."""

import random
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from cchc_connect import Conversation
from cchc_connect.adapter import Page, PageRequest, SourceProfile
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.state.counters import Counters
from tests.quick import few
from tests.sync.memory_systems import START, LandRegister, parcel_item
from tests.sync.pulled_database import PulledDatabase, parcel_key


@pytest.fixture
def books(address: str) -> Iterator[PulledDatabase]:
    with SharedDatabase(address, create_or_upgrade=True) as database:
        yield PulledDatabase(database)


@dataclass
class Pages(LandRegister):
    """A register of single entries on each page, to which something may happen between two pages."""

    page_size: int = 1
    meanwhile: dict[int, Callable[[], None]] = field(default_factory=dict[int, Callable[[], None]])
    """What happens once before the page with this number."""

    def fetch(self, page_request: PageRequest) -> Conversation[Page]:
        """Return one page."""
        self.meanwhile.pop(int(page_request.page_token or 0), lambda: None)()
        return (yield from super().fetch(page_request))


def pulls(books: PulledDatabase, register: LandRegister, number: int, **run_context: Any) -> list[Counters]:
    """Pull so often, each time in a run of its own; return the counters."""
    done: list[Counters] = []
    for _ in range(number):
        pull = books.prepared(register, books.stream("a", register), run_id=str(uuid.uuid4()), **run_context)
        pull.run()
        done.append(pull.counts)
    return done


def two_contents(**second: Any) -> list[dict[str, Any]]:
    """Return a listing in which the key p1 stands on the first and the last page."""
    return [
        parcel_item(1, area="100", at=None),
        parcel_item(2),
        parcel_item(3),
        parcel_item(1, area="200", at=None, **second),
    ]


@pytest.mark.parametrize("ahead", [0, 1])
def test_two_items_with_one_key_are_quarantined_over_pages_and_written_no_more(
    books: PulledDatabase, ahead: int
) -> None:
    """The one shown last is the record; the other one is in quarantine from the second run on."""
    counts = pulls(books, Pages(two_contents()), 5, prefetch=ahead)

    (entry,) = books.quarantined()
    assert entry.startswith("p1#")
    assert books.row(parcel_key(1)).area_m2 == 200
    assert [each.rows_written for each in counts[2:]] == [0, 0, 0]
    assert [each.quarantined for each in counts[1:]] == [1, 1, 1, 1]
    assert [each.fetched for each in counts] == [
        each.unchanged + each.inserted + each.updated + each.quarantined for each in counts
    ]


def test_the_newer_of_two_contents_is_the_record_whichever_stands_first(books: PulledDatabase) -> None:
    """By the source's own time; an old copy is not another item."""
    later = (START + timedelta(hours=1)).isoformat()
    books.clock.advance(timedelta(hours=2))
    items = [parcel_item(1, area="200", at=later), parcel_item(2), parcel_item(1, area="100")]

    counts = pulls(books, Pages(items), 4)

    assert books.row(parcel_key(1)).area_m2 == 200
    assert books.quarantined() == []
    assert sum(each.rows_written for each in counts[1:]) == 0


def test_an_item_that_is_edited_while_its_source_is_read_is_normal(books: PulledDatabase) -> None:
    """It moves to the end of the listing and is shown twice, once; later runs find nothing odd."""
    register = Pages([parcel_item(number) for number in (1, 2, 3)])

    def edit() -> None:
        register.items = [parcel_item(1, area="99"), *register.items[1:], parcel_item(1, area="99")]

    register.meanwhile = {2: edit}
    pulls(books, register, 1)
    register.items.pop(0)

    counts = pulls(books, register, 3)

    assert books.row(parcel_key(1)).area_m2 == 99
    assert (books.quarantined(), sum(each.rows_written + each.quarantined for each in counts)) == ([], 0)


def test_an_edit_back_to_what_was_shown_beside_another_content_is_taken(books: PulledDatabase) -> None:
    """One content alone is the item, whatever stood beside it once."""
    register = Pages(two_contents())
    pulls(books, register, 1)
    register.items = register.items[:3]

    (counts,) = pulls(books, register, 1)

    assert (books.row(parcel_key(1)).area_m2, books.quarantined()) == (100, [])
    assert (counts.updated, counts.quarantined, counts.unchanged) == (1, 0, 2)


def test_when_one_of_two_items_is_gone_the_other_one_is_the_record(books: PulledDatabase) -> None:
    """Its entry in quarantine is closed."""
    register = Pages(two_contents())
    pulls(books, register, 2)
    register.items.pop()

    pulls(books, register, 2)

    assert (books.row(parcel_key(1)).area_m2, books.quarantined()) == (100, [])
    assert books.live_parcels() == ["1", "2", "3"]


def test_a_third_content_replaces_the_record_and_not_the_entry(books: PulledDatabase) -> None:
    register = Pages(two_contents())
    pulls(books, register, 2)
    register.items[3] = parcel_item(1, area="300", at=None)

    counts = pulls(books, register, 3)

    assert (books.row(parcel_key(1)).area_m2, len(books.quarantined())) == (300, 1)
    assert [each.rows_written for each in counts] == [1, 0, 0]


@pytest.mark.parametrize("ahead", [0, 1])
@pytest.mark.parametrize("seed", few(range(8)))
def test_any_listing_with_contents_that_share_keys_comes_to_rest(books: PulledDatabase, seed: int, ahead: int) -> None:
    """From the third run on nothing is written, each key has one record, and each other content one entry."""
    draw = random.Random(seed)
    items = [
        parcel_item(number, area=str(100 + copy), at=draw.choice([None, START.isoformat()]))
        for number in range(1, 8)
        for copy in range(draw.choice([1, 1, 2, 3]))
    ]
    draw.shuffle(items)
    fillers = [parcel_item(number) for number in range(100, 100 + len(items))]  # no two pages have the same keys
    register = Pages([each for pair in zip(items, fillers, strict=True) for each in pair], page_size=2)
    pulls(books, register, 3, prefetch=ahead)
    before = books.versions()

    counts = pulls(books, register, 2, prefetch=ahead)

    assert books.versions() == before
    assert [(each.inserted, each.updated, each.deleted) for each in counts] == [(0, 0, 0)] * 2
    keys = {item["number"] for item in items}
    assert books.live_parcels() == sorted(keys | {item["number"] for item in fillers})
    assert len(books.quarantined()) == len(items) - len(keys)


def test_a_source_without_such_keys_gets_no_entry(books: PulledDatabase) -> None:
    """Edits between runs are no second content."""
    register = Pages([parcel_item(number) for number in range(1, 6)], profile=SourceProfile(changed_since=False))
    for area in ("1", "2", "1", "2"):
        register.items[0] = parcel_item(1, area=area)
        pulls(books, register, 1)

    assert books.everything()["quarantine"] == []
