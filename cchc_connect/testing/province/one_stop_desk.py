"""One-stop desk (bộ phận một cửa): numbers dossiers, computes their due dates, changes their status.

Statuses are the national codes 1..10; the status texts are those of OpenCPS (VietOpenCPS/opencps-v2,
DossierStatusConstants). The transitions are the usual ones observed in public one-stop code.
"""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from types import MappingProxyType

from cchc_connect.testing.province.facts import ActionFact, DossierFact, Party, ProcedureFact
from cchc_connect.testing.province.people import People
from cchc_connect.testing.province.seeded_random import happens, weighted_choice
from cchc_schemas import DossierStatus

USUAL_TRANSITIONS = MappingProxyType(
    {
        DossierStatus.REGISTERED: {DossierStatus.RECEIVED: 19.0, DossierStatus.REFUSED: 1.0},
        DossierStatus.RECEIVED: {
            DossierStatus.IN_PROCESS: 17.0,
            DossierStatus.SUPPLEMENT_REQUESTED: 2.0,
            DossierStatus.WITHDRAWN: 1.0,
        },
        DossierStatus.IN_PROCESS: {
            DossierStatus.PROCESSED: 6.0,
            DossierStatus.SUPPLEMENT_REQUESTED: 2.0,
            DossierStatus.PAYMENT_REQUESTED: 1.0,
            DossierStatus.STOPPED: 1.0,
        },
        DossierStatus.SUPPLEMENT_REQUESTED: {DossierStatus.IN_PROCESS: 3.0, DossierStatus.RECEIVED: 1.0},
        DossierStatus.PAYMENT_REQUESTED: {DossierStatus.IN_PROCESS: 1.0},
        DossierStatus.STOPPED: {DossierStatus.IN_PROCESS: 1.0},
        DossierStatus.PROCESSED: {DossierStatus.RETURNED: 1.0},
    }
)
"""Next statuses with their weights; a status that is not a key is final."""

OPENCPS_STATUSES = MappingProxyType(
    {
        DossierStatus.REGISTERED: {"new": 1.0},
        DossierStatus.RECEIVED: {"receiving": 9.0, "collecting": 1.0},
        DossierStatus.REFUSED: {"denied": 1.0},
        DossierStatus.IN_PROCESS: {"processing": 8.0, "handover": 1.0, "interoperating": 1.0},
        DossierStatus.SUPPLEMENT_REQUESTED: {"waiting": 1.0},
        DossierStatus.PAYMENT_REQUESTED: {"paying": 1.0},
        DossierStatus.WITHDRAWN: {"cancelled": 1.0},
        DossierStatus.STOPPED: {"unresolved": 3.0, "pausing": 1.0},
        DossierStatus.PROCESSED: {"releasing": 5.0, "posting": 1.0},
        DossierStatus.RETURNED: {"done": 1.0},
    }
)
"""OpenCPS statuses that mean a national status, with their weights."""

SATURDAY = 6
"""ISO 8601 number of the weekday."""

_PAUSES = frozenset({DossierStatus.SUPPLEMENT_REQUESTED, DossierStatus.PAYMENT_REQUESTED, DossierStatus.STOPPED})
_RELEASED = frozenset({DossierStatus.PROCESSED, DossierStatus.RETURNED})
_NOTES = {
    DossierStatus.REFUSED: "Hồ sơ không thuộc thẩm quyền",
    DossierStatus.SUPPLEMENT_REQUESTED: "Đề nghị bổ sung giấy tờ",
    DossierStatus.WITHDRAWN: "Theo đơn rút hồ sơ",
}
_FIRST_ID = 50_101
_OPENING_HOUR, _CLOSING_HOUR = 7, 17


@dataclass(frozen=True, kw_only=True)
class Application:
    """An application to an agency."""

    procedure: ProcedureFact
    agency_code: str
    agency_name: str
    applicant: Party
    summary: str
    created_at: datetime
    online: bool


