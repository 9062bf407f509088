"""A version older by the source's own time never replaces a newer one of the same source."""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from cchc_connect import Conversation
from cchc_connect.adapter import Page, PageRequest, SourceProfile
from tests.databases import on_sqlite_only
from tests.quick import few
from tests.sync.memory_systems import START, LandRegister, parcel_item
from tests.sync.pulled_database import PulledDatabase, parcel_key

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
PARTS = ("n", "s")


def version(number: int, minute: int | None, /, **changed: object) -> dict[str, Any]:
    """Return the version of a parcel that was made in this minute; its area says which one it is."""
    at = None if minute is None else (START + minute * MINUTE).isoformat()
    return parcel_item(number, **{"at": at, "area": f"{number}.{minute or 0}1", **changed})


@dataclass
class VersionedListing(LandRegister):
    """A listing that shows versions page by page as the test says, whatever is asked."""

    pages: dict[str, list[list[dict[str, Any]]]] = field(default_factory=dict[str, list[list[dict[str, Any]]]])
    """Partition -> pages."""

    def fetch(self, page_request: PageRequest) -> Conversation[Page]:
        """Return the page."""
        pages, number = self.pages.get(page_request.partition, [[]]), int(page_request.page_token or 0)
        yield from ()
        is_last = number + 1 >= len(pages)
        return Page(items=pages[number], next_page_token=None if is_last else str(number + 1))


def areas(books: PulledDatabase, numbers: range) -> dict[int, float]:
    """Return the stored area of each parcel."""
    return {number: float(books.row(parcel_key(number)).area_m2) for number in numbers}


@pytest.mark.parametrize("seed", few(range(12)))
def test_the_newest_version_stays_in_whatever_order_versions_are_shown(books: PulledDatabase, seed: int) -> None:
    """Versions of nine parcels come shuffled over pages, overlapping partitions and runs; none comes in two runs."""
    choose, numbers = random.Random(seed), range(1, 10)
    versions = [(number, minute) for number in numbers for minute in choose.sample(range(60), 5)]
    choose.shuffle(versions)
    listing = VersionedListing(profile=SourceProfile(changed_since=False, partitions=PARTS))
    newest: dict[int, int] = {}
    books.clock.advance(HOUR)
    for run in (versions[:12], versions[12:24], versions[24:34], versions[34:]):
        pages: list[dict[int, dict[str, Any]]] = [{}, {}, {}, {}]
        for number, minute in run:
            page = choose.choice(pages)
            if number not in page:
                page[number] = version(number, minute)
                newest[number] = max(minute, newest.get(number, 0))
        shown = [list(page.values()) for page in pages]
        listing.pages = {"n": shown[:2], "s": shown[2:]}
        for part in choose.sample(PARTS, 2):
            books.pull("a", listing, partition=part)

    assert areas(books, numbers) == {number: float(version(number, newest[number])["area"]) for number in numbers}


@pytest.mark.parametrize("seed", few(range(8)))
def test_the_newest_version_stays_where_every_run_shows_the_same_versions(books: PulledDatabase, seed: int) -> None:
    """An old copy in an overlapping partition or on a later page changes nothing, run after run."""
    choose, numbers = random.Random(seed), range(1, 7)
    pages: dict[str, list[list[dict[str, Any]]]] = {part: [[], [], []] for part in PARTS}
    newest: dict[int, int] = {}
    for number in numbers:
        places = choose.sample([page for part in PARTS for page in pages[part]], 3)
        minutes = choose.sample(range(60), 3)
        newest[number] = max(minutes)
        for page, minute in zip(places, minutes, strict=True):
            page.append(version(number, minute))
    listing = VersionedListing(profile=SourceProfile(changed_since=False, partitions=PARTS), pages=pages)
    books.clock.advance(HOUR)
    for part in PARTS:
        books.pull("a", listing, partition=part)
    feed = books.versions()

    for part in PARTS * 4:
        books.pull("a", listing, partition=part)

    assert areas(books, numbers) == {number: float(version(number, newest[number])["area"]) for number in numbers}
    assert books.versions() == feed


