"""Work on the database that is repeated on a new connection when its own broke: a restart, an administrator, a network.

Work must change nothing but the database. It is done once: where the connection broke during the commit, the database
is asked whether that transaction was committed before the work is repeated.
"""

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import Connection

from cchc_connect.errors import DatabaseLost

if TYPE_CHECKING:
    from cchc_connect.database.direct.connection import DirectConnection
    from cchc_connect.database.shared_database import SharedDatabase

Result = TypeVar("Result")

MAX_REPLAYS = 10
"""How many times work is repeated whose connection broke: for about a minute, in which a server restarts."""

FIRST_WAIT_S = 0.5
"""Seconds before the first repetition; the wait doubles before each further one."""

MAX_WAIT_S = 8.0
"""Longest wait before a repetition, in seconds."""

Sleep = Callable[[float], None]
"""Waits for a number of seconds."""


def replayed_read(
    database: "SharedDatabase",
    work: Callable[[Connection], Result],
    *,
    sleep: Sleep = time.sleep,
    replays: int = MAX_REPLAYS,
) -> Result:
    """Return the result of `work`, which reads one committed state; it is repeated at most `replays` times.

    Raises:
        DatabaseUnusable: the database failed, or the connection broke in every repetition (`DatabaseLost`).
    """
    for wait_s in _waits(replays):
        try:
            with database.reading() as connection:
                return work(connection)
        except DatabaseLost:
            if wait_s is None:
                raise
            sleep(wait_s)
    raise AssertionError("the last repetition returns or raises")


def replayed_direct_read(
    database: "SharedDatabase",
    work: Callable[["DirectConnection"], Result],
    *,
    sleep: Sleep = time.sleep,
    replays: int = MAX_REPLAYS,
) -> Result:
    """Return the result of `work`, which reads one committed state by plain SQL; repeated as in `replayed_read`.

    Raises:
        DatabaseUnusable: the database failed, or the connection broke in every repetition (`DatabaseLost`).
    """
    for wait_s in _waits(replays):
        try:
            with database.reading_directly() as connection:
                return work(connection)
        except DatabaseLost:
            if wait_s is None:
                raise
            sleep(wait_s)
    raise AssertionError("the last repetition returns or raises")


def replayed_write(
    database: "SharedDatabase",
    work: Callable[[Connection], Result],
    *,
    token: int | None = None,
    dry_run: bool = False,
    sleep: Sleep = time.sleep,
    replays: int = MAX_REPLAYS,
) -> Result:
    """Run `work` in one write transaction and return its result; it is repeated at most `replays` times.

    `token` and `dry_run` are those of `SharedDatabase.writing`.

    Raises:
        LeaseLost: the lease has another token now.
        DatabaseUnusable: the database failed, or the connection broke in every repetition (`DatabaseLost`).
    """
    in_doubt: tuple[str, Result] | None = None
    for wait_s in _waits(replays):
        try:
            with database.writing(token, dry_run=dry_run) as connection:
                if in_doubt is not None and database.has_committed(connection, in_doubt[0]):
                    return in_doubt[1]
                result = work(connection)
                transaction_id = database.transaction_id(connection)
                in_doubt = None if transaction_id is None else (transaction_id, result)
        except DatabaseLost:
            if wait_s is None:
                raise
            sleep(wait_s)
        else:
            return result
    raise AssertionError("the last repetition returns or raises")


def _waits(replays: int) -> Iterator[float | None]:
    """Yield the seconds to wait after each attempt that fails; None for the last one."""
    for replay in range(replays):
        yield min(FIRST_WAIT_S * 2**replay, MAX_WAIT_S)
    yield None
