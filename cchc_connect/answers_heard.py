"""An adapter whose answers are listened to: what their verdicts were and what time the other side thinks it is."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from cchc_connect.adapter import Adapter, Source, Target
from cchc_connect.finding import Finding
from cchc_connect.http import Dialect, HttpResponse, Verdict

CLOCK_OFF_S = 5.0
"""Seconds; a Date has a grain of one, an answer takes another. A token that lives for a minute, or a signature with
its time in it, is refused by a clock that is much further off, and a window of changes has holes."""

_HALF_A_GRAIN_S = 0.5


class AnswersHeard:
    """An adapter as it is, each of its answers noted as the dialect judges it; no body is kept."""

    def __init__(self, adapter: Adapter, now: Callable[[], datetime]) -> None:
        """Hear nothing yet; `now` is our own clock."""
        self._adapter = adapter
        self._now = now
        self._verdicts: list[Verdict] = []
        self._differences_s: list[float] = []
        dialect = adapter.dialect

        def classify(response: HttpResponse) -> Verdict:
            self._note_date(response)
            verdict = dialect.classify(response)
            self._verdicts.append(verdict)
            return verdict

        self._dialect = replace(dialect, classify=classify)

    @property
    def dialect(self) -> Dialect:
        """How the system talks."""
        return self._dialect

    @property
    def sources(self) -> Sequence[Source]:
        """What can be pulled."""
        return self._adapter.sources

    @property
    def targets(self) -> Sequence[Target]:
        """What can be pushed."""
        return self._adapter.targets

    def findings(self, connection: str, username: str | None) -> Iterator[Finding]:
        """Yield what the answers tell, where there were any: of the clock, the account and the dialect."""
        if not self._verdicts:
            return
        yield self._clock(connection)
        if username is not None and Verdict.OK in self._verdicts and self._verdicts[-1] is not Verdict.AUTH:
            yield Finding.good(connection, "network.account_accepted", {"connection": connection, "username": username})
        if Verdict.UNKNOWN not in self._verdicts:
            yield Finding.good(connection, "network.responses_understood", {"number": len(self._verdicts)})

    def _clock(self, connection: str) -> Finding:
        if not self._differences_s:
            return Finding.good(connection, "network.clock_unknown", {"connection": connection})
        difference = min(self._differences_s, key=abs)
        told = {"connection": connection, "seconds": round(abs(difference))}
        if abs(difference) <= CLOCK_OFF_S:
            return Finding.good(connection, "network.clock_ok", told)
        return Finding.warning(connection, "network.clock_ahead" if difference > 0 else "network.clock_behind", told)

    def _note_date(self, response: HttpResponse) -> None:
        """Note how far the answer's own time is ahead of ours; one out of a cache is old for another reason."""
        try:
            told = parsedate_to_datetime(response.headers.get("date", ""))
        except ValueError:
            return
        if "age" not in response.headers:
            instant = told if told.tzinfo else told.replace(tzinfo=UTC)
            self._differences_s.append((instant - self._now()).total_seconds() + _HALF_A_GRAIN_S)
