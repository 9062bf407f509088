"""Instants as the shared database writes them: text in UTC that sorts as time does."""

from datetime import UTC, datetime


def stamp(moment: datetime) -> str:
    """Return an aware instant as stored, to the microsecond: `2021-09-27T01:15:00.000000Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def instant(stored: str) -> datetime:
    """Return a stored instant, aware, in UTC."""
    return datetime.fromisoformat(stored)
