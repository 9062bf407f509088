"""Every instant of the calendar can be a change time, the end of a range and a watermark; nothing of it raises."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given, strategies as st

from cchc_connect.adapter import SourceProfile
from cchc_connect.cli.formatting import local_time
from cchc_connect.clock import (
    FIRST_INSTANT,
    LAST_INSTANT,
    as_instant,
    from_timestamp_text,
    start_of_range,
    to_timestamp_text,
)
from cchc_connect.messages import Language
from cchc_connect.sync.asking import Asked, page_times
from cchc_connect.sync.pull_range import PullRange
from tests.databases import on_sqlite_only
from tests.sync.memory_systems import LandRegister, parcel_item
from tests.sync.pulled_database import PulledDatabase

OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
YEARS = (1, 999, 1000, 1899, 1900, 9999)
ENDS = st.sampled_from([datetime(year, *day) for year in YEARS for day in ((1, 1, 0, 0), (12, 31, 23, 59))])  # noqa: DTZ001  # without an offset on purpose
MOMENTS = (ENDS | st.datetimes()) | st.builds(datetime.replace, ENDS | st.datetimes(), tzinfo=OFFSETS | st.just(UTC))
SPANS = st.timedeltas(timedelta(0), timedelta.max)
EDGES = [date.min, date(1, 1, 2), date(999, 12, 31), date(9999, 12, 30), date.max]


@given(MOMENTS)
def test_every_moment_is_an_instant_that_is_stored_in_order(moment: datetime) -> None:
    """The text of an instant has four digits of the year and sorts as time does."""
    instant = as_instant(moment)
    text = to_timestamp_text(moment)

    assert from_timestamp_text(text) == instant
    assert to_timestamp_text(FIRST_INSTANT) <= text <= to_timestamp_text(LAST_INSTANT)
    assert all(local_time(instant, language) for language in Language)


@given(MOMENTS, SPANS, SPANS)
def test_a_range_begins_before_its_end_and_within_the_calendar(
    moment: datetime, lookback: timedelta, resolution: timedelta
) -> None:
    """Whatever the lookback and the resolution are."""
    end = as_instant(moment)

    start = start_of_range(end, lookback, resolution)

    assert FIRST_INSTANT <= start <= end
    assert end - start >= lookback or start == FIRST_INSTANT


@given(st.lists(MOMENTS), MOMENTS)
def test_no_change_time_moves_a_watermark_past_the_instant_of_asking(times: list[datetime], moment: datetime) -> None:
    """Also at the ends of the calendar."""
    at = as_instant(moment)

    page = page_times(map(to_timestamp_text, times), Asked(at, at))

    assert page.latest is None or page.latest <= at
    assert page.ahead == sum(
        as_instant(time) - at > timedelta(minutes=5) for time in times if as_instant(time).year > 1899
    )


@on_sqlite_only
@pytest.mark.parametrize("day", EDGES, ids=str)
@pytest.mark.parametrize("changed_since", [True, False])
def test_a_range_of_any_days_can_be_pulled(books: PulledDatabase, day: date, *, changed_since: bool) -> None:
    """Both as its first and as its last day."""
    register = LandRegister(
        [parcel_item(1), parcel_item(2, at=as_instant(day).isoformat())],
        profile=SourceProfile(changed_since=changed_since, timestamp_resolution=timedelta(days=1)),
    )
    for since, until in ((day, None), (None, day), (day, day), (None, None), (None, None)):
        books.pull("a", register, pull_range=PullRange(since=since, until=until))

    assert books.live_parcels() == ["1", "2"]
