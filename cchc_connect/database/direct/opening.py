"""Opens the shared database for reading, by its driver alone; as `SharedDatabase` does, but nothing more is loaded."""

from collections.abc import Callable
from pathlib import Path

from cchc_connect.database.direct.connection import DirectConnection
from cchc_connect.database.direct.location import parse_location
from cchc_connect.database.direct.postgres_address import PostgresAddress
from cchc_connect.errors import DatabaseUnusable
from cchc_connect.extras import require_extra
from cchc_connect.privacy.error_boundary import ErrorBoundary, Translate


def location_text(location: str | Path) -> str:
    """Return where the database is: a file's path, or an address without its secrets.

    Raises:
        UsageMistake: `location` is an address of another kind of database.
        ConfigurationError: the database's driver is not installed.
    """
    return _reading(location)[0]


def reading(location: str | Path) -> ErrorBoundary[DirectConnection]:
    """Return a context manager of a connection that sees one committed state; nothing is created or changed.

    Args:
        location: as `SharedDatabase` takes it.

    Raises:
        DatabaseUnusable: the database does not exist, belongs to another program, has an older or a newer schema
            version, or failed.
        UsageMistake: `location` is an address of another kind of database.
        ConfigurationError: the database's driver is not installed.
    """
    return _reading(location)[1]


def _reading(location: str | Path) -> tuple[str, ErrorBoundary[DirectConnection]]:
    parsed = parse_location(location)
    if isinstance(parsed, Path):
        return str(parsed), _sqlite_reading(parsed)
    with require_extra("postgres", "psycopg"):
        from cchc_connect.database.direct import postgres  # noqa: PLC0415  # its driver is an optional dependency
    address = PostgresAddress.parse(parsed)
    return address.location, ErrorBoundary(
        postgres.postgres_reading(address),
        _translation(postgres.DRIVER_ERRORS, lambda error: postgres.postgres_failure(error, address)),
    )


def _sqlite_reading(path: Path) -> ErrorBoundary[DirectConnection]:
    from cchc_connect.database.direct import sqlite  # noqa: PLC0415  # a program with PostgreSQL does without it

    translate = _translation(sqlite.DRIVER_ERRORS, lambda error: sqlite.sqlite_failure(error, path))
    return ErrorBoundary(sqlite.sqlite_reading(path), translate)


def _translation(
    driver_errors: tuple[type[Exception], ...], failure: Callable[[BaseException], DatabaseUnusable]
) -> Translate:
    """Return a translation of the driver's errors, which may hold values of rows, into ours without them."""
    return lambda error: failure(error) if isinstance(error, driver_errors) else None