def test_of_versions_of_one_time_the_last_one_shown_counts(books: PulledDatabase) -> None:
    """The same holds without times."""
    listing = LandRegister([version(1, 5, area="1"), version(2, None, area="1")])
    books.pull("a", listing)
    listing.items = [version(1, 5, area="2"), version(2, None, area="2")]

    books.pull("a", listing)

    assert areas(books, range(1, 3)) == {1: 2.0, 2: 2.0}


def test_an_older_version_neither_restores_nor_renumbers_a_record(books: PulledDatabase) -> None:
    """It may have the key of before; the record of the newer version stays the only one."""
    listing = LandRegister([version(1, 5)])
    books.clock.advance(HOUR)
    books.pull("a", listing)
    listing.items = [version(1, 9, number="7")]
    books.pull("a", listing)
    listing.items = [version(1, 5)]

    counts = books.pull("a", listing).counts

    assert (books.live_parcels(), counts.outdated) == (["7"], 1)


def test_an_older_version_of_a_non_owner_does_not_replace_its_claim(books: PulledDatabase) -> None:
    """The discrepancy stays that of the newer version."""
    books.clock.advance(HOUR)
    books.pull("owner", LandRegister([version(1, 3, area="100")]))
    listing = LandRegister([version(1, 9, area="90")])
    books.pull("other", listing)
    listing.items = [version(1, 4, area="40")]

    books.pull("other", listing)

    assert [(field, value) for field, _, value, _ in books.differences()] == [("area_m2", '"90"')]


@on_sqlite_only
def test_the_times_of_another_source_are_no_measure(books: PulledDatabase) -> None:
    """Two systems have two clocks: the declared owner takes the record over, however old its time is."""
    books.pull("other", LandRegister([version(1, 9, area="90")]))
    books.owners = {"land_parcel": "owner"}

    books.pull("owner", LandRegister([version(1, 1, area="10")]))

    assert areas(books, range(1, 2)) == {1: 10.0}


@pytest.mark.parametrize("ahead", [7 * HOUR, 24 * HOUR, timedelta(days=365)], ids=str)
@pytest.mark.parametrize("later", [HOUR, 8 * HOUR, timedelta(days=2)], ids=str)
@pytest.mark.parametrize("connection", ["owner", "other"])
def test_a_stored_time_in_the_future_keeps_no_true_version_out(
    books: PulledDatabase, ahead: timedelta, later: timedelta, connection: str
) -> None:
    """It counts as the run that wrote it: an older version stays out, a later one is taken at once."""
    books.pull("owner", LandRegister([version(1, 0, area="1")]))
    with books.database.writing() as database:
        database.exec_driver_sql("INSERT INTO run (run_id, started_at) VALUES ('run', '2026-03-02T08:00:00.000000Z')")
    listing = LandRegister([parcel_item(1, area="50", at=(START + ahead).isoformat())])
    books.pull(connection, listing)
    books.clock.moment = START + later
    areas_found: list[str] = []
    for at, area in ((START - HOUR, "40"), (books.clock.moment - MINUTE, "60")):
        listing.items = [parcel_item(1, area=area, at=at.isoformat())]
        books.pull(connection, listing)
        differing = [value for _, _, value, _ in books.differences()]
        areas_found.append(
            differing[0].strip('"') if connection == "other" else str(int(books.row(parcel_key(1)).area_m2))
        )

    assert areas_found == ["50", "60"]


