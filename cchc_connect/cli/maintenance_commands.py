"""Commands of operation over years: `purge`, `backup`, `restored`. See `app` for their form."""
# ruff: noqa: PLC0415  # the engine is imported by the command that needs it, so that --help starts at once

from pathlib import Path
from typing import Annotated

import typer

from cchc_connect.cli.context import DatabaseOption, command_context

maintenance_app = typer.Typer()


@maintenance_app.command(help="help.purge")
def purge(
    context: typer.Context,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="help.purge_dry_run")] = False,
) -> int:
    """Delete rows that nothing needs any more."""
    from cchc_connect.cli.maintenance import purge_rows

    return purge_rows(command_context(context), dry_run=dry_run)


@maintenance_app.command(help="help.backup")
def backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="help.backup_file")],
    *,
    force: Annotated[bool, typer.Option("--force", help="help.init_force")] = False,
    db: DatabaseOption = None,
) -> int:
    """Write a backup of the shared database."""
    from cchc_connect.cli.maintenance import write_backup

    return write_backup(command_context(context), db, file, force=force)


@maintenance_app.command(help="help.restored")
def restored(context: typer.Context) -> int:
    """Prepare a restored database for the next run."""
    from cchc_connect.cli.maintenance import prepare_restored

    return prepare_restored(command_context(context))
