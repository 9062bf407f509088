"""The setting of the promise tests: test doubles of four agencies' systems, their configuration, a shared database."""

import multiprocessing
from collections.abc import Mapping
from functools import cache
from multiprocessing.context import ForkServerContext
from multiprocessing.forkserver import ensure_running
from pathlib import Path
from typing import Any

from sqlalchemy import select

from cchc_connect import Config, LeaseHeld, RunEnvironment, RunReport, SharedDatabase, Synchronizer
from cchc_connect.cli.demo import take_census
from cchc_connect.cli.demo_config import demo_tables
from cchc_connect.database.reading.discrepancies import discrepancy_rows
from cchc_connect.database.reading.quarantine_entries import entries
from cchc_connect.database.record_tables import record_table
from cchc_connect.database.state.cursors import stream_states
from cchc_connect.database.tables import cursor, delivery
from cchc_connect.testing import Agencies, World
from cchc_schemas import RECORD_TYPES
from tests.coverage_switch import children_without_coverage
from tests.sharing.in_force import agreed

RUN_COLUMNS = {"run_id", "sequence", "item_hash"}
"""Columns that depend on the run and not on the record."""


def small_world() -> World:
    """Return a new world so small that a run takes a tenth of a second."""
    return World(3, dossiers=8, parcels=16, works=8, defect_share=0.2)


class ProvinceSetting:
    """The test doubles, a configuration that connects them, and the database they are pulled into."""

    def __init__(self, agencies: Agencies, address: str) -> None:
        self.agencies = agencies
        self.address = address
        tables = {**demo_tables(agencies, Path("shared.db")), "database": {"url": address}}
        self.tables: dict[str, Any] = agreed(tables)

    @property
    def config(self) -> Config:
        """The configuration from the present tables."""
        return Config.from_tables(self.tables, Path("cchc.toml"))

    def database(self) -> SharedDatabase:
        """Open the shared database."""
        return self.config.open_database()

    def sync(self, environment: RunEnvironment | None = None) -> RunReport:
        """Run once, in this process."""
        with self.database() as database:
            return Synchronizer(self.config, database, environment).synchronise()

    def is_complete(self) -> bool:
        """True if everything the sources hold is in a table or in quarantine."""
        with self.database() as database:
            return all(holding.is_complete for holding in take_census(database, self.agencies.record_counts()))

    def held_reasons(self) -> Mapping[tuple[str, str], str | None]:
        """Return the reason of each stream's hold or None, by connection and record type."""
        with self.database() as database, database.reading() as connection:
            return {(state.connection, state.record_type): state.held_code for state in stream_states(connection)}

    def cursors(self) -> list[Any]:
        """Return every row of the cursor table."""
        with self.database() as database, database.reading() as connection:
            return list(connection.execute(select(cursor).order_by(cursor.c.connection, cursor.c.record_type)))

    def discrepancies(self) -> list[Any]:
        """Return every discrepancy."""
        with self.database() as database, database.reading() as connection:
            return list(discrepancy_rows(connection))

    def content(self) -> Mapping[str, Any]:
        """Return everything a run leaves that must not depend on kills, retries and order."""
        with self.database() as database, database.reading() as connection:
            content: dict[str, Any] = {}
            for record_type in RECORD_TYPES:
                table = record_table(record_type)
                columns = [column for column in table.columns if column.name not in RUN_COLUMNS]
                content[record_type] = [
                    tuple(row) for row in connection.execute(select(*columns).order_by("record_key"))
                ]
            quarantined = entries(connection)
            content["quarantine"] = sorted(
                (entry.connection, entry.source_key, str(entry.faults)) for entry in quarantined
            )
            columns = [delivery.c.record_key, delivery.c.state, delivery.c.reason]
            content["delivery"] = sorted(tuple(row) for row in connection.execute(select(*columns)))
        portal = self.agencies.national_portal
        content["portal"] = (dict(portal.dossiers), sorted(map(str, portal.steps)))
        return content


LOADED = [
    "tests.promises.setting",
    *(f"cchc_adapters.{name}" for name in ("binh_duong_permits", "national_portal", "ogc_features", "opencps")),
    "cchc_connect.cli.app",
    "cchc_connect.cli.sync",
]
"""Modules that the fork server imports in advance."""


@cache
def fork_server() -> ForkServerContext:
    """Return a fork server that has the program loaded and runs nothing else."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LOADED)
    with children_without_coverage():  # its processes are killed or end by `os._exit`
        ensure_running()
    return context


def sync_in_process(tables: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
    """Run once in this process, as a scheduled job does, and exit with the exit code of `sync`."""
    import os  # noqa: PLC0415  # the environment of the new process, not of the one that defined this

    os.environ.update(secrets)
    config = Config.from_tables(tables, Path("cchc.toml"))
    with config.open_database() as database:
        try:
            Synchronizer(config, database).synchronise()
        except LeaseHeld:
            os._exit(75)
