"""The lease: one run at a time may write."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.state.lease import Lease
from cchc_connect.errors import LeaseHeld, LeaseLost
from tests.coverage_switch import without_coverage
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
    clock.advance(LONG)

    with Lease(database, clock, LONG) as second:
        assert second.token == frozen.token + 1


def test_a_holder_that_froze_past_its_lease_can_write_nothing_more(database: SharedDatabase) -> None:
    """The fencing token of the next holder makes that of the former one invalid."""
    clock = ManualClock()
    frozen = Lease(database, clock, LONG).__enter__()
    clock.advance(LONG)

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
        clock.advance(short)
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
