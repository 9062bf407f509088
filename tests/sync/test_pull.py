"""Rules of pulling one source: rows, versions, quarantine, deletions, cursors, holds."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from cchc_connect.adapter import DeleteDetection, SourceProfile
from cchc_connect.database.reading.change_feed import change_rows, last_sequence
from cchc_connect.database.reading.discrepancies import discrepancy_rows
from cchc_connect.database.reading.quarantine_entries import entries
from cchc_connect.database.record_tables import record_table
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.state.cursors import hold, read_cursor
from cchc_connect.database.stream import Stream
from cchc_connect.database.tables import discrepancy
from cchc_connect.errors import CchcError, SourceHeld, Unreachable
from cchc_connect.sync.pull import Pull
from cchc_connect.sync.run_context import RunContext
from tests.databases import new_address, on_sqlite_only
from tests.sync.memory_systems import (
    START,
    LandRegister,
    ManualClock,
    NoRequestTransport,
    UnfencedRunContext,
    parcel_item,
)

STREAM = Stream(connection="village", record_type="land_parcel", agency="H09.1")
INCREMENTAL = SourceProfile(changed_since=True, lookback=timedelta(minutes=10))


@pytest.fixture
def database(address: str) -> Iterator[SharedDatabase]:
    with SharedDatabase(address, create_or_upgrade=True) as opened:
        yield opened


def pull(
    database: SharedDatabase,
    register: LandRegister,
    *failures: CchcError | None,
    stream: Stream = STREAM,
    owner: str | None = None,
    dry_run: bool = False,
    shrinking: frozenset[str] = frozenset(),
) -> Pull:
    """Pull once, without a lease."""
    owners = {} if owner is None else {"land_parcel": owner}
    kind = RunContext if dry_run else UnfencedRunContext
    run_context = kind(
        run_id="run", database=database, clock=ManualClock(), token=None, owners=owners, accept_shrink=shrinking
    )
    pulled = Pull(register, stream, NoRequestTransport(failures), run_context)
    pulled.run()
    return pulled


def rows(database: SharedDatabase) -> dict[str, Any]:
    table = record_table("land_parcel")
    with database.reading() as connection:
        return {row.record_key: row for row in connection.execute(select(table).order_by(table.c.record_key))}


def live(database: SharedDatabase) -> list[str]:
    return [row.parcel_number for row in rows(database).values() if row.deleted_at is None]


def history(database: SharedDatabase) -> list[tuple[str, str, int]]:
    with database.reading() as connection:
        return [(row["record_key"][-1], row["operation"], row["version"]) for row in change_rows(connection)]


def rules(database: SharedDatabase) -> list[list[tuple[str, str]]]:
    with database.reading() as connection:
        return [[(fault.path, fault.rule) for fault in entry.faults] for entry in entries(connection)]


def test_every_item_becomes_a_row_with_its_origin(database: SharedDatabase) -> None:
    """A record's row has its values and its provenance."""
    pull(database, LandRegister([parcel_item(number) for number in range(1, 8)]))

    row = rows(database)["gso-2025-07:25747:12:3"]
    assert len(rows(database)) == 7
    assert (row.parcel_number, row.area_m2) == ("3", 250.5)
    assert (row.connection, row.agency, row.source_key, row.version) == ("village", "H09.1", "p3", 1)
    assert row.source_time == "2026-03-02T08:00:00.000000Z"


def test_an_unchanged_source_causes_no_row_write_at_all(database: SharedDatabase) -> None:
    """The second pull of the same items writes no row and no change."""
    register = LandRegister([parcel_item(number) for number in range(1, 8)])
    pull(database, register)
    before, feed = rows(database), history(database)

    again = pull(database, register)

    assert again.counts.rows_written == 0
    assert again.counts.unchanged == 7
    assert (rows(database), history(database)) == (before, feed)


