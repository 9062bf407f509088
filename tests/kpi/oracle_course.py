"""The oracle's reading of one dossier: when it was received and ended, what was requested when, and when it is due.

Plain Python after the rulings, in whole seconds since 1970; None is unknown. Nothing of the engine is used.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import groupby, pairwise

from cchc_schemas import DossierStatus, Procedure, ProcessingTerm
from cchc_schemas.working_days import WorkingCalendar, holidays
from tests.kpi.histories import DossierHistory

Truth = bool | None
"""True, false or unknown."""

LOCAL_OFFSET, DAY_S, HOUR_S = 7 * 3600, 86_400, 3600
FIRST_YEAR, LAST_YEAR = 1990, 2100
REFUSED, WITHDRAWN, STOPPED = DossierStatus.REFUSED, DossierStatus.WITHDRAWN, DossierStatus.STOPPED
PROCESSED, RETURNED = DossierStatus.PROCESSED, DossierStatus.RETURNED
CLOSING = frozenset({REFUSED, WITHDRAWN, STOPPED, PROCESSED, RETURNED})
PAUSING = frozenset({DossierStatus.SUPPLEMENT_REQUESTED, DossierStatus.PAYMENT_REQUESTED, STOPPED})

_CALENDAR = WorkingCalendar(holidays())
_DECEMBER = 12
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_END_FIELDS = {
    PROCESSED: "processed_at",
    RETURNED: "returned_at",
    STOPPED: "stopped_at",
    REFUSED: "refused_at",
    WITHDRAWN: "withdrawn_at",
}

Told = Sequence[tuple[int, DossierStatus]]
"""Statuses with the instants of which they are told, in time order."""


@dataclass(slots=True)
class Request:
    """One request for more papers."""

    asked_at: int
    supplied_at: int | None
    """None: not supplied, as far as is known."""
    is_supplied_sometime: bool = False
    """Whether the source says that it was supplied, and not when."""
    due_before: int | None = None
    due_after: int | None = None

    def is_outstanding(self, to: int) -> bool:
        return not self.is_supplied_sometime and (self.supplied_at is None or self.supplied_at >= to)


@dataclass(slots=True)
class Course:
    """What the figures need to know of the course of a dossier."""

    status: DossierStatus
    received: int | None
    ended: int | None
    requests: list[Request] = field(default_factory=list[Request])
    due: int | None = None
    due_original: int | None = None
    term_end: int | None = None

    @property
    def is_closed(self) -> bool:
        return self.status in CLOSING

    def requests_before(self, to: int) -> list[Request]:
        """Only requests up to `to` count, so that a closed month never changes."""
        return [request for request in self.requests if request.asked_at < to]


def second(moment: datetime | None) -> int | None:
    """Fractions of a second are cut; years before 1990 and after 2100 are placeholders."""
    return None if moment is None or not FIRST_YEAR <= moment.year <= LAST_YEAR else int(moment.timestamp())


def due_second(moment: datetime | None) -> int | None:
    """A due time of 00:00:00 is a day without a time: the end of that day."""
    due = second(moment)
    return due + DAY_S - 1 if due is not None and (due + LOCAL_OFFSET) % DAY_S == 0 else due


def course_of(history: DossierHistory, procedure: Procedure | None) -> Course:
    """Return the course of a dossier."""
    dossier = history.current
    steps, versions = told_by_steps(history), told_by_versions(history)
    received = second(dossier.received_at)
    known_dues = (due_second(version.dossier.due_at) for version in history.versions)
    first_due = next((due for due in known_dues if due is not None), None)
    original = due_second(dossier.due_original_at)
    return Course(
        status=dossier.status,
        received=received,
        ended=end_of(history, steps, versions),
        requests=requests_of(history, steps, versions),
        due=due_second(dossier.due_at),
        due_original=first_due if original is None else original,
        term_end=None if received is None else term_end(procedure, dossier.channel, received),
    )


def told_by_steps(history: DossierHistory) -> Told:
    timed = ((second(step.at), step.status) for step in history.steps)
    return sorted((at, status) for at, status in timed if at is not None)


def told_by_versions(history: DossierHistory) -> Told:
    timed = ((second(version.stored_at), version.dossier.status) for version in history.versions)
    return [(at, status) for at, status in timed if at is not None]


def entered(events: Told) -> list[tuple[int, DossierStatus]]:
    """Return the instants at which the status changed: of steps that keep a status the first."""
    return [next(group) for _, group in groupby(events, key=lambda event: event[1])]


def end_of(history: DossierHistory, steps: Told, versions: Told) -> int | None:
    """The last end, and only where the status still is a closing one; 9 first, then 10, then 8 or 3; field first."""
    status = history.current.status
    if status not in CLOSING:
        return None
    order = (WITHDRAWN,) if status is WITHDRAWN else dict.fromkeys((PROCESSED, RETURNED, status))
    ends_by_steps = last_ends(entered(steps))
    ends_by_versions = last_ends(entered(versions)[1:])  # the first version tells when it was loaded, and no end
    for end_status in order:
        by_field = second(getattr(history.current, _END_FIELDS[end_status]))
        for end in (by_field, ends_by_steps.get(end_status), ends_by_versions.get(end_status)):
            if end is not None:
                return end
    return None


def last_ends(changes: Told) -> dict[DossierStatus, int]:
    """Return the closing statuses that followed the last one that is none: what was recalled or resumed is no end."""
    ends = dict[DossierStatus, int]()
    for at, status in changes:
        if status in CLOSING:
            ends.setdefault(status, at)
        else:
            ends.clear()
    return ends


def requests_of(history: DossierHistory, steps: Told, versions: Told) -> list[Request]:
    """Pauses are known from rounds, steps or our own versions, in that order; no rounds at all is known to be none."""
    if history.current.supplements is not None:
        return requests_of_rounds(history)
    return requests_told(steps if any(status in PAUSING for _, status in steps) else versions)


def requests_of_rounds(history: DossierHistory) -> list[Request]:
    """The same round twice is one; a round without the instant of its request is none."""
    requests = dict[int, Request]()
    for each in history.current.supplements or ():
        asked_at = second(each.asked_at)
        if asked_at is None:
            continue
        supplied_at = second(each.supplied_at)
        request = Request(
            asked_at,
            supplied_at,
            is_supplied_sometime=supplied_at is None and bool(each.is_supplied),
            due_before=due_second(each.due_before),
            due_after=due_second(each.due_after),
        )
        requests.setdefault(asked_at, request)
    return [requests[asked_at] for asked_at in sorted(requests)]


def requests_told(events: Told) -> list[Request]:
    """A request lasts from its status 5 until the next other status, be that a closing one."""
    changes = [*entered(events), None]
    return [
        Request(change[0], None if following is None else following[0])
        for change, following in pairwise(changes)
        if change is not None and change[1] is DossierStatus.SUPPLEMENT_REQUESTED
    ]


def term_end(procedure: Procedure | None, channel: int | None, received: int) -> int | None:
    """Return the end of the longest term: of the channel, null is direct; of all channels where it has none."""
    if procedure is None:
        return None
    of_channel = [each.terms for each in procedure.channels if each.channel == (1 if channel is None else channel)]
    for terms in (of_channel, [each.terms for each in procedure.channels]):
        ends = [end for group in terms for term in group if (end := end_of_term(term, received)) is not None]
        if ends:
            return max(ends)
    return None


def end_of_term(term: ProcessingTerm, received: int) -> int | None:
    """Hours, days of 24 hours, working days by the holidays, months clamped to the last day; the time of day stays."""
    if term.duration is None or term.unit is None:
        return None
    unit = term.unit.casefold()
    if unit == "giờ":
        return received + int(term.duration * HOUR_S)
    if unit == "ngày":
        return received + int(term.duration * DAY_S)
    number = int(term.duration)
    if unit == "ngày làm việc":
        day = local_day(received)
        return received + (_CALENDAR.after(day, number) - day).days * DAY_S
    return months_later(received, number) if unit == "tháng" else None


def local_day(at: int) -> date:
    return (_EPOCH + timedelta(seconds=at + LOCAL_OFFSET)).date()


def months_later(at: int, number: int) -> int:
    day = local_day(at)
    year, month = divmod(day.year * _DECEMBER + day.month - 1 + number, _DECEMBER)
    last = 31
    while True:
        try:
            later = day.replace(year=year, month=month + 1, day=min(day.day, last))
        except ValueError:
            last -= 1
        else:
            return at + (later - day).days * DAY_S


def limit_at(course: Course, to: int, ended: int | None) -> int | None:
    """Return the last second at which a dossier is on time, as far as was known at `to`; None: unknown.

    Due and supplement time; due alone where the source moved it; receipt, longest term and supplement time where there
    never was a due date; a due date that was lost is unknown.
    """
    counting = course.requests_before(to)
    if course.due is None:
        has_known_due = course.due_original is not None or any(request.due_after for request in course.requests)
        term = None if has_known_due else course.term_end
        return None if term is None else term + paused(counting, to, ended)
    due = due_as_of(course, counting, is_waiting=ended is None and bool(counting) and counting[-1].is_outstanding(to))
    moved = [request for request in counting if is_moved(course, request, due)]
    return due + paused(counting, to, ended) - paused(moved, to, ended)


def due_as_of(course: Course, counting: Sequence[Request], *, is_waiting: bool) -> int:
    """Return the due date after the requests that count, before any later one.

    While papers are awaited it is the one before the request: sources move it when the papers come.
    """
    assert course.due is not None
    behind = counting[:-1] if is_waiting else counting
    following = course.requests[len(behind) :]
    if following and following[0].due_before is not None:
        return following[0].due_before
    if behind and behind[-1].due_before is not None and behind[-1].due_after is not None:
        return behind[-1].due_after
    return course.due_original if following and not behind and course.due_original is not None else course.due


def is_moved(course: Course, request: Request, due: int) -> bool:
    """A due date that moved is judged per round where rounds tell both, else due against original due."""
    if request.due_before is not None and request.due_after is not None:
        return request.due_before != request.due_after
    return course.due_original is not None and course.due_original != due


def paused(requests: Iterable[Request], to: int, ended: int | None) -> int:
    """Return the seconds of the united pauses; one supplied before it was asked, or never, pauses nothing."""
    total, covered = 0, 0
    for request in sorted(requests, key=lambda request: request.asked_at):
        if request.supplied_at is None or request.supplied_at >= to:
            continue
        begin = max(request.asked_at, covered)
        end = request.supplied_at if ended is None else min(request.supplied_at, ended)
        if end > begin:
            total, covered = total + end - begin, end
    return total


def pauses_of(requests: Iterable[Request], ended: int) -> list[tuple[int, int]]:
    """Return the united pauses up to the end."""
    pauses = list[tuple[int, int]]()
    for request in sorted(requests, key=lambda request: request.asked_at):
        begin = max(request.asked_at, pauses[-1][1] if pauses else 0)
        end = begin if request.supplied_at is None else min(request.supplied_at, ended)
        if end > begin:
            pauses.append((begin, end))
    return pauses


def working_seconds(begin: int, end: int) -> int:
    """Return the seconds of an interval that lie in working days, which are whole days here."""
    total, moment = 0, begin
    while moment < end:
        midnight = moment + DAY_S - (moment + LOCAL_OFFSET) % DAY_S
        if _CALENDAR.is_working_day(local_day(moment)):
            total += min(end, midnight) - moment
        moment = midnight
    return total
