"""`reconcile`: both sides compared, told by exit code, and put right by express wish only."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from cchc_connect import RecordWriter
from cchc_connect.clock import SystemClock
from cchc_connect.database.state.lease import Lease
from cchc_connect.database.stream import Stream
from cchc_schemas import LandParcel
from tests.cli.conftest import Call, Connect, Ended
from tests.cli.district import DOSSIERS, PARCELS, District
from tests.databases import on_every_kind
from tests.sync.memory_systems import dossier_codes, dossier_fields, parcel_item
from tests.sync.pulled_database import PulledDatabase

STREAM = Stream(connection="district", record_type="land_parcel", agency="000.00.01.H09")

IMPATIENT = {"deadline_s": 1.0}
"""How long a system that is down is asked again."""

KINDS = ("differing", "missing_here", "gone_there", "in_quarantine")


def only_source(ended: Ended) -> Mapping[str, Any]:
    """Return what a comparison of one source came to."""
    source: Mapping[str, Any]
    (source,) = ended.document["sources"]
    return source


def keys(ended: Ended) -> dict[str, list[str]]:
    """Return the source keys that are shown of each difference, of which there are as many as are counted."""
    source = only_source(ended)
    assert all(source[kind]["number"] == len(source[kind]["samples"]) for kind in KINDS)
    return {kind: source[kind]["samples"] for kind in KINDS}


@pytest.fixture
def pulled(call: Call, connect: Connect, district: District) -> District:
    """Give a district of seven parcels, one of them in quarantine, that was pulled once."""
    del connect
    district.items[PARCELS] = [parcel_item(number, area="?" if number == 7 else "250.5") for number in range(1, 8)]
    assert call("sync").code == 0
    return district


def change_at_the_source(district: District) -> None:
    """Let one parcel be another, one new and one gone."""
    district.parcels[0]["area"] = "99"
    district.parcels[1] = parcel_item(8)


CHANGED = {"differing": ["p1"], "missing_here": ["p8"], "gone_there": ["p2"], "in_quarantine": ["p7"]}


def test_two_sides_that_hold_the_same_agree(call: Call, pulled: District) -> None:
    """Exit code 0; what waits in quarantine is known and no difference."""
    compared = call("reconcile", "district", "--json")

    assert (compared.code, compared.document["agrees"], only_source(compared)["equal"]) == (0, True, 6)
    assert keys(compared) == {**{kind: [] for kind in KINDS}, "in_quarantine": ["p7"]}
    assert pulled.request_counts


def test_what_differs_is_named_and_nothing_is_written(call: Call, pulled: District, books: PulledDatabase) -> None:
    """Exit code 3; every table is as it was, the cursor and the runs too, and no lease was taken."""
    change_at_the_source(pulled)
    before = books.everything()

    compared = call("reconcile", "district", "--json")

    assert (compared.code, compared.document["agrees"], keys(compared)) == (3, False, CHANGED)
    assert books.everything() == before


@on_every_kind
def test_a_repair_makes_the_sides_agree_and_moves_no_cursor(
    call: Call, pulled: District, books: PulledDatabase
) -> None:
    """Exit code 0; how far the source was read is a matter of `sync`."""
    change_at_the_source(pulled)
    before = books.everything()["cursor"]

    repaired = call("reconcile", "district", "--repair", "--json")

    assert (repaired.code, keys(repaired), only_source(repaired)["repaired"]) == (0, CHANGED, True)
    assert books.live_parcels() == ["1", "3", "4", "5", "6", "8"]
    assert books.row("gso-2025-07:25747:12:1").area_m2 == 99
    assert books.everything()["cursor"] == before
    assert call("reconcile", "district").code == 0
    assert call("sync", "--json").document["rows_written"] == 0


def test_a_comparison_in_the_middle_of_a_first_load_leaves_its_place(
    call: Call, connect: Connect, district: District, books: PulledDatabase
) -> None:
    """The load goes on where it was, whether or not both sides were put right meanwhile."""
    del connect
    district.items[PARCELS] = [parcel_item(number) for number in range(1, 8)]
    district.fails_after = 1
    assert call("sync").code == 69
    district.fails_after = None
    before = books.everything()["cursor"]

    compared, repaired = call("reconcile", "district"), call("reconcile", "district", "--repair")

    assert (compared.code, repaired.code) == (3, 0)
    assert books.everything()["cursor"] == before


def test_a_run_report_of_a_repair_says_that_no_cursor_moved(call: Call, pulled: District) -> None:
    """Whoever looks at the run later is told the truth."""
    pulled.parcels[0]["at"] = "2026-03-09T08:00:00+00:00"
    call("reconcile", "district", "--repair")

    latest = call("runs", "--json").document["runs"][0]
    (line,) = call("runs", latest["run_id"], "--json").document["report"]["lines"]

    assert line["cursor_before"] == line["cursor_after"]


@on_every_kind
def test_only_a_repair_takes_the_lease(call: Call, pulled: District, books: PulledDatabase) -> None:
    """Exit code 75 beside a run at work; looking is always allowed."""
    change_at_the_source(pulled)

    with Lease(books.database, SystemClock(), timedelta(minutes=2)):
        assert call("reconcile", "district").code == 3
        assert call("reconcile", "district", "--repair").code == 75

    assert books.live_parcels() == ["1", "2", "3", "4", "5", "6"]


@pytest.fixture
def large(call: Call, connect: Connect, district: District) -> District:
    """Give a district of twenty parcels that was pulled once."""
    del connect
    district.items[PARCELS] = [parcel_item(number) for number in range(1, 21)]
    call("sync")
    return district


@on_every_kind
@pytest.mark.parametrize(("gone", "accepted"), [(5, ()), (6, ("--accept-shrink",))])
def test_what_a_source_does_not_have_any_more_is_marked_as_gone(
    call: Call, large: District, books: PulledDatabase, gone: int, accepted: tuple[str, ...]
) -> None:
    """A few by themselves, more than a fifth by express wish."""
    del large.parcels[:gone]

    repaired = call("reconcile", "district", "--repair", *accepted, "--json")

    assert (repaired.code, only_source(repaired)["gone_there"]["number"]) == (0, gone)
    assert len(books.live_parcels()) == 20 - gone


def test_more_than_a_fifth_is_not_believed_and_the_rest_is_put_right(
    call: Call, large: District, books: PulledDatabase
) -> None:
    """Exit code 3; the reason says what to type where they are rightly gone."""
    large.items[PARCELS] = [*large.parcels[6:], parcel_item(99)]

    repaired = call("reconcile", "district", "--repair", "--json")

    assert (repaired.code, only_source(repaired)["reason"]["code"]) == (3, "reconcile.shrunk")
    assert "reconcile district --repair --accept-shrink" in only_source(repaired)["reason"]["message"]
    assert len(books.live_parcels()) == 21


def test_an_accepted_shrink_without_a_repair_changes_nothing(
    call: Call, pulled: District, books: PulledDatabase
) -> None:
    """The wish is about what is written, and nothing is."""
    del pulled.parcels[1:]
    before = books.everything()

    assert call("reconcile", "district", "--accept-shrink").code == 3
    assert books.everything() == before


def test_a_source_that_cannot_be_reached_is_told_and_marks_nothing_as_gone(
    call: Call, connect: Connect, pulled: District, books: PulledDatabase
) -> None:
    """Exit code 69, in words; the cursor stays where it was."""
    connect(run=IMPATIENT)
    stood, parcels = books.cursor(STREAM), books.live_parcels()
    pulled.stop()

    compared = call("reconcile", "district", "--repair")

    assert compared.code == 69
    assert "not every source could be read completely" in compared.out
    assert (books.live_parcels(), books.cursor(STREAM)) == (parcels, stood)


def test_a_listing_that_breaks_in_its_middle_marks_nothing_as_gone(
    call: Call, pulled: District, books: PulledDatabase
) -> None:
    """Exit code 69; what was listed before it broke is put right."""
    pulled.parcels[0]["area"] = "99"
    del pulled.parcels[1]
    pulled.fails_after = 1

    repaired = call("reconcile", "district", "--repair", "--json")

    assert (repaired.code, keys(repaired)["differing"], keys(repaired)["gone_there"]) == (69, ["p1"], [])
    assert books.row("gso-2025-07:25747:12:1").area_m2 == 99
    assert books.live_parcels() == ["1", "2", "3", "4", "5", "6"]


def test_a_system_that_is_down_is_not_asked_for_its_next_source(call: Call, connect: Connect, pulled: District) -> None:
    """Each source says why it was not read."""
    connect(run=IMPATIENT, lists=["land_parcel", "dossier"])
    pulled.stop()

    compared = call("reconcile", "district", "--json")

    assert compared.code == 69
    assert [source["whole"] for source in compared.document["sources"]] == [False, False]
    assert all(source["reason"]["code"].startswith("transport.") for source in compared.document["sources"])
    assert DOSSIERS not in pulled.request_counts


def test_a_source_that_shows_fewer_than_it_counts_was_not_read_whole(
    call: Call, pulled: District, books: PulledDatabase
) -> None:
    """Exit code 69: what it lacks may be what it did not show."""
    del pulled.parcels[0]
    pulled.hidden = 1

    repaired = call("reconcile", "district", "--repair", "--json")

    assert (repaired.code, only_source(repaired)["reason"]["code"]) == (69, "reconcile.listing_incomplete")
    assert books.live_parcels() == ["1", "2", "3", "4", "5", "6"]


@on_every_kind
def test_what_a_source_never_tells_of_is_found_gone(
    call: Call, connect: Connect, pulled: District, books: PulledDatabase
) -> None:
    """A profile without deletes says what `sync` may believe; comparing both sides finds what it cannot."""
    connect(deletes="never")
    del pulled.parcels[1]
    assert call("sync").code == 0
    assert "2" in books.live_parcels()

    compared, repaired = call("reconcile", "district", "--json"), call("reconcile", "district", "--repair")

    assert (compared.code, keys(compared)["gone_there"], repaired.code) == (3, ["p2"], 0)
    assert books.live_parcels() == ["1", "3", "4", "5", "6"]
    assert call("reconcile", "district").code == 0


@on_every_kind
def test_an_entry_of_quarantine_that_is_gone_at_the_source_ends_with_a_repair(
    call: Call, pulled: District, books: PulledDatabase
) -> None:
    """Quarantine holds what is bad at the source, not what was."""
    del pulled.parcels[-1]

    compared, repaired = call("reconcile", "district", "--json"), call("reconcile", "district", "--repair")

    assert (compared.code, keys(compared)["gone_there"], repaired.code) == (3, ["p7"], 0)
    assert books.quarantined() == []


def parcel_of(number: int, area: str, **changed: object) -> LandParcel:
    fields = {"scheme": "gso-2025-07", "commune_code": "25747", "map_sheet": "12", "parcel_number": str(number)}
    return LandParcel.model_validate({**fields, "area_m2": area, **changed})


@on_every_kind
def test_what_is_said_of_anothers_record_is_compared_too(
    call: Call, connect: Connect, district: District, books: PulledDatabase
) -> None:
    """The record stays its owner's, whatever is put right; the owner is named and the discrepancy is that of now."""
    del connect
    with RecordWriter.for_agency(books.database, connection="owner", agency="000.00.02.H09") as writer:
        writer.write(parcel_of(1, "250.5"))
        writer.write(parcel_of(2, "250.5"))
    district.items[PARCELS] = [parcel_item(1, area="260"), parcel_item(2)]
    call("sync")
    unchanged = call("reconcile", "district", "--json")
    district.parcels[0]["area"] = "270"

    compared, repaired = call("reconcile", "district", "--json"), call("reconcile", "district", "--repair")

    for seen in (unchanged, compared):
        (source,) = seen.document["sources"]
        assert (seen.code, source["other_owner"]["samples"], source["owners"]) == (3, ["p1"], {"owner": 1})
        assert (source["equal"], source["differing"]["number"]) == (1, 0)
    assert (repaired.code, "owner (1)" in repaired.out) == (3, True)
    assert books.differences() == [("area_m2", "district", '"270"', '"250.5"')]
    assert books.row("gso-2025-07:25747:12:1").area_m2 == 250.5


