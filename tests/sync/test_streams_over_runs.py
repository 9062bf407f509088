"""Streams over several runs: tombstones, items that move between partitions, and rejected page tokens."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import permutations

import pytest

from cchc_connect import Conversation
from cchc_connect.adapter import DeleteDetection, Page, PageRequest, SourceProfile
from cchc_connect.errors import StartOver, Unreachable
from cchc_connect.sync.pull_range import PullRange
from tests.sync.memory_systems import START, LandRegister, parcel_item
from tests.sync.pulled_database import PulledDatabase, parcel_key
from tests.sync.test_source_profiles import PartitionedRegister

DAY = timedelta(days=1)
ORDERS = list(permutations("ns"))
"""The orders in which two partitions may be pulled."""


@dataclass
class PagedTombstones(LandRegister):
    """A register that lists deleted items by page."""

    profile: SourceProfile = field(
        default_factory=lambda: SourceProfile(changed_since=True, deletes=DeleteDetection.TOMBSTONES)
    )
    gone: Mapping[str | None, Sequence[str]] = field(default_factory=dict[str | None, Sequence[str]])
    """Keys of deleted items by the requested page token."""

    def fetch(self, page_request: PageRequest) -> Conversation[Page]:
        """Return a page with its tombstones."""
        page = yield from super().fetch(page_request)
        return replace(page, deleted_keys=self.gone.get(page_request.page_token, ()))


def test_a_tombstone_on_a_later_page_deletes_an_item_of_an_earlier_one(books: PulledDatabase) -> None:
    """The later page has the later state."""
    register = PagedTombstones([parcel_item(number) for number in range(1, 6)], gone={"3": ["p1"]})

    books.pull("a", register)

    assert books.live_parcels() == ["2", "3", "4", "5"]


def test_an_item_that_a_page_lists_and_calls_deleted_exists(books: PulledDatabase) -> None:
    """For a window a source lists an item that was deleted and added again as both; nothing is written."""
    register = PagedTombstones([parcel_item(1)])
    books.pull("a", register)
    register.gone = {None: ["p1"]}

    again = books.pull("a", register)

    assert (books.live_parcels(), again.counts.rows_written) == (["1"], 0)
    assert [operation for _, operation, _ in books.versions()] == ["insert"]


def test_a_tombstone_that_is_listed_again_writes_nothing(books: PulledDatabase) -> None:
    """A window that is requested twice lists it twice."""
    register = PagedTombstones([parcel_item(1), parcel_item(2)])
    books.pull("a", register)
    register.items, register.gone = register.items[:1], {None: ["p2"]}
    books.pull("a", register)

    again = books.pull("a", register)

    assert again.counts.rows_written == 0
    assert [operation for _, operation, _ in books.versions()] == ["insert", "insert", "delete"]


def test_a_tombstone_of_a_non_owner_ends_its_own_claims_only(books: PulledDatabase) -> None:
    """The owner's record stays, and the discrepancies of the other source end."""
    books.pull("a", LandRegister([parcel_item(1)]))
    second = PagedTombstones([parcel_item(1, area="260")])
    books.pull("b", second)
    assert books.differences()
    second.items, second.gone = [], {None: ["p1"]}

    books.pull("b", second)

    assert (books.live_parcels(), books.differences()) == (["1"], [])


def test_a_pull_of_one_item_deletes_no_other(books: PulledDatabase) -> None:
    """Other tombstones are left to the next run."""
    register = PagedTombstones([parcel_item(1), parcel_item(2)])
    books.pull("a", register)
    register.items, register.gone = [], {None: ["p1", "p2"]}

    books.pull("a", register, pull_range=PullRange(key="p2"))

    assert books.live_parcels() == ["1"]


def pull_parts(books: PulledDatabase, register: LandRegister, order: Sequence[str]) -> None:
    for part in order:
        books.pull("a", register, partition=part)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("area", ["250.5", "99"], ids=["unchanged", "changed"])
def test_an_item_that_moves_between_partitions_is_neither_lost_nor_doubled(
    books: PulledDatabase, order: tuple[str, ...], area: str
) -> None:
    """In whichever order the partitions are read, there and back again."""
    register = PartitionedRegister([parcel_item(1, part="n")])
    pull_parts(books, register, order)
    for part in "sns":
        register.items = [parcel_item(1, part=part, area=area)]

        pull_parts(books, register, order)

        assert books.live_parcels() == ["1"]
        assert (books.row(parcel_key(1)).partition, books.row(parcel_key(1)).area_m2) == (part, float(area))


@pytest.mark.parametrize("order", ORDERS)
def test_a_claim_moves_between_partitions_with_its_item(books: PulledDatabase, order: tuple[str, ...]) -> None:
    """The discrepancy is there after each run."""
    books.pull("owner", LandRegister([parcel_item(1)]))
    register = PartitionedRegister([parcel_item(1, part="n", area="260")])
    pull_parts(books, register, order)
    register.items[0]["part"] = "s"

    pull_parts(books, register, order)

    assert books.differences() == [("area_m2", "a", '"260"', '"250.5"')]


def test_a_partition_removed_from_the_profile_keeps_its_records_and_its_cursor(books: PulledDatabase) -> None:
    """Nothing says that they are deleted; when the partition is listed again it resumes from its cursor."""
    profile = SourceProfile(changed_since=True, deletes=DeleteDetection.ABSENCE, partitions=("n", "s"))
    register = PartitionedRegister([parcel_item(1, part="n"), parcel_item(2, part="s")], profile=profile)
    pull_parts(books, register, "ns")
    stood = books.cursor(books.stream("a", register, "s"))
    register.profile = replace(profile, partitions=("n",))
    books.pull("a", register, partition="n")
    assert (books.live_parcels(), books.cursor(books.stream("a", register, "s"))) == (["1", "2"], stood)
    register.items.append(parcel_item(3, part="s"))

    books.pull("a", register, partition="s")

    assert books.live_parcels() == ["1", "2", "3"]
    assert register.requests[-1].since == START - timedelta(minutes=10)


@dataclass
class RestartedRegister(LandRegister):
    """A register that rejects page tokens from before its restart."""

    is_restarted: bool = False

    def fetch(self, page_request: PageRequest) -> Conversation[Page]:
        """Return a page, or raise `StartOver`."""
        if self.is_restarted and page_request.page_token is not None:
            self.is_restarted = False
            raise StartOver
        return (yield from super().fetch(page_request))


def test_a_first_load_whose_page_token_is_rejected_restarts_and_doubles_nothing(books: PulledDatabase) -> None:
    """Items that were read are recognised; deletions since then are found, because the listing is complete again."""
    register = RestartedRegister([parcel_item(number) for number in range(1, 12)])
    with pytest.raises(Unreachable):
        books.pull("a", register, None, None, Unreachable("transport.unreachable"))
    assert len(books.live_parcels()) == 6
    del register.items[0]
    register.is_restarted = True

    done = books.pull("a", register)

    assert (done.counts.inserted, done.counts.absent) == (5, 1)
    assert (books.pull("a", register).counts.deleted, len(books.live_parcels())) == (1, 10)
    assert len(books.versions()) == 12
