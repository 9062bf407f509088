"""What the program reports is what the oracle counts: every indicator and agency, to the dossier."""

import time
from collections.abc import Iterator, Sequence
from datetime import date

import pytest

from cchc_connect import SharedDatabase
from cchc_connect.kpi import compute
from tests.databases import on_sqlite_only
from tests.kpi.generated import LAST_LOAD, Generator
from tests.kpi.histories import World, store
from tests.kpi.oracle import Expected, Oracle
from tests.kpi.oracle_indicators import DOSSIERS, Period

YEAR = 2025
PERIODS = (
    Period(date(YEAR, 6, 1), date(YEAR, 7, 1)),
    Period(date(YEAR, 2, 1), date(YEAR, 3, 1)),
    Period(date(YEAR, 7, 1), date(YEAR, 10, 1)),
    Period(date(YEAR, 1, 1), date(YEAR + 1, 1, 1)),
)
SETS = tuple(DOSSIERS)


def test_every_figure_of_a_small_world_is_what_a_plain_loop_counts(address: str) -> None:
    """A province of 21 agencies: three periods with their edges, both sets."""
    assert _differences_of_world(address, Generator(1, units=2, is_disputed=False).world(350), PERIODS[1:3]) == []


@pytest.mark.long
@on_sqlite_only
@pytest.mark.parametrize("seed", range(100, 120))
def test_every_figure_of_many_worlds_is_what_a_plain_loop_counts(address: str, seed: int) -> None:
    """Twenty worlds of 2,000 dossiers and 61 agencies, and one of them of 20,000."""
    assert (
        _differences_of_world(
            address, Generator(seed, is_disputed=False).world(20_000 if seed == 100 else 2000), PERIODS
        )
        == []
    )


def _differences_of_world(address: str, world: World, periods: Sequence[Period]) -> list[str]:
    with SharedDatabase(address) as database:
        store(database, world, LAST_LOAD)
        before = time.process_time()
        faults = list[str]()
        number = 0
        for set_id in SETS:
            oracle = Oracle(set_id, periods, world)
            oracle.count(world.dossiers)
            for period in periods:
                expected = oracle.figures(period)
                number += len(expected)
                faults.extend(differences(database, set_id, period, expected))
        used = time.process_time() - before
        print(f"{len(world.dossiers)} dossiers, {number} figures, {len(faults)} differences, {used:.1f} s CPU")
        return faults


def differences(
    database: SharedDatabase, set_id: str, period: Period, expected: dict[tuple[str, str | None], Expected]
) -> Iterator[str]:
    """Yield each figure of a report that is otherwise than expected."""
    report = compute(database, set_id, start=period.start, end=period.end, each=True)
    reported = {
        (figure.indicator, figure.agency): Expected(figure.numerator, figure.denominator, figure.unknown, figure.value)
        for figure in report.figures
    }
    for (indicator, agency), figure in expected.items():
        of_program = reported.get((indicator, agency))
        if of_program != figure:
            yield f"{set_id} {period.start} {period.end} {indicator} {agency}: {of_program}, expected {figure}"