def test_only_a_changed_item_becomes_a_new_version(database: SharedDatabase) -> None:
    """A changed item is the next version of its record; the others are not written."""
    register = LandRegister([parcel_item(1), parcel_item(2)])
    pull(database, register)
    register.items[1] = parcel_item(2, area="300")

    again = pull(database, register)

    assert (again.counts.updated, again.counts.unchanged) == (1, 1)
    assert history(database) == [("1", "insert", 1), ("2", "insert", 1), ("2", "update", 2)]


def test_a_new_mapping_version_reads_unchanged_items_again_and_writes_only_differences(
    database: SharedDatabase,
) -> None:
    """With a higher mapping version every item is translated again; equal content is no new version."""
    register = LandRegister([parcel_item(1)])
    pull(database, register)
    register.mapping_version = 2

    again = pull(database, register)

    assert (again.counts.unchanged, again.counts.rows_written) == (1, 0)
    assert history(database) == [("1", "insert", 1)]


def test_an_item_read_twice_in_one_pass_is_stored_once(database: SharedDatabase) -> None:
    """Rows that move while a source is paged come twice and are counted once."""
    pull(database, LandRegister([parcel_item(1), parcel_item(2), parcel_item(3), parcel_item(2), parcel_item(4)]))

    assert history(database) == [(str(number), "insert", 1) for number in (1, 2, 3, 4)]


def test_a_bad_item_is_quarantined_with_every_fault_and_the_others_are_stored(database: SharedDatabase) -> None:
    """Only the bad item fails; all its faults are found at once, each with the rule that was broken."""
    bad = parcel_item(2, area="?", commune="00000")

    done = pull(database, LandRegister([parcel_item(1), bad, parcel_item(3)]))

    assert live(database) == ["1", "3"]
    assert done.counts.quarantined == 1
    assert sorted(rules(database)[0]) == [
        ("commune_code", "commune_code_unknown"),
        ("parcel_number", "number_unreadable"),
    ]


def test_a_bad_item_seen_again_is_counted_and_not_written(database: SharedDatabase) -> None:
    """Quarantine holds an item once, however often it comes."""
    register = LandRegister([parcel_item(1, area="?")])
    pull(database, register)

    again = pull(database, register)

    assert (again.counts.quarantined, len(rules(database))) == (1, 1)


def test_an_item_leaves_quarantine_when_it_is_corrected(database: SharedDatabase) -> None:
    """A corrected item becomes a record and its quarantine entry ends."""
    register = LandRegister([parcel_item(1, area="?")])
    pull(database, register)
    register.items[0] = parcel_item(1)

    again = pull(database, register)

    assert (again.counts.inserted, again.counts.resolved, rules(database)) == (1, 1, [])


def test_a_record_keeps_its_last_good_values_while_its_item_is_bad(database: SharedDatabase) -> None:
    """A record whose item becomes faulty stays unchanged; the faulty item is in quarantine."""
    register = LandRegister([parcel_item(1)])
    pull(database, register)
    register.items[0] = parcel_item(1, area="?")

    pull(database, register)

    assert rows(database)["gso-2025-07:25747:12:1"].area_m2 == 250.5
    assert rules(database) == [[("parcel_number", "number_unreadable")]]


def test_an_item_without_a_key_is_quarantined_by_its_content(database: SharedDatabase) -> None:
    """An item without a key is not lost."""
    pull(database, LandRegister([parcel_item(1, id="", area="?"), parcel_item(2, id="", area="?")]))

    assert len(rules(database)) == 2


@on_sqlite_only
def test_a_translation_that_raises_quarantines_that_item_only(database: SharedDatabase) -> None:
    """The exception is recorded as a fault of the item."""
    broken = {key: value for key, value in parcel_item(1).items() if key != "area"}

    pull(database, LandRegister([broken, parcel_item(2)]))

    assert live(database) == ["2"]
    assert rules(database) == [[("", "translation_failed")]]


