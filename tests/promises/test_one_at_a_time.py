"""One at a time.

Two schedulers may start, one runs; a holder that froze past its lease can write nothing more; one source's
failure leaves the others running.
"""

import os
import signal
import sqlite3
import time
from contextlib import closing

import psycopg

from cchc_connect import RunEnvironment
from cchc_connect.cli.demo_config import ONE_STOP_PASSWORD, PORTAL_PASSWORD
from cchc_connect.database.direct.location import SQLITE_PREFIX
from cchc_connect.database.postgres import WRITE_LOCK
from cchc_connect.database.state.counters import Counters
from cchc_connect.sync.report import RunStatus
from tests.crashes.fork_server import SequentialExecutor
from tests.promises.setting import ProvinceSetting, fork_server, sync_in_process


def secrets() -> dict[str, str]:
    return {name: os.environ[name] for name in (ONE_STOP_PASSWORD, PORTAL_PASSWORD)}


def test_one_of_eight_schedulers_runs(province: ProvinceSetting) -> None:
    """Eight start at once: one does the work, seven exit with code 75."""
    with province.database():
        pass  # creates the tables before they compete for the lease
    for double in province.agencies.doubles:
        double.switches.latency_s = 0.02  # so that the run lasts until all have started
    processes = [fork_server().Process(target=sync_in_process, args=(province.tables, secrets())) for _ in range(8)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()

    codes = sorted(process.exitcode or 0 for process in processes)

    assert codes == [0, *[75] * 7]
    assert province.is_complete()


def test_a_holder_that_froze_past_its_lease_can_write_nothing_more(province: ProvinceSetting) -> None:
    """A process that was stopped past its lease and continued finds another fencing token and writes nothing."""
    province.tables["run"] = {"lease_s": 10}
    for double in province.agencies.doubles:
        double.switches.latency_s = 0.2
    # It shares no session: if it froze while it logs in, the next run would wait for it.
    alone = {**secrets(), "RUNTIME_DIRECTORY": "", "XDG_RUNTIME_DIR": ""}
    frozen = fork_server().Process(target=sync_in_process, args=(province.tables, alone))
    frozen.start()
    assert frozen.pid is not None
    while not _expire_lease(province):  # no lease yet, or frozen in a transaction: let it run for a moment
        os.kill(frozen.pid, signal.SIGCONT)
        time.sleep(0.1)
        os.kill(frozen.pid, signal.SIGSTOP)
    for double in province.agencies.doubles:
        double.switches.latency_s = 0.0

    province.sync()
    before = province.content()
    os.kill(frozen.pid, signal.SIGCONT)
    frozen.join()

    assert frozen.exitcode != 0
    assert province.content() == before
    assert province.is_complete()


def _expire_lease(province: ProvinceSetting) -> bool:
    """Set the lease's expiry to the past; return False if there is no lease yet or the database is locked."""
    over = "UPDATE lease SET expires_s = 0"
    if province.address.startswith(SQLITE_PREFIX):
        with closing(sqlite3.connect(province.address.removeprefix(SQLITE_PREFIX), timeout=0.1)) as connection:
            try:
                expired = connection.execute(over)
                connection.commit()
            except sqlite3.OperationalError:
                return False
            return expired.rowcount == 1
    with psycopg.connect(province.address) as server:
        is_free = server.execute(
            "SELECT to_regclass('lease') IS NOT NULL AND pg_try_advisory_xact_lock(%s)", (WRITE_LOCK,)
        )
        if is_free.fetchone() != (True,):
            return False
        return server.execute(over).rowcount == 1


def test_one_sources_failure_leaves_the_others_running(province: ProvinceSetting) -> None:
    """A system that is down fails alone; the run is partial and names it."""
    province.agencies.construction_department.stop()
    province.tables["run"] = {"deadline_s": 1.0}

    report = province.sync()

    failed = {line.name for line in report.lines if line.outcome is not RunStatus.DONE}
    assert failed == {"construction"}
    assert report.outcome is RunStatus.PARTIAL
    province.agencies.construction_department.start()


def test_a_source_that_failed_last_time_is_pulled_last(province: ProvinceSetting) -> None:
    """From the second run on, a source that hangs delays no other."""
    province.agencies.land_registry.stop()
    province.tables["run"] = {"deadline_s": 1.0}
    order: list[str] = []

    def noted(name: str, record_type: str, counts: Counters, total: int | None) -> None:
        del record_type, counts, total
        order.append(name)

    province.sync()
    province.agencies.land_registry.start()
    registry = {**province.tables["connections"]["land-registry"], "base_url": province.agencies.land_registry.base_url}
    province.tables["connections"] = {**province.tables["connections"], "land-registry": registry}

    province.sync(RunEnvironment(executor=SequentialExecutor(), progress=noted))

    first_steps = list(dict.fromkeys(order))
    assert first_steps[:4] == ["construction", "one-stop", "national-portal", "land-registry"]


def test_a_run_in_which_nothing_could_be_reached_has_failed(province: ProvinceSetting) -> None:
    """If every system is down the run is no partial success, although no message was refused."""
    for double in province.agencies.doubles:
        double.stop()
    province.tables["run"] = {"deadline_s": 0.2}

    report = province.sync()

    assert report.outcome is RunStatus.FAILED
    for double in province.agencies.doubles:
        double.start()
