"""What pulling one source promises."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from cchc_connect.adapter import Deletes, SourceProfile
from cchc_connect.database.reading.change_feed import changes, last_sequence
from cchc_connect.database.record_tables import record_table
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.state.cursors import hold, read_cursor
from cchc_connect.database.stream import Stream
from cchc_connect.database.tables import discrepancy
from cchc_connect.database.writing.discrepancies import discrepancies
from cchc_connect.database.writing.quarantine import entries
from cchc_connect.errors import CchcError, SourceHeld, Unreachable
from cchc_connect.sync.pull import Pull
from cchc_connect.sync.run_context import Scope
from tests.databases import new_address, on_one_kind
from tests.sync.village import START, FencelessScope, HandClock, LandRegister, LocalTransport, parcel_item

STREAM = Stream(connection="village", record_type="land_parcel", agency="H09.1")
INCREMENTAL = SourceProfile(changed_since=True, late_by=timedelta(minutes=10))


@pytest.fixture
def database(address: str) -> Iterator[SharedDatabase]:
    with SharedDatabase(address) as opened:
        yield opened


def pull(
    database: SharedDatabase,
    register: LandRegister,
    *failures: CchcError | None,
    stream: Stream = STREAM,
    owner: str | None = None,
    keeps: bool = True,
    shrinking: frozenset[str] = frozenset(),
) -> Pull:
    """Pull once, as a run that holds no lease: nothing here is about leases."""
    owners = {} if owner is None else {"land_parcel": owner}
    kind = FencelessScope if keeps else Scope
    scope = kind(run_id="run", database=database, clock=HandClock(), token=None, owners=owners, shrinking=shrinking)
    one = Pull(register, stream, LocalTransport(failures), scope)
    one.run()
    return one


def rows(database: SharedDatabase) -> dict[str, Any]:
    table = record_table("land_parcel")
    with database.reading() as connection:
        return {row.record_key: row for row in connection.execute(select(table).order_by(table.c.record_key))}


def live(database: SharedDatabase) -> list[str]:
    return [row.parcel_number for row in rows(database).values() if row.deleted_at is None]


def history(database: SharedDatabase) -> list[tuple[str, str, int]]:
    with database.reading() as connection:
        return [(row["record_key"][-1], row["operation"], row["version"]) for row in changes(connection)]


def rules(database: SharedDatabase) -> list[list[tuple[str, str]]]:
    with database.reading() as connection:
        return [[(fault.path, fault.rule) for fault in entry.faults] for entry in entries(connection)]


def test_every_item_becomes_a_row_with_its_origin(database: SharedDatabase) -> None:
    """A record's row says what it is and where it came from."""
    pull(database, LandRegister([parcel_item(number) for number in range(1, 8)]))

    row = rows(database)["gso-2025-07:25747:12:3"]
    assert len(rows(database)) == 7
    assert (row.parcel_number, row.area_m2) == ("3", 250.5)
    assert (row.connection, row.agency, row.source_key, row.version) == ("village", "H09.1", "p3", 1)
    assert row.source_time == "2026-03-02T08:00:00.000000Z"


def test_an_unchanged_source_causes_no_row_write_at_all(database: SharedDatabase) -> None:
    """Nothing is done twice: the second pull of the same items writes no row and no change."""
    register = LandRegister([parcel_item(number) for number in range(1, 8)])
    pull(database, register)
    before, feed = rows(database), history(database)

    again = pull(database, register)

    assert again.counts.rows_written == 0
    assert again.counts.unchanged == 7
    assert (rows(database), history(database)) == (before, feed)


def test_only_what_changed_becomes_a_new_version(database: SharedDatabase) -> None:
    """A changed item is the next version of its record; the others are left alone."""
    register = LandRegister([parcel_item(1), parcel_item(2)])
    pull(database, register)
    register.items[1] = parcel_item(2, area="300")

    again = pull(database, register)

    assert (again.counts.updated, again.counts.unchanged) == (1, 1)
    assert history(database) == [("1", "insert", 1), ("2", "insert", 1), ("2", "update", 2)]


def test_a_new_mapping_reads_unchanged_items_anew_and_writes_only_differences(database: SharedDatabase) -> None:
    """Raising the mapping version looks at every item once more; equal content is no new version."""
    register = LandRegister([parcel_item(1)])
    pull(database, register)
    register.mapping_version = 2

    again = pull(database, register)

    assert (again.counts.unchanged, again.counts.rows_written) == (1, 0)
    assert history(database) == [("1", "insert", 1)]


