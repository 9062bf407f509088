"""`connection`: rename a connection in the shared database, or remove one that is gone from the configuration."""

from cchc_connect.cli.arguments import open_existing
from cchc_connect.cli.console import Console
from cchc_connect.cli.context import CommandContext
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.cli.report import report_document
from cchc_connect.config.file import Config
from cchc_connect.errors import UsageMistake
from cchc_connect.sync.connection_changes import remove_connection, rename_connection
from cchc_connect.sync.report import RunReport


def rename_stored_connection(command: CommandContext, old: str, new: str) -> ExitCode:
    """Give everything that the database has of the connection `old` to `new`.

    Raises:
        UsageMistake: a name is unknown, `old` is configured still, or `new` has records of its own.
        LeaseHeld: a run is active.
        NotFound: there is no database; it is not created.
    """
    config = Config.load(command.config)
    with open_existing(config.database.url_with_password) as database:
        return _show(rename_connection(config, database, old, new), command.console)


def remove_stored_connection(command: CommandContext, name: str, *, keep: bool, delete: bool) -> ExitCode:
    """Take a connection out of the database; its records are kept or marked as deleted, as the caller chooses.

    Raises:
        UsageMistake: nothing was chosen, or both; the name is unknown, or configured still.
        LeaseHeld: a run is active.
        NotFound: there is no database; it is not created.
    """
    if keep == delete:
        raise UsageMistake("connection.choose", name=name)
    config = Config.load(command.config)
    with open_existing(config.database.url_with_password) as database:
        return _show(remove_connection(config, database, name, keep_records=keep), command.console)


def _show(report: RunReport, console: Console) -> ExitCode:
    """Write what was done: the sentence of the report's first line."""
    console.document(report_document(report, console))
    for line in report.lines:
        if line.reason is not None:
            console.line(console.sentence(line.reason))
    return ExitCode.DONE
