"""Periods that limit what is read, by the time at which it was stored."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from sqlalchemy import ColumnElement, Select

from cchc_connect.clock import to_timestamp_text
from cchc_connect.database.reading.call_checks import end_of, start_of
from cchc_connect.errors import UsageMistake


@dataclass(frozen=True, kw_only=True)
class StoredPeriod:
    """A period as timestamps are stored; both ends are in it, and None is no limit."""

    first: str | None
    last: str | None

    @classmethod
    def between(cls, since: date | None, until: date | None) -> Self:
        """Return the period from an instant or a Vietnamese day to another one.

        Raises:
            UsageMistake: an end is neither a date nor a datetime, or the period ends before it begins.
        """
        first = None if since is None else to_timestamp_text(start_of("since", since))
        last = None if until is None else to_timestamp_text(end_of("until", until))
        if first is not None and last is not None and last < first:
            raise UsageMistake("cli.window_reversed", begin=since, end=until)
        return cls(first=first, last=last)

    def limited(self, query: Select[Any], stored_at: ColumnElement[Any]) -> Select[Any]:
        """Return the query for the rows whose timestamp `stored_at` is in the period."""
        if self.first is not None:
            query = query.where(stored_at >= self.first)
        return query if self.last is None else query.where(stored_at <= self.last)
