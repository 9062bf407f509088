"""Instants as the shared database writes them: text in UTC that sorts as time does."""

from datetime import UTC, datetime


def stamp(moment: datetime) -> str:
    """Return an aware instant as stored, to the microsecond: `2021-09-27T01:15:00.000000Z`."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def instant(stored: str) -> datetime:
    """Return a stored instant, aware, in UTC."""
    return datetime.fromisoformat(stored)
