"""Sources whose own keys are no identity: none at all, row numbers, hashes. The record's key says what an item is."""

import hashlib
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from cchc_connect import Item
from cchc_connect.adapter import DeleteDetection, ListsDrafts, Source, SourceProfile
from tests.databases import on_sqlite_only
from tests.quick import few
from tests.sync.memory_systems import LandRegister, parcel_item
from tests.sync.pulled_database import PulledDatabase, parcel_key

Number = Callable[[int, dict[str, Any]], str]

KEYS: dict[str, Number] = {
    "no keys": lambda _row, _item: "",
    "row numbers": lambda row, _item: str(row),
    "hashes": lambda _row, item: hashlib.sha256(json.dumps(item, sort_keys=True).encode()).hexdigest(),
    "row numbers from one": lambda row, _item: f"fid.{row + 1}",
}
SNAPSHOT = SourceProfile(changed_since=False, deletes=DeleteDetection.ABSENCE)
NO_DELETES = SourceProfile(changed_since=False)
CHANGES_ONLY = SourceProfile(changed_since=True)


@dataclass
class Listing:
    """A listing that people edit: parcel number and area in the order of the rows."""

    rows: list[tuple[int, int]]
    random: random.Random
    next_number: int = 100

    def edit(self) -> None:
        """Delete, add, change and move some rows."""
        for _ in range(self.random.randint(0, 2)):
            if self.rows:
                del self.rows[self.random.randrange(len(self.rows))]
        for _ in range(self.random.randint(0, 2)):
            self.next_number += 1
            self.rows.insert(self.random.randint(0, len(self.rows)), (self.next_number, self.random.randint(1, 999)))
        for _ in range(self.random.randint(0, 2)):
            if self.rows:
                at = self.random.randrange(len(self.rows))
                self.rows[at] = (self.rows[at][0], self.random.randint(1, 999))
        if self.random.random() < 0.3:
            self.random.shuffle(self.rows)

    def items(self, number: Number) -> list[dict[str, Any]]:
        """Return the wire items, each with its key."""
        items = [parcel_item(parcel, area=str(area), at=None) for parcel, area in self.rows]
        bare = [{name: value for name, value in item.items() if name != "id"} for item in items]
        return [{**item, "id": number(row, item)} for row, item in enumerate(bare)]

    def areas(self) -> dict[str, str]:
        """Return the area by parcel number, as the source has them."""
        return {str(parcel): str(area) for parcel, area in self.rows}


def stored_areas(books: PulledDatabase) -> dict[str, str]:
    return {number: f"{books.row(parcel_key(int(number))).area_m2.normalize():f}" for number in books.live_parcels()}


@on_sqlite_only
@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("seed", few(range(12)))
def test_whatever_the_keys_do_every_record_is_what_the_source_says_last(
    books: PulledDatabase, kind: str, seed: int
) -> None:
    """Rows that move on lose no update, make no two records of one, and end no record that is still listed."""
    choose = random.Random(seed)
    listing = Listing([(number, 10 * number) for number in range(1, choose.randint(2, 9))], choose)
    register = LandRegister(page_size=choose.randint(1, 5))
    for _ in range(6):
        register.items = listing.items(KEYS[kind])
        pull = books.pull("a", register)
        assert (books.quarantined(), pull.counts.quarantined) == ([], 0)
        assert listing.areas().items() <= stored_areas(books).items()
        books.pull("a", register)
        assert stored_areas(books) == listing.areas()
        assert books.pull("a", register).counts.rows_written == 0
        listing.edit()
        books.clock.advance(timedelta(days=2))


def test_a_source_that_names_items_by_their_content_may_change_all_of_them_at_once(books: PulledDatabase) -> None:
    """Every former key is missing then, but no record is."""
    register = LandRegister(page_size=4)
    listing = Listing([(number, number) for number in range(1, 20)], random.Random(0))
    register.items = listing.items(KEYS["hashes"])
    books.pull("a", register)
    listing.rows = [(number, area + 100) for number, area in listing.rows]
    register.items = listing.items(KEYS["hashes"])

    counts = books.pull("a", register).counts

    assert stored_areas(books) == listing.areas()
    assert (counts.updated, counts.deleted, counts.held, counts.quarantined) == (19, 0, 0, 0)


@pytest.mark.parametrize("page_size", [2, 50])
def test_a_deleted_row_moves_the_others_up_and_ends_one_record_alone(books: PulledDatabase, page_size: int) -> None:
    """Row numbers move on: the record of the deleted row ends, although the source reports no deletions."""
    register = LandRegister(profile=NO_DELETES, page_size=page_size)
    listing = Listing([(number, number) for number in range(1, 7)], random.Random(0))
    register.items = listing.items(KEYS["row numbers"])
    books.pull("a", register)
    del listing.rows[1]
    listing.rows[3] = (5, 555)
    register.items = listing.items(KEYS["row numbers"])

    counts = books.pull("a", register).counts

    assert stored_areas(books) == {"1": "1", "3": "3", "4": "4", "5": "555", "6": "6"}
    assert books.versions()[6:] == [("5", "update", "a"), ("2", "delete", "a")]
    assert (counts.updated, counts.deleted, counts.quarantined, books.quarantined()) == (1, 1, 0, [])


