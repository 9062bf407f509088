"""Opening the shared database for commands that only look at it: nothing is made, nothing is changed."""

import shlex
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from cchc_connect.cli.exits import NotThere
from cchc_connect.cli.session import Session
from cchc_connect.database.shared import SharedDatabase
from cchc_connect.errors import DatabaseUnusable

SQLITE = "sqlite:///"


@contextmanager
def existing_database(session: Session, given: Path | None) -> Generator[SharedDatabase, None, None]:
    """Give the database `given`, or the configuration's where none is.

    Raises:
        NotThere: there is no such file; it is not made.
        DatabaseUnusable: the file is no shared database of this program; it is left as it is.
        ConfigurationError: no database is given, and the configuration cannot be read.
    """
    location = given or configured_location(session)
    check_location(location)
    with SharedDatabase(f"{SQLITE}{location.resolve()}") as database:
        yield database


def where(given: Path | None) -> str:
    """Return the option that names the database `given` in a command to type next; "" where none was given."""
    return f" --db {shlex.quote(str(given))}" if given else ""


def configured_location(session: Session) -> Path:
    """Return where the configuration says the database lies."""
    from cchc_connect.config import Config  # noqa: PLC0415  # with --db no configuration is read and none loaded

    return Path(Config.load(session.config).database.url.removeprefix(SQLITE))


def check_location(location: Path) -> None:
    """Look whether `location` is a shared database, without changing it; raises as `existing_database` does.

    Opening a file as the shared database would make its tables there, whatever else it holds.
    """
    if not location.is_file():
        raise NotThere("cli.no_database", path=location)
    try:
        with closing(sqlite3.connect(f"file:{quote(str(location))}?mode=ro", uri=True)) as connection:
            found = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'change'").fetchone()
    except sqlite3.Error as error:
        # Its text may hold what the file holds; the name of the error does not.
        reason = getattr(error, "sqlite_errorname", type(error).__name__)
        raise DatabaseUnusable("database.failed", path=location, reason=reason) from None
    if found == (0,):
        raise DatabaseUnusable("cli.foreign_database", path=location)
