"""Instants, dates and decimals for people: Vietnamese time, order and signs of the language; instants in options."""

import re
from contextlib import suppress
from datetime import date, datetime

from cchc_connect.clock import as_instant
from cchc_connect.errors import UsageMistake
from cchc_connect.messages import Language, Message
from cchc_connect.messages.values import day_text, instant_text, number_text

_VIETNAMESE_DAY = re.compile(r"(?P<day>[0-9]{1,2})[-/.](?P<month>[0-9]{1,2})[-/.](?P<year>[0-9]{4})")


def local_time(moment: datetime | str | None, language: Language) -> str:
    """Return an instant (or its stored text) in Vietnamese time, to the minute; "-" for None.

    >>> local_time("2026-06-30T17:05:00.000000Z", Language.VIETNAMESE)
    '01/07/2026 00:05'
    """
    if moment is None:
        return "-"
    return instant_text(datetime.fromisoformat(moment) if isinstance(moment, str) else moment, language)


def local_number(number: object, language: Language) -> str:
    """Return a number with the decimal sign of the language: a comma in Vietnamese.

    >>> local_number("381.9", Language.VIETNAMESE)
    '381,9'
    """
    return number_text(number, language)


def local_date(written: object, language: Language) -> str | None:
    """Return a date, which may lack its day or month, in the order of the language.

    >>> local_date("2021-09", Language.VIETNAMESE)
    '09/2021'
    """
    return None if written is None else day_text(written, language)


def parse_moment(written: str | None, option: str) -> date | None:
    """Return the value of an option as an instant in UTC, or as a day where it is one; None if it was not given.

    A time without offset is Vietnamese time.

    Raises:
        UsageMistake: the value is neither a day nor an instant in ISO 8601.

    >>> parse_moment("2026-07-01T08:15", "--since").isoformat()
    '2026-07-01T01:15:00+00:00'
    """
    if written is None:
        return None
    with suppress(ValueError):
        return date.fromisoformat(written)
    with suppress(ValueError):
        return as_instant(datetime.fromisoformat(written))
    raise UsageMistake("cli.instant_unreadable", option=option, value=written, suggestion=iso_suggestion(written))


def iso_suggestion(written: str) -> Message | str:
    """Return the question whether a day, written as officials write it, was meant; "" if it is no such day.

    >>> str(iso_suggestion("1/5/2026"))
    " Did you mean '2026-05-01'?"
    """
    match = _VIETNAMESE_DAY.fullmatch(written.strip())
    if match is None:
        return ""
    try:
        day = date(int(match["year"]), int(match["month"]), int(match["day"]))
    except ValueError:
        return ""
    return Message("suggestion.meant", {"meant": day.isoformat()})