def test_two_items_cannot_be_one_record(database: SharedDatabase) -> None:
    """The second item with a record's key goes into quarantine; it becomes the record once the first is gone."""
    register = LandRegister([parcel_item(1), *(parcel_item(number) for number in range(2, 7)), parcel_item(1, id="p9")])
    pull(database, register)
    assert rules(database) == [[("", "key_taken")]]
    del register.items[0]

    for _ in range(3):
        pull(database, register)

    assert rows(database)["gso-2025-07:25747:12:1"].source_key == "p9"
    assert rules(database) == []


def test_a_renumbered_item_leaves_no_stale_record(database: SharedDatabase) -> None:
    """A renumbered parcel is one live record, not two."""
    register = LandRegister([parcel_item(number) for number in range(1, 6)])
    pull(database, register)
    register.items[0] = parcel_item(1, number="77")

    pull(database, register)

    assert live(database) == ["2", "3", "4", "5", "77"]


def test_a_record_missing_from_a_complete_listing_is_deleted_and_keeps_its_values(database: SharedDatabase) -> None:
    """A deletion marks the row and appends to the change feed; no value is lost."""
    register = LandRegister([parcel_item(number) for number in range(1, 8)])
    pull(database, register)
    del register.items[6]

    pull(database, register)
    again = pull(database, register)

    gone = rows(database)["gso-2025-07:25747:12:7"]
    assert again.counts.deleted == 1
    assert gone.deleted_at is not None
    assert gone.area_m2 == 250.5
    assert history(database)[-1] == ("7", "delete", 2)


def test_a_deleted_record_that_comes_back_is_restored(database: SharedDatabase) -> None:
    """A deleted record continues with its next version."""
    register = LandRegister([parcel_item(number) for number in range(1, 8)])
    pull(database, register)
    lost = register.items.pop()
    pull(database, register)
    pull(database, register)
    register.items.append(lost)

    pull(database, register)

    assert len(live(database)) == 7
    assert history(database)[-1] == ("7", "restore", 3)


def test_a_quarantined_item_that_is_gone_leaves_quarantine(database: SharedDatabase) -> None:
    """Quarantine holds items that are faulty at the source now."""
    register = LandRegister([*(parcel_item(number) for number in range(1, 7)), parcel_item(7, area="?")])
    pull(database, register)
    del register.items[6]

    pull(database, register)

    assert rules(database) == []


def test_a_listing_that_shrank_too_much_holds_the_source_and_deletes_nothing(database: SharedDatabase) -> None:
    """A listing that lost more than a fifth of its items is not accepted as complete; its good items are stored."""
    register = LandRegister([parcel_item(number) for number in range(1, 21)])
    pull(database, register)
    register.items = [parcel_item(1, area="99"), *(parcel_item(number) for number in range(2, 14))]

    with pytest.raises(SourceHeld) as stopped:
        pull(database, register)

    assert stopped.value.code == "source.shrunk"
    assert len(live(database)) == 20
    assert rows(database)["gso-2025-07:25747:12:1"].area_m2 == 99


@on_sqlite_only
@pytest.mark.parametrize("profile", [SourceProfile(changed_since=False, deletes=DeleteDetection.NEVER), INCREMENTAL])
def test_a_source_that_does_not_report_deletions_deletes_nothing(
    database: SharedDatabase, profile: SourceProfile
) -> None:
    """Absence means deletion only if the profile says so."""
    register = LandRegister([parcel_item(number) for number in range(1, 8)], profile=profile)
    pull(database, register)
    del register.items[6]

    pull(database, register)

    assert len(live(database)) == 7


@on_sqlite_only
def test_a_listing_with_fewer_items_than_its_total_deletes_nothing(database: SharedDatabase) -> None:
    """Only a complete listing proves absence."""
    register = LandRegister([parcel_item(number) for number in range(1, 8)])
    pull(database, register)
    del register.items[6]
    register.counted = 7

    pull(database, register)

    assert len(live(database)) == 7


