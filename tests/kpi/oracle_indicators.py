"""The oracle's indicators, after the rulings alone.

An indicator is a function that says of one dossier, procedure or rating whether it is in the population and whether it
is in the numerator; each answer is true, false or unknown, and unknown is out of both and counted apart.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from cchc_schemas import (
    Channel,
    Dossier,
    Procedure,
)
from cchc_schemas.dates import midnight
from tests.kpi.oracle_course import (
    DAY_S,
    HOUR_S,
    PROCESSED,
    REFUSED,
    RETURNED,
    WITHDRAWN,
    Course,
    Truth,
    limit_at,
    pauses_of,
    working_seconds,
)
from tests.kpi.oracle_papers import (
    all_fees_are_zero,
    both,
    either,
    has_result_file,
    has_submitted_file,
    is_for_citizens,
    is_from_national_store,
    is_reused,
    opposite,
    uses_population_data,
)

_FINISHED = frozenset({PROCESSED, RETURNED})
_ONLINE_LEVELS = frozenset({"3", "4"})
_WORKING_DAY = "ngày làm việc"
_PAID_ONLINE = frozenset({"1", "2"})


@dataclass(frozen=True, slots=True)
class Period:
    """Local days from `start` up to, and without, `end`."""

    start: date
    end: date

    @property
    def seconds(self) -> tuple[int, int]:
        return int(midnight(self.start).timestamp()), int(midnight(self.end).timestamp())


@dataclass(frozen=True, slots=True)
class Subject:
    """One dossier with what the figures need of it."""

    dossier: Dossier
    course: Course
    procedure: Procedure | None
    complaints: Sequence[int] = ()
    """Instants of complaints about it and dislikes of it."""


Judgement = tuple[Truth, int | None]
"""Whether it is in the population, and what it adds to the numerator; None is unknown."""


def is_within(at: int, period: tuple[int, int]) -> bool:
    return period[0] <= at < period[1]


def received_in(subject: Subject, period: tuple[int, int]) -> bool:
    """R: received in the period; without an instant of receipt it is not counted."""
    received = subject.course.received
    return received is not None and is_within(received, period)


def ended_in(subject: Subject, period: tuple[int, int]) -> Truth:
    """E: ended in the period; an end that is not known is counted apart once, in the period of the receipt."""
    course = subject.course
    if not course.is_closed or (course.received is None and course.status in {REFUSED, WITHDRAWN}):
        return False
    if course.ended is None:
        return None if received_in(subject, period) else False
    return is_within(course.ended, period)


def finished_in(subject: Subject, period: tuple[int, int]) -> Truth:
    """E with status 9 or 10."""
    return ended_in(subject, period) if subject.course.status in _FINISHED else False


def in_time(course: Course, to: int) -> Truth:
    """`end*` is not after the limit; asked twice is late, with or without a due date.

    `end*` is the end if it was before `to`, else the one request while it is outstanding, else `to`.
    """
    counting = course.requests_before(to)
    if len(counting) > 1:
        return False
    if course.is_closed and course.ended is None:
        return None
    ended = course.ended if course.ended is not None and course.ended < to else None
    limit = limit_at(course, to, ended)
    if limit is None:
        return None
    if ended is not None:
        return ended <= limit
    return (counting[0].asked_at if counting and counting[0].is_outstanding(to) else to) <= limit


def on_time(subject: Subject, period: tuple[int, int]) -> Judgement:
    """2.1: received or ended in the period; refused and stopped end, withdrawn only if received, status 1 never."""
    if subject.course.status == 1:
        return False, None
    handled = either(received_in(subject, period), ended_in(subject, period))
    return handled, in_time(subject.course, period[1])


def plainly_on_time(subject: Subject, period: tuple[int, int]) -> Judgement:
    """2.1p: ended in the period with status 9 or 10; the end is not after the limit."""
    course, to = subject.course, period[1]
    limit = limit_at(course, to, course.ended)
    is_in_time = None if limit is None or course.ended is None else course.ended <= limit
    return finished_in(subject, period), is_in_time


def time_in(unit: str) -> Callable[[Subject, tuple[int, int]], Judgement]:
    """2.2: received in the period, with status 9 or 10, the end may be later; end, less receipt, less pauses."""

    def handling_time(subject: Subject, period: tuple[int, int]) -> Judgement:
        course = subject.course
        if course.status not in _FINISHED or unit_of(subject.procedure) != unit or not received_in(subject, period):
            return False, None
        if course.ended is None or course.received is None:
            return True, None
        measured = working_seconds if unit == _WORKING_DAY else _seconds
        pauses = sum(measured(*pause) for pause in pauses_of(course.requests, course.ended))
        return True, measured(course.received, course.ended) - pauses

    return handling_time


def _seconds(begin: int, end: int) -> int:
    return end - begin


def unit_of(procedure: Procedure | None) -> str | None:
    """In the procedure's unit, months in days; units are never mixed, so one with terms of several units has none."""
    terms = [term for each in procedure.channels for term in each.terms] if procedure else []
    units = {term.unit.casefold() for term in terms if term.unit and term.duration is not None}
    units = {"ngày" if unit == "tháng" else unit for unit in units}
    return units.pop() if len(units) == 1 else None


