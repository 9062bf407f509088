"""PostgreSQL as the shared database; an advisory lock allows one writer at a time, as in SQLite.

With one writer the sequences of the change feed are committed in order, and a reader that continues after the
last one it saw misses nothing.
"""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Text, cast, create_engine, event, func, literal, select
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import UserDefinedType

from cchc_connect.database.backend import POOL_SIZE, silent_engine_options
from cchc_connect.database.direct.connection import DatabaseState, ParameterStyle
from cchc_connect.database.direct.postgres import (
    DRIVER_ERRORS,
    SESSION_SETTINGS,
    connect_postgres,
    is_postgres_lost,
    postgres_error_message,
    postgres_state,
)
from cchc_connect.database.direct.postgres_address import PostgresAddress
from cchc_connect.messages import Message

WRITE_LOCK = 0x63636863
"""Key of the advisory lock that every write transaction takes."""


class _TransactionId(UserDefinedType[str]):
    """PostgreSQL's type of the ids of transactions."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """Return the type's name."""
        return "xid8"


class PostgresBackend:
    """The shared database in PostgreSQL."""

    driver_errors = DRIVER_ERRORS
    parameter_style: ParameterStyle = "pyformat"
    transaction_id: ColumnElement[str] = cast(func.pg_current_xact_id(), Text)

    def __init__(self, url: str) -> None:
        """Prepare for the database at `url`."""
        self._address = PostgresAddress.parse(url)

    @property
    def location(self) -> str:
        """Return the address without its password."""
        return self._address.location

    def engine(self, *, may_create: bool = False) -> Engine:
        """Return an engine whose connections have the settings of `SESSION_SETTINGS`; they create nothing."""
        del may_create
        engine = create_engine(
            "postgresql+psycopg://", pool_size=POOL_SIZE, pool_pre_ping=False, **silent_engine_options()
        )
        event.listen(engine, "do_connect", self._connect)
        event.listen(engine, "connect", _set_connection_options)
        return engine

    def _connect(self, *connecting: Any) -> Any:
        """Connect by the one reading of the address; SQLAlchemy adds the driver's adapters."""
        *_, options = connecting
        return connect_postgres(self._address, **options)

    def begin(self, connection: Connection, *, writing: bool) -> None:
        """Begin a transaction: a writer takes the write lock first, a reader sees one committed state."""
        if writing:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITE_LOCK})")
        else:
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")

    def inspect(self, connection: Connection) -> DatabaseState:
        """Return the schema version, and whether another program has tables of our names; change nothing."""
        return postgres_state(lambda query: connection.exec_driver_sql(query).scalars().all())

    def stamp_version(self, connection: Connection, version: int) -> None:
        """Do nothing: the version table holds the schema version."""

    def configure(self, engine: Engine) -> None:
        """Do nothing: readers never wait for writers in PostgreSQL."""

    def error_message(self, error: BaseException) -> Message:
        """Return what an error means and what to do."""
        return postgres_error_message(error)

    def has_committed(self, connection: Connection, transaction_id: str) -> bool:
        """True if the transaction was committed; it has ended, because this one has the write lock."""
        status = func.pg_xact_status(cast(literal(transaction_id), _TransactionId))
        return connection.execute(select(status)).scalar() == "committed"

    def is_connection_lost(self, error: BaseException) -> bool:
        """True if only the connection broke: the same statements on a new connection may succeed."""
        return is_postgres_lost(error)

    def require_exists(self) -> None:
        """Do nothing: connecting to a database changes nothing in it and creates none."""


def _set_connection_options(driver_connection: Any, _: ConnectionPoolEntry) -> None:
    with driver_connection.cursor() as cursor:
        for setting in SESSION_SETTINGS:
            cursor.execute(setting)
    driver_connection.commit()
