"""What a program reads beside records: one record by its key, the change feed, discrepancies, quarantine."""

from collections.abc import Callable, Iterator
from dataclasses import FrozenInstanceError
from datetime import UTC, date, datetime, timedelta
from itertools import islice

import pytest
from sqlalchemy import update

from cchc_connect import (
    Change,
    Discrepancy,
    DiscrepancyState,
    QuarantineEntry,
    RecordNotFound,
    SharedDatabase,
    UsageMistake,
    changes,
    discrepancies,
    follow,
    get,
    history,
    quarantine,
    record_at,
    records_at,
)
from cchc_connect.database.reading import change_feed
from cchc_connect.database.tables import change
from cchc_connect.wire.json import RawItem
from cchc_schemas import Dossier, LandChange, LandParcel, RecordInvalid
from tests.sync.memory_systems import START, DossierRegister, LandRegister, dossier_codes, dossier_fields, parcel_item
from tests.sync.pulled_database import PulledDatabase, parcel_key

(CODE,) = dossier_codes(1)
DAY = timedelta(days=1)


@pytest.fixture
def books(address: str) -> Iterator[PulledDatabase]:
    with SharedDatabase(address) as database:
        yield PulledDatabase(database)


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every listing read two rows at a time."""
    monkeypatch.setattr(change_feed, "FEED_BATCH_SIZE", 2)
    for module in ("discrepancies", "quarantine_entries"):
        monkeypatch.setattr(f"cchc_connect.database.reading.{module}.RECORD_BATCH_SIZE", 2)


def split(books: PulledDatabase, old: int, *new: int) -> None:
    """Register that a parcel was split into others."""
    parts = [
        {"scheme": "gso-2025-07", "commune_code": "25747", "map_sheet": "12", "parcel_number": str(number)}
        for number in (old, *new)
    ]
    fields = {"change_id": "1", "kind": "tach", "happened_at": START.isoformat()}
    item = {"code": "1", **fields, "from_parcels": parts[:1], "to_parcels": parts[1:]}
    del item["code"]
    books.pull("changes", DossierRegister([item], record_type=LandChange))


def test_a_record_is_read_by_its_key(books: PulledDatabase) -> None:
    books.pull("a", LandRegister([parcel_item(1)]))

    parcel = get(books.database, LandParcel, parcel_key(1))

    assert parcel is not None
    assert parcel.key == parcel_key(1)
    assert get(books.database, LandParcel, parcel_key(2)) is None
    assert get(books.database, Dossier, parcel_key(1)) is None


def test_a_former_number_that_its_parcel_states_leads_to_the_parcel(books: PulledDatabase) -> None:
    """As in the command `history`; the old number was never a record here."""
    books.pull("a", LandRegister([parcel_item(2, previous_keys=[parcel_key(1)])]))

    current = get(books.database, LandParcel, parcel_key(1))
    earlier = record_at(books.database, LandParcel, parcel_key(1), START)

    assert current == earlier is not None
    assert [version.record.key for version in history(books.database, LandParcel, parcel_key(1))] == [parcel_key(2)]
    assert record_at(books.database, LandParcel, parcel_key(1), START - DAY) is None


def test_a_number_that_was_changed_here_leads_to_the_parcel_and_keeps_its_own_past(books: PulledDatabase) -> None:
    register = LandRegister([parcel_item(1)])
    books.pull("a", register)
    books.clock.advance(DAY)
    register.items = [parcel_item(1, number="77")]
    books.pull("a", register)

    current = get(books.database, LandParcel, parcel_key(1))
    earlier = record_at(books.database, LandParcel, parcel_key(1), START)

    assert (current and current.parcel_number, earlier and earlier.parcel_number) == ("77", "1")
    assert record_at(books.database, LandParcel, parcel_key(1), START + DAY) is None


def test_a_number_that_became_several_is_an_error_that_names_them(books: PulledDatabase) -> None:
    books.pull("a", LandRegister([parcel_item(2), parcel_item(3)]))
    split(books, 1, 2, 3)

    reads: list[Callable[[], LandParcel | None]] = [
        lambda: get(books.database, LandParcel, parcel_key(1)),
        lambda: record_at(books.database, LandParcel, parcel_key(1), START),
    ]
    for read in reads:
        with pytest.raises(RecordNotFound) as several:
            read()

        assert several.value.code == "record.replaced_by_several"
        assert f"{parcel_key(2)}, {parcel_key(3)}" in str(several.value)
    assert len(history(books.database, LandParcel, parcel_key(1))) == 2


def test_a_number_that_became_several_of_which_one_is_left_leads_to_it(books: PulledDatabase) -> None:
    books.pull("a", LandRegister([parcel_item(3)]))
    split(books, 1, 2, 3)

    parcel = get(books.database, LandParcel, parcel_key(1))

    assert parcel is not None
    assert parcel.parcel_number == "3"


@pytest.mark.parametrize(
    ("at", "area"),
    [
        (START, 250.5),
        (START.replace(tzinfo=None) + timedelta(hours=7), 250.5),
        (START.replace(tzinfo=None) + timedelta(hours=7) - timedelta(microseconds=1), None),
        (START.date() - DAY, None),
        (START.date(), 250.5),
        (START.date() + DAY, 99),
    ],
)
def test_a_time_without_offset_is_vietnamese_and_a_day_is_its_end(
    books: PulledDatabase, at: date, area: float | None
) -> None:
    """Whatever the time zone of the machine; for one record and for all."""
    register = LandRegister([parcel_item(1)])
    books.pull("a", register)
    books.clock.advance(DAY)
    register.items = [parcel_item(1, area="99")]
    books.pull("a", register)

    parcel = record_at(books.database, LandParcel, parcel_key(1), at)

    assert (None if parcel is None else float(parcel.area_m2 or 0)) == area
    areas = [float(stored.area_m2 or 0) for stored in records_at(books.database, LandParcel, at)]
    assert areas == ([] if area is None else [area])


@pytest.fixture
def changed(books: PulledDatabase) -> PulledDatabase:
    """Give two parcels and a dossier, of which the first parcel was remeasured and the second deleted."""
    register = LandRegister([parcel_item(1), parcel_item(2)])
    books.pull("a", register)
    books.pull("b", DossierRegister([dossier_fields(CODE, applicant_name="Nguyễn Văn An")]))
    books.clock.advance(DAY)
    register.items = [parcel_item(1, area="99")]
    for _ in range(2):  # what two complete listings lack is deleted
        books.pull("a", register)
    return books


@pytest.mark.usefixtures("small_batches")
def test_changes_are_objects_in_commit_order(changed: PulledDatabase) -> None:
    feed = list(changes(changed.database))

    assert [(entry.sequence, entry.operation, entry.record.key[-1]) for entry in feed] == [
        (1, "insert", "1"),
        (2, "insert", "2"),
        (3, "insert", CODE[-1]),
        (4, "update", "1"),
        (5, "delete", "2"),
    ]
    assert isinstance(feed[3].record, LandParcel)
    assert (feed[3].changed_at, feed[3].is_gone, feed[4].is_gone) == (START + DAY, False, True)
    with pytest.raises(FrozenInstanceError):
        feed[0].sequence = 2  # type: ignore[misc]  # that it is refused is the test


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize(
    ("after", "record_types", "limit", "sequences"),
    [
        (0, (), None, [1, 2, 3, 4, 5]),
        (3, (), None, [4, 5]),
        (5, (), None, []),
        (9, (), None, []),
        (0, (), 3, [1, 2, 3]),
        (0, (), 0, []),
        (0, [LandParcel], None, [1, 2, 4, 5]),
        (1, ["land_parcel"], 2, [2, 4]),
        (0, {Dossier, "land_parcel"}, None, [1, 2, 3, 4, 5]),
        (0, [LandChange], None, []),
    ],
)
def test_a_part_of_the_feed_is_read(
    changed: PulledDatabase,
    after: int,
    record_types: change_feed.RecordTypes,
    limit: int | None,
    sequences: list[int],
) -> None:
    feed = changes(changed.database, after, record_types=record_types, limit=limit)

    assert [entry.sequence for entry in feed] == sequences


def test_changes_end_where_the_feed_ended_when_they_were_first_read(changed: PulledDatabase) -> None:
    """A reader that handles each change for a while is not led on and on by writers."""
    feed = changes(changed.database)
    first = next(feed)
    changed.pull("a", LandRegister([parcel_item(1, area="98")]))

    assert [entry.sequence for entry in (first, *feed)] == [1, 2, 3, 4, 5]


def test_a_follower_gets_the_same_objects(changed: PulledDatabase) -> None:
    followed = follow(changed.database, 2, record_types=[LandParcel])

    assert list(islice(followed, 2)) == list(changes(changed.database, 2, record_types=[LandParcel]))


@pytest.mark.parametrize(
    ("record_types", "part"), [("land_parcel", "record_types"), (["land_parcle"], "'land_parcel'"), (["x"], "dossier")]
)
def test_unknown_record_types_of_the_feed_are_refused_at_the_call(
    books: PulledDatabase, record_types: change_feed.RecordTypes, part: str
) -> None:
    for read in (changes, follow):
        with pytest.raises(UsageMistake) as refused:
            read(books.database, record_types=record_types)

        assert part in str(refused.value)


def test_a_change_that_cannot_be_read_does_not_stop_the_feed(changed: PulledDatabase) -> None:
    """Its place in the feed is known; only its record is not."""
    with changed.database.writing() as connection:
        connection.execute(update(change).where(change.c.sequence == 1).values(document='{"colour": "red"}'))

    first, *following = changes(changed.database)

    assert (first.record_key, len(following)) == (parcel_key(1), 4)
    with pytest.raises(RecordInvalid):
        first.record  # noqa: B018  # the access is the test


@pytest.mark.usefixtures("small_batches")
def test_discrepancies_are_objects_oldest_first(books: PulledDatabase) -> None:
    """Their values are those of the two connections, not their JSON text."""
    books.pull("a", LandRegister([parcel_item(number) for number in range(1, 6)], page_size=9))
    books.pull("b", LandRegister([parcel_item(number, area="99") for number in range(1, 6)], page_size=9))

    listed = list(discrepancies(books.database))
    first = listed[0]

    assert [entry.number for entry in listed] == sorted(entry.number for entry in listed)
    assert len({entry.record_key for entry in listed}) == 5
    assert (first.field, first.connection, first.value, first.owner, first.owner_value) == (
        "area_m2",
        "b",
        "99",
        "a",
        "250.5",
    )
    assert (first.state, first.detected_at, first.resolved_at) == (DiscrepancyState.OPEN, START, None)


def test_a_discrepancy_that_ended_is_listed_on_request(books: PulledDatabase) -> None:
    books.pull("a", LandRegister([parcel_item(1)]))
    for area in ("99", "250.5"):
        books.pull("b", LandRegister([parcel_item(1, area=area)]))

    (ended,) = discrepancies(books.database, include_ended=True)

    assert list(discrepancies(books.database)) == []
    assert (ended.state, ended.resolved_at) == (DiscrepancyState.ENDED, START)


@pytest.mark.usefixtures("small_batches")
def test_quarantine_entries_are_objects_oldest_first(books: PulledDatabase) -> None:
    register = LandRegister([parcel_item(number, area="?") for number in range(1, 6)], page_size=9)
    books.pull("a", register)
    register.items[0] = parcel_item(1)
    books.pull("a", register)

    is_open, all_entries = list(quarantine(books.database)), list(quarantine(books.database, include_resolved=True))

    assert [entry.source_key for entry in is_open] == ["p2", "p3", "p4", "p5"]
    assert [(fault.path, fault.rule) for fault in is_open[0].faults] == [("parcel_number", "number_unreadable")]
    assert (is_open[0].first_seen, is_open[0].resolved_at) == (START, None)
    assert (all_entries[0].source_key, all_entries[0].resolved_at) == ("p1", START)


def test_no_object_shows_a_personal_value() -> None:
    """A program prints them, and its log keeps what it printed."""
    name = "Nguyễn Văn An"
    now = datetime.now(UTC)
    stored = {"record_type": "dossier", "record_key": CODE, "connection": "a"}
    change_entry = Change(
        sequence=1,
        operation="insert",
        version=1,
        changed_at=now,
        valid_from=None,
        valid_to=None,
        run_id="r",
        document=f'{{"applicant_name": "{name}", "code": "{CODE}", "procedure_code": "1.013225", "status": 4}}',
        **stored,
    )
    difference = Discrepancy(
        number=1,
        field="applicant_name",
        value=name,
        owner="b",
        owner_value=name,
        detected_at=now,
        state=DiscrepancyState.OPEN,
        note=name,
        resolved_at=None,
        due_on=None,
        official=None,
        **stored,
    )
    entry = QuarantineEntry(
        id=1,
        connection="a",
        record_type="dossier",
        partition="",
        source_key="1",
        item=RawItem(name.encode()),
        faults=(),
        first_seen=now,
        resolved_at=None,
    )
    assert isinstance(change_entry.record, Dossier)
    assert change_entry.record.applicant_name == name

    for shown in (repr(change_entry), repr(difference), repr(entry), str(change_entry)):
        assert name not in shown