def online_of_received(subject: Subject, period: tuple[int, int]) -> Judgement:
    """3.3: received in the period; channel 2, where null is direct."""
    return received_in(subject, period), subject.dossier.channel is Channel.ONLINE


def online_of_known_channels(subject: Subject, period: tuple[int, int]) -> Judgement:
    """3.3 beside it: known channels only."""
    channel = subject.dossier.channel
    return received_in(subject, period), None if channel is None else channel is Channel.ONLINE


def wholly_online(subject: Subject, period: tuple[int, int]) -> Judgement:
    """3.0: received, of procedures that are eligible for full online service; online at level 4."""
    procedure = subject.procedure
    is_full = None if procedure is None or procedure.service_level is None else procedure.service_level == "4"
    population = both(received_in(subject, period), None if procedure is None else procedure.is_eligible_full)
    return population, both(subject.dossier.channel is Channel.ONLINE, is_full)


def online_of_handled(subject: Subject, period: tuple[int, int]) -> Judgement:
    """Programme: handled (9, 10) in the period; online at a procedure of level 3 or 4."""
    level = None if subject.procedure is None else subject.procedure.service_level
    has_level = None if level is None else level in _ONLINE_LEVELS
    return finished_in(subject, period), both(subject.dossier.channel is Channel.ONLINE, has_level)


def paid_online(subject: Subject, period: tuple[int, int]) -> Judgement:
    """3.6: received, of procedures with a fee, less those whose every fee is 0; paid on the portal or a gateway."""
    has_fee = None if subject.procedure is None else subject.procedure.has_fee
    payment = subject.dossier.payment
    population = both(received_in(subject, period), has_fee, opposite(all_fees_are_zero(subject.dossier)))
    return population, None if payment is None else payment in _PAID_ONLINE


def electronic_results(subject: Subject, period: tuple[int, int]) -> Judgement:
    """4.1: ended with 9 or 10, of procedures with a paper result; the result is linked."""
    gives_paper = None if subject.procedure is None else subject.procedure.gives_paper_result
    return both(finished_in(subject, period), gives_paper), has_result_file(subject.dossier)


def digitised(subject: Subject, period: tuple[int, int]) -> Judgement:
    """4.2: ended with 9 or 10; a file was submitted and a file is the result."""
    dossier = subject.dossier
    return finished_in(subject, period), both(has_submitted_file(dossier), has_result_file(dossier))


def reused(subject: Subject, period: tuple[int, int]) -> Judgement:
    """4.3: received; digitised or reused."""
    return received_in(subject, period), is_reused(subject.dossier)


def shared(subject: Subject, period: tuple[int, int]) -> Judgement:
    """4.4: received; a paper came from the national store."""
    return received_in(subject, period), is_from_national_store(subject.dossier)


