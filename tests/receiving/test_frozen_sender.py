"""A sender that froze past its lease: what arrives after it woke was on its way, and receivers end with the newest."""

import os
import signal
import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest

from cchc_connect import Config, LeaseHeld, LeaseLost, SharedDatabase, Synchronizer
from cchc_connect.database.direct.location import SQLITE_PREFIX
from cchc_connect.database.postgres import WRITE_LOCK
from tests.promises.setting import fork_server
from tests.receiving.setting import RECEIVING_ADAPTER, ReceivingSetting, dossiers
from tests.simulation.adapter import installed
from tests.sync.memory_systems import dossier_codes

CODES = list(dossier_codes(40))
LEASE_S = 0.8
LATENCY_S = 0.01
PARALLEL, BATCH = 3, 2
IN_FLIGHT = PARALLEL * BATCH
"""Records that one group of messages holds: they may have left when the sender froze."""

LOST, HELD = 70, 75


def run_with_short_lease(tables: Mapping[str, Any]) -> None:
    """Run once, with a lease that is shorter than the configuration allows.

    Raises:
        CchcError: what ended the run.
    """
    config = Config.from_tables(tables, Path("cchc.toml"))
    short = config.model_copy(update={"run": config.run.model_copy(update={"lease_s": LEASE_S})})
    with SharedDatabase(short.database.url) as database:
        Synchronizer(short, database).synchronise()


def sync_in_process(tables: Mapping[str, Any], environment: Mapping[str, str]) -> None:
    """Run once in this process and leave with a code that says how it ended."""
    os.environ.update(environment)
    with installed(RECEIVING_ADAPTER):
        try:
            run_with_short_lease(tables)
        except LeaseLost:
            os._exit(LOST)
        except LeaseHeld:
            os._exit(HELD)


def freeze_in_push(setting: ReceivingSetting, dice: Random) -> ForkServerProcess:
    """Start a run and stop its process somewhere in the middle of its push."""
    environment = {"XDG_RUNTIME_DIR": os.environ["XDG_RUNTIME_DIR"]}
    process = fork_server().Process(target=sync_in_process, args=(setting.tables, environment))
    process.start()
    after = dice.randrange(len(CODES) // 2)
    while len(setting.portal.arrivals) <= after:
        assert process.is_alive()
        time.sleep(0.001)
    time.sleep(dice.uniform(0, 2 * LATENCY_S))
    assert process.pid is not None
    os.kill(process.pid, signal.SIGSTOP)
    while is_locked(setting):  # frozen in a transaction: let it run for a moment
        os.kill(process.pid, signal.SIGCONT)
        time.sleep(0.001)
        os.kill(process.pid, signal.SIGSTOP)
    return process


def is_locked(setting: ReceivingSetting) -> bool:
    """True if somebody holds the write lock of the database."""
    if setting.address.startswith(SQLITE_PREFIX):
        with closing(sqlite3.connect(setting.address.removeprefix(SQLITE_PREFIX), timeout=0.1)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return True
            return False
    with psycopg.connect(setting.address) as server:
        return server.execute("SELECT pg_try_advisory_xact_lock(%s)", (WRITE_LOCK,)).fetchone() != (True,)


def take_over(setting: ReceivingSetting) -> None:
    """Run as soon as the lease of the frozen process is over."""
    deadline = time.monotonic() + 20 * LEASE_S
    while True:
        try:
            run_with_short_lease(setting.tables)
        except LeaseHeld:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        else:
            return


def one_round(setting: ReceivingSetting, dice: Random, status: int) -> None:
    """Freeze a sender beside another run that sends newer versions, and let it wake."""
    setting.holds(*dossiers(*CODES, status=status))
    setting.portal.forget_arrivals()
    setting.portal.switches.latency_s = LATENCY_S
    frozen = freeze_in_push(setting, dice)
    assert frozen.pid is not None
    try:
        setting.portal.switches.latency_s = 0.0
        setting.holds(*dossiers(*CODES, status=status + 1))
        take_over(setting)
        time.sleep(3 * LATENCY_S)  # what the frozen process had sent has arrived
        before = len(setting.portal.arrivals)
        os.kill(frozen.pid, signal.SIGCONT)
        frozen.join(60)
    finally:
        frozen.kill()

    assert frozen.exitcode == LOST
    assert len(setting.portal.arrivals) - before <= IN_FLIGHT
    assert {document["status"] for document in setting.portal.holdings.values()} == {status + 1}
    assert setting.portal.conflicts == []


def several_rounds(setting: ReceivingSetting, rounds: int, seed: int) -> None:
    """Make rounds one after the other over the same database."""
    setting.options = {"batch_limit": BATCH, "max_parallel": PARALLEL}
    dice = Random(seed)
    for number in range(rounds):
        one_round(setting, dice, 1 + number % 4 * 2)


def test_a_sender_that_froze_past_its_lease_sends_nothing_more(setting: ReceivingSetting) -> None:
    """Five rounds; after each the portal holds the newest version of every record."""
    several_rounds(setting, 5, seed=1)


@pytest.mark.long
def test_in_a_hundred_rounds_no_frozen_sender_sends_on(setting: ReceivingSetting) -> None:
    """The figure of the design: late messages are at most those of one group."""
    several_rounds(setting, 100, seed=2)


def test_a_repetition_is_not_sent_either_once_the_lease_is_lost(setting: ReceivingSetting) -> None:
    """The lease is lost while the transport waits to repeat a message."""
    setting.holds(*dossiers(*CODES[:1]))
    setting.portal.fail_next(1, status=503)

    def lose_lease() -> None:
        with setting.database() as database, database.writing() as connection:
            connection.exec_driver_sql("UPDATE lease SET token = token + 1")

    setting.portal.on_request = lose_lease
    with pytest.raises(LeaseLost):
        setting.sync()

    assert setting.portal.arrivals == []