def test_an_item_read_twice_in_one_pass_is_stored_once(database: SharedDatabase) -> None:
    """Rows that move while a source is paged come twice and count once."""
    pull(database, LandRegister([parcel_item(1), parcel_item(2), parcel_item(3), parcel_item(2), parcel_item(4)]))

    assert history(database) == [(str(number), "insert", 1) for number in (1, 2, 3, 4)]


def test_a_bad_item_is_quarantined_with_every_fault_and_the_rest_goes_on(database: SharedDatabase) -> None:
    """One bad item costs one item; its faults are found all at once, with the rule each value broke."""
    bad = parcel_item(2, area="?", commune="00000")

    done = pull(database, LandRegister([parcel_item(1), bad, parcel_item(3)]))

    assert live(database) == ["1", "3"]
    assert done.counts.quarantined == 1
    assert sorted(rules(database)[0]) == [("area_m2", "number_unreadable"), ("commune_code", "commune_code_unknown")]


def test_a_bad_item_seen_again_is_counted_and_not_written(database: SharedDatabase) -> None:
    """Quarantine holds an item once, however often it comes."""
    register = LandRegister([parcel_item(1, area="?")])
    pull(database, register)

    again = pull(database, register)

    assert (again.counts.quarantined, len(rules(database))) == (1, 1)


def test_an_item_leaves_quarantine_when_it_comes_good(database: SharedDatabase) -> None:
    """A corrected item becomes a record and its quarantine entry ends."""
    register = LandRegister([parcel_item(1, area="?")])
    pull(database, register)
    register.items[0] = parcel_item(1)

    again = pull(database, register)

    assert (again.counts.inserted, again.counts.resolved, rules(database)) == (1, 1, [])


def test_a_record_keeps_its_last_good_values_while_its_item_is_bad(database: SharedDatabase) -> None:
    """A good record whose item turns bad stays as it was; the bad form waits in quarantine."""
    register = LandRegister([parcel_item(1)])
    pull(database, register)
    register.items[0] = parcel_item(1, area="?")

    pull(database, register)

    assert rows(database)["gso-2025-07:25747:12:1"].area_m2 == 250.5
    assert rules(database) == [[("area_m2", "number_unreadable")]]


def test_an_item_without_a_key_is_held_in_quarantine_by_its_content(database: SharedDatabase) -> None:
    """An item that cannot be named is still not lost."""
    pull(database, LandRegister([parcel_item(1, id="", area="?"), parcel_item(2, id="", area="?")]))

    assert len(rules(database)) == 2


@on_one_kind
def test_an_adapter_that_fails_on_an_item_costs_that_item_only(database: SharedDatabase) -> None:
    """A translation that raises is a fault of its item."""
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

    pull(database, register)
    pull(database, register)

    assert rows(database)["gso-2025-07:25747:12:1"].source_key == "p9"
    assert rules(database) == []


def test_an_item_that_gets_another_number_leaves_no_stale_record(database: SharedDatabase) -> None:
    """A renumbered parcel is one live record, not two."""
    register = LandRegister([parcel_item(number) for number in range(1, 6)])
    pull(database, register)
    register.items[0] = parcel_item(1, number="77")

    pull(database, register)

    assert live(database) == ["2", "3", "4", "5", "77"]


def test_what_a_complete_listing_lacks_is_gone_and_keeps_its_last_values(database: SharedDatabase) -> None:
    """A delete marks the row and appends to the feed; no value is lost."""
    register = LandRegister([parcel_item(number) for number in range(1, 8)])
    pull(database, register)
    del register.items[6]

    again = pull(database, register)

    gone = rows(database)["gso-2025-07:25747:12:7"]
    assert again.counts.deleted == 1
    assert gone.deleted_at is not None
    assert gone.area_m2 == 250.5
    assert history(database)[-1] == ("7", "delete", 2)


def test_what_comes_back_is_restored(database: SharedDatabase) -> None:
    """A record that was gone goes on with its next version."""
    register = LandRegister([parcel_item(number) for number in range(1, 8)])
    pull(database, register)
    lost = register.items.pop()
    pull(database, register)
    register.items.append(lost)

    pull(database, register)

    assert len(live(database)) == 7
    assert history(database)[-1] == ("7", "restore", 3)