@on_every_kind
def test_a_value_that_agrees_with_anothers_record_is_no_difference(
    call: Call, connect: Connect, district: District, books: PulledDatabase
) -> None:
    del connect
    with RecordWriter.for_agency(books.database, connection="owner", agency="000.00.02.H09") as writer:
        writer.write(parcel_of(1, "250.5", address="Khu phố 3"))
    district.items[PARCELS] = [parcel_item(1)]
    call("sync")

    compared = call("reconcile", "district", "--json")

    assert (compared.code, compared.document["sources"][0]["equal"]) == (0, 1)


PARTS = ("north", "south")


@pytest.fixture
def in_parts(call: Call, connect: Connect, district: District) -> District:
    """Give a district that lists its six parcels by parts, pulled once."""
    connect(partitions=PARTS)
    district.items[PARCELS] = [parcel_item(number, part=PARTS[number % 2]) for number in range(1, 7)]
    assert call("sync").code == 0
    return district


def test_every_part_of_a_listing_is_compared(call: Call, in_parts: District, books: PulledDatabase) -> None:
    """A parcel that is listed in another part than before is no difference, and none is gone from both."""
    in_parts.parcels[0]["part"] = "north"
    in_parts.parcels[1]["area"] = "99"
    del in_parts.parcels[2]

    compared, repaired = call("reconcile", "district", "--json"), call("reconcile", "district", "--repair")

    assert (compared.code, repaired.code) == (3, 0)
    assert (keys(compared)["differing"], keys(compared)["missing_here"], keys(compared)["gone_there"]) == (
        ["p2"],
        [],
        ["p3"],
    )
    assert books.live_parcels() == ["1", "2", "4", "5", "6"]
    assert call("reconcile", "district").code == 0