def test_a_broken_pass_resumes_after_the_last_committed_page(database: SharedDatabase) -> None:
    """After a failure the next run asks for the page that was not committed."""
    register = LandRegister([parcel_item(number) for number in range(1, 12)])
    with pytest.raises(Unreachable):
        pull(database, register, None, None, Unreachable("transport.unreachable"))
    assert len(live(database)) == 6
    register.requests.clear()

    pull(database, register)

    assert [ask.page_token for ask in register.requests] == ["6", "9"]
    assert len(live(database)) == 11


def test_a_resumed_pass_deletes_nothing(database: SharedDatabase) -> None:
    """The keys that the earlier run saw are not stored, so absence proves nothing."""
    register = LandRegister([parcel_item(number) for number in range(1, 12)])
    with pytest.raises(Unreachable):
        pull(database, register, None, Unreachable("transport.unreachable"))

    done = pull(database, register)

    assert done.counts.deleted == 0
    assert len(live(database)) == 11


@on_sqlite_only
def test_the_watermark_is_the_sources_time_and_the_next_pass_asks_from_before_it(database: SharedDatabase) -> None:
    """The next pass asks from `late_by` before the latest change seen, to catch late commits; our clock is not used."""
    latest = START - timedelta(days=30)
    register = LandRegister([parcel_item(1, at=latest.isoformat())], profile=INCREMENTAL)
    pull(database, register)

    pull(database, register)

    assert [ask.since for ask in register.requests] == [None, latest - timedelta(minutes=10)]


@on_sqlite_only
def test_a_change_that_appears_late_is_not_missed(database: SharedDatabase) -> None:
    """A change dated less than `late_by` before the watermark is read."""
    register = LandRegister([parcel_item(1)], profile=INCREMENTAL)
    pull(database, register)
    register.items.append(parcel_item(2, at=(START - timedelta(minutes=9)).isoformat()))

    pull(database, register)

    assert live(database) == ["1", "2"]


@on_sqlite_only
def test_a_source_that_ignores_the_filter_is_held(database: SharedDatabase) -> None:
    """Old items in the response to a request for new ones show that the filter does not work."""
    old = parcel_item(2, at=(START - timedelta(days=400)).isoformat())
    register = LandRegister([parcel_item(1), old], profile=INCREMENTAL, obeys_filter=False)
    pull(database, register)

    with pytest.raises(SourceHeld) as stopped:
        pull(database, register)

    assert stopped.value.code == "source.filter_ignored"


@on_sqlite_only
@pytest.mark.parametrize(
    ("sabotage", "code"),
    [
        ({"following": {"6": "3"}}, "source.paging_loop"),
        ({"following": {"3": "0"}}, "source.paging_loop"),
        ({"stuck": True}, "source.page_repeated"),
    ],
    ids=["ping-pong", "back to the start", "position ignored"],
)
def test_a_listing_that_does_not_advance_is_held(database: SharedDatabase, sabotage: dict[str, Any], code: str) -> None:
    """A paging loop ends with an error."""
    register = LandRegister([parcel_item(number) for number in range(1, 12)], **sabotage)

    with pytest.raises(SourceHeld) as stopped:
        pull(database, register)

    assert stopped.value.code == code


@on_sqlite_only
def test_an_empty_listing_with_a_total_above_zero_is_held(database: SharedDatabase) -> None:
    """An empty page ends a listing only if nothing contradicts it."""
    with pytest.raises(SourceHeld) as stopped:
        pull(database, LandRegister([], counted=12))

    assert stopped.value.code == "source.empty_but_counted"


def test_a_held_source_starts_its_next_pass_from_the_first_page(database: SharedDatabase) -> None:
    """The page token of the held pass is discarded, its records are kept, and a good page ends the hold."""
    register = LandRegister([parcel_item(number) for number in range(1, 12)], following={"6": "3"})
    with pytest.raises(SourceHeld) as stopped:
        pull(database, register)
    with database.writing() as connection:
        hold(connection, STREAM, stopped.value, START)
    register.following = {}
    register.requests.clear()

    pull(database, register)

    assert register.requests[0].page_token is None
    assert len(live(database)) == 11