def test_a_quarantined_item_that_is_gone_leaves_quarantine(database: SharedDatabase) -> None:
    """Quarantine holds what is bad at the source, not what was."""
    register = LandRegister([*(parcel_item(number) for number in range(1, 7)), parcel_item(7, area="?")])
    pull(database, register)
    del register.items[6]

    pull(database, register)

    assert rules(database) == []


def test_too_much_vanished_holds_the_source_and_deletes_nothing(database: SharedDatabase) -> None:
    """Nothing is silently wrong: a listing that lost more than a fifth is not believed, what is good in it is kept."""
    register = LandRegister([parcel_item(number) for number in range(1, 21)])
    pull(database, register)
    register.items = [parcel_item(1, area="99"), *(parcel_item(number) for number in range(2, 14))]

    with pytest.raises(SourceHeld) as stopped:
        pull(database, register)

    assert stopped.value.code == "source.shrunk"
    assert len(live(database)) == 20
    assert rows(database)["gso-2025-07:25747:12:1"].area_m2 == 99


@on_one_kind
@pytest.mark.parametrize("profile", [SourceProfile(changed_since=False, deletes=Deletes.NEVER), INCREMENTAL])
def test_a_source_that_does_not_tell_of_deletes_deletes_nothing(
    database: SharedDatabase, profile: SourceProfile
) -> None:
    """Absence means nothing where the profile does not say that it does."""
    register = LandRegister([parcel_item(number) for number in range(1, 8)], profile=profile)
    pull(database, register)
    del register.items[6]

    pull(database, register)

    assert len(live(database)) == 7


@on_one_kind
def test_a_listing_that_shows_fewer_than_it_counts_deletes_nothing(database: SharedDatabase) -> None:
    """Only a complete listing tells what is gone."""
    register = LandRegister([parcel_item(number) for number in range(1, 8)])
    pull(database, register)
    del register.items[6]
    register.counted = 7

    pull(database, register)

    assert len(live(database)) == 7


def test_a_pass_that_broke_goes_on_from_the_last_committed_page(database: SharedDatabase) -> None:
    """Nothing is lost: after a failure the next run asks for the page that was not committed."""
    register = LandRegister([parcel_item(number) for number in range(1, 12)])
    with pytest.raises(Unreachable):
        pull(database, register, None, None, Unreachable("transport.unreachable"))
    assert len(live(database)) == 6
    register.asks.clear()

    pull(database, register)

    assert [ask.position for ask in register.asks] == ["6", "9"]
    assert len(live(database)) == 11


def test_a_pass_taken_up_in_its_middle_deletes_nothing(database: SharedDatabase) -> None:
    """What an earlier run saw of a pass is not known to this one, so absence proves nothing."""
    register = LandRegister([parcel_item(number) for number in range(1, 12)])
    with pytest.raises(Unreachable):
        pull(database, register, None, Unreachable("transport.unreachable"))

    done = pull(database, register)

    assert done.counts.deleted == 0
    assert len(live(database)) == 11


@on_one_kind
def test_the_watermark_is_the_sources_time_and_the_next_pass_asks_from_behind_it(database: SharedDatabase) -> None:
    """Late commits are caught by asking from a lag behind the latest change seen; our clock plays no part."""
    latest = START - timedelta(days=30)
    register = LandRegister([parcel_item(1, at=latest.isoformat())], profile=INCREMENTAL)
    pull(database, register)

    pull(database, register)

    assert [ask.since for ask in register.asks] == [None, latest - timedelta(minutes=10)]


@on_one_kind
def test_a_change_that_appears_late_is_not_missed(database: SharedDatabase) -> None:
    """A change dated within the lag of the watermark is read although the watermark is past it."""
    register = LandRegister([parcel_item(1)], profile=INCREMENTAL)
    pull(database, register)
    register.items.append(parcel_item(2, at=(START - timedelta(minutes=9)).isoformat()))

    pull(database, register)

    assert live(database) == ["1", "2"]


@on_one_kind
def test_a_source_that_ignores_the_filter_is_held(database: SharedDatabase) -> None:
    """Old items in the answer to a question about new ones show that the filter does not work."""
    old = parcel_item(2, at=(START - timedelta(days=400)).isoformat())
    register = LandRegister([parcel_item(1), old], profile=INCREMENTAL, obeys_filter=False)
    pull(database, register)

    with pytest.raises(SourceHeld) as stopped:
        pull(database, register)

    assert stopped.value.code == "source.filter_ignored"


