"""Faulty items cost no more than good ones: unchanged ones are not read again, a page of them is stored together."""

from collections.abc import Mapping

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from cchc_connect import Item
from cchc_connect.sync.pull_range import PullRange
from tests.sync.memory_systems import LandRegister, parcel_item
from tests.sync.pulled_database import PulledDatabase


class CountingRegister(LandRegister):
    """A register that counts how many of its items are translated."""

    translated = 0

    def translate(self, item: Item) -> Mapping[str, object]:
        """Count and translate."""
        self.translated += 1
        return super().translate(item)


@pytest.mark.parametrize("everything", [False, True])
def test_unchanged_faulty_items_are_read_again_only_where_everything_is(
    books: PulledDatabase, *, everything: bool
) -> None:
    """They are known by their hash, as good ones are; a full pull reads them, so that a corrected adapter helps."""
    register = CountingRegister([parcel_item(number, sheet=None) for number in range(1, 8)], page_size=100)
    books.pull("a", register)
    translated = register.translated

    second = books.pull("a", register, pull_range=PullRange(everything=everything))

    assert second.counts.quarantined == 7
    assert register.translated - translated == (7 if everything else 0)
    assert len(books.quarantined()) == 7


def test_faulty_items_of_a_page_are_stored_with_one_statement(books: PulledDatabase) -> None:
    statements = list[str]()
    event.listen(Engine, "before_cursor_execute", record := lambda *call: statements.append(call[2]))
    items = [parcel_item(number, sheet=None) for number in range(1, 50)]

    books.pull("a", LandRegister(items, page_size=100))
    books.pull("a", LandRegister([{**item, "area": "7"} for item in items], page_size=100))

    event.remove(Engine, "before_cursor_execute", record)
    stored = [statement for statement in statements if "quarantine" in statement and not statement.startswith("SELECT")]
    assert [statement.split()[0] for statement in stored] == ["INSERT", "UPDATE"]
