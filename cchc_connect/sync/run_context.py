"""The run context: what all parts of one run share, and its transactions, replayed where a connection breaks."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Protocol, TypeVar

from sqlalchemy import Connection

from cchc_connect.clock import Clock, to_timestamp_text
from cchc_connect.database.audit.subject_keys import SubjectKeys
from cchc_connect.database.direct.connection import DirectConnection
from cchc_connect.database.replay import replayed_read, replayed_write
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.state.counters import Counters
from cchc_connect.database.state.lease import read_with_token
from cchc_connect.database.writing.incoming import WriteContext
from cchc_connect.database.writing.ownership import NO_SENDERS, Owners, Senders, owners_of
from cchc_connect.errors import Stopped
from cchc_connect.sync.connection_terms import DEFAULT_TERMS, ConnectionTerms
from cchc_connect.sync.high_water import HighWaterFile, present_mark

Result = TypeVar("Result")


class Progress(Protocol):
    """Callback for the progress of a run. Several threads call it; it must be quick and must not raise."""

    def __call__(self, name: str, record_type: str, counts: Counters, total: int | None) -> None:
        """Receive the progress when a source or route begins, and after each page or message.

        Args:
            name: name of the connection or route.
            record_type: record type of the page or message.
            counts: run counters so far, all 0 at the beginning; read them at once, they change later.
            total: number of items that the source announced; None if unknown.
        """
        ...


def no_progress(name: str, record_type: str, counts: Counters, total: int | None) -> None:
    """Ignore the progress."""


def never() -> bool:
    """Return False: the run was not asked to end."""
    return False


def _nothing(_: DirectConnection) -> None:
    """Read nothing: only the lease is checked."""


@dataclass(frozen=True, kw_only=True)
class RunContext:
    """Context of one run: its database, its lease token, its clock and its settings."""

    run_id: str
    database: SharedDatabase
    clock: Clock
    token: int | None
    """Fencing token of the run's lease; None in a dry run."""
    owners: Mapping[str, str] = field(default_factory=dict[str, str])
    """Record type, or `record_type.field` -> name of the connection declared as its source of truth."""
    senders: Senders = NO_SENDERS
    """Which connections are configured; `NO_SENDERS` in a program without configuration."""
    accept_shrink: frozenset[str] = frozenset()
    """Names of the connections for which the operator accepts that many records vanish."""
    max_quarantined_share: float = 1.0
    """Share of a source's items (0 to 1) that may be faulty before the source counts as failed."""
    progress: Progress = no_progress
    is_stopping: Callable[[], bool] = never
    """Returns whether the run was asked to end."""
    sleep: Callable[[float], None] = time.sleep
    """Waits for a number of seconds."""
    prefetch: int = 1
    """Pages fetched ahead while one is translated and one is written; 0: no overlap and no threads."""
    max_pass_s: float = 3600.0
    """Seconds after which a pass that has not come to the end of a listing is left; the next run continues it."""
    terms: Mapping[str, ConnectionTerms] = field(default_factory=dict[str, ConnectionTerms])
    """How the items of each connection are read, by its name; those of others by `DEFAULT_TERMS`."""
    is_on_copy: bool = False
    """Whether `database` is a private copy, in which a dry run commits."""
    high_water: HighWaterFile | None = None
    """File with the high-water mark of the database; None: none is kept."""
    lost_sequence: int | None = None
    """Sequence that the database had reached, if it went back before this run; else None."""

    subject_keys: SubjectKeys | None = None
    """Keys of the subject index of the audit log; None: there is no index."""
    request_numbers: Iterator[int] = field(default_factory=lambda: count(1), repr=False)
    """Numbers of the run's requests; its threads share them."""

    def new_request_id(self) -> str:
        """Return the id of a new request: that of the run, and a number."""
        return f"{self.run_id}.{next(self.request_numbers)}"

    @property
    def dry_run(self) -> bool:
        """Whether the run sends no message and leaves the shared database as it is: it holds no lease."""
        return self.token is None

    def write_context(self, record_type: str) -> WriteContext:
        """Return the write context for records of a type: the run, the current instant and the owners."""
        now = to_timestamp_text(self.clock.now())
        return WriteContext(run_id=self.run_id, now=now, owners=self.owners_of(record_type))

    def owners_of(self, record_type: str) -> Owners:
        """Return the owners of a record type."""
        return owners_of(self.owners, record_type, self.senders)

    def terms_of(self, connection: str) -> ConnectionTerms:
        """Return how the items of a connection are read."""
        return self.terms.get(connection, DEFAULT_TERMS)

    def raise_if_stopping(self) -> None:
        """Raise if the run was asked to end. Call it where everything is committed.

        Raises:
            Stopped: the run was asked to end.
        """
        if self.is_stopping():
            raise Stopped("run.stopped")

    def read(self, work: Callable[[Connection], Result]) -> Result:
        """Return the result of `work`, which reads one committed state; repeated as in `commit`.

        Raises:
            DatabaseUnusable: the database failed, or the connection broke in every repetition.
        """
        return replayed_read(self.database, work, sleep=self.sleep)

    def require_lease(self) -> None:
        """Check that the run still has the lease. Call it directly before something leaves.

        A process that froze past its lease wakes without knowing it: what it sends then is old.

        Raises:
            LeaseLost: another run took the lease over.
        """
        if self.token is not None:
            self.read_with_lease(_nothing)

    def read_with_lease(self, read: Callable[[DirectConnection], Result]) -> Result:
        """Return what `read` reads in the transaction that checks the lease; raises as `require_lease` does."""
        return read_with_token(self.database, self.token, self.sleep, read)

    def mark_high_water(self, connection: Connection) -> None:
        """Note outside the database how far its change feed is. Call it before a key of its changes leaves."""
        if self.high_water is not None:
            self.high_water.write(present_mark(connection))

    def commit(self, work: Callable[[Connection], Result]) -> Result:
        """Run `work` in one write transaction and return its result.

        In a dry run that is not on a copy the transaction is rolled back.

        If the database connection breaks, `work` is repeated on a new connection. So `work` must be repeatable: it must
        change nothing but the database.

        Raises:
            LeaseLost: another run took the lease over.
            DatabaseUnusable: the database failed, or the connection broke in every repetition.
        """
        rolls_back = self.dry_run and not self.is_on_copy
        return replayed_write(self.database, work, token=self.token, dry_run=rolls_back, sleep=self.sleep)