@on_one_kind
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
    """A paging loop ends with a reason instead of never."""
    register = LandRegister([parcel_item(number) for number in range(1, 12)], **sabotage)

    with pytest.raises(SourceHeld) as stopped:
        pull(database, register)

    assert stopped.value.code == code


@on_one_kind
def test_an_empty_listing_of_a_source_that_counts_items_is_not_believed(database: SharedDatabase) -> None:
    """An empty page is the end only with evidence."""
    with pytest.raises(SourceHeld) as stopped:
        pull(database, LandRegister([], counted=12))

    assert stopped.value.code == "source.empty_but_counted"


def test_a_held_source_begins_its_next_pass_anew(database: SharedDatabase) -> None:
    """A position that led astray is forgotten, what was read is not, and the hold ends with a good page."""
    register = LandRegister([parcel_item(number) for number in range(1, 12)], following={"6": "3"})
    with pytest.raises(SourceHeld) as stopped:
        pull(database, register)
    with database.writing() as connection:
        hold(connection, STREAM, stopped.value, START)
    register.following = {}
    register.asks.clear()

    pull(database, register)

    assert register.asks[0].position is None
    assert len(live(database)) == 11


def test_a_rehearsal_counts_and_writes_nothing(database: SharedDatabase) -> None:
    """A dry run tells what would be written and leaves the database as it was."""
    done = pull(database, LandRegister([parcel_item(number) for number in range(1, 6)]), keeps=False)

    with database.reading() as connection:
        assert (done.counts.inserted, last_sequence(connection)) == (5, 0)
        assert read_cursor(connection, STREAM).position is None


def test_what_another_agency_says_is_kept_as_a_discrepancy(database: SharedDatabase) -> None:
    """Each fact has an owner: the record stays, both values stand side by side, and agreement ends it."""
    other = Stream(connection="city", record_type="land_parcel", agency="H09.2")
    pull(database, LandRegister([parcel_item(1)]))

    pull(database, LandRegister([parcel_item(1, id="c1", area="260")]), stream=other)

    with database.reading() as connection:
        (found,) = connection.execute(select(discrepancy)).all()
    assert rows(database)["gso-2025-07:25747:12:1"].area_m2 == 250.5
    assert (found.field, found.value, found.owner_value, found.owner) == ("area_m2", '"260"', '"250.5"', "village")

    pull(database, LandRegister([parcel_item(1, id="c1", area="250.5")]), stream=other)

    with database.reading() as connection:
        assert discrepancies(connection) == []


def test_the_declared_source_of_truth_takes_a_record_over(database: SharedDatabase) -> None:
    """The owner's values replace those of whoever came first, which stay as a discrepancy."""
    other = Stream(connection="city", record_type="land_parcel", agency="H09.2")
    pull(database, LandRegister([parcel_item(1)]), owner="city")

    pull(database, LandRegister([parcel_item(1, id="c1", area="260")]), stream=other, owner="city")

    row = rows(database)["gso-2025-07:25747:12:1"]
    with database.reading() as connection:
        (found,) = connection.execute(select(discrepancy)).all()
    assert (row.connection, row.area_m2) == ("city", 260)
    assert (found.connection, found.value, found.owner) == ("village", '"250.5"', "city")


@on_one_kind
def test_a_listing_of_changes_only_deletes_nothing(database: SharedDatabase) -> None:
    """What did not change is not listed, and is not gone."""
    profile = SourceProfile(changed_since=True, deletes=Deletes.ABSENCE)
    old = parcel_item(1, at=(START - timedelta(days=1)).isoformat())
    register = LandRegister([old, *(parcel_item(number) for number in range(2, 8))], profile=profile)
    pull(database, register)

    done = pull(database, register)

    assert (done.counts.deleted, len(live(database))) == (0, 7)


def test_different_items_of_a_page_under_one_key_are_not_lost(database: SharedDatabase) -> None:
    """The first is the record; the others wait in quarantine, where a mistaken key is seen."""
    same = [parcel_item(1, id="p"), parcel_item(2, id="p"), parcel_item(3, id="p")]

    done = pull(database, LandRegister(same))

    assert live(database) == ["1"]
    assert done.counts.quarantined == 2
    assert rules(database) == [[("", "key_twice")]] * 2


