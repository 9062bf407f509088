"""Change times that lie in the future: their items are kept, are told, and move nothing."""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import TypeVar

import pytest

from cchc_connect import Conversation, HttpRequest, HttpResponse
from cchc_connect.adapter import ListingOrder, Page, PageRequest, SourceProfile
from cchc_connect.sync.pull import Pull
from cchc_connect.transport import Traffic
from tests.databases import on_sqlite_only
from tests.quick import few
from tests.sync.memory_systems import START, LandRegister, parcel_item
from tests.sync.pulled_database import PulledDatabase, parcel_key

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
INCREMENTAL = SourceProfile(changed_since=True)

Result = TypeVar("Result")

AHEAD = [7 * HOUR, 20 * HOUR, 24 * HOUR, 3 * DAY, 365 * DAY, 7900 * 365 * DAY]
"""Local time written as UTC, a clock that runs ahead, years typed wrong."""


def stamped(moment: datetime) -> str:
    """Return an instant as the register writes it."""
    return moment.isoformat()


@pytest.mark.parametrize("ahead", few(AHEAD), ids=str)
@pytest.mark.parametrize("order", ListingOrder)
def test_an_item_stamped_ahead_hides_no_later_change(
    books: PulledDatabase, ahead: timedelta, order: ListingOrder
) -> None:
    """Whatever is stamped with the future, every change that is dated rightly is seen by the next pass."""
    profile = SourceProfile(changed_since=True, order=order)
    items = [parcel_item(1, at=stamped(START - 2 * HOUR)), parcel_item(2, at=stamped(START + ahead))]
    register = LandRegister(items, profile=profile, page_size=1)
    books.pull("a", register)

    seen: list[str] = []
    for hour in range(1, 12):
        books.clock.moment = START + hour * HOUR
        register.items[0] = parcel_item(1, area=f"{hour}", at=stamped(books.clock.moment - MINUTE))
        register.items.sort(key=lambda item: str(item["at"]))
        books.pull("a", register)
        seen.append(str(books.row(parcel_key(1)).area_m2))

    assert [float(area) for area in seen] == [float(hour) for hour in range(1, 12)]
    assert len(books.live_parcels()) == 2


@pytest.mark.parametrize("seed", few(range(6)))
def test_a_source_that_writes_local_time_as_utc_loses_no_change(books: PulledDatabase, seed: int) -> None:
    """All its stamps are seven hours ahead; every run sees what changed since the run before."""
    choose, zone = random.Random(seed), 7 * HOUR
    register = LandRegister(
        [parcel_item(number, at=stamped(START - number * HOUR + zone)) for number in range(9)],
        profile=INCREMENTAL,
        page_size=choose.choice([1, 4, 50]),
    )
    areas = dict.fromkeys(range(9), 250.5)
    for _ in range(20):
        books.clock.advance(choose.choice([MINUTE, 20 * MINUTE, 5 * HOUR, 2 * DAY]))
        for number in choose.sample(range(9), choose.randrange(4)):
            areas[number] = choose.randrange(1, 9999)
            register.items[number] = parcel_item(
                number, area=str(areas[number]), at=stamped(books.clock.moment - choose.random() * MINUTE + zone)
            )
        books.pull("a", register)

        assert {number: float(books.row(parcel_key(number)).area_m2) for number in range(9)} == areas
        watermark = books.cursor(books.stream("a", register)).watermark
        assert watermark is None or watermark <= books.clock.moment


def test_times_in_the_future_are_counted_in_every_run_with_how_far_they_are_ahead(books: PulledDatabase) -> None:
    """Clocks differ by minutes, so what is less than five minutes ahead is not told."""
    ahead = (4 * MINUTE, 7 * HOUR, 3 * HOUR)
    items = [parcel_item(number, at=stamped(START + span)) for number, span in enumerate(ahead)]
    register = LandRegister(items)

    counted = [books.pull("a", register).counts for _ in range(2)]

    assert [(counts.times_ahead, counts.times_ahead_s) for counts in counted] == [(2, 7 * 3600)] * 2


@dataclass
class DatedTransport:
    """Answers every request with the server's own time."""

    server_time: datetime
    headers: dict[str, str] = field(default_factory=dict[str, str])
    traffic: Traffic = field(default_factory=Traffic)

    def run(self, conversation: Conversation[Result], /) -> Result:
        """Run a conversation; every response is empty apart from its headers."""
        date = format_datetime(self.server_time, usegmt=True)
        try:
            next(conversation)
            while True:
                conversation.send(HttpResponse(status=200, headers={"Date": date, **self.headers}, body=b""))
        except StopIteration as finished:
            result: Result = finished.value
            return result

    def send(self, request: HttpRequest, /) -> HttpResponse:
        """Send nothing."""
        raise AssertionError(request)


class AskingRegister(LandRegister):
    """A register that asks its server before it answers."""

    def fetch(self, page_request: PageRequest) -> Conversation[Page]:
        """Ask, then return the page."""
        yield HttpRequest(method="GET", path="/parcels")
        return (yield from super().fetch(page_request))


@on_sqlite_only
@pytest.mark.parametrize(
    ("skew", "headers", "watermark"),
    [
        (-2 * HOUR, {}, START - 3 * HOUR),
        (+2 * HOUR, {}, START - HOUR),
        (-2 * HOUR, {"Age": "7200"}, START - HOUR),
    ],
    ids=["behind", "ahead", "from a cache"],
)
def test_the_servers_clock_lowers_the_instant_of_asking_and_never_raises_it(
    books: PulledDatabase, skew: timedelta, headers: dict[str, str], watermark: datetime
) -> None:
    """A change time after what the server's own clock says moves nothing."""
    at = [START - 3 * HOUR, START - HOUR, START + HOUR]
    register = AskingRegister([parcel_item(n, at=stamped(moment)) for n, moment in enumerate(at)], INCREMENTAL)
    stream = books.stream("a", register)

    Pull(register, stream, DatedTransport(START + skew, headers), books.run_context).run()

    assert books.cursor(stream).watermark == watermark


def test_a_watermark_in_the_future_that_was_stored_before_is_given_up(books: PulledDatabase) -> None:
    """Everything is compared once, so that what was hidden by it is read."""
    register = LandRegister([parcel_item(1, at=stamped(START + 20 * HOUR))], INCREMENTAL)
    books.clock.moment = START + DAY
    books.pull("a", register)
    books.clock.moment = START
    register.items = [parcel_item(1, area="7", at=stamped(START - MINUTE))]

    books.pull("a", register)

    assert register.requests[-1].since is None
    assert books.cursor(books.stream("a", register)).watermark == START - MINUTE
