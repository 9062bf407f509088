"""The fact of a dossier: what indicators are counted from, a pure function of dossier, history and procedure.

Whether a dossier was in time is then one comparison of whole numbers, whatever database counts it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cchc_connect.kpi.ends import PROCESSED, RETURNED, STOPPED, end_of_dossier
from cchc_connect.kpi.instants import due_second, seconds_of
from cchc_connect.kpi.pauses import (
    FOREVER,
    PAUSING,
    ROUNDS,
    SUPPLEMENT,
    Entry,
    PauseHistory,
    Span,
    SupplementRequest,
    clipped,
    length,
    pause_history,
    united,
    without,
)
from cchc_connect.kpi.working_time import WORKING_DAY, Term, WorkingTime

DIRECT = 1
"""Channel of a dossier that states none. Source: QĐ 766/QĐ-TTg (2022), 3.3."""

AS_GIVEN, MOVED, BY_TERM, NO_DUE = "as_given", "moved", "term", "none"
"""Where the due time of a fact comes from."""

Document = Mapping[str, Any]
OfPaper = Callable[[Document], bool | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcedureFacts:
    """What the fact of a dossier takes from its procedure."""

    level: int | None = None
    eligible_full: int | None = None
    for_citizens: int | None = None
    has_fee: int | None = None
    gives_paper: int | None = None
    terms: Sequence[Term] = ()
    unit: str | None = None


NO_PROCEDURE = ProcedureFacts()
"""A procedure of which nothing is stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KpiFact:
    """A row of `kpi_fact` by column name, and its pauses."""

    row: Mapping[str, Any]
    pauses: Sequence[tuple[int, int, int | None, str]]
    """Status, first second, the second after the last (None: it lasts), and by what it is known."""


@dataclass(frozen=True, slots=True)
class _Due:
    """When the result is due: now, before the first request, after it; and what pauses add to it."""

    due: int | None
    before: int | None
    after_first: int | None
    kind: str
    added_5: int = 0
    added_all: int = 0
    added_1: int = 0


def fact(
    document: Document,
    seen: Sequence[Entry],
    steps: Sequence[Entry],
    procedure: ProcedureFacts,
    working_time: WorkingTime,
    complained: int | None = None,
) -> KpiFact:
    """Return the fact of a dossier.

    Args:
        document: the latest version of the record `dossier`, as JSON.
        seen: status and due time of its versions, in the order in which they were stored.
        steps: its steps in order of time.
        procedure: what its procedure says.
        working_time: which days are working days.
        complained: second of the first complaint or dislike.
    """
    ended, received = end_of_dossier(document, steps, seen), seconds_of(document["received_at"])
    history = pause_history(document["supplements"], steps, seen, has_ended=ended is not None)
    until = FOREVER if ended is None else ended
    spans = {status: clipped(history.spans[status], 0, until) for status in PAUSING}
    due = _due(document, seen, history, spans, _term_limit(document, received, procedure, working_time))
    row = {
        **{name: document[of] for name, of in _AS_GIVEN.items()},
        "submitted": seconds_of(document["submitted_at"]),
        "received": received,
        "ended": ended,
        **_requests(history.requests),
        **_dues(due),
        **{f"paused_{status}": _closed_length(spans[status]) for status in PAUSING},
        "pause_source": history.source,
        **_spent(document["status"], received, ended, spans, procedure, working_time),
        **_properties(document, procedure),
        "complained": complained,
        "contradictory": int(_is_contradictory(document)),
    }
    # With pauses in which a stop is no end, the stop itself suspends the time.
    shown = {**spans, STOPPED: list(history.spans[STOPPED])} if row["status"] == STOPPED else spans
    return KpiFact(row=row, pauses=_pause_rows(shown, history.source))


_AS_GIVEN = {"code": "code", "procedure": "procedure_code", "agency": "agency_code", "status": "status"}
"""Columns that are fields of the dossier."""