def with_population_data(subject: Subject, period: tuple[int, int]) -> Judgement:
    """4.5b: received, of procedures for citizens; authenticated, national store or population database."""
    return both(received_in(subject, period), is_for_citizens(subject.procedure)), uses_population_data(subject.dossier)


def content(subject: Subject, period: tuple[int, int]) -> Judgement:
    """5.4: as 2.1; less the late ones and less those with any complaint or dislike up to `to`; both count twice."""
    population, is_in_time = on_time(subject, period)
    is_disliked = any(at < period[1] for at in subject.complaints)
    return population, None if is_in_time is None else int(is_in_time) - is_disliked


def content_counted_once(subject: Subject, period: tuple[int, int]) -> Judgement:
    """Beside 5.4: the union of the late and the disliked ones, counted once."""
    population, _ = on_time(subject, period)
    is_disliked = any(at < period[1] for at in subject.complaints)
    return population, both(in_time(subject.course, period[1]), not is_disliked)


def authenticated(subject: Subject, period: tuple[int, int]) -> Judgement:
    """Programme: all dossiers received, every channel; authenticated or signed."""
    return received_in(subject, period), either(subject.dossier.is_authenticated, subject.dossier.is_signed)


def authenticated_online(subject: Subject, period: tuple[int, int]) -> Judgement:
    """The decree's: received with channel 2; authenticated or signed."""
    population, numerator = authenticated(subject, period)
    return both(population, subject.dossier.channel is Channel.ONLINE), numerator


def in_force(procedure: Procedure, last_day: date) -> bool:
    """Public, and in force on the last day of the period; a day that is not known does not exclude it."""
    begun = procedure.effective_on
    return procedure.is_public and (begun is None or begun.earliest() <= last_day)


def _level(procedure: Procedure, levels: Iterable[str]) -> Truth:
    return None if procedure.service_level is None else procedure.service_level in levels


PROCEDURES: Mapping[str, Mapping[str, Callable[[Procedure, date], Judgement]]] = {
    "qd-766-2022": {
        "3.1": lambda each, day: (in_force(each, day), _level(each, _ONLINE_LEVELS)),
        "3.1f": lambda each, day: (both(in_force(each, day), each.is_eligible_full), _level(each, ("4",))),
        "3.5": lambda each, day: (both(in_force(each, day), each.has_fee), each.accepts_online_payment),
    },
    "cchc-2021-2030": {
        "procedures_online": lambda each, day: (
            both(in_force(each, day), each.is_eligible_online),
            _level(each, _ONLINE_LEVELS),
        ),
        "procedures_online_all": lambda each, day: (in_force(each, day), _level(each, _ONLINE_LEVELS)),
        "procedures_on_portal": lambda each, day: (in_force(each, day), each.is_on_national_portal),
    },
}

DOSSIERS: Mapping[str, Mapping[str, Callable[[Subject, tuple[int, int]], Judgement]]] = {
    "qd-766-2022": {
        "2.1": on_time,
        "2.1p": plainly_on_time,
        "2.2h": time_in("giờ"),
        "2.2d": time_in("ngày"),
        "2.2w": time_in(_WORKING_DAY),
        "3.3": online_of_received,
        "3.3k": online_of_known_channels,
        "3.0": wholly_online,
        "3.6": paid_online,
        "4.1": electronic_results,
        "4.2": digitised,
        "4.3": reused,
        "4.4": shared,
        "4.5b": with_population_data,
        "5.4": content,
        "5.4u": content_counted_once,
    },
    "cchc-2021-2030": {
        "on_time": on_time,
        "on_time_handled": plainly_on_time,
        "dossiers_online": online_of_handled,
        "dossiers_submitted_online": online_of_received,
        "satisfied": content,
        "authenticated": authenticated,
        "authenticated_online": authenticated_online,
    },
}
NEVER_BELOW_ZERO = frozenset({"5.4", "satisfied"})
"""From which both the late and the disliked ones are taken."""
MEANS = {"2.2h": HOUR_S, "2.2d": DAY_S, "2.2w": DAY_S}
"""Seconds of the unit of each indicator that is a mean."""
