"""The state of a listing (`Page.snapshot`): the same one confirms no absence, another one repeats no page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from cchc_connect import Conversation
from cchc_connect.adapter import Page, PageRequest
from cchc_connect.privacy.adapter_failure import ContractBroken
from cchc_connect.sync import adapter_calls
from tests.sync.listings import Listing
from tests.sync.memory_systems import parcel_item
from tests.sync.pulled_database import PulledDatabase


@dataclass
class Files(Listing):
    """A source that is read from files."""

    states: Iterator[str] = field(default_factory=lambda: iter(()))
    """State of each page in turn."""

    def fetch(self, page_request: PageRequest) -> Conversation[Page]:
        """Return one page with its state."""
        return replace((yield from super().fetch(page_request)), snapshot=next(self.states, ""), total=None)


def deleted(books: PulledDatabase, states: Sequence[str], last: int = 2) -> list[int]:
    """Pull three items, and then one fewer in each state; return how many each pull deleted."""
    source = Files([parcel_item(number) for number in range(1, last + 2)])
    books.pull("a", source)
    source.items.pop()
    counts = list[int]()
    for state in states:
        source.states = iter([state])
        counts.append(books.pull("a", source).counts.deleted)
    return counts


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (["b", "b", "b"], [0, 0, 0]),
        (["b", "b", "c"], [0, 0, 1]),
        (["b", "c", "b"], [0, 1, 0]),
        (["b", ""], [0, 1]),
        (["", "b"], [0, 1]),
        (["", ""], [0, 1]),
    ],
)
def test_an_absence_is_confirmed_only_by_another_state(
    books: PulledDatabase, states: Sequence[str], expected: list[int]
) -> None:
    assert deleted(books, states) == expected


def test_a_page_of_another_state_with_the_same_items_is_no_repetition(books: PulledDatabase) -> None:
    items: list[Any] = [parcel_item(1), parcel_item(1)]
    source = Files(items, page_size=1, states=iter(["a", "b"]))

    assert books.pull("a", source).incomplete is None


@pytest.mark.parametrize("snapshot", ["a" * 201, "a\nb"])
def test_a_state_that_cannot_be_stored_is_a_fault_of_the_adapter(snapshot: str) -> None:
    with pytest.raises(ContractBroken):
        adapter_calls._require_page(Page(items=(), next_page_token=None, snapshot=snapshot))  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # the one check of pages
