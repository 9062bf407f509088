"""Instants, dates and decimals for people: Vietnamese time, and signs and order as the language writes them."""

from datetime import UTC, datetime

from cchc_connect.cli.exit_codes import Misused
from cchc_connect.messages import Language
from cchc_schemas import VIETNAM

_FORMATS = {Language.VIETNAMESE: "%d/%m/%Y %H:%M", Language.ENGLISH: "%Y-%m-%d %H:%M"}


def local(moment: datetime | str | None, language: Language) -> str:
    """Return an instant (or its stored text) as a person reads it, to the minute; "-" where there is none.

    >>> local("2026-06-30T17:05:00.000000Z", Language.VIETNAMESE)
    '01/07/2026 00:05'
    """
    if moment is None:
        return "-"
    instant = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return f"{instant.astimezone(VIETNAM):{_FORMATS[language]}}"


def decimal(number: object, language: Language) -> str:
    """Return a number with the language's decimal sign, a comma in Vietnamese.

    >>> decimal("381.9", Language.VIETNAMESE)
    '381,9'
    """
    return str(number).replace(".", ",") if language is Language.VIETNAMESE else str(number)


def day(written: object, language: Language) -> str | None:
    """Return a date, or as much of it as is known, in the order the language writes it.

    >>> day("2021-09", Language.VIETNAMESE)
    '09/2021'
    """
    if written is None:
        return None
    return "/".join(reversed(str(written).split("-"))) if language is Language.VIETNAMESE else str(written)


def instant_given(written: str | None, option: str) -> datetime | None:
    """Return the instant, in UTC, that a person gave with an option, None where none was given.

    A day alone is its beginning, and a time without its offset is Vietnamese time, as times are shown.

    Raises:
        Misused: it is no instant in ISO 8601.

    >>> instant_given("2026-07-01", "--since").isoformat()
    '2026-06-30T17:00:00+00:00'
    """
    if written is None:
        return None
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        raise Misused("cli.no_instant", option=option, value=written) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=VIETNAM)).astimezone(UTC)
