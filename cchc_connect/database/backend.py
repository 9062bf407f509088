"""What differs between SQLite and PostgreSQL: transactions, the schema version, and the meaning of errors."""

import logging
from typing import Protocol, TypedDict

from sqlalchemy import ColumnElement, Connection, Engine

from cchc_connect.database.direct.connection import DatabaseState, ParameterStyle
from cchc_connect.messages import Message

POOL_SIZE = 8
"""Connections that a pool keeps open."""

_LOGGER_NAME = "cchc_connect"


class SilentEngineOptions(TypedDict):
    """Engine options of SQLAlchemy that keep values out of errors and logs."""

    hide_parameters: bool
    logging_name: str


def silent_engine_options() -> SilentEngineOptions:
    """Return options that keep an engine from showing values: parameters in errors, rows in a log at DEBUG.

    They concern the engines of this library only; other engines of the same process log as configured.
    """
    logging.getLogger(f"sqlalchemy.engine.Engine.{_LOGGER_NAME}").setLevel(logging.WARNING)
    return SilentEngineOptions(hide_parameters=True, logging_name=_LOGGER_NAME)


class Backend(Protocol):
    """Driver of one kind of database."""

    @property
    def driver_errors(self) -> tuple[type[Exception], ...]:
        """Exception types of the driver."""
        ...

    @property
    def parameter_style(self) -> ParameterStyle:
        """How the driver writes the parameters of a statement."""
        ...

    @property
    def transaction_id(self) -> ColumnElement[str] | None:
        """Expression for the id of the present transaction; None where no connection can break."""
        ...

    @property
    def location(self) -> str:
        """Where the database is: a file's path, or an address without its password."""
        ...

    def engine(self, *, may_create: bool) -> Engine:
        """Return a new engine; only with `may_create` do its connections create a database that does not exist."""
        ...

    def begin(self, connection: Connection, *, writing: bool) -> None:
        """Begin a transaction. One writer at a time, on any machine, holds the write lock; the others wait for it."""
        ...

    def inspect(self, connection: Connection) -> DatabaseState:
        """Return the state of the database; change nothing."""
        ...

    def stamp_version(self, connection: Connection, version: int) -> None:
        """Mark the database as ours, with its schema version."""
        ...

    def configure(self, engine: Engine) -> None:
        """Set the persistent settings of a database of ours that cannot be set in a transaction."""
        ...

    def error_message(self, error: BaseException) -> Message:
        """Return what a driver's error means and what to do; the message holds no value of a row."""
        ...

    def has_committed(self, connection: Connection, transaction_id: str) -> bool:
        """True if the transaction with this id, which has ended, was committed."""
        ...

    def is_connection_lost(self, error: BaseException) -> bool:
        """True if only the connection broke."""
        ...

    def require_exists(self) -> None:
        """Check that the database exists.

        Raises:
            DatabaseUnusable: it does not exist.
        """
        ...