@on_one_kind
def test_the_same_item_twice_in_a_page_is_one(database: SharedDatabase) -> None:
    """A row that a listing shows twice is no fault."""
    done = pull(database, LandRegister([parcel_item(1), parcel_item(1)]))

    assert (live(database), done.counts.quarantined) == (["1"], 0)


@on_one_kind
def test_a_new_mapping_asks_an_incremental_source_for_everything_once(database: SharedDatabase) -> None:
    """Unchanged items are read anew even where a source lists changes only."""
    register = LandRegister([parcel_item(1)], profile=INCREMENTAL)
    pull(database, register)
    register.mapping_version = 2

    pull(database, register)
    pull(database, register)

    assert [ask.since is None for ask in register.asks] == [True, True, False]


@on_one_kind
def test_a_change_time_without_an_offset_moves_no_watermark(database: SharedDatabase) -> None:
    """A naive time could lie hours ahead; its item waits in quarantine and the others go on."""
    pull(database, LandRegister([parcel_item(1, at="2026-03-02T08:00:00"), parcel_item(2)], profile=INCREMENTAL))

    with database.reading() as connection:
        assert read_cursor(connection, STREAM).watermark == START
    assert live(database) == ["2"]


@on_one_kind
def test_a_translation_that_fails_on_every_item_is_the_adapters_fault(database: SharedDatabase) -> None:
    """A page of which nothing can be read is no page of bad items."""
    broken = [{key: value for key, value in parcel_item(number).items() if key != "area"} for number in range(9)]

    with pytest.raises(SourceHeld) as stopped:
        pull(database, LandRegister(broken, page_size=9))

    assert stopped.value.code == "source.adapter_failed"
    assert rules(database) == []


@on_one_kind
@pytest.mark.parametrize("wrong", ["2926-01-01T00:00:00+00:00", "0001-01-01T00:00:00+00:00"])
def test_an_impossible_change_time_moves_no_watermark(database: SharedDatabase, wrong: str) -> None:
    """A date far ahead or long ago at the source does not keep later changes from being read."""
    register = LandRegister([parcel_item(1, at=wrong), parcel_item(2)], profile=INCREMENTAL)
    pull(database, register)
    register.items.append(parcel_item(3, at=(START + timedelta(minutes=1)).isoformat()))

    pull(database, register)

    assert live(database) == ["1", "2", "3"]


def test_an_incremental_listing_that_was_cut_short_is_asked_for_again(database: SharedDatabase) -> None:
    """Where fewer items came than the source counts, the watermark stays and the next run asks for them."""
    register = LandRegister([parcel_item(number) for number in (5, 6, 7)], profile=INCREMENTAL, counted=7)
    pull(database, register)
    register.items = [parcel_item(number) for number in range(1, 8)]

    pull(database, register)

    assert len(live(database)) == 7


@on_one_kind
def test_an_unchanged_source_keeps_its_watermark(database: SharedDatabase) -> None:
    """That nothing changed is no reason to ask for everything."""
    register = LandRegister([parcel_item(1)], profile=INCREMENTAL)
    pull(database, register)

    pull(database, register)
    pull(database, register)

    assert [ask.since is None for ask in register.asks] == [True, False, False]


def test_a_source_that_went_back_behind_its_watermark_is_compared_whole(database: SharedDatabase) -> None:
    """A source restored from a backup does not show the change that was read last: nothing is skipped in silence."""
    late = (START + timedelta(days=1)).isoformat()
    register = LandRegister([parcel_item(1), parcel_item(2, area="300", at=late)], profile=INCREMENTAL)
    pull(database, register)
    register.items = [parcel_item(1, area="99"), parcel_item(2)]

    pull(database, register)
    pull(database, register)

    assert [ask.since for ask in register.asks[1:]] == [
        START + timedelta(days=1) - timedelta(minutes=10),
        None,
        START - timedelta(minutes=10),
    ]
    assert {row.parcel_number: row.area_m2 for row in rows(database).values()} == {"1": 99, "2": 250.5}


def test_a_pass_taken_up_in_its_middle_proves_no_absence(database: SharedDatabase) -> None:
    """The total does not help: what the broken run saw is not known to the one that goes on."""
    items = [parcel_item(number) for number in range(1, 12)]
    register = LandRegister(items, counted=0)
    with pytest.raises(Unreachable):
        pull(database, register, None, Unreachable("transport.unreachable"))

    done = pull(database, register)

    assert done.counts.deleted == 0