def test_a_version_that_the_source_shows_twice_is_its_present_state(books: PulledDatabase) -> None:
    """A source that was restored shows the older version in each pass; the second one is followed and told."""
    listing = LandRegister([version(1, 30, area="30"), version(2, 10)])
    books.clock.advance(HOUR)
    books.pull("a", listing)
    listing.items[0] = version(1, 20, area="20")

    passes = [(books.pull("a", listing).counts, areas(books, range(1, 2))[1]) for _ in range(3)]

    assert [(area, counts.outdated, counts.went_back) for counts, area in passes] == [
        (30.0, 1, 0),
        (20.0, 0, 1),
        (20.0, 0, 0),
    ]


def test_an_older_version_that_a_list_of_changes_shows_once_is_asked_about(books: PulledDatabase) -> None:
    """The source dated a version wrongly, corrected it, and lists it no more: a complete listing says what it is."""
    books.clock.advance(DAY)
    register = LandRegister(
        [parcel_item(1, area="7", at=(START + 20 * HOUR).isoformat())], profile=SourceProfile(changed_since=True)
    )
    books.pull("a", register)
    register.items[0] |= {"area": "8", "at": (START + 19 * HOUR + 55 * MINUTE).isoformat()}
    register.items.append(parcel_item(2, at=(START + 23 * HOUR).isoformat()))
    books.pull("a", register)
    register.requests.clear()

    books.pull("a", register)

    assert areas(books, range(1, 2)) == {1: 8}
    assert register.requests[0].since is None
    register.requests.clear()
    books.pull("a", register)
    assert register.requests[0].since is not None


def test_an_older_version_that_was_shown_once_is_no_present_state(books: PulledDatabase) -> None:
    """A cache served it; the next pass shows the newer version again, and nothing is written for it."""
    fresh, stale = version(1, 30, area="30"), version(1, 20, area="20")
    listing = LandRegister([fresh])
    books.clock.advance(HOUR)
    for shown in (fresh, stale, fresh, stale, fresh, stale):
        listing.items = [shown]
        books.pull("a", listing)

    assert [operation for _, operation, _ in books.versions()] == ["insert"]


@pytest.mark.parametrize("moment", [START - HOUR, datetime(1, 1, 1, tzinfo=START.tzinfo)])
def test_a_time_of_an_older_year_is_a_time(books: PulledDatabase, moment: datetime) -> None:
    """Also the first day of the calendar is older than any other."""
    listing = LandRegister([version(1, 1, area="9")])
    books.pull("a", listing)
    listing.items = [parcel_item(1, area="8", at=moment.isoformat())]

    books.pull("a", listing)

    assert areas(books, range(1, 2)) == {1: 9.0}


def test_an_older_faulty_version_displaces_neither_a_record_nor_a_newer_entry(books: PulledDatabase) -> None:
    """Page order changes nothing, run after run."""
    listing = VersionedListing(profile=SourceProfile(changed_since=False))
    listing.pages[""] = [
        [version(1, 9), version(2, 9, area="?"), version(3, 3, area="?"), version(4, 9, area="?", sheet="")],
        [version(1, 3, area="?"), version(2, 3), version(3, 9), version(4, 3, area="?")],
    ]
    books.clock.advance(HOUR)
    books.pull("a", listing)
    stored = books.everything("run_counter", "cursor", "source_property")

    counts = [books.pull("a", listing).counts for _ in range(3)]

    assert (books.live_parcels(), sorted(books.quarantined())) == (["1", "2", "3"], ["p2", "p4"])
    assert books.everything("run_counter", "cursor", "source_property") == stored
    assert [each.rows_written for each in counts] == [0, 0, 0]


def test_a_faulty_version_that_the_source_does_not_show_any_more_leaves_quarantine(books: PulledDatabase) -> None:
    """Also if the valid one is older: the source went back to it."""
    listing = LandRegister([version(1, 9, area="?"), version(2, 1)])
    books.clock.advance(HOUR)
    books.pull("a", listing)
    listing.items[0] = version(1, 3)

    books.pull("a", listing)

    assert (books.live_parcels(), books.quarantined()) == (["1", "2"], [])
