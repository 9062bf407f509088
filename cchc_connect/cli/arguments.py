"""Checks what a command is given: names of connections and record types, and a shared database that must exist."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from cchc_connect.cli.context import CommandContext
from cchc_connect.database.names import require_known
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.errors import DatabaseUnusable, NotFound
from cchc_connect.privacy.secrets import SecretText
from cchc_schemas import RECORD_TYPES, Record


@contextmanager
def existing_database(command: CommandContext, location: str | None) -> Generator[SharedDatabase, None, None]:
    """Open the database at `location`, a path or an address; without location that of the configuration.

    Raises:
        NotFound: there is no such database; it is not created.
        DatabaseUnusable: it is not a shared database of this program, or an older one; it is not changed.
        UsageMistake: `location` is an address of another kind of database.
        ConfigurationError: there is no location, and the configuration cannot be read.
    """
    with open_existing(configured_address(command) if location is None else SecretText(location)) as database:
        yield database


def open_existing(location: str) -> SharedDatabase:
    """Open the database at `location`; raises as `existing_database` does."""
    try:
        return SharedDatabase(location)
    except DatabaseUnusable as error:
        if error.code != "database.absent":
            raise
        location = str(error.context["path"])
    raise NotFound(_absence_code(Path(location)), path=location)


def _absence_code(path: Path) -> str:
    """Return the code of the message for a path at which there is no shared database: what is there instead."""
    if path.is_dir():
        return "cli.database_is_folder"
    return "cli.database_empty" if path.is_file() else "cli.no_database"


def configured_address(command: CommandContext) -> str:
    """Return the address of the database in the configuration."""
    from cchc_connect.config.file import Config  # noqa: PLC0415  # with --db no configuration is read

    return Config.load(command.config).database.url_with_password


def record_class(name: str) -> type[Record]:
    """Return the record class of a record type.

    Raises:
        UsageMistake: there is no record type of that name.
    """
    require_known("names.record_type_unknown", name, RECORD_TYPES)
    return RECORD_TYPES[name]
