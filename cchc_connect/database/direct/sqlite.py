"""SQLite by the standard library alone: the state of a file, the meaning of errors, and a connection to read with."""

import os
import sqlite3
import stat
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from cchc_connect.database.direct.connection import DatabaseState, DirectConnection
from cchc_connect.database.direct.layout import APPLICATION_ID, LOCK_TIMEOUT_S
from cchc_connect.errors import DatabaseUnusable
from cchc_connect.messages import Message
from cchc_connect.privacy.private_files import PRIVATE_MODE

ERRORS_WITH_MESSAGE = ("sqlite_full", "sqlite_readonly", "sqlite_cantopen", "sqlite_notadb", "sqlite_busy")
"""Error names of SQLite that have a message of their own."""

NO_DATABASE = "database_reason.sqlite_notadb"
"""Reason of a file that is no database."""

DRIVER_ERRORS: tuple[type[Exception], ...] = (sqlite3.DatabaseError,)

_WITHOUT_LOG = ("SQLITE_CANTOPEN", "SQLITE_READONLY")
"""Errors of a file whose write-ahead log cannot be created beside it."""


def sqlite_state(select: Callable[[str], Sequence[Any]]) -> DatabaseState:
    """Return the state of a file; `select` returns the first column of a query's rows."""
    tables = select("SELECT name FROM sqlite_master WHERE type = 'table'")
    (owner,), (version,) = select("PRAGMA application_id"), select("PRAGMA user_version")
    return DatabaseState(version=version, is_foreign=bool(tables) and owner != APPLICATION_ID)


def sqlite_error_message(error: BaseException) -> Message:
    """Return what an error means and what to do; SQLite's extended error names begin with the primary ones."""
    name: str = getattr(error, "sqlite_errorname", type(error).__name__)
    code = next((reason for reason in ERRORS_WITH_MESSAGE if name.lower().startswith(reason)), "other")
    return Message(f"database_reason.{code}", {"name": name})


def sqlite_failure(error: BaseException, path: Path) -> DatabaseUnusable:
    """Return our error for a file that cannot be read.

    A file with a write-ahead log in a folder that this account cannot write is not readable either; its error has the
    code `database.folder_not_writable`.
    """
    is_without_log = getattr(error, "sqlite_errorname", "").startswith(_WITHOUT_LOG)
    if is_without_log and _may(path, os.R_OK) and not _may(path.parent, os.W_OK):
        return DatabaseUnusable("database.folder_not_writable", path=path, folder=path.parent)
    return unusable(path, sqlite_error_message(error))


def unusable(path: object, reason: Message) -> DatabaseUnusable:
    """Return our error for a reason that a driver gave; to run again does not help where the file is no database."""
    if reason.code == NO_DATABASE:
        return DatabaseUnusable("database.no_database", path=path)
    return DatabaseUnusable("database.failed", path=path, reason=reason)


def connect_sqlite(path: Path, mode: str) -> sqlite3.Connection:
    """Return a connection to the file at `path`, which is absolute.

    Args:
        path: the file. It goes to SQLite as an encoded address, in which `?` and `#` are parts of a name.
        mode: that of SQLite: `rwc` creates the file, `rw` does not, `ro` writes nothing.

    The driver begins no transaction of its own. A new file is readable by its owner only, and SQLite gives the files
    beside it the permissions that it has.
    """
    # To open and close an existing file would drop SQLite's locks; a name that is too long is SQLite's to report.
    if mode == "rwc" and not os.path.exists(path):  # noqa: PTH110  # as above
        with suppress(OSError):  # another program was faster, or SQLite reports why it cannot be created
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_MODE))
    return sqlite3.connect(
        f"{path.as_uri()}?mode={mode}", uri=True, timeout=LOCK_TIMEOUT_S, check_same_thread=False, isolation_level=None
    )


def require_file(path: Path) -> None:
    """Check that there is a file at `path`; a device or a pipe is none.

    Raises:
        DatabaseUnusable: there is none (`database.absent`), or the path cannot be looked at.
    """
    try:
        is_file = stat.S_ISREG(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        is_file = False
    except OSError:
        raise DatabaseUnusable(
            "database.failed", path=path, reason=Message("database_reason.sqlite_cantopen")
        ) from None
    if not is_file:
        raise DatabaseUnusable("database.absent", path=path)


@contextmanager
def sqlite_reading(path: Path) -> Generator[DirectConnection, None, None]:
    """Open the file at `path`, which is absolute, and begin to read; the connection can change nothing.

    The connection could write, because SQLite leaves the files of its write-ahead log behind where a connection that
    could not is the last to close. If the log is there already, another program uses the file, or one was killed: then
    the connection cannot write, and merges nothing into the file that it did not write.

    Raises:
        DatabaseUnusable: there is no file (`database.absent`), or its schema version is not that of this program.
    """
    require_file(path)
    with closing(connect_sqlite(path, "ro" if Path(f"{path}-wal").exists() else "rw")) as connection:
        connection.execute("PRAGMA query_only = ON")
        connection.execute("BEGIN")
        state = sqlite_state(lambda query: [row[0] for row in connection.execute(query)])
        state.require_current(str(path))
        yield DirectConnection(connection, "named")


def _may(path: Path, mode: int) -> bool:
    """True if this process may access `path`, by its effective user where the system tells that apart."""
    return os.access(path, mode, effective_ids=os.access in os.supports_effective_ids)
