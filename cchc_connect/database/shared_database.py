"""The shared database: opening it, and its two kinds of transaction.

`reading()` sees one committed state. `writing()` is the only way to change anything: it takes the
database's write lock first. A run passes its fencing token, which must still be that of the lease, so that a run that
froze until its lease expired can write nothing more.
"""

import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection, event, select
from sqlalchemy.exc import DBAPIError

from cchc_connect.database.backend import Backend
from cchc_connect.database.direct.connection import DirectConnection, raise_outdated
from cchc_connect.database.direct.layout import RUN_LEASE, SCHEMA_VERSION
from cchc_connect.database.direct.location import Location, location_address, parse_location
from cchc_connect.database.direct.sqlite import unusable
from cchc_connect.database.migrate import create_schema, upgrade_schema
from cchc_connect.database.replay import replayed_read, replayed_write
from cchc_connect.database.sqlite import SqliteBackend
from cchc_connect.database.tables import lease
from cchc_connect.errors import DatabaseLost, DatabaseUnusable, LeaseLost
from cchc_connect.extras import require_extra, require_posix
from cchc_connect.privacy.error_boundary import ErrorBoundary
from cchc_connect.privacy.secrets import SecretText

OPENING_REPLAYS = 1
"""Repetitions while a database is opened: a server that cannot be reached is soon reported."""

_TRANSACTION_ID = "cchc_transaction_id"
"""Key under which a driver's connection notes the id of its write transaction."""


