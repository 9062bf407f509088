"""What a connection promises of the age of its data: how long it is fresh, and the SLA; ages grow in opening hours."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from cchc_connect.config.connections import ConnectionTable
from cchc_connect.database.state.freshness_state import FreshnessLimits
from cchc_connect.transport.opening_hours import OpeningHours, TimeSpan


@dataclass(frozen=True, kw_only=True)
class FreshnessPromise:
    """How old the data of a connection may be; its age grows in its opening hours alone."""

    fresh_within: timedelta = timedelta(days=1)
    """Greatest age of fresh data."""
    sla: timedelta = timedelta(days=1)
    """Greatest age by what was agreed (cam kết)."""
    hours: OpeningHours | None = None
    """None: it is always open."""

    def limits(self, complete_at: int) -> FreshnessLimits:
        """Return until when data is fresh and within the SLA that was complete at an instant.

        Instants are whole seconds since 1970 (UTC). Every second is judged: data is fresh in a second at whose
        beginning its age is at most `fresh_within`.

        >>> FreshnessPromise(sla=timedelta(hours=1)).limits(0)
        FreshnessLimits(fresh_until=86401, within_until=3601, breach_from=7201)
        """
        ages = (self.fresh_within, self.sla, 2 * self.sla)
        return FreshnessLimits(*(self._after(complete_at, int(age.total_seconds()) + 1) for age in ages))

    def open_intervals(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield the intervals from `start` up to `end`, itself excluded, in which it is open; seconds since 1970."""
        if self.hours is not None:
            yield from self.hours.open_intervals(start, end)
        elif start < end:
            yield start, end

    def age_s(self, complete_at: int, at: int) -> int:
        """Return the age at an instant of data that was complete at another one, in seconds of its opening hours."""
        return sum(end - start for start, end in self.open_intervals(complete_at, at))

    def _after(self, start: int, seconds: int) -> int:
        return start + seconds if self.hours is None else self.hours.after_open_seconds(start, seconds)


DEFAULT_PROMISE = FreshnessPromise()


def promise_of(table: ConnectionTable) -> FreshnessPromise:
    """Return what the table of a connection says of the age of its data."""
    spans = [TimeSpan.parse(span) for span in table.opening_hours]
    return FreshnessPromise(
        fresh_within=table.fresh_within,
        sla=table.sla or table.fresh_within,
        hours=OpeningHours(spans) if spans else None,
    )
