"""Where a shared database is: the file of SQLite, or the address of PostgreSQL. One parser for every way to name it."""

import re
from pathlib import Path

from cchc_connect.database.direct.postgres_address import PostgresAddress
from cchc_connect.errors import UsageMistake
from cchc_connect.privacy.secrets import SecretText

SQLITE_PREFIX = "sqlite:///"
"""Start of the address of an SQLite file; what follows is a path, relative or absolute, and never parsed further."""

POSTGRES_PREFIX = "postgresql://"
"""Start of the address of a PostgreSQL database; it may contain a password."""

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):/{2,}")

Location = Path | SecretText
"""The file of an SQLite database, absolute, or the address of a PostgreSQL database."""


def parse_location(location: str | Path) -> Location:
    """Return the file or the address that `location` names.

    `location` is a path, `sqlite:///PATH` or `postgresql://USER@HOST:PORT/NAME`. A path is taken as it is: `?`, `#`,
    `%41` and `:memory:` are ordinary parts of a name.

    Raises:
        UsageMistake: it is empty, an address with another scheme or with a host or port that is none, or no path.

    >>> parse_location("sqlite:////srv/a?b/shared.db").as_posix()
    '/srv/a?b/shared.db'
    """
    if "\0" in str(location):
        raise UsageMistake("database_location.path_unreadable")
    if isinstance(location, Path):
        return location.absolute()
    if location.startswith(POSTGRES_PREFIX):
        PostgresAddress.parse(location)
        return SecretText(location)
    if location in {"", SQLITE_PREFIX}:
        raise UsageMistake("database_location.empty")
    if location.startswith(SQLITE_PREFIX):
        return Path(location.removeprefix(SQLITE_PREFIX)).absolute()
    scheme = _scheme(location)
    if scheme is not None:
        raise UsageMistake("database_location.scheme_unknown", scheme=scheme)
    return Path(location).absolute()


def _scheme(location: str) -> str | None:
    match = _SCHEME.match(location)
    return None if match is None else f"{match[1]}://"


def location_address(location: Location) -> str:
    """Return the address of a parsed location; it may contain a password."""
    return location if isinstance(location, str) else f"{SQLITE_PREFIX}{location}"
