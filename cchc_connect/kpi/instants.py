"""Instants of indicators: whole seconds since 1970 in UTC, and days of Vietnamese time as their first second."""

from datetime import UTC, date, datetime, timedelta

from cchc_connect.clock import VIETNAM_TIME

DAY_S = 86_400
"""Seconds of a day; Vietnam has no summer time."""

OFFSET_S = 7 * 3600
"""Seconds by which Vietnamese time is ahead of UTC."""

FIRST_YEAR, LAST_YEAR = 1990, 2100
"""Years outside are placeholders (giá trị giữ chỗ), and stand for nothing known."""

_EPOCH_DAY = date(1970, 1, 1)


def seconds_of_day(day: date) -> int:
    """Return the first second of a Vietnamese day.

    >>> seconds_of_day(date(1970, 1, 2))
    61200
    """
    return (day - _EPOCH_DAY).days * DAY_S - OFFSET_S


EARLIEST_S, BEYOND_S = seconds_of_day(date(FIRST_YEAR, 1, 1)), seconds_of_day(date(LAST_YEAR + 1, 1, 1))


def seconds_of(written: str | None) -> int | None:
    """Return the second of an instant as records write it, fractions cut; None for none, and for a placeholder.

    >>> seconds_of("1970-01-02T00:00:00.9Z"), seconds_of("2021-09-27T01:15:00Z")
    (None, 1632705300)
    """
    if written is None:
        return None
    moment = datetime.fromisoformat(written)
    second = (moment.replace(microsecond=0) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)
    return second if EARLIEST_S <= second < BEYOND_S else None


def day_of_second(second: int) -> date:
    """Return the Vietnamese day of a second.

    >>> day_of_second(61_199), day_of_second(61_200)
    (datetime.date(1970, 1, 1), datetime.date(1970, 1, 2))
    """
    return _EPOCH_DAY + timedelta(days=(second + OFFSET_S) // DAY_S)


def due_second(second: int | None) -> int | None:
    """Return the last second of what is due: midnight is a day without a time, and stands for the end of that day.

    >>> due_second(61_200) - 61_200, due_second(61_201) - 61_201
    (86399, 0)
    """
    if second is None:
        return None
    return second + DAY_S - 1 if (second + OFFSET_S) % DAY_S == 0 else second


def written_second(second: int) -> str:
    """Return a second in Vietnamese time, as people read it."""
    return datetime.fromtimestamp(second, VIETNAM_TIME).isoformat()
