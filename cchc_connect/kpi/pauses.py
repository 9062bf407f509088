"""Pauses: when the time of a dossier is suspended, by supplement rounds, steps, or our own versions, in this order.

An instant of several pauses counts to status 5, then to 6, then to 8.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cchc_connect.kpi.instants import due_second, seconds_of

PAUSING = (5, 6, 8)
"""Statuses in which the time may be suspended, in the order in which they take an instant."""

SUPPLEMENT = 5
ROUNDS, STEPS, VERSIONS, NO_SOURCE = "rounds", "steps", "versions", "none"

FOREVER = 2**62
"""End of what has no end yet."""

Span = tuple[int, int]
"""First second, and the second after the last."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One status of a history: of a step, or of a version that was stored."""

    at: int
    status: int
    due: int | None = None


@dataclass(frozen=True, slots=True)
class SupplementRequest:
    """A request for more papers (yêu cầu bổ sung)."""

    asked_at: int
    supplied_at: int | None
    due_before: int | None = None
    due_after: int | None = None

    @property
    def tells_due(self) -> bool:
        """Whether it says when the result was due before and after it."""
        return self.due_before is not None and self.due_after is not None

    @property
    def span(self) -> Span:
        """Return what it suspends: nothing if it was supplied before it was asked for."""
        return self.asked_at, FOREVER if self.supplied_at is None else max(self.supplied_at, self.asked_at)


@dataclass(frozen=True, slots=True)
class PauseHistory:
    """What is known of a dossier's pauses."""

    requests: Sequence[SupplementRequest]
    """By the instant of asking."""
    spans: Mapping[int, Sequence[Span]]
    """Status -> when it suspends the time; one status for each instant."""
    source: str


def pause_history(
    supplements: Sequence[Mapping[str, Any]] | None, steps: Sequence[Entry], seen: Sequence[Entry], *, has_ended: bool
) -> PauseHistory:
    """Return the pauses of a dossier.

    Args:
        supplements: its rounds as the record has them; None: unknown, and then steps and versions tell.
        steps: its steps in order of time.
        seen: the statuses of its versions in order.
        has_ended: whether it ended; then a round that was never supplied suspends nothing.
    """
    source, history = _history(steps, seen)
    by_status = {status: [(at, end) for at, end, of in _runs(history) if of == status] for status in PAUSING}
    if supplements is None:
        requests = [SupplementRequest(at, None if end == FOREVER else end) for at, end in by_status[SUPPLEMENT]]
    else:
        requests, source = rounds(supplements), ROUNDS
        by_status[SUPPLEMENT] = [each.span for each in requests if each.supplied_at is not None or not has_ended]
    earlier_spans, spans = list[Span](), dict[int, Sequence[Span]]()
    for status in PAUSING:
        spans[status] = without(united(by_status[status]), earlier_spans)
        earlier_spans = united([*earlier_spans, *spans[status]])
    return PauseHistory(requests, spans, source)


def rounds(supplements: Iterable[Mapping[str, Any]]) -> list[SupplementRequest]:
    """Return the requests of rounds; the same round twice, by its number or its instant, is one."""
    requests_by_name = dict[object, SupplementRequest]()
    for supplement in supplements:
        asked_at, supplied_at = seconds_of(supplement["asked_at"]), seconds_of(supplement["supplied_at"])
        if asked_at is None:
            asked_at = supplied_at
        if asked_at is None:
            continue
        if supplied_at is None and supplement["is_supplied"]:
            supplied_at = asked_at  # supplied, nobody says when: it suspends nothing
        number = supplement["number"]
        request = SupplementRequest(
            asked_at,
            supplied_at,
            due_second(seconds_of(supplement["due_before"])),
            due_second(seconds_of(supplement["due_after"])),
        )
        same = (number, asked_at) if number is not None else asked_at
        earlier = requests_by_name.get(same)
        requests_by_name[same] = request if earlier is None or earlier.supplied_at is None else earlier
    return sorted(requests_by_name.values(), key=lambda request: (request.asked_at, request.span[1]))


def united(spans: Iterable[Span]) -> list[Span]:
    """Return the same instants as spans that do not overlap, in order.

    >>> united([(5, 9), (1, 3), (3, 4), (8, 10), (7, 7)])
    [(1, 4), (5, 10)]
    """
    joined = list[Span]()
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def without(spans: Iterable[Span], earlier_spans: Sequence[Span]) -> list[Span]:
    """Return the instants of `spans` that are in none of `taken`, which are in order and do not overlap.

    >>> without([(1, 10)], [(2, 3), (9, 12)])
    [(1, 2), (3, 9)]
    """
    remaining = list[Span]()
    for first, end in spans:
        start = first
        for other_start, other_end in earlier_spans:
            if other_end <= start or other_start >= end:
                continue
            if start < other_start:
                remaining.append((start, other_start))
            start = other_end
        if start < end:
            remaining.append((start, end))
    return remaining


def clipped(spans: Iterable[Span], first: int, end: int) -> list[Span]:
    """Return the part of spans from `first` on and before `end`."""
    return [(max(start, first), min(stop, end)) for start, stop in spans if max(start, first) < min(stop, end)]


def length(spans: Iterable[Span]) -> int:
    """Return the seconds of spans that do not overlap."""
    return sum(end - start for start, end in spans)


def _history(steps: Sequence[Entry], seen: Sequence[Entry]) -> tuple[str, Sequence[Entry]]:
    for source, history in ((STEPS, steps), (VERSIONS, seen)):
        if any(entry.status in PAUSING for entry in history):
            return source, history
    return NO_SOURCE, ()


def _runs(history: Sequence[Entry]) -> Iterable[tuple[int, int, int]]:
    """Yield each run of one status: its first second, the second at which the next one begins, and the status."""
    start: Entry | None = None
    for entry in history:
        if start is not None and entry.status == start.status:
            continue
        if start is not None:
            yield start.at, entry.at, start.status
        start = entry
    if start is not None:
        yield start.at, FOREVER, start.status