def test_two_items_that_are_one_record_stay_a_conflict_however_often_they_are_read(books: PulledDatabase) -> None:
    register = LandRegister([parcel_item(1), parcel_item(1, id="p9", area="9"), parcel_item(2)], page_size=1)

    for _ in range(3):
        books.pull("a", register)

    assert books.quarantined() == ["p9"]
    assert stored_areas(books) == {"1": "250.5", "2": "250.5"}
    assert len(books.versions()) == 2


@pytest.mark.parametrize("seed", few(range(20)))
def test_of_items_with_one_key_the_record_is_one_of_them_and_the_others_wait(books: PulledDatabase, seed: int) -> None:
    """The one that was the record leaves, others that waited take its place: content and source key are of one item."""
    choose = random.Random(seed)
    register = LandRegister(profile=choose.choice([SNAPSHOT, NO_DELETES]), page_size=choose.randint(1, 5))
    areas = {f"row-{number}": str(choose.randint(1, 2)) for number in range(choose.randint(2, 5))}
    while areas:
        register.items = [{**parcel_item(7, area=area, at=None), "id": key} for key, area in areas.items()]
        books.pull_twice("a", register)
        row = books.row(parcel_key(7))
        assert row.source_key in areas
        assert f"{row.area_m2.normalize():f}" == areas[row.source_key]
        waiting = areas.keys() & set(books.quarantined())  # without deletions an item that is gone stays in quarantine
        assert waiting == areas.keys() - {row.source_key}
        assert books.pull("a", register).counts.rows_written == 0
        del areas[row.source_key if choose.random() < 0.8 else choose.choice(list(areas))]
        areas = {key: choose.choice([area, str(choose.randint(1, 2))]) for key, area in areas.items()}


def test_an_item_does_not_become_a_record_whose_item_a_listing_of_changes_leaves_out(books: PulledDatabase) -> None:
    """What did not change is not listed: that it is missing does not give its record free."""
    register = LandRegister([parcel_item(1), parcel_item(2)], profile=CHANGES_ONLY, page_size=9)
    books.pull("a", register)
    books.clock.advance(10 * CHANGES_ONLY.lookback)
    later = books.clock.now().isoformat()
    register.items = [parcel_item(1), parcel_item(1, id="p9", area="9", at=later), parcel_item(2, at=later)]
    books.pull("a", register)
    books.pull("a", register)

    assert books.quarantined() == ["p9"]
    assert stored_areas(books)["1"] == "250.5"


def test_two_parcels_that_swap_their_numbers_are_both_up_to_date(books: PulledDatabase) -> None:
    register = LandRegister([parcel_item(1, area="1"), parcel_item(2, area="2")])
    books.pull("a", register)
    register.items = [parcel_item(2, id="p1", area="10"), parcel_item(1, id="p2", area="20")]

    counts = books.pull("a", register).counts

    assert stored_areas(books) == {"1": "20", "2": "10"}
    assert (counts.updated, counts.deleted, books.quarantined()) == (2, 0, [])


def test_an_item_that_was_known_by_its_content_becomes_known_by_its_record(books: PulledDatabase) -> None:
    """Databases of earlier versions know items without keys by the hash of their content."""
    register = LandRegister([parcel_item(1, id="")])
    known_by_content = LandRegister([parcel_item(1, id="#" + 32 * "a")])
    books.pull("a", known_by_content)
    register.items[0]["area"] = "7"

    books.pull("a", register)

    assert (stored_areas(books), books.quarantined()) == ({"1": "7"}, [])
    assert books.row(parcel_key(1)).source_key == parcel_key(1)


@dataclass
class RegisterWithDrafts(LandRegister):
    """A register in which a parcel without a number is a draft."""

    drafts: Sequence[str] = field(default_factory=list[str])

    def is_draft(self, item: Item) -> bool:
        """Return whether the parcel has no number yet."""
        return not item["number"]


def test_drafts_are_left_out_and_counted_and_are_no_fault(books: PulledDatabase) -> None:
    """They count for the total that the source announces, and become records later, under the same key."""
    register = RegisterWithDrafts([parcel_item(1), *(parcel_item(n, number="") for n in range(2, 9))])
    source: Source = register
    assert isinstance(source, ListsDrafts)

    first = books.pull("a", register)
    register.items[1] = parcel_item(2)
    second = books.pull("a", register)

    assert (first.counts.drafts, first.counts.inserted, first.counts.quarantined) == (7, 1, 0)
    assert (second.counts.drafts, second.counts.inserted, second.counts.unchanged) == (6, 1, 1)
    assert (first.incomplete, books.quarantined(), books.live_parcels()) == (None, [], ["1", "2"])


def test_a_draft_that_was_quarantined_by_an_earlier_version_leaves_quarantine(books: PulledDatabase) -> None:
    items = [parcel_item(1), parcel_item(2, number="")]
    books.pull("a", LandRegister(items))
    assert books.quarantined() == ["p2"]

    books.pull("a", replace(RegisterWithDrafts(items), mapping_version=2))

    assert books.quarantined() == []
