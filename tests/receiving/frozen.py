"""A sender in a process of its own, with a short lease, that is stopped in the middle of its push."""

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

from cchc_connect import Config, LeaseHeld, LeaseLost, SharedDatabase, Synchronizer
from cchc_connect.database.direct.location import SQLITE_PREFIX
from cchc_connect.database.postgres import WRITE_LOCK
from tests.promises.setting import fork_server
from tests.receiving.setting import RECEIVING_ADAPTER, ReceivingSetting
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
        time.sleep(0.01)
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
