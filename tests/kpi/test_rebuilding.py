"""Rows that follow the feed through changes, deletions and kills are those that are made anew from it."""

import os
import random
import signal
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from cchc_connect import RecordWriter, RunEnvironment, SharedDatabase
from cchc_connect.clock import to_timestamp_text
from cchc_connect.database.kpi_tables import DERIVED_TABLES, kpi_position, kpi_version
from cchc_connect.database.writing.purge import purge_versions
from cchc_connect.kpi import compute, follow, rebuild
from cchc_schemas import Agency, Dossier, Feedback, Procedure, Record, SatisfactionRating, from_document
from tests.kpi.written import BUILDING, CONFIG, LAND, FixedClock, dossier, later, local, procedure, steps, term, write

ROUNDS = 12


def rows(database: SharedDatabase) -> dict[str, list[tuple[Any, ...]]]:
    """Return every derived row, in order of the keys."""
    with database.reading() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key.columns))]
            for table in (*DERIVED_TABLES, kpi_position)
        }


def changed(draw: random.Random) -> Iterator[Record]:
    """Yield a few records of an invented history: new ones, and other versions of earlier ones."""
    for _ in range(draw.randint(1, 6)):
        code = f"000.00.05.H09-260105-{draw.randint(1, 9):04}"
        status, day = draw.choice((1, 2, 4, 4, 5, 6, 8, 9, 10, 3, 7)), draw.randint(1, 20)
        yield dossier(
            code,
            status=status,
            procedure_code=draw.choice(("1.000005", "1.000009")),
            agency_code=draw.choice((BUILDING, LAND, None)),
            received_at=draw.choice((None, f"01-{day:02} 08:00")),
            due_at=draw.choice((None, f"02-{day:02}", f"02-{day:02} 17:00")),
            processed_at=draw.choice((None, f"02-{day:02} 10:00")),
            supplements=draw.choice((None, [], [("01-21 08:00", draw.choice((None, "01-25 08:00")))])),
            channel=draw.choice((None, 1, 2)),
        )
        if draw.random() < 0.5:
            yield from steps(code, (f"01-{day:02} 09:00", draw.choice((2, 4, 5, 9))))
    if draw.random() < 0.4:
        days = str(draw.randint(1, 20))
        yield procedure(
            "1.000005", channels=[term(days, "Ngày làm việc")], executing_agencies=[{"code": LAND, "name": "Sở"}]
        )
    about, number = f"000.00.05.H09-260105-{draw.randint(1, 9):04}", draw.randint(1, 4)
    yield from_document(
        SatisfactionRating,
        {"code": f"R{number}", "dossier_code": about, "at": local("02-03 08:00"), "is_liked": draw.random() < 0.5},
    )
    yield from_document(
        Feedback, {"code": f"F{number}", "dossier_code": about, "received_at": local(f"02-{number:02} 08:00")}
    )
    yield from_document(Agency, {"code": LAND, "name": "Sở", "parent_code": draw.choice((None, BUILDING))})


def one_round(database: SharedDatabase, draw: random.Random, number: int) -> None:
    """Write some changes, and sometimes delete a record."""
    write(database, changed(draw), later(number))
    if draw.random() < 0.4:
        with RecordWriter(CONFIG, database, "desk", RunEnvironment(clock=FixedClock(later(number)))) as writer:
            writer.delete(Dossier, f"000.00.05.H09-260105-{draw.randint(1, 9):04}")
            writer.delete(Procedure, "1.000005")


def follow_until_killed(address: str, after_s: float) -> None:
    """Follow the feed in another process, and kill it."""
    child = os.fork()
    if child == 0:
        with SharedDatabase(address) as database:
            while True:
                rebuild(database)
        os._exit(0)
    time.sleep(after_s)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


@pytest.mark.parametrize("seed", range(3))
def test_rows_that_follow_are_those_that_are_made_anew(address: str, seed: int) -> None:
    draw = random.Random(seed)  # an invented history
    with SharedDatabase(address, create_or_upgrade=True) as database:
        for number in range(ROUNDS):
            one_round(database, draw, number)
            if draw.random() < 0.6:
                follow(database)
        follow(database)
        followed = rows(database)
        rebuild(database)

        assert followed["kpi_fact"]
        assert rows(database) == followed


@pytest.mark.parametrize("kills", [4, pytest.param(500, marks=pytest.mark.long)])
def test_rows_are_right_after_every_kill(tmp_path: Path, kills: int) -> None:
    address = str(tmp_path / "shared.db")
    draw = random.Random(kills)  # as above
    for number in range(kills):
        with SharedDatabase(address, create_or_upgrade=True) as database:
            one_round(database, draw, number % 300)
        follow_until_killed(address, draw.uniform(0.02, 0.2))
    with SharedDatabase(address) as database:
        follow(database)
        followed = rows(database)
        rebuild(database)

        assert followed["kpi_fact"]
        assert rows(database) == followed


def test_what_purged_versions_told_of_pauses_stays(address: str) -> None:
    code, due = "000.00.05.H09-260105-0001", {"received_at": "01-05 08:00", "due_at": "02-20 17:00"}
    with SharedDatabase(address, create_or_upgrade=True) as database:
        for day, status in enumerate((4, 5, 4, 9)):
            write(database, [dossier(code, status=status, **due)], later(day))
        follow(database)
        followed = rows(database)
        with database.writing() as connection:
            before = to_timestamp_text(later(30))
            assert purge_versions(connection, before, followed["kpi_position"][0][1], before) == 3
        rebuild(database)

        assert [row[:2] for row in followed["kpi_pause"]] == [(code, 1)]
        assert rows(database) == followed
        start, end = date(2026, 1, 1), date(2026, 1, 1) + timedelta(days=365)
        assert compute(database, "qd-766-2022", start=start, end=end).row("2.1p").figure.denominator == 1


def test_a_version_is_noted_only_where_status_or_due_time_differ(address: str) -> None:
    code = "000.00.05.H09-260105-0001"
    with SharedDatabase(address, create_or_upgrade=True) as database:
        for day, name in enumerate(("a", "b", "c")):
            write(database, [dossier(code, status=4, summary=name)], later(day))
        follow(database)

        assert len(rows(database)[kpi_version.name]) == 1