class OneStopDesk:
    """Opens dossiers and changes their status. A dossier's code is unique nationally."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._people = People(rng)
        self._numbers: Counter[str] = Counter()
        self._opened = 0

    def open(self, application: Application) -> DossierFact:
        """Open a dossier: registered if it was filed online, received if it was filed at the counter."""
        at = application.created_at
        dossier = DossierFact(
            source_id=str(_FIRST_ID + self._opened),
            changed_at=at,
            created_at=at,
            code=self._number(application.agency_code, at),
            procedure=application.procedure,
            agency_code=application.agency_code,
            agency_name=application.agency_name,
            applicant=application.applicant,
            online=application.online,
            return_by_post=happens(self._rng, 0.15),
            summary=application.summary,
            status=DossierStatus.REGISTERED,
            opencps_status="new",
            submitted_at=at if application.online else None,
            received_at=None,
            due_at=None,
            released_at=None,
            finished_at=None,
            actions=(),
        )
        self._opened += 1
        return self._with_status(
            dossier, DossierStatus.REGISTERED if application.online else DossierStatus.RECEIVED, at
        )

    def advance(self, dossier: DossierFact, at: datetime) -> DossierFact:
        """Make one usual transition at `at`; the dossier must not have a final status."""
        return self._with_status(dossier, weighted_choice(self._rng, USUAL_TRANSITIONS[dossier.status]), at)

    def recall(self, dossier: DossierFact, at: datetime) -> DossierFact:
        """Reopen a returned dossier at `at` (thu hồi kết quả)."""
        return self._with_status(dossier, DossierStatus.IN_PROCESS, at)

    def advance_until(self, dossier: DossierFact, now: datetime) -> DossierFact:
        """Make the transitions of a dossier from its opening until `now`; keep only the last action."""
        at = dossier.changed_at
        while dossier.status in USUAL_TRANSITIONS:
            at += self._pause(dossier, at)
            if at >= now:
                break
            dossier = self.advance(dossier, at)
        return replace(dossier, actions=dossier.actions[-1:])

    def _pause(self, dossier: DossierFact, at: datetime) -> timedelta:
        share = (
            self._rng.uniform(0.15, 0.8) if dossier.status == DossierStatus.IN_PROCESS else self._rng.uniform(0.05, 0.5)
        )
        hours = max(1.0, 24 * dossier.procedure.working_days * share)
        neglect_hours = 60 * 24 if happens(self._rng, 0.06) else 0
        pause = timedelta(hours=hours + neglect_hours, minutes=self._rng.randrange(60), seconds=self._rng.randrange(60))
        return pause + _time_to_office_hours(at + pause)

    def _with_status(self, dossier: DossierFact, status: DossierStatus, at: datetime) -> DossierFact:
        received_at, due_at = dossier.received_at, dossier.due_at
        if status == DossierStatus.RECEIVED and received_at is None:
            received_at, due_at = at, due(at, dossier.procedure.working_days)
        elif dossier.status in _PAUSES and due_at is not None:
            # Observed: when a pause ends, the due date moves by the length of the pause.
            due_at += at - dossier.changed_at
        return replace(
            dossier,
            changed_at=at,
            status=status,
            opencps_status=weighted_choice(self._rng, OPENCPS_STATUSES[status]),
            received_at=received_at,
            due_at=due_at,
            released_at=(dossier.released_at or at) if status in _RELEASED else None,
            finished_at=at if status == DossierStatus.RETURNED else None,
            actions=(
                *dossier.actions,
                ActionFact(at=at, status=status, user=self._people.official(), note=_NOTES.get(status, "")),
            ),
        )

    def _number(self, agency: str, at: datetime) -> str:
        prefix = f"{agency}-{at:%y%m%d}"
        self._numbers[prefix] += 1
        return f"{prefix}-{self._numbers[prefix]:04d}"


def due(received_at: datetime, days: int) -> datetime:
    """Return closing time of the day `days` working days after `received_at`; holidays count as working days."""
    weeks, days_left = divmod(days, 5)
    day = received_at + timedelta(weeks=weeks)
    while days_left:
        day += timedelta(days=1)
        days_left -= 1 if day.isoweekday() < SATURDAY else 0
    return day.replace(hour=_CLOSING_HOUR, minute=0, second=0)


def _time_to_office_hours(at: datetime) -> timedelta:
    """Return the time from `at` to the next office hours on a weekday; zero within office hours."""
    hours_to_opening = (_OPENING_HOUR - at.hour) % 24
    wait = timedelta(hours=0 if _OPENING_HOUR <= at.hour < _CLOSING_HOUR else hours_to_opening)
    while (at + wait).isoweekday() >= SATURDAY:
        wait += timedelta(days=1)
    return wait
