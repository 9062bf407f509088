"""Change times that cannot be read are counted, told by their shape, and a hold where they are many."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from cchc_connect import Item
from cchc_connect.adapter import PageRequest, SourceProfile
from cchc_connect.errors import SourceHeld
from cchc_connect.wire.codecs import Reader, Unreadable, dotnet_instant, epoch_ms, iso_instant
from cchc_connect.wire.shapes import MAX_SHAPE_LENGTH, shape_of
from tests.databases import on_sqlite_only
from tests.sync.memory_systems import START, LandRegister, parcel_item
from tests.sync.pulled_database import PulledDatabase

ODD = "21-thg9-2026 08:15:00"


@dataclass
class SpelledRegister(LandRegister):
    """A register whose change times are read by a codec."""

    def changed_at(self, item: Item) -> datetime | Unreadable | None:  # type: ignore[override]  # as the contract
        """Return the time of change."""
        return iso_instant(item.get("at"))

    def _is_selected(self, item: Item, page_request: PageRequest) -> bool:
        return not isinstance(self.changed_at(item), datetime) or super()._is_selected(item, page_request)


def register(unreadable: int, missing: int, readable: int) -> SpelledRegister:
    """Return a register with so many times of each kind."""
    times = [ODD] * unreadable + [None] * missing + [START.isoformat()] * readable
    items = [parcel_item(number, at=at) for number, at in enumerate(times)]
    return SpelledRegister(items, profile=SourceProfile(changed_since=True), page_size=40)


@pytest.mark.parametrize(
    ("unreadable", "missing", "readable", "is_held"),
    [(6, 0, 0, True), (6, 0, 113, True), (7, 0, 140, False), (5, 0, 0, False), (0, 60, 0, False), (0, 60, 5, False)],
)
def test_more_than_five_percent_of_unreadable_change_times_are_a_hold_in_every_run(
    books: PulledDatabase, unreadable: int, missing: int, readable: int, *, is_held: bool
) -> None:
    """What was read is stored; missing times are no fault, and up to five unreadable ones are only counted."""
    source = register(unreadable, missing, readable)
    stream = books.stream("a", source)
    for _ in range(3):
        pull = books.prepared(source, stream)
        if is_held:
            with pytest.raises(SourceHeld) as held:
                pull.run()
            assert held.value.code == "source.times_unreadable"
            assert held.value.context["shapes"] == "00-aaa0-0000 00:00:00"
        else:
            pull.run()
        assert pull.counts.times_unreadable == unreadable
        assert len(books.live_parcels()) == unreadable + missing + readable


@on_sqlite_only
def test_items_with_an_unreadable_time_are_compared_by_content_and_written_once(books: PulledDatabase) -> None:
    """They are translated in each run, and nothing is written for them unless they change."""
    source = register(3, 0, 2)
    books.pull("a", source)
    stored = books.everything("run_counter", "cursor")
    books.pull("a", source)
    unchanged = books.everything("run_counter", "cursor") == stored
    source.items[0] = parcel_item(0, at=ODD, area="7")

    counts = books.pull("a", source).counts

    assert unchanged
    assert counts.rows_written == 1


@given(st.text(max_size=80))
def test_a_shape_shows_no_digit_and_no_letter_of_the_value(text: str) -> None:
    """Only digits become 0 and letters a; T and Z after a digit are the marks of ISO 8601."""
    shape = shape_of(text)

    assert len(shape) <= MAX_SHAPE_LENGTH + 3
    assert shape.isascii()
    assert {character for character in shape if character.isalnum()} <= set("0aTZ")


@pytest.mark.parametrize("read", [iso_instant, epoch_ms, dotnet_instant])
@given(st.text(max_size=40) | st.integers() | st.floats() | st.none() | st.datetimes().map(str) | st.dates().map(str))
def test_a_reader_of_instants_notes_the_shape_of_what_it_cannot_read(read: Reader, value: object) -> None:
    """It never raises."""
    moment = read(value)

    assert not isinstance(moment, Unreadable) or moment.shape == shape_of(value)
    assert not isinstance(moment, datetime) or moment.utcoffset() == timedelta(0)