def _requests(requests: Sequence[SupplementRequest]) -> Mapping[str, int | None]:
    """Return the columns of the first two requests for supplements."""
    first, second = (requests[at] if len(requests) > at else None for at in (0, 1))
    return {
        "asked_1": None if first is None else first.asked_at,
        "supplied_1": None if first is None else first.supplied_at,
        "asked_2": None if second is None else second.asked_at,
    }


def _dues(due: _Due) -> Mapping[str, object]:
    """Return the columns of the due time and of what pauses add to it."""
    return {
        "due": due.due,
        "due_0": due.before,
        "due_1": due.after_first,
        "due_kind": due.kind,
        "added_5": due.added_5,
        "added_all": due.added_all,
        "added_1": due.added_1,
    }


def _due(
    document: Document,
    seen: Sequence[Entry],
    history: PauseHistory,
    spans: Mapping[int, Sequence[Span]],
    term_limit: int | None,
) -> _Due:
    current = due_second(seconds_of(document["due_at"]))
    first_seen = next((entry.due for entry in seen if entry.due is not None), None)
    stated = due_second(seconds_of(document["due_original_at"]))
    original = first_seen if stated is None else stated
    requests = history.requests
    if current is None:
        if original is not None or any(each.due_after or each.due_before for each in requests) or term_limit is None:
            return _Due(None, None, None, NO_DUE)  # a due time that got lost is unknown; a term does not stand for it
        added = _closed_length(spans[SUPPLEMENT])
        everything = sum(_closed_length(spans[status]) for status in PAUSING)
        first = _first_added(requests, moved=False)
        return _Due(term_limit, term_limit, term_limit, BY_TERM, added, everything, first)
    has_moved = original is not None and original != current
    moved = [each.due_after != each.due_before if each.tells_due else has_moved for each in requests]
    in_due = united(each.span for each, is_moved in zip(requests, moved, strict=True) if is_moved)
    added = _closed_length(without(spans[SUPPLEMENT], in_due))
    tells = any(each.tells_due for each in requests)
    by_other_pauses = 0 if has_moved and not tells else sum(_closed_length(spans[status]) for status in PAUSING[1:])
    kind = MOVED if has_moved or any(moved) else AS_GIVEN
    before, after_first = _earlier_dues(requests, current, original)
    first = _first_added(requests, moved=bool(moved and moved[0]))
    return _Due(current, before, after_first, kind, added, added + by_other_pauses, first)


def _earlier_dues(requests: Sequence[SupplementRequest], current: int, original: int | None) -> tuple[int, int]:
    """Return when the result was due before the first request, and after it before a second one."""
    if not requests:
        return current, current
    earlier_dues = (requests[0].due_before, original, current)
    before = next(due for due in earlier_dues if due is not None)
    if len(requests) == 1:
        return before, current
    later = (requests[0].due_after, requests[1].due_before, current)
    return before, next(due for due in later if due is not None)


def _first_added(requests: Sequence[SupplementRequest], *, moved: bool) -> int:
    """Return the seconds that the first request alone adds to the limit, once it was supplied."""
    if moved or not requests or requests[0].supplied_at is None:
        return 0
    start, end = requests[0].span
    return end - start


def _term_limit(
    document: Document, received: int | None, procedure: ProcedureFacts, working_time: WorkingTime
) -> int | None:
    """Return the second at which the longest term that applies ends; None where there is none."""
    if received is None or document["due_at"] is not None:
        return None
    channel = document["channel"] or DIRECT
    terms = [term for term in procedure.terms if term.channel == channel] or procedure.terms
    return max((working_time.limit(received, term) for term in terms), default=None)


def _spent(
    status: int,
    received: int | None,
    ended: int | None,
    spans: Mapping[int, Sequence[Span]],
    procedure: ProcedureFacts,
    working_time: WorkingTime,
) -> Mapping[str, Any]:
    """Return the time that handling took without pauses, in seconds; for working days in seconds of such days."""
    if received is None or ended is None or status not in {PROCESSED, RETURNED}:
        return {"spent_5": None, "spent_all": None, "unit": procedure.unit}

    def measure(start: int, end: int) -> int:
        if procedure.unit == WORKING_DAY:
            return working_time.worked_before(end) - working_time.worked_before(start)
        return end - start

    paused = {status: sum(measure(*span) for span in clipped(spans[status], received, ended)) for status in PAUSING}
    gross = measure(received, ended)
    return {
        "spent_5": gross - paused[SUPPLEMENT],
        "spent_all": gross - sum(paused.values()),
        "unit": procedure.unit,
    }


