"""A listing counts as whole only if it shows that it is: by its total, its links, or an answer beyond its end."""

from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from cchc_connect.adapter import DeleteDetection, ListingEnd, Page, SourceProfile
from cchc_connect.database.direct import queries
from cchc_connect.database.stream import Stream
from cchc_connect.errors import SourceHeld, Unreachable
from cchc_connect.messages import Message
from cchc_connect.monitoring.status import status
from cchc_connect.sync.change_detection import ClassifiedPage
from cchc_connect.sync.completeness import MAX_READINGS, Completeness
from cchc_connect.sync.connection_terms import ConnectionTerms
from cchc_connect.sync.pull import Pull
from cchc_connect.sync.report import ReportLine, RunReport, RunStatus
from cchc_connect.sync.seen_keys import SeenKeys
from tests.quick import few, scaled
from tests.sync.listings import Listing
from tests.sync.memory_systems import START, parcel_item
from tests.sync.pulled_database import PulledDatabase

STREAM = Stream(connection="a", record_type="land_parcel", agency="H09.1")
CHANGES = SourceProfile(changed_since=True)


def listing(count: int, **changed: Any) -> Listing:
    return replace(Listing([parcel_item(number) for number in range(1, count + 1)]), **changed)


def code(pull: Pull) -> str | None:
    return None if pull.incomplete is None else pull.incomplete.code


# --- shown and announced


@pytest.mark.parametrize("seed", few(range(6)))
def test_a_listing_that_shows_fewer_than_it_counts_is_incomplete(books: PulledDatabase, seed: int) -> None:
    """What it shows is kept, nothing is deleted and the watermark stays; the next complete pass clears it."""
    dice = Random(seed)
    count, size = dice.randint(7, 30), dice.randint(2, 6)
    source = listing(count, page_size=size, profile=CHANGES)
    books.pull("a", source)
    before = books.cursor(books.stream("a", source)).watermark
    later = (START + timedelta(hours=1)).isoformat()
    books.clock.advance(timedelta(hours=2))
    source.items = [{**wire_item, "at": later, "area": "9"} for wire_item in source.items]
    hidden = source.items.pop(dice.randrange(count))
    source.counted = count

    short = books.pull("a", source)

    assert short.incomplete == Message(
        "source.fewer_than_counted",
        {"connection": "a", "record_type": "land_parcel", "shown": count - 1, "total": count},
    )
    assert short.counts.updated == count - 1
    assert len(books.live_parcels()) == count
    assert books.cursor(books.stream("a", source)).watermark == before
    (stream,) = status(books.database).streams
    assert (stream.incomplete and stream.incomplete.code, stream.incomplete_since) == (code(short), books.clock.now())
    source.items.append(hidden)
    assert books.pull("a", source).incomplete is None
    (stream,) = status(books.database).streams
    assert (stream.incomplete, stream.incomplete_since, stream.watermark) == (None, None, START + timedelta(hours=1))


def test_a_page_that_a_cache_gives_for_another_makes_the_pass_incomplete(books: PulledDatabase) -> None:
    """Total 9, pages of 3, page 3 for page 2: six items were shown."""
    source = listing(9)
    pages = [wire_item for wire_item in source.items if int(wire_item["number"]) > 6]
    source.cached = {"3": Page(items=pages, next_page_token="6", total=9)}  # a page token

    assert code(books.pull("a", source)) == "source.fewer_than_counted"
    assert len(books.live_parcels()) == 6


@settings(deadline=None, max_examples=scaled(200))
@given(st.lists(st.lists(st.integers(1, 30), max_size=5), min_size=1, max_size=6), st.integers(0, 40))
def test_items_shown_are_counted_once_over_pages(pages: list[list[int]], total: int) -> None:
    """Only an item that one page holds twice is two items there."""
    seen = SeenKeys()
    completeness = Completeness(STREAM, seen)
    expected = len({number for page in pages for number in page}) + sum(len(page) - len(set(page)) for page in pages)
    is_ended, hold, number = False, "", 0
    try:
        for number, page in enumerate(pages, start=1):
            keys = {str(key) for key in page}
            seen.add(keys)
            token = None if number == len(pages) else str(number)
            items = [{"id": key} for key in page]
            is_ended = completeness.observe(
                Page(items=items, next_page_token=token, total=total, end=ListingEnd.UNPROVEN),
                ClassifiedPage(keys=keys),
            )
            if is_ended:
                break
    except SourceHeld as held:
        hold = held.code

    if not is_ended:
        assert hold in {"source.page_repeated", "source.empty_pages", "source.empty_but_counted"}
        return
    if number == len(pages):
        assert completeness.shown == expected
    assert (completeness.incomplete is None) == (completeness.shown == total or (number < len(pages)))