def test_what_is_no_text_costs_its_item_only(database: SharedDatabase) -> None:
    """Half of a surrogate pair, in a value or a key, is quarantined and the page goes on."""
    bad = [parcel_item(1, address="\ud800"), parcel_item(2, id="\udfff")]

    pull(database, LandRegister([*bad, parcel_item(3)]))

    assert live(database) == ["3"]
    assert rules(database) == [[("", "text_not_unicode")]] * 2


def test_a_bad_item_that_goes_back_to_its_good_form_leaves_quarantine(database: SharedDatabase) -> None:
    """The form that the record was made from is good, whatever came between."""
    register = LandRegister([parcel_item(1)])
    pull(database, register)
    register.items[0] = parcel_item(1, area="?")
    pull(database, register)
    register.items[0] = parcel_item(1)

    pull(database, register)

    assert rules(database) == []


def test_an_item_renumbered_to_a_taken_number_leaves_no_stale_record(database: SharedDatabase) -> None:
    """Nobody says any more that its old number exists; it waits for the new one."""
    register = LandRegister([parcel_item(1), parcel_item(2)])
    pull(database, register)
    register.items = [parcel_item(1, number="33"), parcel_item(2, number="33")]

    pull(database, register)

    assert live(database) == ["33"]
    assert rules(database) == [[("", "key_taken")]]


def test_a_taken_key_is_tried_again_where_only_changes_are_listed(database: SharedDatabase) -> None:
    """The item is not shown again by its source, and is not forgotten."""
    old = (START - timedelta(days=1)).isoformat()
    register = LandRegister([parcel_item(1, at=old), parcel_item(1, id="p9", at=old)], profile=INCREMENTAL)
    pull(database, register)
    register.items = [parcel_item(1, number="50")]
    pull(database, register)

    pull(database, register)

    assert live(database) == ["1", "50"]
    assert rules(database) == []


def test_what_its_owner_deleted_another_agency_does_not_bring_back(database: SharedDatabase) -> None:
    """Each fact has an owner, and so has its end."""
    other = Stream(connection="city", record_type="land_parcel", agency="H09.2")
    register = LandRegister([parcel_item(number) for number in range(1, 8)])
    pull(database, register, owner="village")
    del register.items[6]
    pull(database, register, owner="village")

    pull(database, LandRegister([parcel_item(7, id="c7")]), stream=other, owner="village")

    assert live(database) == ["1", "2", "3", "4", "5", "6"]


def test_a_discrepancy_follows_its_owners_word(database: SharedDatabase) -> None:
    """The owner's value beside another's is the owner's present one; when they agree the discrepancy ends."""
    other = Stream(connection="city", record_type="land_parcel", agency="H09.2")
    register = LandRegister([parcel_item(1)])
    pull(database, register)
    pull(database, LandRegister([parcel_item(1, id="c1", area="260")]), stream=other)
    register.items[0] = parcel_item(1, area="255")
    pull(database, register)
    with database.reading() as connection:
        (found,) = connection.execute(select(discrepancy)).all()
    assert (found.value, found.owner_value) == ('"260"', '"255"')

    register.items[0] = parcel_item(1, area="260")
    pull(database, register)

    with database.reading() as connection:
        assert discrepancies(connection) == []


def test_a_shrink_that_a_person_accepted_is_believed(database: SharedDatabase) -> None:
    """Where many records are rightly gone, a person says so and the hold ends."""
    register = LandRegister([parcel_item(number) for number in range(1, 21)])
    pull(database, register)
    register.items = [parcel_item(number) for number in range(1, 6)]

    done = pull(database, register, shrinking=frozenset({"village"}))

    assert (done.counts.deleted, len(live(database))) == (15, 5)


def test_postgresql_is_told_of_a_table_that_was_empty_before(tmp_path: Path) -> None:
    """With plans made for an empty table, each page of a first load would go through all pages before it."""
    known = text("SELECT reltuples FROM pg_class WHERE oid = CAST('land_parcel' AS regclass)")
    with new_address("postgres", tmp_path) as address, SharedDatabase(address) as database:
        pull(database, LandRegister([parcel_item(number) for number in range(1, 8)]))

        with database.reading() as connection:
            assert connection.execute(known).scalar_one() == 3  # the first page's, whatever comes after
