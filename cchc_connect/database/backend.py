"""What differs between the databases: how a transaction begins, whose a database is, what an error means."""

import logging
from dataclasses import dataclass
from typing import Protocol, TypedDict

from sqlalchemy import Connection, Engine

from cchc_connect.messages import Phrase

LOCK_WAIT_S = 30.0
"""Seconds a writer waits for another program's transaction."""

POOL_SIZE = 8
"""Connections that are kept open."""


_LOGGED_AS = "cchc_connect"


class Quiet(TypedDict):
    """What SQLAlchemy is told so that it shows no value."""

    hide_parameters: bool
    logging_name: str


def quiet() -> Quiet:
    """Return what keeps an engine of ours from showing values: parameters in errors, rows in a log at DEBUG.

    Engines of other parts of the same program log as they are told to.
    """
    logging.getLogger(f"sqlalchemy.engine.Engine.{_LOGGED_AS}").setLevel(logging.WARNING)
    return Quiet(hide_parameters=True, logging_name=_LOGGED_AS)


@dataclass(frozen=True, kw_only=True)
class Found:
    """What stands where the shared database is to be."""

    version: int
    """Its structure; 0 where there is none."""
    is_foreign: bool
    """Is it another program's?"""


class Backend(Protocol):
    """One kind of database."""

    @property
    def failures(self) -> tuple[type[Exception], ...]:
        """Errors of the driver."""
        ...

    @property
    def place(self) -> str:
        """Where the database is, in words that hold no secret."""
        ...

    def engine(self) -> Engine:
        """Return a new engine."""
        ...

    def begin(self, connection: Connection, *, writing: bool) -> None:
        """Begin a transaction: of all that write, on any machine, one is at work and the others wait."""
        ...

    def find(self, connection: Connection) -> Found:
        """Look what is there, without changing it."""
        ...

    def sign(self, connection: Connection, version: int) -> None:
        """Mark the database as ours, with its structure."""
        ...

    def settle(self, engine: Engine) -> None:
        """Set what a database of ours keeps and what cannot be set in a transaction."""
        ...

    def reason(self, error: BaseException) -> Phrase:
        """Return what a driver's error means and what to do; it holds no value of a row."""
        ...

    def is_lost(self, error: BaseException) -> bool:
        """Say whether only the connection broke."""
        ...

    def look(self) -> None:
        """Make sure that there is something to be looked at.

        Raises:
            DatabaseUnusable: there is not.
        """
        ...