def test_a_dry_run_counts_and_writes_nothing(database: SharedDatabase) -> None:
    """It reports what would be written and leaves the database unchanged."""
    done = pull(database, LandRegister([parcel_item(number) for number in range(1, 6)]), dry_run=True)

    with database.reading() as connection:
        assert (done.counts.inserted, last_sequence(connection)) == (5, 0)
        assert read_cursor(connection, STREAM).page_token is None


def test_a_differing_value_of_another_agency_is_stored_as_a_discrepancy(database: SharedDatabase) -> None:
    """The record stays unchanged, the discrepancy has both values, and agreement ends it."""
    city = Stream(connection="city", record_type="land_parcel", agency="H09.2")
    pull(database, LandRegister([parcel_item(1)]))

    pull(database, LandRegister([parcel_item(1, id="c1", area="260")]), stream=city)

    with database.reading() as connection:
        (difference,) = connection.execute(select(discrepancy)).all()
    assert rows(database)["gso-2025-07:25747:12:1"].area_m2 == 250.5
    assert (difference.field, difference.value, difference.owner_value, difference.owner) == (
        "area_m2",
        '"260"',
        '"250.5"',
        "village",
    )

    pull(database, LandRegister([parcel_item(1, id="c1", area="250.5")]), stream=city)

    with database.reading() as connection:
        assert discrepancy_rows(connection) == []


def test_a_record_passes_to_the_declared_source_of_truth(database: SharedDatabase) -> None:
    """The owner's values replace those of the source that came first, which stay as a discrepancy."""
    city = Stream(connection="city", record_type="land_parcel", agency="H09.2")
    pull(database, LandRegister([parcel_item(1)]), owner="city")

    pull(database, LandRegister([parcel_item(1, id="c1", area="260")]), stream=city, owner="city")

    row = rows(database)["gso-2025-07:25747:12:1"]
    with database.reading() as connection:
        (difference,) = connection.execute(select(discrepancy)).all()
    assert (row.connection, row.area_m2) == ("city", 260)
    assert (difference.connection, difference.value, difference.owner) == ("village", '"250.5"', "city")


@on_sqlite_only
def test_a_listing_of_changes_only_deletes_nothing(database: SharedDatabase) -> None:
    """Unchanged items are not listed although they exist."""
    profile = SourceProfile(changed_since=True, deletes=DeleteDetection.ABSENCE)
    old = parcel_item(1, at=(START - timedelta(days=1)).isoformat())
    register = LandRegister([old, *(parcel_item(number) for number in range(2, 8))], profile=profile)
    pull(database, register)

    done = pull(database, register)

    assert (done.counts.deleted, len(live(database))) == (0, 7)


def test_different_items_of_a_page_under_one_key_are_not_lost(database: SharedDatabase) -> None:
    """The first is the record; the others go into quarantine, where the wrong key is visible."""
    same = [parcel_item(1, id="p"), parcel_item(2, id="p"), parcel_item(3, id="p")]

    done = pull(database, LandRegister(same))

    assert live(database) == ["1"]
    assert done.counts.quarantined == 2
    assert rules(database) == [[("", "key_twice")]] * 2


@on_sqlite_only
def test_the_same_item_twice_in_a_page_is_one(database: SharedDatabase) -> None:
    """An item that a listing repeats is no fault."""
    done = pull(database, LandRegister([parcel_item(1), parcel_item(1)]))

    assert (live(database), done.counts.quarantined) == (["1"], 0)


@on_sqlite_only
def test_a_new_mapping_version_asks_an_incremental_source_for_everything_once(database: SharedDatabase) -> None:
    """Unchanged items are translated again even if the source lists changes only."""
    register = LandRegister([parcel_item(1)], profile=INCREMENTAL)
    pull(database, register)
    register.mapping_version = 2

    pull(database, register)
    pull(database, register)

    assert [ask.since is None for ask in register.requests] == [True, True, False]


