"""`purge`, `backup` and `restored`: old rows, copies of the shared database, and what to do after a restore."""

from datetime import timedelta
from pathlib import Path

from cchc_connect.cli.arguments import existing_database, open_existing
from cchc_connect.cli.console import Console, OutputTable
from cchc_connect.cli.context import CommandContext
from cchc_connect.cli.exit_codes import CannotCreate, ExitCode
from cchc_connect.cli.formatting import local_number
from cchc_connect.clock import SystemClock
from cchc_connect.config.durations import NEVER, RetentionTable
from cchc_connect.config.file import Config
from cchc_connect.database.backup import back_up
from cchc_connect.database.state.lease import Lease
from cchc_connect.sync.high_water import go_on_after_restore
from cchc_connect.sync.synchronizer import Synchronizer

MIB = 1024 * 1024
"""Bytes."""


def purge_rows(command: CommandContext, *, dry_run: bool) -> ExitCode:
    """Delete rows that are older than `[retention]` says, or its defaults; with `dry_run` count them.

    Raises:
        LeaseHeld: a run is active.
        NotFound: there is no database; it is not created.
    """
    console, config = command.console, Config.load(command.config)
    with open_existing(config.database.url_with_password) as database:
        report = Synchronizer(config, database).purge(dry_run=dry_run)
    retention = config.retention or RetentionTable()
    ages = {name: _age_text(getattr(retention, name)) for name in RetentionTable.model_fields}
    console.document(
        {
            "dry_run": dry_run,
            "rows": {name: report.rows.get(name, 0) for name in ages},
            "ages": ages,
            "held_back_by": report.held_back_by,
            "reusable_bytes": report.reusable_bytes,
            "audit_entries": report.audit_entries,
        }
    )
    rows = [
        (console.text(f"purge_view.{name}"), _age_words(getattr(retention, name), console), report.rows.get(name, 0))
        for name in ages
    ]
    years = console.text("purge_age.years", years=config.audit.retention_years)
    rows.append((console.text("purge_view.audit_entries"), years, report.audit_entries))
    headings = ("purge_view.kind", "purge_view.age", "purge_view.dry_rows" if dry_run else "purge_view.rows")
    console.table(OutputTable(headings=headings, rows=rows, numbers_from=2))
    if report.held_back_by is not None:
        console.message("purge_view.held_back", route=report.held_back_by)
    if report.reusable_bytes is not None:
        mib = local_number(f"{report.reusable_bytes / MIB:.1f}", console.language)
        console.message("purge_view.reusable", mib=mib)
    return ExitCode.DONE


def write_backup(command: CommandContext, database: str | None, path: Path, *, force: bool) -> ExitCode:
    """Write a backup while runs go on; it is readable by its owner only.

    Raises:
        CannotCreate: the file already exists, or its folder cannot be written.
        NotFound: there is no such database.
        ConfigurationError: pg_dump is missing, or older than the server.
        DatabaseUnusable: the database cannot be read.
    """
    console = command.console
    with existing_database(command, database) as opened:
        try:
            backup = back_up(opened, path, replace=force)
        except FileExistsError:
            raise CannotCreate("cli.file_exists", path=path) from None
        except OSError as error:
            raise CannotCreate("cli.cannot_write", path=path, reason=error.strerror) from error
    console.document({"file": str(path), "kind": backup.kind, "size_bytes": backup.size_bytes})
    mib = local_number(f"{backup.size_bytes / MIB:.1f}", console.language)
    console.message("maintenance.backed_up", path=path, mib=mib)
    return ExitCode.DONE


def prepare_restored(command: CommandContext) -> ExitCode:
    """Let the change feed of a restored database go on where the lost one cannot have been, and suspend agreements.

    Raises:
        LeaseHeld: a run is active.
        NotFound: there is no database.
    """
    console, config, clock = command.console, Config.load(command.config), SystemClock()
    with (
        open_existing(config.database.url_with_password) as database,
        Lease(database, clock, timedelta(seconds=config.run.lease_s)) as lease,
        database.writing(lease.token) as connection,
    ):
        restored = go_on_after_restore(connection, clock.now())
    number = restored.sequence + 1
    console.document({"next_sequence": number, "suspended": list(restored.suspended)})
    if restored.suspended:
        console.message("maintenance.agreements_suspended", agreements=restored.suspended)
    console.message("maintenance.restored", sequence=number)
    return ExitCode.DONE


def _age_text(age: timedelta | None) -> str:
    """Return an age as cchc.toml writes it, in days."""
    return NEVER if age is None else f"{age.days}d"


def _age_words(age: timedelta | None, console: Console) -> str:
    return console.text("purge_age.never") if age is None else console.text("purge_age.days", days=age.days)
