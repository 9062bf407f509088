"""The global options, as every command gets them, and the options that several commands share."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from cchc_connect.cli.console import Console

PROGRAM = "cchc-connect"
"""Name of the program."""

CONFIG_FILE = Path("cchc.toml")
"""Configuration file without the option --config."""

DEFAULT_SEED = 7
"""Seed of the demonstration's invented province without the option --seed."""

MAX_ENTRY_NUMBER = 2**63 - 1
"""Maximum number of an entry: the largest 64-bit integer that a database stores."""

DAY_S = 86_400
"""Longest pause between two changes of the demonstration, seconds."""

DatabaseOption = Annotated[str | None, typer.Option("--db", help="help.db", metavar="PATH")]

UnmaskedOption = Annotated[bool, typer.Option("--unmasked", help="help.unmasked")]
PurposeOption = Annotated[str | None, typer.Option("--purpose", help="help.purpose", metavar="CODE")]
ForDossierOption = Annotated[str | None, typer.Option("--dossier", help="help.for_dossier", metavar="CODE")]


@dataclass(frozen=True, kw_only=True)
class UnmaskedOptions:
    """Whether values are shown unmasked, and why, as it was typed."""

    unmasked: bool
    purpose: str | None
    dossier: str | None


@dataclass(frozen=True, kw_only=True)
class CommandContext:
    """One call of the command line."""

    console: Console
    config: Path
    """Path of the configuration file; it may be missing if the command does not read it."""


def command_context(context: typer.Context) -> CommandContext:
    """Return the context that the global options made.

    Raises:
        LookupError: the command was called without its global options.
    """
    command = context.find_object(CommandContext)
    if command is None:
        raise LookupError("the command was called without its global options")
    return command
