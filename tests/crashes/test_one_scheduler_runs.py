"""Of many schedulers one runs, and a scheduler that froze past its lease writes nothing more."""

import os
import signal
import sqlite3
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, select

from cchc_connect import SharedDatabase
from cchc_connect.cli.demo_config import ONE_STOP_PASSWORD, PORTAL_PASSWORD
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.database.tables import METADATA, cursor, delivery
from tests.cli.conftest import write_config
from tests.crashes.losses import NO_LOSSES, holding, losses
from tests.crashes.schedulers import Command, Scheduler, ShortLease
from tests.crashes.small_province import SELECTED, SmallProvince
from tests.promises.setting import fork_server

SECRETS = (ONE_STOP_PASSWORD, PORTAL_PASSWORD)
EIGHT = 8
SOON_S = 4.0
"""About a second on an idle machine; eight processes on two busy cores wait for each other."""


@contextmanager
def slow(hamlet: SmallProvince, latency_s: float) -> Generator[None, None, None]:
    """Delay every response of the test doubles."""
    for double in hamlet.agencies.doubles:
        double.switches.latency_s = latency_s
    yield
    for double in hamlet.agencies.doubles:
        double.switches.latency_s = 0.0


def everything(database: SharedDatabase) -> Mapping[str, Sequence[tuple[Any, ...]]]:
    """Return every row of every table."""
    with database.reading() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(select(table))), key=str)
            for table in METADATA.sorted_tables
        }


@pytest.mark.parametrize(
    "database_state", ["a new database", pytest.param("one that was there", marks=pytest.mark.long)]
)
def test_one_of_eight_schedulers_runs_and_seven_exit(
    hamlet: SmallProvince, tmp_path: Path, database_state: str
) -> None:
    """Seven exit at once with the code for "another run is at work"; the eighth does all the work."""
    url = hamlet.new_trial()
    write_config(tmp_path / "cchc.toml", {**hamlet.tables, "database": {"url": url}})
    if database_state == "one that was there":
        SharedDatabase(url, create_or_upgrade=True).close()
    start = fork_server().Barrier(EIGHT)
    command = Command(config=tmp_path / "cchc.toml", only=SELECTED)

    with slow(hamlet, 0.15):
        schedulers = [Scheduler(command, SECRETS, start) for _ in range(EIGHT)]
        ended = sorted((end.ended() for end in schedulers), key=lambda end: end.code)

    assert [end.code for end in ended] == [ExitCode.DONE, *[ExitCode.LEASE_HELD] * (EIGHT - 1)]
    assert max(end.seconds for end in ended[1:]) < SOON_S
    with SharedDatabase(url, create_or_upgrade=True) as database:
        assert losses(hamlet.undisturbed, holding(database, hamlet.agencies)) == NO_LOSSES


@pytest.mark.parametrize(
    ("table", "lease_s"),
    [
        pytest.param(cursor, 1.0, marks=pytest.mark.long),  # tests/promises/test_one_at_a_time.py says the same
        (delivery, 1.0),
        pytest.param(cursor, 10.0, marks=pytest.mark.long),
    ],
    ids=["while it pulls", "while it pushes", "with the shortest lease that is allowed"],
)
def test_a_scheduler_frozen_past_its_lease_writes_nothing_and_exits_with_its_own_code(
    hamlet: SmallProvince, table: Table, lease_s: float
) -> None:
    """Stopped, overtaken and continued, it leaves the database unchanged and exits with the code of a lost lease."""
    url = hamlet.new_trial()
    tables = {**hamlet.tables, "database": {"url": url}}
    with SharedDatabase(url, create_or_upgrade=True) as database:
        with slow(hamlet, 0.3):
            frozen = Scheduler(ShortLease(tables=tables, only=SELECTED, seconds=lease_s), SECRETS)
            freeze(frozen, hamlet.latest, lambda: has_rows(database, table))
            time.sleep(1.2 * lease_s)

        assert hamlet.finish(url) == NO_LOSSES
        before = everything(database)
        os.kill(frozen.number, signal.SIGCONT)
        ended = frozen.ended()

        assert ended.code == ExitCode.LEASE_HELD
        assert everything(database) == before
        assert losses(hamlet.undisturbed, holding(database, hamlet.agencies)) == NO_LOSSES


def freeze(scheduler: Scheduler, path: Path, is_reached: Callable[[], bool]) -> None:
    """Stop a process once the condition is reached and it has no transaction open."""
    wait_for(is_reached)
    stop(scheduler.number)
    while is_locked(path):
        os.kill(scheduler.number, signal.SIGCONT)
        time.sleep(0.05)
        stop(scheduler.number)


def stop(number: int) -> None:
    """Stop a process and wait until each of its threads has stopped: until then one may still open a transaction."""
    os.kill(number, signal.SIGSTOP)
    tasks = Path(f"/proc/{number}/task")  # elsewhere than on Linux there is no such folder, and nothing to wait for
    wait_for(lambda: all(") T " in task.read_text(encoding="utf-8") for task in tasks.glob("*/stat")))


def wait_for(is_reached: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not is_reached():
        assert time.monotonic() < end
        time.sleep(0.02)


def has_rows(database: SharedDatabase, table: Table) -> bool:
    with database.reading() as connection:
        return connection.execute(select(table)).first() is not None


def is_locked(path: Path) -> bool:
    """True if another process has a write transaction open."""
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        connection.execute("ROLLBACK")
        return False