class SharedDatabase:
    """One shared database, in an SQLite file or in PostgreSQL; thread-safe.

    Example::

        with SharedDatabase("shared.db") as database:
            for parcel in records(database, LandParcel, commune_code="25747"):
                print(parcel.key, parcel.area_m2)
    """

    def __init__(self, location: str | Path, *, create_or_upgrade: bool = False) -> None:
        """Open the database at `location`: a path, `sqlite:///PATH` or `postgresql://USER@HOST:PORT/NAME`.

        Without `create_or_upgrade` the database is not changed, and nothing is created: not the database, and no file
        beside it that stays after `close`. With it the tables of a new database are created and those of an older one
        upgraded. A path is taken as it is; `?`, `#` and `%` have no meaning in it.

        Raises:
            DatabaseUnusable: it cannot be opened, belongs to another program, or has a newer schema version;
                without `create_or_upgrade` also if it does not exist (`database.absent`) or has an older one
                (`database.older`).
            UsageMistake: `location` is an address of another kind of database.
            ConfigurationError: the database's driver is not installed.
            Fatal: this is Windows.
        """
        require_posix()
        if isinstance(location, str):
            location = SecretText(location)  # a traceback with local variables must not show a password
        location = parse_location(location)
        self.url = SecretText(location_address(location))
        self._backend = _backend(location)
        self._driver_errors: tuple[type[Exception], ...] = (DBAPIError, *self._backend.driver_errors)
        identity = self._backend.transaction_id
        columns = () if identity is None else (identity,)
        self._token_query = select(lease.c.token, *columns).where(lease.c.name == RUN_LEASE)  # of every write of a run
        self._write_lock = threading.Lock()  # one writer at a time: this lock is fairer than the database's
        if not create_or_upgrade:
            self._backend.require_exists()
        self._engine = self._backend.engine(may_create=create_or_upgrade)
        event.listen(self._engine, "begin", self._begin)
        try:
            self._ensure_schema(create_or_upgrade=create_or_upgrade)
        except BaseException:
            self._engine.dispose()
            raise

    @property
    def location(self) -> str:
        """Return the file's path, or the address without its password."""
        return self._backend.location

    def reading(self) -> ErrorBoundary[Connection]:
        """Return a context manager of a connection that sees one committed state and changes nothing.

        Raises:
            DatabaseUnusable: the database failed.
        """
        return ErrorBoundary(self._read_transaction(), self._translate_error)

    def reading_directly(self) -> ErrorBoundary[DirectConnection]:
        """Return a context manager of a connection for plain SQL; it sees one committed state and changes nothing.

        Raises:
            DatabaseUnusable: the database failed.
        """
        return ErrorBoundary(self._direct_transaction(), self._translate_error)

    def writing(self, token: int | None = None, *, dry_run: bool = False) -> ErrorBoundary[Connection]:
        """Return a context manager of a connection whose changes are committed when the block ends, all or none.

        Args:
            token: the run's fencing token; None for changes that need no lease (the lease itself, a manual repair).
            dry_run: roll all changes back at the end.

        Raises:
            LeaseLost: the lease has another token now; nothing was changed.
            DatabaseLost: the connection broke; nothing was changed, or everything if it broke during the commit.
            DatabaseUnusable: the database failed; nothing was changed.
        """
        return ErrorBoundary(self._write_transaction(token, dry_run=dry_run), self._translate_error)

    def transaction_id(self, connection: Connection) -> str | None:
        """Return the id of a write transaction; None where no connection can break."""
        transaction_id: str | None = connection.info.get(_TRANSACTION_ID)
        return transaction_id

    def has_committed(self, connection: Connection, transaction_id: str) -> bool:
        """True if an earlier write transaction was committed; `connection` is in a later one."""
        return self._backend.has_committed(connection, transaction_id)

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _read_transaction(self) -> Generator[Connection, None, None]:
        with self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _direct_transaction(self) -> Generator[DirectConnection, None, None]:
        with self._engine.connect() as connection, connection.begin():
            yield DirectConnection(connection.connection.dbapi_connection, self._backend.parameter_style)

    @contextmanager
    def _write_transaction(self, token: int | None, *, dry_run: bool) -> Generator[Connection, None, None]:
        with self._write_lock, self._engine.connect() as plain:
            connection = plain.execution_options(cchc_writing=True)
            with connection.begin() as transaction:
                self._check_token(connection, token)
                yield connection
                if dry_run:
                    transaction.rollback()

    def _check_token(self, connection: Connection, token: int | None) -> None:
        """Check that the lease has this fencing token, if one is given; note the transaction's id on the connection."""
        identity = self._backend.transaction_id
        columns = () if identity is None else (identity,)
        row: Sequence[Any] = ()
        if token is not None:
            current, *row = connection.execute(self._token_query).one_or_none() or (None,)
            if current != token:
                raise LeaseLost("lease.lost", token=token)
        elif columns:
            row = connection.execute(select(*columns)).one()
        if row:
            connection.info[_TRANSACTION_ID] = row[0]

    def _begin(self, connection: Connection) -> None:
        self._backend.begin(connection, writing=connection.get_execution_options().get("cchc_writing", False))

    def _ensure_schema(self, *, create_or_upgrade: bool) -> None:
        version = replayed_read(self, self._checked_version, replays=OPENING_REPLAYS)
        if version == SCHEMA_VERSION:
            return
        if not create_or_upgrade:
            raise_outdated(version, self.location)
        with ErrorBoundary(nullcontext(), self._translate_error):
            self._backend.configure(self._engine)
        replayed_write(self, self._create_or_upgrade, replays=OPENING_REPLAYS)

    def _create_or_upgrade(self, connection: Connection) -> None:
        version = self._checked_version(connection)  # another program may have upgraded it meanwhile
        if version == SCHEMA_VERSION:
            return
        if version:
            upgrade_schema(connection, version)
        else:
            create_schema(connection)
        self._backend.stamp_version(connection, SCHEMA_VERSION)

    def _checked_version(self, connection: Connection) -> int:
        state = self._backend.inspect(connection)
        state.require_not_newer(self.location)
        return state.version

    def _translate_error(self, error: BaseException) -> DatabaseUnusable | None:
        """Translate a driver's error, which may hold values of rows, into one of ours without them; None for others."""
        if not isinstance(error, self._driver_errors):
            return None
        cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
        reason = self._backend.error_message(cause)
        if self._backend.is_connection_lost(cause):
            return DatabaseLost("database.failed", path=self.location, reason=reason)
        return unusable(self.location, reason)


def _backend(location: Location) -> Backend:
    if isinstance(location, Path):
        return SqliteBackend(location)
    with require_extra("postgres", "psycopg"):
        from cchc_connect.database.postgres import PostgresBackend  # noqa: PLC0415  # its driver is an optional dependency
    return PostgresBackend(location)