@on_sqlite_only
def test_a_change_time_without_an_offset_moves_no_watermark(database: SharedDatabase) -> None:
    """A naive time could be hours ahead; its item goes into quarantine and the others are stored."""
    pull(database, LandRegister([parcel_item(1, at="2026-03-02T08:00:00"), parcel_item(2)], profile=INCREMENTAL))

    with database.reading() as connection:
        assert read_cursor(connection, STREAM).watermark == START
    assert live(database) == ["2"]


@on_sqlite_only
def test_a_translation_that_fails_on_every_item_is_the_adapters_fault(database: SharedDatabase) -> None:
    """A page without a readable item holds the source and quarantines nothing."""
    broken = [{key: value for key, value in parcel_item(number).items() if key != "area"} for number in range(9)]

    with pytest.raises(SourceHeld) as stopped:
        pull(database, LandRegister(broken, page_size=9))

    assert stopped.value.code == "source.adapter_failed"
    assert rules(database) == []


@on_sqlite_only
@pytest.mark.parametrize("wrong", ["2926-01-01T00:00:00+00:00", "0001-01-01T00:00:00+00:00"])
def test_an_impossible_change_time_moves_no_watermark(database: SharedDatabase, wrong: str) -> None:
    """A date far in the future or the past does not keep later changes from being read."""
    register = LandRegister([parcel_item(1, at=wrong), parcel_item(2)], profile=INCREMENTAL)
    pull(database, register)
    register.items.append(parcel_item(3, at=(START + timedelta(minutes=1)).isoformat()))

    pull(database, register)

    assert live(database) == ["1", "2", "3"]


def test_an_incremental_listing_that_was_cut_short_is_requested_again(database: SharedDatabase) -> None:
    """If fewer items came than the total says, the watermark stays and the next run asks for them."""
    register = LandRegister([parcel_item(number) for number in (5, 6, 7)], profile=INCREMENTAL, counted=7)
    pull(database, register)
    register.items = [parcel_item(number) for number in range(1, 8)]

    pull(database, register)

    assert len(live(database)) == 7


@on_sqlite_only
def test_an_unchanged_source_keeps_its_watermark(database: SharedDatabase) -> None:
    """A pass without changes does not cause a complete one."""
    register = LandRegister([parcel_item(1)], profile=INCREMENTAL)
    pull(database, register)

    pull(database, register)
    pull(database, register)

    assert [ask.since is None for ask in register.requests] == [True, False, False]


def test_a_source_that_went_back_before_its_watermark_is_read_completely(database: SharedDatabase) -> None:
    """A source that was restored from a backup no longer lists the change that was read last."""
    day = timedelta(days=1)
    early = (START - day).isoformat()
    register = LandRegister([parcel_item(1, at=early), parcel_item(2, area="300")], profile=INCREMENTAL)
    pull(database, register)
    register.items = [parcel_item(1, area="99", at=early), parcel_item(2, at=early)]

    pull(database, register)
    pull(database, register)

    lookback = timedelta(minutes=10)
    assert [ask.since for ask in register.requests[1:]] == [START - lookback, None, START - day - lookback]
    assert {row.parcel_number: row.area_m2 for row in rows(database).values()} == {"1": 99, "2": 250.5}


def test_a_resumed_pass_proves_no_absence_even_if_its_total_is_zero(database: SharedDatabase) -> None:
    """The keys that the broken run saw are not stored."""
    items = [parcel_item(number) for number in range(1, 12)]
    register = LandRegister(items, counted=0)
    with pytest.raises(Unreachable):
        pull(database, register, None, Unreachable("transport.unreachable"))

    done = pull(database, register)

    assert done.counts.deleted == 0


def test_a_value_or_key_that_is_no_unicode_quarantines_its_item_only(database: SharedDatabase) -> None:
    """An unpaired surrogate in a value or a key does not stop the page."""
    bad = [parcel_item(1, address="\ud800"), parcel_item(2, id="\udfff")]

    pull(database, LandRegister([*bad, parcel_item(3)]))

    assert live(database) == ["3"]
    assert rules(database) == [[("", "text_not_unicode")]] * 2


