"""Checks what a command is given: names of connections and record types, and a shared database that must exist."""

# ruff: noqa: PLC0415  # what only opens SQLAlchemy or the records is imported there, so that `status` starts at once

from collections.abc import Collection, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from cchc_connect.cli.context import CommandContext
from cchc_connect.errors import DatabaseUnusable, NotFound, UsageMistake
from cchc_connect.messages.suggestions import suggestion
from cchc_connect.privacy.secrets import SecretText

if TYPE_CHECKING:
    from cchc_connect.database.direct.connection import DirectConnection
    from cchc_connect.database.shared_database import SharedDatabase
    from cchc_schemas import Record


@contextmanager
def existing_database(command: CommandContext, location: str | None) -> Generator["SharedDatabase", None, None]:
    """Open the database at `location`, a path or an address; without location that of the configuration.

    Raises:
        NotFound: there is no such database; it is not created.
        DatabaseUnusable: it is not a shared database of this program, or an older one; it is not changed.
        UsageMistake: `location` is an address of another kind of database.
        ConfigurationError: there is no location, and the configuration cannot be read.
    """
    with open_existing(configured_address(command) if location is None else SecretText(location)) as database:
        yield database


def open_existing(location: str) -> "SharedDatabase":
    """Open the database at `location`; raises as `existing_database` does."""
    from cchc_connect.database.shared_database import SharedDatabase

    try:
        return SharedDatabase(location)
    except DatabaseUnusable as error:
        if error.code != "database.absent":
            raise
        absent = error
    raise _no_database(absent)


@contextmanager
def existing_database_directly(location: str) -> Generator["DirectConnection", None, None]:
    """Read the database at `location` by its driver alone: a path or an address. Raises as `existing_database` does."""
    from cchc_connect.database.direct.opening import reading

    try:
        with reading(location) as connection:
            yield connection
    except DatabaseUnusable as error:
        if error.code != "database.absent":
            raise
        absent = error
    else:
        return
    raise _no_database(absent)


def configured_address(command: CommandContext) -> str:
    """Return the address of the database in the configuration."""
    from cchc_connect.config.file import Config

    return Config.load(command.config).database.url_with_password


def _no_database(absent: DatabaseUnusable) -> NotFound:
    """Return the error for a path at which there is no shared database; its code tells what is there instead."""
    path = Path(str(absent.context["path"]))
    if path.is_dir():
        return NotFound("cli.database_is_folder", path=path)
    return NotFound("cli.database_empty" if path.is_file() else "cli.no_database", path=path)


def record_class(name: str) -> "type[Record]":
    """Return the record class of a record type.

    Raises:
        UsageMistake: there is no record type of that name.
    """
    from cchc_connect.database.names import require_record_type
    from cchc_schemas import RECORD_TYPES

    require_record_type(name)
    return RECORD_TYPES[name]


def require_provided(connection: str, record_type: str | None, provided: Collection[str]) -> None:
    """Check that `record_type`, if any, is one of those that a connection provides.

    Raises:
        UsageMistake: it is not.
    """
    if record_type not in {None, *provided}:
        meant = suggestion(str(record_type), provided)
        context = {"connection": connection, "name": record_type, "suggestion": meant, "known": ", ".join(provided)}
        raise UsageMistake("cli.record_type_not_provided", **context)
