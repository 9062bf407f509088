"""Opening the shared database for commands that only look at it: nothing is made, nothing is changed."""

import re
import shlex
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from cchc_connect.cli.exit_codes import NotThere
from cchc_connect.cli.session import Session
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.errors import DatabaseUnusable
from cchc_connect.privacy.secrets import SecretText

SQLITE = "sqlite:///"
ADDRESS = re.compile(r"^[a-z]+://")
PASSWORD = re.compile(r"(?<=://)([^:@/]*):[^@/]*@")


_WITHOUT = r"\1@"


@contextmanager
def existing_database(session: Session, given: str | None) -> Generator[SharedDatabase, None, None]:
    """Give the database `given`, a path or an address, or the configuration's where none is.

    Raises:
        NotThere: there is no such database; it is not made.
        DatabaseUnusable: it is no shared database of this program, or an older one; it is left as it is.
        ConfigurationError: no database is given, and the configuration cannot be read.
    """
    with open_existing(configured_address(session) if given is None else address_of(given)) as database:
        yield database


def open_existing(address: str) -> SharedDatabase:
    """Open the database at `address`; raises as `existing_database` does."""
    try:
        return SharedDatabase(address, prepare=False)
    except DatabaseUnusable as error:
        if error.code != "database.absent":
            raise
        place = error.context["path"]
    raise NotThere("cli.no_database", path=place)


def address_of(given: str) -> str:
    """Return the address of a database that is given as a path or as an address, which may hold a password."""
    return SecretText(given) if ADDRESS.match(given) else f"{SQLITE}{Path(given).resolve()}"


def where(given: str | None) -> str:
    """Return the option that names the database `given` in a command to type next; "" where none was given.

    >>> where("postgresql://cchc:secret@db/shared")
    ' --db postgresql://cchc@db/shared'
    """
    return f" --db {shlex.quote(PASSWORD.sub(_WITHOUT, given))}" if given else ""


def configured_address(session: Session) -> str:
    """Return the address of the database that the configuration names."""
    from cchc_connect.config.file import Config  # noqa: PLC0415  # with --db no configuration is read and none loaded

    return Config.load(session.config).database.address
