"""A partial date keeps what is known; an instant is aware and in UTC."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given, strategies as st
from pydantic import TypeAdapter, ValidationError

from cchc_schemas import Instant, PartialDate, vietnamese_day
from cchc_schemas.construction import ends_before
from tests.schemas.invented import partial_dates

PARTIAL_DATE = TypeAdapter[PartialDate](PartialDate)
INSTANT = TypeAdapter[datetime](Instant)


@given(partial_dates())
def test_a_partial_date_is_read_back_as_it_was_written(written: PartialDate) -> None:
    assert PartialDate.parse(str(written)) == written
    assert PARTIAL_DATE.validate_json(PARTIAL_DATE.dump_json(written)) == written


@given(partial_dates())
def test_a_partial_date_begins_and_ends_within_itself(partial_date: PartialDate) -> None:
    assert partial_date.earliest() <= partial_date.latest()
    assert partial_date.earliest().year == partial_date.latest().year == partial_date.year
    assert (partial_date.latest() + timedelta(days=1)).day == 1 or partial_date.day or partial_date.latest() == date.max


@pytest.mark.parametrize("text", ["2021", "2021-09", "2021-09-27", "2024-02-29"])
def test_a_year_stays_a_year_and_a_month_a_month(text: str) -> None:
    assert str(PARTIAL_DATE.validate_python(text)) == text


@pytest.mark.parametrize(
    "value",
    [
        "0001-01-01",  # .NET's way to say nothing
        "2021-13",
        "2021-00",
        "2021-09-00",
        "2023-02-29",
        "2021-9-27",
        "27/09/2021",
        "2021-09-27T00:00:00",
        "2021-09-27 ",
        "٢٠٢١",  # digits, yet not these
        "",
        2021,
        datetime(2021, 9, 27, tzinfo=UTC),  # an instant is no day before its zone is known
        None,
    ],
)
def test_what_is_no_partial_date_is_refused(value: object) -> None:
    with pytest.raises(ValidationError) as refusal:
        PARTIAL_DATE.validate_python(value)

    assert [details["type"] for details in refusal.value.errors()] == ["partial_date_unreadable"]


@pytest.mark.parametrize(
    ("year", "month", "day"), [(2021, None, 3), (2021, 2, 30), (2021, 0, None), (2021, 9, 0), (999, None, None)]
)
def test_no_impossible_date_can_be_made(year: int, month: int | None, day: int | None) -> None:
    with pytest.raises(ValueError, match=r"."):
        PartialDate(year, month, day)


def test_a_day_is_taken_as_a_date_known_to_the_day() -> None:
    assert PARTIAL_DATE.validate_python(date(2021, 9, 27)) == PartialDate(2021, 9, 27)


@pytest.mark.parametrize(
    ("text", "last"),
    [("2021", "2021-12-31"), ("2021-12", "2021-12-31"), ("2024-02", "2024-02-29"), ("2021-09-27", "2021-09-27")],
)
def test_the_last_day_it_may_be(text: str, last: str) -> None:
    assert PartialDate.parse(text).latest() == date.fromisoformat(last)


def test_a_date_ends_before_another_only_where_that_is_certain() -> None:
    assert ends_before(PartialDate(2021), PartialDate(2020, 12))
    assert not ends_before(PartialDate(2021, 9), PartialDate(2021))
    assert not ends_before(None, PartialDate(2021))


@pytest.mark.parametrize(
    "value",
    [
        "2021-09-27T08:15:00+07:00",
        "2021-09-27T01:15:00Z",
        datetime(2021, 9, 27, 8, 15, tzinfo=timezone(timedelta(hours=7))),
    ],
)
def test_an_instant_is_kept_in_utc(value: object) -> None:
    instant = INSTANT.validate_python(value)

    assert instant.tzinfo is UTC
    assert instant == datetime(2021, 9, 27, 1, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (datetime(2021, 9, 27, 8, 15), "instant_naive"),  # noqa: DTZ001  # it is what is refused
        ("2021-09-27T08:15:00", "instant_naive"),
        ("2021-09-27", "instant_naive"),
        ("20210927081500", "instant_unreadable"),  # pydantic would take it for seconds
        (1632705300, "instant_unreadable"),
        ("0001-01-01T00:00:00+07:00", "instant_unreadable"),  # before the beginning in UTC
        ("hôm qua", "instant_unreadable"),
        (date(2021, 9, 27), "instant_unreadable"),
    ],
)
def test_what_is_no_instant_is_refused(value: object, rule: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        INSTANT.validate_python(value)

    assert [details["type"] for details in refusal.value.errors()] == [rule]


@given(st.datetimes(timezones=st.just(UTC)))
def test_an_instant_is_read_back_as_it_was_written(instant: datetime) -> None:
    assert INSTANT.validate_json(INSTANT.dump_json(instant)) == instant


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        ("2026-06-30T16:59:59Z", date(2026, 6, 30)),
        ("2026-06-30T17:00:00Z", date(2026, 7, 1)),
        ("9999-12-31T23:59:59Z", date.max),
    ],
)
def test_a_day_begins_at_midnight_in_vietnam(instant: str, day: date) -> None:
    assert vietnamese_day(INSTANT.validate_python(instant)) == day
