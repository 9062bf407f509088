"""What the global options say, for every command."""

from dataclasses import dataclass
from pathlib import Path

import typer

from cchc_connect.cli.console import Screen

CONFIG_FILE = Path("cchc.toml")


@dataclass(frozen=True, kw_only=True)
class Session:
    """One call of the command line."""

    screen: Screen
    config: Path
    """The configuration file; it need not exist for commands that do not read it."""


def session(context: typer.Context) -> Session:
    """Return the session that the global options made."""
    found = context.find_object(Session)
    if found is None:
        raise LookupError("the command was called without its global options")
    return found