# --- a listing that moves


@pytest.mark.parametrize("seed", few(range(6)))
def test_a_row_deleted_between_two_pages_hides_none_of_its_neighbours(books: PulledDatabase, seed: int) -> None:
    """The total changes inside the pass, so the listing is read again at once, and the run is done."""
    dice = Random(seed)
    size = dice.randint(2, 4)
    source = listing(dice.randint(3 * size, 6 * size), page_size=size)
    books.pull("a", source)
    before, last = source.page_requests, len(source.items) // size
    edited_at = before + dice.randint(2, last)

    def delete_first(register: Listing, number: int) -> None:
        if number == edited_at:
            del register.items[0]

    source.before_page = delete_first
    done = books.pull("a", source)

    assert (done.incomplete, done.counts.deleted, done.counts.absent) == (None, 0, 1)
    assert (books.pull("a", source).counts.deleted, len(books.live_parcels())) == (1, len(source.items))


def test_a_total_that_changes_in_every_reading_makes_the_run_incomplete(books: PulledDatabase) -> None:
    """The readings are bounded, and nothing is deleted after them."""
    source = listing(24, page_size=2)
    books.pull("a", source)

    def delete_first(register: Listing, number: int) -> None:
        if number % 3 == 2:
            del register.items[0]

    before, source.before_page = source.page_requests, delete_first
    moved = books.pull("a", source)

    assert code(moved) == "source.total_changed"
    assert source.page_requests - before <= MAX_READINGS * 12
    assert (moved.counts.deleted, moved.counts.absent, len(books.live_parcels())) == (0, 0, 24)


