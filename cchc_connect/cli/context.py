"""The global options, as every command gets them, and the options that several commands share."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from cchc_connect.cli.console import Console

CONFIG_FILE = Path("cchc.toml")


@dataclass(frozen=True, kw_only=True)
class CommandContext:
    """One call of the command line."""

    console: Console
    config: Path
    """Path of the configuration file; it may be missing if the command does not read it."""


def command_context(context: typer.Context) -> CommandContext:
    """Return the session that the global options made.

    Raises:
        LookupError: the command was called without its global options.
    """
    command_session = context.find_object(CommandContext)
    if command_session is None:
        raise LookupError("the command was called without its global options")
    return command_session


MAX_ENTRY_NUMBER = 2**63 - 1
"""The largest number that an entry of a database can have."""

Database = Annotated[str | None, typer.Option("--db", help="help.db", metavar="PATH")]
Unmasked = Annotated[bool, typer.Option("--unmasked", help="help.unmasked")]
