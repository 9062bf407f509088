"""The lease: one run at a time may write."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import floats
from sqlalchemy import select, text, update

from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.state import lease_holder
from cchc_connect.database.state.lease import Lease
from cchc_connect.database.tables import lease
from cchc_connect.errors import LeaseHeld, LeaseLost
from tests.coverage_switch import without_coverage
from tests.quick import scaled
from tests.sync.memory_systems import ManualClock

LONG = timedelta(minutes=2)

HOLDER = """
import sys, time
from datetime import timedelta
from cchc_connect.clock import SystemClock
from cchc_connect.database.state.lease import Lease
from cchc_connect.database.shared_database import SharedDatabase
with SharedDatabase(sys.argv[1]) as database, Lease(database, SystemClock(), timedelta(minutes=2)):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def database(address: str) -> Iterator[SharedDatabase]:
    with SharedDatabase(address, create_or_upgrade=True) as opened:
        yield opened


def let_pass(database: SharedDatabase, clock: ManualClock, duration: timedelta) -> None:
    """Let time pass on the clock by which the lease is judged: the given one, or the server's."""
    clock.advance(duration)
    with database.writing() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(update(lease).values(expires_s=lease.c.expires_s - duration.total_seconds()))


@pytest.fixture
def holder(database: SharedDatabase) -> Iterator["subprocess.Popen[str]"]:
    """Provide another process that holds the lease."""
    command = [sys.executable, "-c", HOLDER, database.url]
    environment = {**without_coverage(os.environ), "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_two_schedulers_may_start_and_one_runs(database: SharedDatabase) -> None:
    """The second is refused, with the holder's name, and does nothing."""
    clock = ManualClock()

    with Lease(database, clock, LONG), pytest.raises(LeaseHeld) as refused:
        Lease(database, clock, LONG).__enter__()

    assert refused.value.code == "lease.held"


def test_a_second_scheduler_leaves_at_once_while_the_first_writes_a_page(database: SharedDatabase) -> None:
    """It need not wait for the write lock to be refused."""
    with (
        Lease(database, ManualClock(), LONG),
        SharedDatabase(database.url, create_or_upgrade=True) as second,
        database.writing(),
    ):
        started = time.monotonic()
        with pytest.raises(LeaseHeld):
            Lease(second, ManualClock(), LONG).__enter__()

        assert time.monotonic() - started < 1


def test_a_released_lease_is_free_at_once(database: SharedDatabase) -> None:
    """A run releases its lease at its end."""
    clock = ManualClock()
    with Lease(database, clock, LONG) as first:
        pass

    with Lease(database, clock, LONG) as second:
        assert second.token == first.token + 1


def test_an_expired_lease_can_be_taken(database: SharedDatabase) -> None:
    """A holder that does not renew its lease loses it."""
    clock = ManualClock()
    frozen = Lease(database, clock, LONG).__enter__()
    let_pass(database, clock, LONG)

    with Lease(database, clock, LONG) as second:
        assert second.token == frozen.token + 1


def test_a_holder_that_froze_past_its_lease_can_write_nothing_more(database: SharedDatabase) -> None:
    """The fencing token of the next holder makes that of the former one invalid."""
    clock = ManualClock()
    frozen = Lease(database, clock, LONG).__enter__()
    let_pass(database, clock, LONG)

    with Lease(database, clock, LONG) as second:
        with pytest.raises(LeaseLost), database.writing(frozen.token):
            pytest.fail("the frozen holder wrote")
        with database.writing(second.token):
            pass


def test_a_holder_renews_its_lease_while_it_works(database: SharedDatabase) -> None:
    """A run that takes longer than a lease keeps it."""
    short = timedelta(seconds=0.4)
    clock = ManualClock()
    with Lease(database, clock, short):
        let_pass(database, clock, short)
        time.sleep(0.3)  # a renewal comes each 0.1 s, by the real clock

        with pytest.raises(LeaseHeld):
            Lease(database, clock, short).__enter__()


def test_a_run_that_is_alive_elsewhere_keeps_the_lease(
    database: SharedDatabase, holder: "subprocess.Popen[str]"
) -> None:
    """Another live process on this machine is a holder like any other."""
    assert holder.poll() is None

    with pytest.raises(LeaseHeld):
        Lease(database, ManualClock(), LONG).__enter__()


def test_the_lease_of_a_killed_process_is_free_at_once(
    database: SharedDatabase, holder: "subprocess.Popen[str]"
) -> None:
    """After a kill -9 nobody has to wait for the lease to expire, nor to clean up."""
    holder.send_signal(signal.SIGKILL)
    holder.wait()

    with Lease(database, ManualClock(), LONG) as lease:
        assert lease.token == 2


class SkewedClock(ManualClock):
    """A clock whose wall clock is wrong by some hours."""

    def __init__(self, hours: float) -> None:
        super().__init__()
        self._wrong_by = timedelta(hours=hours)

    def now(self) -> datetime:
        """Return the wrong instant."""
        return super().now() + self._wrong_by


@given(hours=floats(min_value=-24 * 400, max_value=24 * 400))
@settings(max_examples=scaled(20), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_scheduler_whose_clock_is_wrong_takes_no_live_lease(database: SharedDatabase, hours: float) -> None:
    """And it cannot keep one longer than its duration by a clock that is ahead."""
    clock = ManualClock()
    with Lease(database, SkewedClock(-hours), LONG) as held, pytest.raises(LeaseHeld):
        Lease(database, SkewedClock(hours), LONG).__enter__()

    frozen = Lease(database, SkewedClock(hours), LONG).__enter__()
    let_pass(database, clock, LONG)
    late = SkewedClock(-hours)
    late.advance(LONG)
    with Lease(database, late, LONG) as next_lease:
        assert next_lease.token == frozen.token + 1 == held.token + 2


def as_of_another_clock(database: SharedDatabase) -> None:
    """Make the present lease one that a process of another machine wrote."""
    with database.writing() as connection:
        connection.execute(update(lease).values(holder="elsewhere:1 boot/pid/x 7", clock="another boot", expires_s=5.0))


def test_a_lease_by_another_clock_is_free_after_two_looks_that_show_no_renewal(database: SharedDatabase) -> None:
    """Its seconds say nothing here; the time between the looks is measured by the own clock, over processes."""
    clock = ManualClock()
    Lease(database, clock, LONG).__enter__()
    as_of_another_clock(database)

    for _ in range(2):
        with pytest.raises(LeaseHeld):
            Lease(database, clock, LONG).__enter__()
    let_pass_since_first_look(database, clock, LONG / 2)
    with pytest.raises(LeaseHeld):
        Lease(database, clock, LONG).__enter__()
    let_pass_since_first_look(database, clock, LONG / 2)

    with Lease(database, clock, LONG) as next_lease:
        assert next_lease.token == 2


def test_a_lease_by_another_clock_that_is_renewed_stays_held(database: SharedDatabase) -> None:
    """Every renewal starts the looks anew."""
    clock = ManualClock()
    Lease(database, clock, LONG).__enter__()
    as_of_another_clock(database)

    for renewal in range(4):
        with pytest.raises(LeaseHeld):
            Lease(database, clock, LONG).__enter__()
        let_pass_since_first_look(database, clock, LONG)
        with database.writing() as connection:
            connection.execute(update(lease).values(expires_s=6.0 + renewal))


def let_pass_since_first_look(database: SharedDatabase, clock: ManualClock, duration: timedelta) -> None:
    """Let time pass on the clock that took the first look."""
    if not database.url.startswith("postgresql"):
        clock.advance(duration)
        return
    with database.writing() as connection:
        look = json.loads(connection.execute(select(lease.c.first_look)).scalar_one())
        earlier = json.dumps({**look, "seconds": look["seconds"] - duration.total_seconds()})
        connection.execute(update(lease).values(first_look=earlier))


def test_the_lease_of_a_run_before_the_machine_was_started_again_is_free(
    database: SharedDatabase, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No process outlives its machine: after a power cut nobody waits."""
    installation = tmp_path / "machine-id"
    installation.write_text("0123456789abcdef0123456789abcdef\n", encoding="ascii")
    monkeypatch.setattr(lease_holder, "INSTALLATION", installation)
    lease_holder.installation.cache_clear()
    Lease(database, ManualClock(), LONG).__enter__()
    with database.writing() as connection:
        process, machine, rest = connection.execute(select(lease.c.holder)).scalar_one().split(" ", 2)
        earlier = f"{process} {machine.replace(lease_holder.boot_id(), 'earlier')} {rest}"
        connection.execute(update(lease).values(holder=earlier, clock="earlier"))

    with Lease(database, ManualClock(), LONG) as next_lease:
        assert next_lease.token == 2
    lease_holder.installation.cache_clear()


def test_a_lease_that_could_not_be_given_back_is_taken_over_by_its_own_process(
    database: SharedDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    """The run itself has not failed: what it did is committed."""
    clock = ManualClock()
    with Lease(database, clock, LONG) as held:
        with database.writing() as connection:
            connection.execute(text("ALTER TABLE lease RENAME TO gone"))
        with caplog.at_level("WARNING"):
            held.__exit__(None, None, None)
        with database.writing() as connection:
            connection.execute(text("ALTER TABLE gone RENAME TO lease"))

    with Lease(database, clock, LONG) as next_lease:
        assert next_lease.token == held.token + 1
    assert "could not be given back" in caplog.text


def test_two_leases_of_one_process_exclude_each_other(database: SharedDatabase) -> None:
    """Threads of a program are schedulers like any other."""
    with (
        SharedDatabase(database.url) as same,
        Lease(database, ManualClock(), LONG),
        pytest.raises(LeaseHeld),
    ):
        Lease(same, ManualClock(), LONG).__enter__()
