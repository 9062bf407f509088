"""A value that cannot be read is left out of its record, seen and never in bulk: not one field is emptied quietly."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
from sqlalchemy import select

from cchc_connect.adapter import SourceProfile
from cchc_connect.clock import to_timestamp_text
from cchc_connect.config.quality import DEFAULT_SEVERITIES, QualityTable, Severity, known_rules
from cchc_connect.database.reading.change_feed import change_rows
from cchc_connect.database.reading.quarantine_entries import entries
from cchc_connect.database.record_tables import record_table
from cchc_connect.database.state.cursors import hold
from cchc_connect.database.state.source_properties import DriftMode
from cchc_connect.errors import SourceHeld, Unreachable
from cchc_connect.sync.connection_terms import ConnectionTerms
from cchc_connect.sync.pull import Pull
from cchc_connect.wire.codecs import Unreadable
from cchc_connect.wire.json import Item
from cchc_schemas import Fault
from tests.databases import on_sqlite_only
from tests.sync.memory_systems import START, LandRegister, parcel_item
from tests.sync.pulled_database import PulledDatabase

AREA = "area_m2: decimal_parsing"
SHARE = 0.2
EXPECTED = QualityTable(rules={"decimal_parsing": Severity.INFO})


@dataclass
class ListingRegister(LandRegister):
    """The land register with the uses of its parcels."""

    def translate(self, item: Item) -> Mapping[str, object]:
        """Return the fields of a parcel."""
        return {**super().translate(item), "uses": item.get("uses", [])}


def register(poor: int, good: int, **traits: Any) -> ListingRegister:
    """Return a register in which so many areas cannot be read."""
    items = [parcel_item(number, area="12 ha" if number <= poor else "5") for number in range(1, poor + good + 1)]
    made = ListingRegister(items, page_size=50)
    return replace(made, **traits)


def prepared(books: PulledDatabase, source: LandRegister, quality: QualityTable | None = None) -> Pull:
    by_name = {} if quality is None else {"a": ConnectionTerms(quality=quality)}
    return books.prepared(source, books.stream("a", source), terms=by_name, max_quarantined_share=SHARE)


def pulled(books: PulledDatabase, source: LandRegister, quality: QualityTable | None = None) -> Pull:
    pull = prepared(books, source, quality)
    pull.run()
    return pull


def held(books: PulledDatabase, source: LandRegister, quality: QualityTable | None = None) -> SourceHeld:
    """Pull a source that is put on hold; return why, and store it as a run does."""
    with pytest.raises(SourceHeld) as refusal:
        prepared(books, source, quality).run()
    with books.database.writing() as connection:
        hold(connection, books.stream("a", source), refusal.value, START)
    return refusal.value


def areas(books: PulledDatabase) -> dict[str, float | None]:
    """Return the area of each live parcel by its source key."""
    table = record_table("land_parcel")
    query = select(table.c.source_key, table.c.area_m2).where(table.c.deleted_at.is_(None))
    with books.database.reading() as connection:
        return {key: None if area is None else float(area) for key, area in connection.execute(query)}


def notes(books: PulledDatabase, number: int) -> list[list[str]]:
    stored: str | None = books.row(f"gso-2025-07:25747:12:{number}").notes
    return json.loads(stored) if stored else []


def faults(books: PulledDatabase) -> list[Fault]:
    """Return the faults of everything in quarantine."""
    with books.database.reading() as connection:
        return [fault for entry in entries(connection) for fault in entry.faults]


def test_a_value_that_cannot_be_read_is_left_out_with_a_note_and_counted(books: PulledDatabase) -> None:
    pull = pulled(books, register(1, 2))

    assert areas(books) == {"p1": None, "p2": 5, "p3": 5}
    assert notes(books, 1) == [["area_m2", "decimal_parsing"]]
    assert notes(books, 2) == []
    assert (pull.counts.noted, pull.counts.expected, pull.counts.quarantined) == ({"decimal_parsing": 1}, {}, 0)


def test_a_stored_value_that_cannot_be_read_any_more_is_cleared_with_a_note(books: PulledDatabase) -> None:
    """The history has it still, the other changes of the item come, and it returns when it can be read again."""
    source = register(0, 2)
    pulled(books, source)
    source.items[0] = parcel_item(1, area="5 sào", address="Đường Mẫu 1")
    pulled(books, source)

    row = books.row("gso-2025-07:25747:12:1")
    assert (row.area_m2, row.address, row.version) == (None, "Đường Mẫu 1", 2)
    assert notes(books, 1) == [["area_m2", "decimal_parsing"]]
    with books.database.reading() as connection:
        versions = [json.loads(change.document)["area_m2"] for change in change_rows(connection, 0, limit=99)]
    assert versions == ["5", "5", None]

    source.items[0] = parcel_item(1, area="6")
    pulled(books, source)

    assert (areas(books), notes(books, 1)) == ({"p1": 6, "p2": 5}, [])


@pytest.mark.parametrize(("poor", "good", "is_held"), [(5, 0, False), (6, 0, True), (6, 24, False), (7, 24, True)])
def test_a_field_that_cannot_be_read_in_too_many_items_is_a_hold(
    books: PulledDatabase, poor: int, good: int, *, is_held: bool
) -> None:
    """All else of the items is stored; five may always be poor."""
    source = register(poor, good)
    if is_held:
        refusal = held(books, source)
        assert refusal.code == "source.members_unreadable"
        assert (refusal.context["members"], refusal.context["unreadable"]) == (AREA, poor)
    else:
        pulled(books, source)

    assert len(areas(books)) == poor + good


def test_the_hold_comes_in_every_run_until_the_field_can_be_read(books: PulledDatabase) -> None:
    """Also in runs in which nothing changed, so that nothing is read."""
    source = register(10, 10)
    for _ in range(3):
        assert held(books, source).code == "source.members_unreadable"
    source.items[:8] = [parcel_item(number, area="7") for number in range(1, 9)]

    pull = pulled(books, source)

    assert (pull.counts.updated, list(areas(books).values()).count(None)) == (8, 2)


def test_the_hold_ends_where_the_rule_is_to_be_expected(books: PulledDatabase) -> None:
    source = register(10, 10)
    held(books, source)

    again, new = pulled(books, source, EXPECTED), pulled(books, register(20, 0), EXPECTED)

    assert (again.counts.unchanged, new.counts.expected) == (20, {"decimal_parsing": 10})


@on_sqlite_only
def test_another_failure_in_between_does_not_end_the_hold(books: PulledDatabase) -> None:
    """The run after an outage lists nothing new, and the stored items still lack the value."""
    source = register(20, 10)
    assert held(books, source).code == "source.members_unreadable"
    books.hold(books.stream("a", source), Unreachable("transport.unreachable"))

    assert held(books, source).code == "source.members_unreadable"
    assert held(books, source).code == "source.members_unreadable"


def test_stored_values_are_never_emptied_in_bulk(books: PulledDatabase) -> None:
    """The source changed its form: a hold before anything of the page is written, until both are accepted.

    That the value cannot be read is to be expected, and that it is gone from so many records was seen as drift.
    """
    source = register(0, 20)
    pulled(books, source)
    for number, wire_item in enumerate(source.items):
        source.items[number] = {**wire_item, "area": "5 m2", "address": "Đường Mẫu"}

    for _ in range(2):
        refusal = held(books, source)
        assert (refusal.code, refusal.context["unreadable"]) == ("source.values_lost", 20)
        assert set(areas(books).values()) == {5}
    assert held(books, source, EXPECTED).code == "source.drift"
    assert set(areas(books).values()) == {5}
    accepting = ConnectionTerms(quality=EXPECTED, drift_mode=DriftMode.ACCEPT)
    stream = books.stream("a", source)
    books.prepared(source, stream, terms={"a": accepting}, max_quarantined_share=SHARE).run()

    assert set(areas(books).values()) == {None}


@on_sqlite_only
def test_small_pages_lose_no_more_than_what_may_always_be_lost(books: PulledDatabase) -> None:
    source = register(0, 20, page_size=2)
    pulled(books, source)
    source.items[:] = [{**wire_item, "area": "5 m2"} for wire_item in source.items]

    assert held(books, source).code == "source.values_lost"
    assert list(areas(books).values()).count(None) <= 5


@on_sqlite_only
def test_a_listing_does_not_lose_more_stored_values_than_its_limit(books: PulledDatabase) -> None:
    """Also where they are far from each other, so that they are few of every page."""
    source = register(0, 100, page_size=10)
    pulled(books, source)
    for number in range(0, 100, 4):
        source.items[number] = {**source.items[number], "area": "5 m2"}

    assert held(books, source).code == "source.values_lost"
    assert list(areas(books).values()).count(None) <= SHARE * 100


@on_sqlite_only
def test_what_was_changed_in_the_night_is_held_too_though_it_is_little_of_all(books: PulledDatabase) -> None:
    """A source that lists only what changed shows its new form in few items."""
    at = to_timestamp_text(START)
    source = register(0, 100, profile=SourceProfile(changed_since=True))
    source.items[:] = [{**wire_item, "at": "2025-01-01T08:00:00+07:00"} for wire_item in source.items]
    source.items[-1]["at"] = at
    pulled(books, source)
    source.items[:8] = [parcel_item(number, area="?m2", at=at) for number in range(1, 9)]

    assert held(books, source).code == "source.values_lost"
    assert None not in areas(books).values()


@on_sqlite_only
def test_parts_of_lists_are_counted_by_their_field(books: PulledDatabase) -> None:
    use = {"code": "ODT", "catalogue": "cũ", "area_m2": "5"}
    source = register(0, 20)
    source.items[:] = [{**wire_item, "uses": [use, use]} for wire_item in source.items]
    pulled(books, source)
    poor = {**use, "area_m2": "5 m2"}
    source.items[:] = [{**wire_item, "uses": [use, poor]} for wire_item in source.items]

    refusal = held(books, source)

    assert (refusal.code, refusal.context["members"]) == ("source.values_lost", "uses.area_m2: decimal_parsing")


@on_sqlite_only
def test_different_poor_fields_are_no_hold_together(books: PulledDatabase) -> None:
    """The limit is one for each field: an adapter that reads a field wrongly reads that field wrongly."""
    items = [parcel_item(number, area="x" if number < 5 else "5", address=number) for number in range(1, 5)]
    source = ListingRegister([*items, *(parcel_item(number) for number in range(5, 25))], page_size=50)

    assert pulled(books, source).counts.noted == {"decimal_parsing": 4, "string_type": 4}


def test_a_strict_connection_quarantines_what_cannot_be_read(books: PulledDatabase) -> None:
    """The record keeps its last values, as for every faulty item; and a change of the setting reads all items again."""
    source = register(0, 3)
    pulled(books, source)
    source.items[0] = parcel_item(1, area="x")

    strict = pulled(books, source, QualityTable(strict=True))
    assert (strict.counts.quarantined, areas(books)["p1"]) == (1, 5)

    lenient = pulled(books, source)
    assert (lenient.counts.resolved, areas(books)["p1"]) == (1, None)

    again = pulled(books, source, QualityTable(strict=True))
    assert again.counts.quarantined == 1


def test_a_rejected_rule_quarantines_and_names_what_was_expected(books: PulledDatabase) -> None:
    """Rules of notes on the whole record too; other notes stay notes."""
    use = {"code": "ODT", "catalogue": "cũ", "area_m2": "5"}
    source = register(1, 2)
    source.items[1] = {**parcel_item(2, area="99"), "uses": [use]}
    quality = QualityTable(rules={"uses_area_differs": Severity.REJECT})

    pull = pulled(books, source, quality)

    assert (pull.counts.quarantined, pull.counts.noted) == (1, {"decimal_parsing": 1})
    assert faults(books) == [Fault("uses", "uses_area_differs")]
    assert sorted(areas(books)) == ["p1", "p3"]


def test_every_severity_is_that_of_a_rule_with_words() -> None:
    assert set(DEFAULT_SEVERITIES) <= set(known_rules())


@dataclass
class CodecRegister(LandRegister):
    """A register whose areas are read by a codec."""

    def translate(self, item: Item) -> Mapping[str, object]:
        """Return the fields of a parcel with an area that cannot be read."""
        return {**super().translate(item), "area_m2": Unreadable("number_unreadable", "1.234,5")}


@on_sqlite_only
def test_the_fault_of_a_rejected_rule_has_its_detail(books: PulledDatabase) -> None:
    quality = QualityTable(rules={"number_unreadable": Severity.REJECT})

    pulled(books, CodecRegister([parcel_item(1)]), quality)

    (fault,) = faults(books)
    assert (fault.path, fault.rule, fault.detail) == ("area_m2", "number_unreadable", "1.234,5")
