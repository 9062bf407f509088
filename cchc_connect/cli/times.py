"""Instants for people: in Vietnamese time, in the order the language writes a day."""

from datetime import datetime, timedelta, timezone

from cchc_connect.messages import Language

VIETNAM = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")

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