def test_what_came_in_a_part_that_is_listed_no_more_is_found_gone(
    call: Call, connect: Connect, in_parts: District, books: PulledDatabase
) -> None:
    """A part that left the profile is asked by nobody; only both sides as a whole show what stayed here."""
    connect(partitions=["north"])
    assert call("sync").code == 0

    compared, repaired = call("reconcile", "district", "--json"), call("reconcile", "district", "--repair")

    assert in_parts.request_counts
    assert (compared.code, keys(compared)["gone_there"], repaired.code) == (3, ["p1", "p3", "p5"], 0)
    assert books.live_parcels() == ["2", "4", "6"]


def test_one_part_that_cannot_be_believed_leaves_the_whole_unjudged(
    call: Call, in_parts: District, books: PulledDatabase
) -> None:
    """Exit code 69: what the north lacks may be in the south by now."""
    del in_parts.parcels[1]
    in_parts.broken.add("south")

    repaired = call("reconcile", "district", "--repair", "--json")

    assert (repaired.code, only_source(repaired)["whole"]) == (69, False)
    assert books.live_parcels() == ["1", "2", "3", "4", "5", "6"]


def test_one_record_type_is_compared_alone(call: Call, connect: Connect, pulled: District) -> None:
    """The others are not asked for."""
    connect(lists=["land_parcel", "dossier"])
    pulled.items[DOSSIERS] = [dossier_fields(code) for code in dossier_codes(2)]
    pulled.request_counts.clear()

    compared = call("reconcile", "district", "--record-type", "dossier", "--json")

    assert (compared.code, only_source(compared)["missing_here"]["number"]) == (3, 2)
    assert set(pulled.request_counts) == {DOSSIERS}


