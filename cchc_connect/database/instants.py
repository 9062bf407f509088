"""Instants as the shared database writes them: text in UTC that sorts as time does."""

from datetime import UTC, datetime

_OFFSET = "+00:00"


def stamp(moment: datetime) -> str:
    """Return an aware instant as stored, to the microsecond: `2021-09-27T01:15:00.000000Z`."""
    in_utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return f"{in_utc.isoformat(timespec='microseconds')[: -len(_OFFSET)]}Z"


def instant(stored: str) -> datetime:
    """Return a stored instant, aware, in UTC."""
    return datetime.fromisoformat(stored)
