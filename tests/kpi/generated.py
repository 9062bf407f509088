"""Seeded worlds for the indicators: dossiers with every oddity that the rulings name, of an invented province.

A dossier has a life first: its statuses with their instants, its supplement rounds, its due dates. What a source
tells of that life is projected from it: fields, rounds, steps, and the versions of the nights on which it was loaded.
Then some of it is distorted, as sources do.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from cchc_schemas import (
    Agency,
    Channel,
    Dossier,
    DossierStatus,
    DossierStep,
    Procedure,
    SupplementRound,
    vietnamese_day,
)
from cchc_schemas.dates import midnight
from tests.kpi.generated_frame import agencies_of, opinions_of, procedures_of
from tests.kpi.generated_papers import flags_of
from tests.kpi.histories import DossierHistory, StoredVersion, World

YEAR = 2025
FIRST_LOAD = datetime(YEAR, 2, 20, 20, 0, 11, tzinfo=UTC)
LOADS = tuple(FIRST_LOAD + timedelta(days=15 * number, minutes=number) for number in range(22))
LAST_LOAD = LOADS[-1]

_SECOND, _MINUTE, _HOUR, _DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_PLACEHOLDERS = (datetime(1900, 1, 1, tzinfo=UTC), datetime(1970, 1, 2, tzinfo=UTC), datetime(2999, 12, 30, tzinfo=UTC))
_ENDS = {
    DossierStatus.REFUSED: "refused_at",
    DossierStatus.WITHDRAWN: "withdrawn_at",
    DossierStatus.STOPPED: "stopped_at",
    DossierStatus.PROCESSED: "processed_at",
    DossierStatus.RETURNED: "returned_at",
}


@dataclass(slots=True)
class _Round:
    asked_at: datetime
    supplied_at: datetime | None
    due_before: datetime | None
    due_after: datetime | None


@dataclass(slots=True)
class _Life:
    """What happened to a dossier."""

    code: str
    procedure: Procedure
    agency: str | None
    channel: Channel | None
    submitted: datetime
    received: datetime | None
    due: datetime | None
    """At first."""
    rounds: list[_Round] = field(default_factory=list[_Round])
    course: list[tuple[datetime, DossierStatus]] = field(default_factory=list[tuple[datetime, DossierStatus]])
    tells_rounds: bool = True
    tells_dues_of_rounds: bool = True
    tells_first_due: bool = True
    told_ends: frozenset[DossierStatus] = frozenset()
    flags: dict[str, Any] = field(default_factory=dict[str, Any])


class Generator:
    """Makes worlds; the same seed makes the same world."""

    def __init__(self, seed: int, *, units: int = 6, is_disputed: bool = True) -> None:
        """Make the agencies and procedures.

        Args:
            seed: the same one makes the same world.
            units: how many agencies of each kind there are.
            is_disputed: whether there is what the program and the oracle read differently: dossiers without any end
                though they are closed, due dates that are placeholders, supplies after the end, rounds without instant.
        """
        self._random = Random(seed)
        self._is_disputed = is_disputed
        self.agencies: tuple[Agency, ...] = agencies_of(units)
        self.procedures: tuple[Procedure, ...] = procedures_of(self._random, self.agencies, 12 + 3 * units)
        self._codes = [agency.code for agency in self.agencies]

    def dossiers(self, number: int) -> Iterator[DossierHistory]:
        """Yield dossiers; each is made when it is asked for."""
        for index in range(number):
            yield self._history(self._life(index))

    def world(self, number: int) -> World:
        """Return a world of a number of dossiers, with ratings and feedback."""
        dossiers = tuple(self.dossiers(number))
        ratings, feedback = opinions_of(self._random, [history.current for history in dossiers])
        return World(
            agencies=self.agencies,
            procedures=self.procedures,
            dossiers=dossiers,
            ratings=ratings,
            feedback=feedback,
        )

    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    def _span(self, longest: timedelta) -> timedelta:
        return _MINUTE + timedelta(seconds=self._random.randrange(int(longest.total_seconds())))

    def _life(self, index: int) -> _Life:
        pick = self._random
        received = midnight(date(YEAR, 1, 1)) + self._span(364 * _DAY)
        if self._chance(0.04):
            received = midnight(vietnamese_day(received))
        elif self._chance(0.05):
            received += timedelta(microseconds=pick.randrange(1, 999_999))
        life = _Life(
            code=f"H09-{vietnamese_day(received):%y%m%d}-{index:06}",
            procedure=pick.choice(self.procedures),
            agency=None if self._chance(0.02) else pick.choice(self._codes),
            channel=pick.choices((None, *Channel), (12, 40, 43, 5))[0],
            submitted=received - self._span(3 * _DAY),
            received=received,
            due=received + self._span(25 * _DAY),
            tells_rounds=self._chance(0.5) or not self._is_disputed,
            tells_dues_of_rounds=self._chance(0.4),
            tells_first_due=self._chance(0.5),
            flags=flags_of(pick),
        )
        if self._chance(0.2) and life.due is not None:
            life.due = midnight(vietnamese_day(life.due))
        self._live(life, received)
        told_ends = {status for _, status in life.course if self._chance(0.75) or not self._is_disputed}
        life.told_ends = frozenset(told_ends)
        return life

    def _live(self, life: _Life, received: datetime) -> None:
        """Fill the course of a dossier."""
        beginning = self._random.random()
        if beginning < 0.03:
            life.received, life.course = None, [(life.submitted, DossierStatus.REGISTERED)]
        elif beginning < 0.06:
            life.received = None
            life.course = [(life.submitted, DossierStatus.REGISTERED), (received, DossierStatus.REFUSED)]
        elif beginning < 0.08:
            life.received = None
            life.course = [(life.submitted, DossierStatus.REGISTERED), (received, DossierStatus.WITHDRAWN)]
        else:
            life.course = [(received, DossierStatus.RECEIVED)]
            self._process(life, received)

    def _process(self, life: _Life, moment: datetime) -> None:
        """Let a received dossier be processed, with rounds, payments, ends and recalls."""
        if self._chance(0.8):
            moment = self._enter(life, moment, 2 * _DAY, DossierStatus.IN_PROCESS)
        for _ in range(self._random.choices((0, 1, 2, 3), (62, 26, 9, 3))[0]):
            asked_at = self._enter(life, moment, 6 * _DAY, DossierStatus.SUPPLEMENT_REQUESTED)
            moment = self._supply(life, asked_at)
        if self._chance(0.06):
            moment = self._enter(life, moment, 3 * _DAY, DossierStatus.PAYMENT_REQUESTED)
            moment = self._enter(life, moment, 5 * _DAY, DossierStatus.IN_PROCESS)
        ends = (None, *_ENDS)
        end = self._random.choices(ends, (18, 3, 4, 6, 45, 24))[0]
        if end is None:
            return
        if end in {DossierStatus.PROCESSED, DossierStatus.RETURNED} and self._chance(0.08):
            before = self._random.choice((DossierStatus.PROCESSED, DossierStatus.STOPPED))
            moment = self._enter(life, moment, 5 * _DAY, before)
            moment = self._enter(life, moment, 4 * _DAY, DossierStatus.IN_PROCESS)
            if self._chance(0.2):
                return
        if end is DossierStatus.RETURNED and self._chance(0.7):
            moment = self._end(life, moment, DossierStatus.PROCESSED)
            self._enter(life, moment, 3 * _DAY, end)
        else:
            self._end(life, moment, end)

    def _supply(self, life: _Life, asked_at: datetime) -> datetime:
        """Add a round that begins at `asked_at`; return its end, or where the course goes on."""
        current = life.rounds[-1].due_after if life.rounds else life.due
        supplied = None if self._chance(0.15) else asked_at + self._span(9 * _DAY)
        moved = current
        if current is not None and self._chance(0.45):
            moved = current + (
                (supplied or asked_at) - asked_at if self._chance(0.6) else self._span(8 * _DAY) - 2 * _DAY
            )
        life.rounds.append(_Round(asked_at, supplied, current, moved))
        if supplied is not None:
            life.course.append((supplied, DossierStatus.IN_PROCESS))
        return supplied or asked_at

    def _enter(self, life: _Life, moment: datetime, within: timedelta, status: DossierStatus) -> datetime:
        entered = moment + self._span(within)
        life.course.append((entered, status))
        return entered

    def _end(self, life: _Life, moment: datetime, status: DossierStatus) -> datetime:
        """End a dossier, often near its due time, sometimes to the second, and in the time of day of its receipt."""
        end = moment + self._span(18 * _DAY)
        due = life.rounds[-1].due_after if life.rounds else life.due
        paused = sum(((round_.supplied_at or round_.asked_at) - round_.asked_at for round_ in life.rounds), timedelta())
        if due is not None and self._chance(0.12):
            end = (
                due
                + self._random.choice((timedelta(), paused))
                + self._random.choice((timedelta(), _SECOND, -_SECOND, _SECOND / 2, _DAY, _DAY - _SECOND))
            )
        elif life.received is not None and self._chance(0.15):
            end = life.received + timedelta(days=self._random.randrange(1, 40), seconds=self._random.choice((0, 0, 1)))
        end = max(end, moment + _MINUTE)
        life.course.append((end, status))
        return end

    def _history(self, life: _Life) -> DossierHistory:
        """Return what is stored of a life: versions of the nights on which something had changed, and steps."""
        loads = [load for load in LOADS if load >= life.course[0][0]] or [LAST_LOAD]
        if self._chance(0.5):
            loads = [self._random.choice(loads[:3]), *loads[-1:]]
        elif self._chance(0.5):
            loads = loads[-1:]
        distortion = self._distortion(life)
        versions = list[StoredVersion]()
        for load in sorted(set(loads)):
            changes = distortion if load == loads[-1] else {}
            dossier = self._seen(life, load, changes)
            if dossier is not None and (not versions or versions[-1].dossier != dossier):
                versions.append(StoredVersion(load, dossier))
        return DossierHistory(versions=tuple(versions), steps=self._steps(life), is_deleted=self._chance(0.01))

    def _seen(self, life: _Life, load: datetime, changes: dict[str, Any]) -> Dossier | None:
        """Return the dossier as its source shows it at an instant; None if it does not have it yet."""
        course = [(moment, status) for moment, status in life.course if moment <= load]
        if not course:
            return None
        rounds = [each for each in life.rounds if each.asked_at <= load]
        members: dict[str, Any] = {
            "code": life.code,
            "procedure_code": life.procedure.code,
            "agency_code": life.agency,
            "status": course[-1][1],
            "channel": life.channel,
            "submitted_at": life.submitted,
            "received_at": life.received,
            "due_at": rounds[-1].due_after if rounds else life.due,
            "due_original_at": life.due if life.tells_first_due else None,
            **life.flags,
        }
        for moment, status in course:
            if status in _ENDS and status in life.told_ends:
                members[_ENDS[status]] = moment
        if life.tells_rounds:
            members["supplements"] = tuple(self._told_rounds(life, rounds, load))
        if course[-1][1] not in _ENDS and "processed_at" in members:
            del members["processed_at"]  # recalled: most sources empty it
        return Dossier(**{**members, **changes})

    def _told_rounds(self, life: _Life, rounds: list[_Round], load: datetime) -> Iterator[SupplementRound]:
        for number, each in enumerate(rounds, 1):
            is_supplied = each.supplied_at is not None and each.supplied_at <= load
            yield SupplementRound(
                number=str(number) if life.flags["is_signed"] else None,
                asked_at=each.asked_at,
                supplied_at=each.supplied_at if is_supplied else None,
                is_supplied=is_supplied if life.flags["is_authenticated"] else None,
                due_before=each.due_before if life.tells_dues_of_rounds else None,
                due_after=each.due_after if life.tells_dues_of_rounds else None,
            )

    def _steps(self, life: _Life) -> tuple[DossierStep, ...]:
        """Return all steps, the last one alone, as some systems send it, or none."""
        choice = self._random.random()
        course = [event for event in life.course if event[0] <= LAST_LOAD]
        course = course if choice < 0.4 else course[-1:] if choice < 0.6 else []
        moments = {moment.replace(microsecond=0): (moment, status) for moment, status in course}
        return tuple(
            DossierStep(dossier_code=life.code, at=moment, action="Chuyển bước xử lý", status=status)
            for moment, status in moments.values()
        )

    def _distortion(self, life: _Life) -> dict[str, Any]:
        """Return fields of the last version that its source has otherwise than they were."""
        choice = self._random.random()
        if choice < 0.06:
            return {"due_at": None}
        if choice < 0.09:
            return {"due_at": None, "due_original_at": None}
        if choice < 0.11 and life.received is not None:
            return {"received_at": None}
        if choice < 0.14:
            settled, disputed = ("received_at", "due_original_at"), ("due_at", "processed_at")
            name = self._random.choice((*settled, *disputed) if self._is_disputed else settled)
            return {name: self._random.choice(_PLACEHOLDERS)}
        if choice < 0.24 and life.rounds and life.tells_rounds:
            return {"supplements": self._distorted_rounds(life)}
        return {"supplements": ()} if choice < 0.27 and not life.rounds else {}

    def _distorted_rounds(self, life: _Life) -> tuple[SupplementRound, ...]:
        """Return rounds: one is there twice, overlaps, is supplied too early or late, or lacks its instant."""
        rounds = list(self._told_rounds(life, life.rounds, LAST_LOAD))
        first, choice = rounds[0], self._random.randrange(5 if self._is_disputed else 3)
        asked_at = life.rounds[0].asked_at
        if choice == 0:
            return (*rounds, first)
        if choice == 1:
            return (first.model_copy(update={"supplied_at": asked_at - _HOUR, "is_supplied": True}), *rounds[1:])
        if choice == 2:
            second = {
                "number": "9",
                "asked_at": asked_at + _HOUR,
                "supplied_at": asked_at + 3 * _DAY,
                "is_supplied": True,
            }
            return (*rounds, first.model_copy(update={**second, "is_supplied": True}))
        if choice == 3:
            return (*rounds[:-1], rounds[-1].model_copy(update={"asked_at": None}))
        late = life.course[-1][0] + 20 * _DAY
        return (*rounds[:-1], rounds[-1].model_copy(update={"supplied_at": late, "is_supplied": True}))
