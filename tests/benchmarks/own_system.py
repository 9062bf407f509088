"""cchc-connect as a system, run like an agency runs it: a cchc.toml and the command `cchc-connect sync`."""

import json
import os
import sqlite3
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from cchc_connect import SharedDatabase, agreements
from tests.benchmarks.systems import PULLS, SQLITE, Command, Job, Table, Workspace
from tests.sharing.in_force import in_force

OUTSIDER = Path(__file__).parent / "outsider"
"""Folder of the adapter that pulls dossiers and pushes statuses."""

PARCELS = """
[connections.{name}]
adapter = "ogc_features"
agency = "000.00.07.H09"
base_url = {base_url}
options = {{ collection = "{collection}", scheme = "gso-2025-07", page_size = 1000, changed_since = true }}
"""

DOSSIERS = """
[connections.one-stop]
adapter = "bench_portal"
agency = "000.00.05.H09"
base_url = {base_url}

[connections.portal]
adapter = "bench_portal"
agency = "000.00.00.H09"
base_url = {base_url}

[routes.statuses]
from = ["dossier"]
to = "portal"
agreement = "statuses-2026"
"""


@dataclass(frozen=True)
class Ours:
    """cchc-connect with all its features: history, quarantine, provenance, change feed, lease, transactional cursor."""

    name: str = "ours"
    collections: tuple[str, ...] = ("parcels",)
    """One connection each; several are pulled at the same time."""

    table = Table(name="land_parcel", address="address")

    def can(self, job: Job, kind: str, size: int) -> bool:
        """True for every job; for parcels only if there are several collections."""
        del kind, size
        return len(self.collections) == 1 or job in PULLS

    def missing(self) -> str | None:
        """Return None: it can always be run."""
        return None

    def command(self, job: Job, workspace: Workspace) -> Command:
        """Write the configuration and return the command."""
        config = workspace.folder / "cchc.toml"
        config.write_text(self._config(job, workspace), encoding="utf-8")
        if job is Job.PUSH:
            _agree(workspace.database)
        if job is Job.RESYNC:
            _forget_cursors(workspace.database)
        only = {Job.FILL: ["--only", "one-stop"], Job.PUSH: ["--only", "statuses"]}.get(job, [])
        task = ["status"] if job is Job.STATUS else ["sync", *only]
        program = str(Path(sys.executable).with_name("cchc-connect"))
        if job is Job.HELP:
            return Command(arguments=[program, "--help"])
        search = os.pathsep.join([str(OUTSIDER), *filter(None, [os.environ.get("PYTHONPATH")])])
        return Command(
            arguments=[program, "--lang", "en", "--config", str(config), *task],
            environment={"PYTHONPATH": search} if job in {Job.FILL, Job.PUSH} else {},
        )

    def _config(self, job: Job, workspace: Workspace) -> str:
        base_url = json.dumps(workspace.base_url)
        tables = [f"[database]\nurl = {json.dumps(workspace.database)}\n"]
        if job in {Job.FILL, Job.PUSH}:
            tables.append(DOSSIERS.format(base_url=base_url))
        else:
            tables += [
                PARCELS.format(name=f"land-{collection}", base_url=base_url, collection=collection)
                for collection in self.collections
            ]
        return "".join(tables)


def _agree(database: str) -> None:
    """Put the agreement of the route in force, unless it is."""
    with SharedDatabase(database) as opened:
        if not agreements(opened):
            in_force(opened, "000.00.05.H09", "000.00.00.H09", "dossier", id="statuses-2026")


def _forget_cursors(database: str) -> None:
    """Let the next run request everything, as for a source without a filter for changes.

    The option `changed_since` would do the same, but a change of options causes items to be translated again.
    """
    if database.startswith(SQLITE):
        with closing(sqlite3.connect(database.removeprefix("sqlite:///"))) as connection, connection:
            connection.execute("DELETE FROM cursor")
        return
    import psycopg  # noqa: PLC0415  # runs on SQLite alone do without it

    with psycopg.connect(database) as server:
        server.execute('DELETE FROM "cursor"')


OURS = Ours()
HALVES = Ours(name="ours-halves", collections=("parcels-1", "parcels-2"))
