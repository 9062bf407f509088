"""Values that a shell completes: names in the configuration, record types, adapters, formats, ids of runs.

typer calls these functions and offers what begins as the typed word does. What cannot be read offers nothing: the
middle of a line is no place for an error, and the command itself reports it.
"""
# ruff: noqa: PLC0415  # imported when a shell asks, so that other starts do not pay for it

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cchc_connect.errors import CchcError

if TYPE_CHECKING:
    from cchc_connect.cli.console import Console

Offered = list[tuple[str, str]]
"""Values with a description, which shells that have room for it show beside them; it may be empty."""

OFFERED_RUNS = 20
"""Number of the latest runs whose ids are offered."""


def connections(context: typer.Context) -> Offered:
    """Return the connections of the configuration with their adapters."""
    from cchc_connect.config.glance import names_in

    return [(name, str(table.get("adapter", ""))) for name, table in names_in(_config(context), "connections").items()]


def routes(context: typer.Context) -> Offered:
    """Return the routes of the configuration with the connections that they send to."""
    from cchc_connect.config.glance import names_in

    return [(name, str(table.get("to", ""))) for name, table in names_in(_config(context), "routes").items()]


def record_types(context: typer.Context) -> Offered:
    """Return the record types with their terms in the reader's language."""
    from cchc_connect.database.direct.layout import RECORD_TYPE_NAMES

    console: Console = context.obj
    terms = {name: console.term("record_name", name) for name in RECORD_TYPE_NAMES}
    return [(name, "" if term == name else term) for name, term in terms.items()]


def adapters() -> Offered:
    """Return the installed adapters with the packages that provide them."""
    from cchc_connect.extras import installed_adapters

    return [(name, point.dist.name if point.dist else "") for name, point in installed_adapters().items()]


def export_formats() -> Offered:
    """Return the formats of exported files."""
    from cchc_connect.exports.formats import ExportFormat

    return [(file_format.value, "") for file_format in ExportFormat]


def run_ids(context: typer.Context) -> Offered:
    """Return the ids of the latest runs with the times at which they began."""
    from cchc_connect.cli.formatting import local_time
    from cchc_connect.config.glance import ConfigGlance
    from cchc_connect.database.direct.opening import reading
    from cchc_connect.database.direct.queries import latest_runs

    console: Console = context.obj
    try:
        location: str = context.params.get("db") or ConfigGlance.read(_config(context)).database_url
        with reading(location) as connection:
            rows = latest_runs(connection, OFFERED_RUNS)
    except CchcError:
        return []
    return [(row["run_id"], local_time(row["started_at"], console.language)) for row in rows]


def _config(context: typer.Context) -> Path:
    path: Path = context.find_root().params["config"]
    return path