def test_a_name_that_stands_for_nothing_is_a_misuse(call: Call, pulled: District) -> None:
    """Exit code 64, with the names there are, and nobody is asked."""
    pulled.request_counts.clear()

    unknown, not_brought = call("reconcile", "disctrict"), call("reconcile", "district", "--record-type", "dossier")

    assert (unknown.code, not_brought.code) == (64, 64)
    assert "district" in unknown.err
    assert "'district' does not provide 'dossier'. It provides: land_parcel." in not_brought.err
    assert not pulled.request_counts


def test_a_connection_that_brings_nothing_cannot_be_compared(call: Call, connect: Connect) -> None:
    """Exit code 64: a receiver has no side to compare."""
    connect(lists=[], takes=True)

    assert call("reconcile", "district").code == 64


def test_a_repair_deletes_only_what_a_second_listing_lacks_too(
    call: Call, pulled: District, books: PulledDatabase
) -> None:
    """A row that moved while the source was listed is there the second time."""
    first, *following = pulled.parcels
    moved = following.pop(2)
    pulled.items[PARCELS] = following

    def move_back() -> None:
        if len(pulled.questions) > 2 and moved not in pulled.parcels:
            pulled.parcels.append(moved)

    pulled.questions.clear()
    pulled.meanwhile = move_back
    repaired = call("reconcile", "district", "--repair", "--json")

    assert (repaired.code, keys(repaired)["gone_there"]) == (0, [first["id"], moved["id"]])
    assert books.live_parcels() == ["2", "3", "4", "5", "6"]