def _properties(document: Document, procedure: ProcedureFacts) -> Mapping[str, Any]:
    """Return what is 1, 0 or unknown of a dossier."""
    papers, results, databases = (
        document[name] for name in ("submitted_papers", "result_papers", "national_databases")
    )
    papers_now = None if papers is None else [paper for paper in papers if not paper["is_deleted"]]
    linked = document["result_is_linked"]
    return {
        "channel": document["channel"],
        "level": procedure.level,
        "eligible_full": procedure.eligible_full,
        "for_citizens": procedure.for_citizens,
        "authenticated": flag(document["is_authenticated"]),
        "signed": flag(document["is_signed"]),
        "payment": None if document["payment"] is None else int(document["payment"]),
        "has_fee": procedure.has_fee,
        "all_fees_zero": _all_fees_zero(document["fees"]),
        "digitised": _either(
            flag(document["has_digitised_components"]), papers_now, lambda paper: paper["is_digitised"]
        ),
        "reused": flag(document["has_reused_components"]),
        "national_store": _either(None, papers_now, lambda paper: paper["is_from_national_store"]),
        "population_database": 0 if databases == [] else None,  # which code is the population database is not public
        "needs_paper": procedure.gives_paper,
        "result_linked": flag(linked)
        if linked is not None
        else _any_of(results, lambda paper: bool(paper["file_link"])),
        "papers_filed": _any_of(papers_now, lambda paper: bool(paper["file_link"] or paper["file_id"])),
    }


def _either(stated: int | None, papers: Sequence[Document] | None, of_paper: OfPaper) -> int | None:
    """Return 1 if the dossier or one of its papers says so, else what the dossier says, else what all papers say."""
    by_papers = _any_of(papers, of_paper)
    return by_papers if by_papers == 1 or stated is None else stated


def _any_of(papers: Sequence[Document] | None, of_paper: OfPaper) -> int | None:
    """Return 1 if it holds for a paper, 0 if for none, None if that is not known."""
    if papers is None:
        return None
    answers = [of_paper(paper) for paper in papers]
    if any(answers):
        return 1
    return None if None in answers else 0


def _all_fees_zero(fees: Sequence[Document] | None) -> int | None:
    if fees is None:
        return None
    amounts = [None if fee["amount_vnd"] is None else float(fee["amount_vnd"]) for fee in fees]
    if any(amounts):
        return 0
    return None if None in amounts else 1


def _is_contradictory(document: Document) -> bool:
    """True if an instant of the dossier or of a round is earlier than one that must come before it."""
    course = [seconds_of(document[name]) for name in ("submitted_at", "received_at", "processed_at", "returned_at")]
    stated = [second for second in course if second is not None]
    due, received = due_second(seconds_of(document["due_at"])), course[1]
    if stated != sorted(stated) or (due is not None and received is not None and due < received):
        return True
    rounds = ((seconds_of(each["asked_at"]), seconds_of(each["supplied_at"])) for each in document["supplements"] or ())
    return any(
        asked_at is not None and supplied_at is not None and supplied_at < asked_at for asked_at, supplied_at in rounds
    )


def _pause_rows(spans: Mapping[int, Sequence[Span]], source: str) -> Sequence[tuple[int, int, int | None, str]]:
    of_history = source if source != ROUNDS else "steps"
    return [
        (status, start, None if end == FOREVER else end, source if status == SUPPLEMENT else of_history)
        for status in PAUSING
        for start, end in spans[status]
    ]


def _closed_length(spans: Iterable[Span]) -> int:
    """Return the seconds of those spans that have an end."""
    return length(span for span in spans if span[1] != FOREVER)


def flag(stated: object) -> int | None:
    """Return a yes or no as rows have it: 1, 0, or None if nobody stated it."""
    return None if stated is None else int(bool(stated))
