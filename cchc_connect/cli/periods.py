"""The period that the options `--from` and `--to` of a command mean, and shares of it as text."""

from datetime import date, datetime, timedelta

from cchc_connect.cli.formatting import local_number, parse_moment
from cchc_connect.clock import SystemClock, as_instant, in_vietnam
from cchc_connect.errors import UsageMistake
from cchc_connect.messages import Language

DEFAULT_PERIOD = timedelta(days=30)


def typed_period(first: str | None, last: str | None) -> tuple[datetime, datetime]:
    """Return beginning and end (aware, the end excluded) of the period that was typed for `--from` and `--to`.

    A day is a Vietnamese day; the last day belongs to the period. Without a beginning it is 30 days long, without an
    end it ends now.

    Raises:
        UsageMistake: an end is neither a day nor an instant, or the period ends before it begins.
    """
    now = SystemClock().now()
    end = _end(parse_moment(last, "--to"), now)
    typed_start = parse_moment(first, "--from")
    start = end - DEFAULT_PERIOD if typed_start is None else as_instant(typed_start)
    if start >= end:
        raise UsageMistake("cli.period_reversed", start=start, end=end)
    return start, end


def _end(last: date | None, now: datetime) -> datetime:
    if last is None:
        return now
    return as_instant(last) if isinstance(last, datetime) else as_instant(last + timedelta(days=1))


def share_text(numerator: int, denominator: int, language: Language) -> str:
    """Return a share as per cent with one decimal, cut off so that only all is 100; "-" of nothing.

    >>> share_text(1999, 2000, Language.VIETNAMESE)
    '99,9'
    """
    if not denominator:
        return "-"
    tenths = numerator * 1000 // denominator
    return local_number(f"{tenths // 10}.{tenths % 10}", language)


def hours_text(seconds: int | None) -> str:
    """Return a duration as hours and minutes.

    >>> hours_text(93_900)
    '26:05'
    """
    return "-" if seconds is None else f"{seconds // 3600}:{seconds % 3600 // 60:02}"


def vietnamese_days(start: datetime, end: datetime) -> tuple[date, date]:
    """Return the first and the last Vietnamese day of a period (aware, the end excluded)."""
    return in_vietnam(start).date(), in_vietnam(end - timedelta(microseconds=1)).date()
