"""Instants, dates and decimals for people: Vietnamese time, order and signs of the language; instants in options."""

from datetime import UTC, datetime

from cchc_connect.errors import UsageMistake
from cchc_connect.messages import Language
from cchc_connect.messages.values import day_text, instant_text, number_text
from cchc_schemas import VIETNAM


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


def parse_instant(written: str | None, option: str) -> datetime | None:
    """Return the value of an option as an instant in UTC; None if the option was not given.

    A date means its beginning. A time without offset is Vietnamese time.

    Raises:
        UsageMistake: the value is not an instant in ISO 8601.

    >>> parse_instant("2026-07-01", "--since").isoformat()
    '2026-06-30T17:00:00+00:00'
    """
    if written is None:
        return None
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        raise UsageMistake("cli.instant_unreadable", option=option, value=written) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=VIETNAM)).astimezone(UTC)
