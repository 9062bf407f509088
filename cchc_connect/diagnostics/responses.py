"""Wraps an adapter during a check and observes its responses: their verdicts and the other system's clock."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from cchc_connect.adapter import Adapter, Source, Target
from cchc_connect.diagnostics.finding import Finding
from cchc_connect.http import Dialect, HttpResponse, Verdict

MAX_CLOCK_DIFFERENCE_S = 5.0
"""Seconds of clock difference that are tolerated. A Date header has a resolution of one second, and a response takes
about another. With a larger difference short-lived tokens and signatures with a time are refused, and time windows of
changes have gaps.
"""

_HALF_RESOLUTION_S = 0.5
"""Half of the resolution of a Date header, which cuts the fraction of the second off."""


class ObservedAdapter:
    """An adapter that behaves as the wrapped one and records the verdict and Date of each response, but no body."""

    def __init__(self, adapter: Adapter, now: Callable[[], datetime]) -> None:
        """Wrap `adapter`; `now` returns our own time in UTC."""
        self._adapter = adapter
        self._now = now
        self._verdicts: list[Verdict] = []
        self._differences_s: list[float] = []
        dialect = adapter.dialect

        def classify(response: HttpResponse) -> Verdict:
            self._record_clock_difference(response)
            verdict = dialect.classify(response)
            self._verdicts.append(verdict)
            return verdict

        self._dialect = replace(dialect, classify=classify)

    @property
    def dialect(self) -> Dialect:
        """Dialect of the wrapped adapter; its classifier also records each response."""
        return self._dialect

    @property
    def sources(self) -> Sequence[Source]:
        """Sources of the wrapped adapter."""
        return self._adapter.sources

    @property
    def targets(self) -> Sequence[Target]:
        """Targets of the wrapped adapter."""
        return self._adapter.targets

    def findings(self, connection: str, username: str | None) -> Iterator[Finding]:
        """Yield findings about the clock, the account and the dialect; none if no response came.

        Args:
            connection: name of the connection.
            username: the account's name, or None without an account.
        """
        if not self._verdicts:
            return
        yield self._clock_finding(connection)
        if username is not None and Verdict.OK in self._verdicts and self._verdicts[-1] is not Verdict.AUTH:
            code = "network.account_accepted" if username else "network.account_accepted_unnamed"
            yield Finding.good(connection, code, {"connection": connection, "username": username})
        if Verdict.UNKNOWN not in self._verdicts:
            yield Finding.good(connection, "network.responses_understood", {"number": len(self._verdicts)})

    def _clock_finding(self, connection: str) -> Finding:
        if not self._differences_s:
            return Finding.good(connection, "network.clock_unknown", {"connection": connection})
        difference = min(self._differences_s, key=abs)
        context = {"connection": connection, "seconds": round(abs(difference))}
        if abs(difference) <= MAX_CLOCK_DIFFERENCE_S:
            return Finding.good(connection, "network.clock_ok", context)
        return Finding.warning(connection, "network.clock_ahead" if difference > 0 else "network.clock_behind", context)

    def _record_clock_difference(self, response: HttpResponse) -> None:
        """Record how many seconds the response's Date is ahead of our clock. A cached response (Age) is skipped."""
        try:
            date = parsedate_to_datetime(response.headers.get("date", ""))
        except ValueError:
            return
        if "age" not in response.headers:
            instant = date if date.tzinfo else date.replace(tzinfo=UTC)
            self._differences_s.append((instant - self._now()).total_seconds() + _HALF_RESOLUTION_S)
