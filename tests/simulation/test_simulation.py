"""Seeded simulations of offices, edits, faults and crashes: nothing is lost, stale, duplicated or phantom.

A failing seed is reported by number; `python -m tests.simulation NUMBER` prints its event log.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from cchc_connect.database.record_tables import record_table
from cchc_connect.database.tables import change, delivery
from tests.quick import few
from tests.simulation.adversities import Adversity
from tests.simulation.checker import faults
from tests.simulation.seeds import outcomes, run_and_check, world, world_folder
from tests.simulation.world import Simulation

BATCH_SIZE = 10
LONG_BATCH_SIZE = 50
repeats = pytest.mark.repeats
RESTING_SEED = 42
"""A seed whose world at rest has live rows and deliveries."""
RENAMING_SEEDS = (2, 4, 6, 13)
"""Seeds that show every ending of a renaming; in the first one a field may be empty."""


def failures(seeds: range) -> dict[int, tuple[str, ...]]:
    return {outcome.seed: outcome.faults for outcome in outcomes(seeds) if outcome.faults}


@pytest.mark.parametrize("first", few(range(1, 41, BATCH_SIZE), 1))
def test_a_world_that_comes_to_rest_holds_what_its_offices_hold(first: int) -> None:
    """After any edits, faults, crashes and clock jumps nothing is lost, stale, duplicated or phantom."""
    assert failures(range(first, first + BATCH_SIZE)) == {}


@pytest.mark.long
@pytest.mark.parametrize("first", range(1000, 3000, LONG_BATCH_SIZE))
def test_two_thousand_worlds_come_to_rest(first: int) -> None:
    """The same with more seeds."""
    assert failures(range(first, first + LONG_BATCH_SIZE)) == {}


def test_a_renamed_property_is_held_until_somebody_does_something(tmp_path: Path) -> None:
    """The register goes back, its field map is corrected, or a person accepts it; nothing is overwritten before."""
    endings: set[str] = set()
    with world_folder(tmp_path) as folder:
        for seed in RENAMING_SEEDS:
            lived = world(seed, folder, Adversity.RENAMED_PROPERTY)
            assert run_and_check(lived) == []
            endings |= {event.partition("the renaming is ")[2] for event in lived.event_log}

    assert endings == {"", "undone", "undone and accepted", "corrected", "accepted"}


def test_the_checker_sees_a_renamed_property_that_is_not_held(tmp_path: Path) -> None:
    """With `drift = "warn"` values are overwritten, and that is reported."""
    with world_folder(tmp_path) as folder:
        lived = world(RENAMING_SEEDS[0], folder, Adversity.RENAMED_PROPERTY)
        connections = {
            name: {**table, "drift": "warn"} for name, table in lived.geography.tables["connections"].items()
        }
        lived.change_tables({**lived.geography.tables, "connections": connections})
        reported = {fault.partition(":")[0] for fault in run_and_check(lived)}

    assert {"unnoticed", "overwritten"} <= reported


def test_a_seed_always_gives_the_same_events() -> None:
    """All randomness comes from the seed: two runs of one seed have equal event logs."""
    (once,), (again,) = outcomes([RESTING_SEED]), outcomes([RESTING_SEED])

    assert len(once.story) > 5
    assert once.story == again.story


@pytest.fixture
def rested(tmp_path: Path) -> Iterator[Simulation]:
    """Give a world at rest without faults."""
    with world_folder(tmp_path) as folder:
        at_rest = world(RESTING_SEED, folder)
        assert run_and_check(at_rest) == []
        yield at_rest


def live_key(rested: Simulation) -> tuple[str, str]:
    """Return record type and key of the first live row."""
    with rested.database() as database, database.reading() as connection:
        for _, source in rested.geography.sources:
            table = record_table(source.record_type)
            chosen = select(table.c.record_key).where(table.c.deleted_at.is_(None)).order_by(table.c.record_key)
            key = connection.execute(chosen).scalars().first()
            if key is not None:
                return source.record_type, key
    raise AssertionError("the planted world has no live row")


def kinds(rested: Simulation) -> set[str]:
    return {fault.partition(":")[0] for fault in faults(rested)}


def test_the_checker_sees_a_lost_row(rested: Simulation) -> None:
    """A row that was removed is reported."""
    kind, key = live_key(rested)
    table = record_table(kind)
    with rested.database() as database, database.writing() as connection:
        connection.execute(delete(table).where(table.c.record_key == key))

    assert "lost" in kinds(rested)


def test_the_checker_sees_a_stale_row(rested: Simulation) -> None:
    """A version with other values than the office's is reported."""
    kind, key = live_key(rested)
    table = record_table(kind)
    with rested.database() as database, database.writing() as connection:
        sequence = connection.execute(select(table.c.sequence).where(table.c.record_key == key)).scalar_one()
        same_sequence = change.c.sequence == sequence
        document = json.loads(connection.execute(select(change.c.document).where(same_sequence)).scalar_one())
        name = "area_m2" if kind == "land_parcel" else "status"
        changed = {**document, name: "7777" if kind == "land_parcel" else 10}
        connection.execute(update(change).where(same_sequence).values(document=json.dumps(changed, ensure_ascii=False)))

    assert {"stale", "phantom"} & kinds(rested)


def test_the_checker_sees_a_phantom(rested: Simulation) -> None:
    """A live row that no office holds is reported."""
    kind, key = live_key(rested)
    table = record_table(kind)
    with rested.database() as database, database.writing() as connection:
        row = connection.execute(select(table).where(table.c.record_key == key)).mappings().one()
        connection.execute(table.insert().values(**{**row, "record_key": f"{key}x", "source_key": "nobody's"}))

    assert {"phantom", "gap"} & kinds(rested)


def test_the_checker_sees_a_duplicated_effect(rested: Simulation) -> None:
    """A desk that applied a message twice is reported."""
    desk = next(desk for desk in rested.desks.values() if desk.effects)
    desk.effects.append(desk.effects[-1])

    assert "duplicated" in kinds(rested)


def test_the_checker_sees_a_message_that_was_never_sent(rested: Simulation) -> None:
    """A delivery that still waits is reported."""
    with rested.database() as database, database.writing() as connection:
        connection.execute(update(delivery).values(state="waiting"))

    assert "lost" in kinds(rested)
