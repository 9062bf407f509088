"""The oracle follows the rulings: one small dossier for each, and what must hold of every generated world."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from cchc_schemas import (
    VIETNAM,
    Channel,
    Dossier,
    DossierStatus,
    DossierStep,
    Procedure,
    ProcedureChannel,
    ProcessingTerm,
    SupplementRound,
)
from tests.kpi.generated import Generator
from tests.kpi.histories import DossierHistory, StoredVersion, World
from tests.kpi.oracle import Expected, Oracle
from tests.kpi.oracle_course import CLOSING, course_of, second
from tests.kpi.oracle_indicators import DOSSIERS, Period, Subject

JUNE, YEAR = Period(date(2025, 6, 1), date(2025, 7, 1)), Period(date(2025, 1, 1), date(2026, 1, 1))
JUNE_END = datetime(2025, 7, 1, tzinfo=VIETNAM)
IN_TIME, LATE, UNKNOWN = (True, True), (True, False), (True, None)
_STORED = datetime(2025, 8, 1, tzinfo=UTC)


def at(text: str) -> datetime:
    """Return an instant of 2025 by its local time: "06-02 08:00"."""
    return datetime.fromisoformat(f"2025-{text}").replace(tzinfo=VIETNAM)


def dossier(**members: Any) -> Dossier:
    usual: dict[str, Any] = {
        "received_at": at("06-02 08:00"),
        "due_at": at("06-12 17:00"),
        "status": DossierStatus.PROCESSED,
    }
    return Dossier(code="H09-250602-0001", procedure_code="1.000001", **{**usual, **members})


def stored(*dossiers: Dossier, steps: Sequence[tuple[str, int]] = ()) -> DossierHistory:
    code = dossiers[0].code
    versions = [StoredVersion(_STORED + timedelta(days=number), each) for number, each in enumerate(dossiers)]
    steps_told = [
        DossierStep(dossier_code=code, at=at(moment), action="Bước", status=DossierStatus(status))
        for moment, status in steps
    ]
    return DossierHistory(versions=tuple(versions), steps=tuple(steps_told))


def rounds(*instants: tuple[str, str | None]) -> tuple[SupplementRound, ...]:
    return tuple(
        SupplementRound(asked_at=at(asked_at), supplied_at=None if supplied_at is None else at(supplied_at))
        for asked_at, supplied_at in instants
    )


def judged(history: DossierHistory, period: Period = JUNE, procedure: Procedure | None = None) -> tuple[Any, Any]:
    subject = Subject(history.current, course_of(history, procedure), procedure)
    population, numerator = DOSSIERS["qd-766-2022"]["2.1"](subject, period.seconds)
    return population, None if population is False else numerator


def with_term(number: int, unit: str) -> Procedure:
    channel = ProcedureChannel(channel=Channel.DIRECT, terms=(ProcessingTerm(duration=Decimal(number), unit=unit),))
    return Procedure(code="1.000001", name="Thủ tục", is_public=True, channels=(channel,))


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"processed_at": at("06-12 17:00")}, IN_TIME),
        ({"processed_at": at("06-12 17:00:00.900")}, IN_TIME),
        ({"processed_at": at("06-12 17:00:01")}, LATE),
        ({"processed_at": at("06-12 23:59:59"), "due_at": at("06-12 00:00")}, IN_TIME),
        ({"processed_at": at("06-13 00:00"), "due_at": at("06-12 00:00")}, LATE),
        ({"processed_at": at("06-12 17:00"), "due_at": None}, UNKNOWN),
        ({"processed_at": at("06-12 17:00"), "due_at": datetime(1900, 1, 1, tzinfo=UTC)}, UNKNOWN),
        ({"processed_at": at("06-14 17:00"), "supplements": rounds(("06-03 08:00", "06-05 08:00"))}, IN_TIME),
        ({"processed_at": at("06-14 17:00:01"), "supplements": rounds(("06-03 08:00", "06-05 08:00"))}, LATE),
        ({"processed_at": at("06-14 17:00"), "supplements": 2 * rounds(("06-03 08:00", "06-05 08:00"))}, IN_TIME),
        (
            {"processed_at": at("06-05 17:00"), "supplements": rounds(("06-03 08:00", None), ("06-04 08:00", None))},
            LATE,
        ),
        ({"processed_at": at("06-14 17:00"), "supplements": rounds(("06-03 08:00", None))}, LATE),
        ({"processed_at": at("06-12 17:00"), "supplements": rounds(("06-05 08:00", "06-03 08:00"))}, IN_TIME),
        ({"status": DossierStatus.IN_PROCESS}, LATE),
        ({"status": DossierStatus.IN_PROCESS, "supplements": rounds(("06-10 08:00", None))}, IN_TIME),
        ({"status": DossierStatus.IN_PROCESS, "supplements": rounds(("06-20 08:00", None))}, LATE),
        ({"status": DossierStatus.REFUSED, "received_at": None, "refused_at": at("06-03 08:00")}, (False, None)),
        ({"status": DossierStatus.WITHDRAWN, "withdrawn_at": at("06-13 08:00")}, LATE),
        ({"status": DossierStatus.REGISTERED}, (False, None)),
    ],
)
def test_a_dossier_is_on_time_by_the_rulings(members: dict[str, Any], expected: tuple[object, object]) -> None:
    """Midnight is a day, a pause is added, the same round twice is one, asked twice is late, no due date is unknown."""
    assert judged(stored(dossier(**members))) == expected


def test_a_due_date_that_moved_is_not_given_the_pause_again() -> None:
    """Against the original due date, by the field or our first version, and per round where rounds tell."""
    pause = rounds(("06-03 08:00", "06-05 08:00"))
    moved: dict[str, Any] = {"due_at": at("06-14 17:00"), "processed_at": at("06-15 17:00"), "supplements": pause}
    moving = pause[0].model_copy(update={"due_before": at("06-12 17:00"), "due_after": at("06-14 17:00")})

    assert judged(stored(dossier(**moved))) == IN_TIME
    assert judged(stored(dossier(**moved, due_original_at=at("06-12 17:00")))) == LATE
    assert judged(stored(dossier(status=DossierStatus.IN_PROCESS), dossier(**moved))) == LATE
    assert judged(stored(dossier(**{**moved, "supplements": (moving,)}))) == LATE


def test_the_last_end_counts_and_an_end_that_was_recalled_is_none() -> None:
    """Field before history; the first stored version tells no end."""
    recalled = [("06-10 08:00", 9), ("06-11 08:00", 4), ("06-12 18:00", 9)]

    assert judged(stored(dossier(), steps=recalled)) == LATE
    assert judged(stored(dossier(processed_at=at("06-12 08:00")), steps=recalled)) == IN_TIME
    assert judged(stored(dossier())) == UNKNOWN
    assert judged(stored(dossier(status=DossierStatus.IN_PROCESS), steps=recalled[:2])) == LATE  # open until `to`


def test_a_term_counts_working_days_and_clamps_months() -> None:
    """Tết and the weekend do not count; a month after 31 January is the last of February."""
    at_tet = stored(dossier(received_at=at("01-24 08:00"), due_at=None, processed_at=at("02-04 08:00")))
    in_january = stored(dossier(received_at=at("01-31 08:00"), due_at=None, processed_at=at("02-28 08:00:01")))

    assert judged(at_tet, YEAR, with_term(2, "Ngày làm việc")) == IN_TIME
    assert judged(at_tet, YEAR, with_term(1, "Ngày làm việc")) == LATE
    assert judged(in_january, YEAR, with_term(1, "Tháng")) == LATE


def test_what_happens_after_a_month_never_changes_it() -> None:
    """Ends, requests, supplies and moved due dates of July leave June as it was, in a generated world."""
    histories = [each for each in Generator(7).dossiers(4000) if _tells_its_course(each.current)]
    twins = [(each, seen) for each in histories if (seen := _as_known(each.current)) != each.current]

    assert len(twins) > 50
    for history, seen in twins:
        assert judged(stored(seen)) == judged(stored(history.current)), history.current.code


def test_figures_lie_between_nothing_and_all_and_add_up_over_the_tree() -> None:
    """An agency has what those below it have, and its own; what has no agency is in the total only."""
    world = Generator(3).world(1500)

    for set_id in DOSSIERS:
        figures = _counted(set_id, world, YEAR)
        for indicator in DOSSIERS[set_id]:
            total, province = figures[indicator, None], figures[indicator, "H09"]
            assert total.numerator >= 0, indicator
            assert total.numerator <= total.denominator or indicator.startswith("2.2"), indicator
            below = [agency.code for agency in world.agencies if agency.parent_code == "H09"]
            assert 0 < sum(figures[indicator, code].denominator for code in below) <= province.denominator, indicator
            assert province.denominator <= total.denominator, indicator
        everything = next(iter(DOSSIERS[set_id]))
        assert figures[everything, "H09"].denominator < figures[everything, None].denominator


def _counted(set_id: str, world: World, period: Period) -> Mapping[tuple[str, str | None], Expected]:
    oracle = Oracle(set_id, [period], world)
    oracle.count(world.dossiers)
    return oracle.figures(period)


def _tells_its_course(current: Dossier) -> bool:
    """True if rounds tell every change of the due date, and fields every end."""
    is_told = current.supplements is not None and all(
        each.due_after and each.due_before for each in current.supplements
    )
    end = current.stopped_at if current.status is DossierStatus.STOPPED else current.processed_at
    has_end = current.status not in CLOSING or second(end) is not None
    return bool(is_told and has_end and current.due_at and current.received_at)


def _as_known(current: Dossier) -> Dossier:
    """Return a dossier as its source had it at the end of June."""
    earlier = [each for each in current.supplements or () if each.asked_at and each.asked_at < JUNE_END]
    later = [each for each in current.supplements or () if each.asked_at and each.asked_at >= JUNE_END]
    changes: dict[str, Any] = {"supplements": tuple(map(_supplied_by_then, earlier))}
    if later:
        changes["due_at"] = later[0].due_before
    ends = ("processed_at", "returned_at", "stopped_at")
    future = {name: None for name in ends if (end := getattr(current, name)) is not None and end >= JUNE_END}
    if "processed_at" in future or (current.processed_at is None and "stopped_at" in future):
        changes["status"] = DossierStatus.IN_PROCESS
    return current.model_copy(update={**changes, **future})


def _supplied_by_then(each: SupplementRound) -> SupplementRound:
    if each.supplied_at is None or each.supplied_at < JUNE_END:
        return each
    return each.model_copy(update={"supplied_at": None, "is_supplied": False})