def test_a_known_shortfall_is_not_read_again_in_each_run(books: PulledDatabase) -> None:
    """A source that counts wrongly for good is read once a run, and twice when that is noticed."""
    source = listing(4, counted=5)
    readings = list[int]()
    for _ in range(3):
        before = source.page_requests
        assert code(books.pull("a", source)) == "source.fewer_than_counted"
        readings.append((source.page_requests - before) // 2)

    assert readings == [2, 1, 1]


# --- the end of a listing


@pytest.mark.parametrize("count", [3, 6, 12])
def test_a_full_last_page_without_link_or_total_is_no_end(books: PulledDatabase, count: int) -> None:
    """Unless the connection says with a reason that it is."""
    source = listing(count, links=False, announces=False)
    source.page_size = count

    assert code(books.pull("a", source)) == "source.end_unproven"
    assert len(books.live_parcels()) == count
    declared = books.prepared(source, books.stream("a", source), terms={"a": ConnectionTerms(ends_without_link=True)})
    declared.run()
    assert declared.incomplete is None


@pytest.mark.parametrize(("count", "is_counted"), [(3, True), (2, False), (0, False)])
def test_a_reached_total_and_a_short_page_are_an_end(books: PulledDatabase, count: int, *, is_counted: bool) -> None:
    """Also an empty page."""
    assert books.pull("a", listing(count, links=False, announces=is_counted)).incomplete is None


@pytest.mark.parametrize("count", [3, 4, 6, 8, 9])
def test_an_empty_answer_beyond_a_full_page_is_an_end(books: PulledDatabase, count: int) -> None:
    """The question beyond the end finds what follows, too."""
    source = listing(count, links=False, announces=False, probes=True)

    assert books.pull("a", source).incomplete is None
    assert len(books.live_parcels()) == count


def test_a_page_repeated_beyond_the_end_is_no_end_and_no_hold(books: PulledDatabase) -> None:
    """The source ignores the position."""
    source = listing(3, links=False, announces=False, probes=True, stuck=True)

    assert code(books.pull("a", source)) == "source.end_unproven"
    assert (len(books.live_parcels()), source.page_requests) == (3, 2)


def test_a_last_page_that_repeats_an_earlier_one_is_no_end(books: PulledDatabase) -> None:
    """It is read again once: three rows that were inserted at the top look just so."""
    source = listing(6, announces=False, stuck=True)

    assert code(books.pull("a", source)) == "source.end_repeated"
    assert len(books.live_parcels()) == 3


@pytest.mark.parametrize("count", [0, 1, 3, 5, 6])
def test_an_empty_page_where_the_total_is_reached_is_the_end(books: PulledDatabase, count: int) -> None:
    """Though it links another page."""
    source = listing(count, endless=True)

    assert books.pull("a", source).incomplete is None
    assert len(books.live_parcels()) == count
    assert source.page_requests == -(-count // 3) + 1


@pytest.mark.parametrize(("count", "counted"), [(0, None), (4, None), (4, 9)])
def test_three_empty_pages_in_a_row_hold_the_source(books: PulledDatabase, count: int, counted: int | None) -> None:
    """Where no total says that it is the end."""
    source = listing(count, endless=True, announces=counted is not None, counted=counted)

    with pytest.raises(SourceHeld) as held:
        books.pull("a", source)

    assert held.value.code == "source.empty_pages"
    assert (len(books.live_parcels()), source.page_requests) == (count, -(-count // 3) + 3)


def test_empty_pages_between_others_are_read_over(books: PulledDatabase) -> None:
    """A source that filters after it cuts its pages shows some."""
    source = listing(9, announces=False)
    source.cached = {token: Page(items=[], next_page_token=str(int(token) + 3)) for token in ("3", "6")}
    source.cached["9"] = Page(items=[parcel_item(77)], next_page_token=None)

    assert books.pull("a", source).incomplete is None
    assert books.live_parcels() == ["1", "2", "3", "77"]


def test_a_pass_that_takes_too_long_is_left_and_continued_by_the_next_run(books: PulledDatabase) -> None:
    """It counts as incomplete until its end is reached."""
    source = listing(12, announces=False)
    source.before_page = lambda _listing, _number: books.clock.advance(timedelta(minutes=20))
    first = books.pull("a", source)
    assert first.incomplete == Message(
        "source.pass_too_long", {"connection": "a", "record_type": "land_parcel", "limit_s": 3600, "shown": 9}
    )
    assert (books.live_parcels(), books.cursor(books.stream("a", source)).watermark) == (sorted("123456789"), None)

    second = books.pull("a", source)

    assert (second.incomplete, len(books.live_parcels()), source.page_requests) == (None, 12, 4)


@pytest.mark.parametrize("interrupted_after", [1, 2])
def test_a_resumed_pass_counts_what_the_earlier_process_showed(books: PulledDatabase, interrupted_after: int) -> None:
    """A cache that gives a page again after the interruption is noticed."""
    source, cut = listing(12), listing(12)
    cut.cached = {"9": Page(items=cut.items[6:9], next_page_token=None, total=12)}
    failures = [None] * interrupted_after + [Unreachable("transport.unreachable")]
    for name, register in (("a", source), ("b", cut)):
        with pytest.raises(Unreachable):
            books.pull(name, register, *failures)

    assert books.pull("a", source).incomplete is None
    assert code(books.pull("b", cut)) == "source.fewer_than_counted"


# --- the outcome


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ("incomplete", RunStatus.INCOMPLETE),
        ("done incomplete", RunStatus.INCOMPLETE),
        ("incomplete held", RunStatus.PARTIAL),
        ("done incomplete failed", RunStatus.PARTIAL),
        ("held failed", RunStatus.FAILED),
        ("incomplete closed", RunStatus.INCOMPLETE),
        ("incomplete stopped", RunStatus.STOPPED),
        ("done", RunStatus.DONE),
    ],
)
def test_incomplete_is_an_outcome_of_its_own(outcomes: str, expected: RunStatus) -> None:
    """It is neither done nor a failure."""
    lines = [
        ReportLine(kind="pull", name=name, record_type="dossier", outcome=RunStatus(name)) for name in outcomes.split()
    ]
    report = RunReport(run_id="r", dry_run=False, started_at=START, finished_at=START, seconds=0.0, lines=lines)

    assert report.outcome is expected
    assert RunReport.from_document(report.as_document()).outcome is expected


def test_a_hold_and_an_incomplete_pass_are_kept_apart(books: PulledDatabase) -> None:
    """The hold ends with the first answer that is plausible, the other with the first complete pass."""
    source = listing(4, counted=5, profile=SourceProfile(changed_since=False, deletes=DeleteDetection.NEVER))
    books.pull("a", source)
    books.hold(books.stream("a", source), SourceHeld("source.adapter_failed", error="x", connection="a"))
    with books.database.reading_directly() as connection:
        (row,) = queries.streams(connection).values()
    assert (row["held_code"], row["incomplete_code"]) == ("source.adapter_failed", "source.fewer_than_counted")

    books.pull("a", source)

    (stream,) = status(books.database).streams
    assert (stream.hold, stream.incomplete and stream.incomplete.code) == (None, "source.fewer_than_counted")