def test_a_bad_item_that_returns_to_its_good_form_leaves_quarantine(database: SharedDatabase) -> None:
    """Also if its hash is that of the stored record."""
    register = LandRegister([parcel_item(1)])
    pull(database, register)
    register.items[0] = parcel_item(1, area="?")
    pull(database, register)
    register.items[0] = parcel_item(1)

    pull(database, register)

    assert rules(database) == []


def test_an_item_renumbered_to_a_taken_number_leaves_no_stale_record(database: SharedDatabase) -> None:
    """No source lists its old number any more; the item is in quarantine until the new number is free."""
    register = LandRegister([parcel_item(1), parcel_item(2)])
    pull(database, register)
    register.items = [parcel_item(1, number="33"), parcel_item(2, number="33")]

    pull(database, register)

    assert live(database) == ["33"]
    assert rules(database) == [[("", "key_taken")]]


def test_an_item_with_a_taken_key_is_tried_again_although_only_changes_are_listed(database: SharedDatabase) -> None:
    """The source does not list the unchanged item again."""
    old = (START - timedelta(days=1)).isoformat()
    register = LandRegister([parcel_item(1, at=old), parcel_item(1, id="p9", at=old)], profile=INCREMENTAL)
    pull(database, register)
    register.items = [parcel_item(1, number="50")]
    pull(database, register)

    pull(database, register)

    assert live(database) == ["1", "50"]
    assert rules(database) == []


def test_a_record_deleted_by_its_owner_is_not_restored_by_another_agency(database: SharedDatabase) -> None:
    """The owner's deletion counts, too."""
    city = Stream(connection="city", record_type="land_parcel", agency="H09.2")
    register = LandRegister([parcel_item(number) for number in range(1, 8)])
    pull(database, register, owner="village")
    del register.items[6]
    for _ in range(2):
        pull(database, register, owner="village")

    pull(database, LandRegister([parcel_item(7, id="c7")]), stream=city, owner="village")

    assert live(database) == ["1", "2", "3", "4", "5", "6"]


def test_a_discrepancy_shows_the_owners_present_value(database: SharedDatabase) -> None:
    """When the two values agree the discrepancy ends."""
    city = Stream(connection="city", record_type="land_parcel", agency="H09.2")
    register = LandRegister([parcel_item(1)])
    pull(database, register)
    pull(database, LandRegister([parcel_item(1, id="c1", area="260")]), stream=city)
    register.items[0] = parcel_item(1, area="255")
    pull(database, register)
    with database.reading() as connection:
        (difference,) = connection.execute(select(discrepancy)).all()
    assert (difference.value, difference.owner_value) == ('"260"', '"255"')

    register.items[0] = parcel_item(1, area="260")
    pull(database, register)

    with database.reading() as connection:
        assert discrepancy_rows(connection) == []


def test_a_shrink_that_a_person_accepted_deletes_records(database: SharedDatabase) -> None:
    """If many items are rightly gone, a person confirms it and the hold ends."""
    register = LandRegister([parcel_item(number) for number in range(1, 21)])
    pull(database, register)
    register.items = [parcel_item(number) for number in range(1, 6)]

    with pytest.raises(SourceHeld):
        pull(database, register)
    done = pull(database, register, shrinking=frozenset({"village"}))

    assert (done.counts.deleted, len(live(database))) == (15, 5)


def test_a_table_is_analyzed_after_its_first_page(tmp_path: Path) -> None:
    """With PostgreSQL's plans for an empty table, each page of a first load would scan all pages before it."""
    table_size = text("SELECT reltuples FROM pg_class WHERE oid = CAST('land_parcel' AS regclass)")
    with new_address("postgres", tmp_path) as address, SharedDatabase(address, create_or_upgrade=True) as database:
        pull(database, LandRegister([parcel_item(number) for number in range(1, 8)]))

        with database.reading() as connection:
            assert connection.execute(table_size).scalar_one() == 3  # rows of the first page
