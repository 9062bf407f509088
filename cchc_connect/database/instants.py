"""Instants as the shared database stores them: text in UTC that sorts in time order."""

from datetime import UTC, datetime

_OFFSET = "+00:00"


def stamp(at: datetime) -> str:
    """Return an aware instant as stored, in UTC to the microsecond: `2021-09-27T01:15:00.000000Z`."""
    in_utc = at if at.tzinfo is UTC else at.astimezone(UTC)
    return f"{in_utc.isoformat(timespec='microseconds')[: -len(_OFFSET)]}Z"


def instant(stored: str) -> datetime:
    """Return a stored instant as an aware datetime in UTC."""
    return datetime.fromisoformat(stored)
