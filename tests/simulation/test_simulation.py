"""Thousands of worlds of offices, edits, faults and deaths: lost = stale = duplicated = phantom = 0.

A seed that fails here is told by number; `python -m tests.simulation NUMBER` tells its story.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from cchc_connect.database.record_tables import record_table
from cchc_connect.database.tables import change, delivery
from tests.simulation.checker import faults
from tests.simulation.seeds import ground, judged, outcomes, world
from tests.simulation.world import World

A_BATCH = 10
A_LONG_BATCH = 50
repeats = pytest.mark.repeats
PLANTED = 42
"""A seed whose world comes to rest with live parcels and deliveries."""


def failures(seeds: range) -> dict[int, tuple[str, ...]]:
    return {one.seed: one.faults for one in outcomes(seeds) if one.faults}


@pytest.mark.parametrize("first", [1, *(pytest.param(first, marks=repeats) for first in range(11, 41, A_BATCH))])
def test_a_world_that_comes_to_rest_holds_what_its_offices_hold(first: int) -> None:
    """After any edits, faults, crashes and clocks: nothing lost, stale, duplicated or phantom."""
    assert failures(range(first, first + A_BATCH)) == {}


@pytest.mark.long
@pytest.mark.parametrize("first", range(1000, 3000, A_LONG_BATCH))
def test_two_thousand_worlds_come_to_rest(first: int) -> None:
    """The same at length."""
    assert failures(range(first, first + A_LONG_BATCH)) == {}


def test_a_seed_replays_the_same() -> None:
    """All chance comes from the seed: two lives of one seed are one story."""
    (once,), (again,) = outcomes([PLANTED]), outcomes([PLANTED])

    assert len(once.story) > 5
    assert once.story == again.story


@pytest.fixture
def rested(tmp_path: Path) -> Iterator[World]:
    """Give a world at rest in which nothing is wrong."""
    with ground(tmp_path) as place:
        one = world(PLANTED, place)
        assert judged(one) == []
        yield one


def live_key(one: World) -> tuple[str, str]:
    """Return record type and key of some live row."""
    with one.database() as database, database.reading() as connection:
        for _, source in one.geography.sources:
            table = record_table(source.record_type)
            chosen = select(table.c.record_key).where(table.c.deleted_at.is_(None)).order_by(table.c.record_key)
            found = connection.execute(chosen).scalars().first()
            if found is not None:
                return source.record_type, found
    raise AssertionError("the planted world has no live row")


def kinds(one: World) -> set[str]:
    return {fault.partition(":")[0] for fault in faults(one)}


def test_the_checker_sees_a_lost_row(rested: World) -> None:
    """A row that is taken away is missed."""
    kind, key = live_key(rested)
    table = record_table(kind)
    with rested.database() as database, database.writing() as connection:
        connection.execute(delete(table).where(table.c.record_key == key))

    assert "lost" in kinds(rested)


def test_the_checker_sees_a_stale_row(rested: World) -> None:
    """A version that says something else than the office is found."""
    kind, key = live_key(rested)
    table = record_table(kind)
    with rested.database() as database, database.writing() as connection:
        sequence = connection.execute(select(table.c.sequence).where(table.c.record_key == key)).scalar_one()
        here = change.c.sequence == sequence
        document = json.loads(connection.execute(select(change.c.document).where(here)).scalar_one())
        name = "area_m2" if kind == "land_parcel" else "status"
        changed = {**document, name: "7777" if kind == "land_parcel" else 10}
        connection.execute(update(change).where(here).values(document=json.dumps(changed, ensure_ascii=False)))

    assert {"stale", "phantom"} & kinds(rested)


def test_the_checker_sees_a_phantom(rested: World) -> None:
    """A live row that no office knows is found."""
    kind, key = live_key(rested)
    table = record_table(kind)
    with rested.database() as database, database.writing() as connection:
        row = connection.execute(select(table).where(table.c.record_key == key)).mappings().one()
        connection.execute(table.insert().values(**{**row, "record_key": f"{key}x", "source_key": "nobody's"}))

    assert {"phantom", "gap"} & kinds(rested)


def test_the_checker_sees_a_duplicated_effect(rested: World) -> None:
    """A desk that took a message twice is found."""
    desk = next(desk for desk in rested.desks.values() if desk.effects)
    desk.effects.append(desk.effects[-1])

    assert "duplicated" in kinds(rested)


def test_the_checker_sees_a_message_that_never_left(rested: World) -> None:
    """A delivery that waits for ever is found."""
    with rested.database() as database, database.writing() as connection:
        connection.execute(update(delivery).values(state="waiting"))

    assert "lost" in kinds(rested)
