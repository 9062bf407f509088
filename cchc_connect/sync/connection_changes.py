"""Renames a connection in the shared database, or removes one that is gone from the configuration; each is a run.

Both hold the lease, so no run is active, and both may be repeated at any time.
"""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from cchc_connect.config.file import Config
from cchc_connect.database.names import require_known
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.state.connections import StoredConnection, stored_connections
from cchc_connect.database.state.counters import Counters
from cchc_connect.database.state.lease import Lease
from cchc_connect.database.state.runs import begin_run, finish_run
from cchc_connect.database.stream import Stream
from cchc_connect.database.writing.connection_changes import (
    forget_removal,
    mark_deleted,
    next_owned,
    release_records,
    remove_state,
    rename_rows,
)
from cchc_connect.database.writing.page_writer import pass_records_on
from cchc_connect.errors import UsageMistake
from cchc_connect.messages import Message
from cchc_connect.sync.report import ReportLine, RunReport
from cchc_connect.sync.run_context import RunContext
from cchc_connect.sync.run_environment import RunEnvironment
from cchc_connect.sync.senders import senders_of
from cchc_schemas import RECORD_TYPES

RENAME, REMOVE = "rename", "remove"
"""Kinds of the report's lines."""


def rename_connection(
    config: Config, database: SharedDatabase, old: str, new: str, environment: RunEnvironment | None = None
) -> RunReport:
    """Give everything that the database has of the connection `old` to `new`, in one transaction.

    That is for a connection that was renamed in the configuration: the system behind it is the same. Nothing is
    requested. A second call changes nothing.

    Args:
        config: the configuration, which has the new name already and the old one no longer.
        database: the shared database.
        old: the former name.
        new: the present name.
        environment: clock and callbacks; None: the real ones.

    Returns:
        A report with a line for each record type; its kind is `rename`.

    Raises:
        UsageMistake: `new` is not configured or has rows, claims or listings of its own already, `old` is configured
            still, or the database knows neither.
        LeaseHeld: a run is active.
        DatabaseUnusable: the database failed; nothing was renamed.
    """
    require_known("names.renamed_connection_unknown", new, config.connections)
    _require_gone(config, old)
    with _run(config, database, environment) as run:
        return run.context.commit(lambda connection: _rename(connection, run, old, new))


def remove_connection(
    config: Config,
    database: SharedDatabase,
    name: str,
    *,
    keep_records: bool,
    environment: RunEnvironment | None = None,
) -> RunReport:
    """Take a connection that will not come back out of the database: claims, cursors, quarantine, pauses.

    Records that another connection sends too become its own at once. The others are kept as they are until a
    connection sends them, which takes them over; or they are marked as deleted.

    Args:
        config: the configuration, which no longer has the connection.
        database: the shared database.
        name: the connection.
        keep_records: whether its records are kept; False: they are marked as deleted.
        environment: clock and callbacks; None: the real ones.

    Returns:
        A report with a line for each record type; its kind is `remove`.

    Raises:
        UsageMistake: the connection is configured still, or the database does not know it.
        LeaseHeld: a run is active.
        DatabaseUnusable: the database failed; a second call does the rest.
    """
    _require_gone(config, name)
    with _run(config, database, environment) as run:
        return _remove(run, name, is_kept=keep_records)


@dataclass(frozen=True, kw_only=True)
class _Run:
    """The context of a run that holds the lease, and when it began."""

    context: RunContext
    started_at: datetime
    began_s: float

    def begin(self, connection: Connection) -> None:
        """Store that the run began."""
        begin_run(connection, self.context.run_id, self.started_at)

    def finish(self, connection: Connection, lines: list[ReportLine]) -> RunReport:
        """Store the report of the run, and return it."""
        clock = self.context.clock
        report = RunReport(
            run_id=self.context.run_id,
            dry_run=False,
            started_at=self.started_at,
            finished_at=clock.now(),
            seconds=clock.monotonic() - self.began_s,
            lines=lines,
        )
        finish_run(connection, report.as_document())
        return report


def _rename(connection: Connection, run: _Run, old: str, new: str) -> RunReport:
    stored = stored_connections(connection)
    if old not in stored and new not in stored:
        require_known("names.connection_unknown", old, stored)
    run.begin(connection)
    moved = rename_rows(connection, old, new)
    code = "connection.renamed" if old in stored else "connection.nothing_left"
    message = Message(code, {"old": old, "new": new, **_numbers(moved)})
    counted = {record_type: Counters(updated=rows) for record_type, rows in moved.records.items()}
    return run.finish(connection, _lines(RENAME, new, counted, message))


def _remove(run: _Run, name: str, *, is_kept: bool) -> RunReport:
    stored = run.context.read(stored_connections)
    require_known("names.connection_unknown", name, stored)
    run.context.commit(run.begin)
    counted = {
        record_type: _remove_records(run.context, _stream(name, record_type), is_kept=is_kept)
        for record_type in stored[name].records
    }
    code = "connection.removed_kept" if is_kept else "connection.removed_deleted"
    message = Message(code, {"old": name, **_numbers(stored[name])})

    def finish(connection: Connection) -> RunReport:
        contexts = [(_stream(name, each), run.context.write_context(each)) for each in RECORD_TYPES]
        remove_state(connection, name, contexts)
        if is_kept:
            release_records(connection, name, contexts[0][1].now)
        else:
            forget_removal(connection, name)
        return run.finish(connection, _lines(REMOVE, name, counted, message))

    return run.context.commit(finish)


def _remove_records(run_context: RunContext, stream: Stream, *, is_kept: bool) -> Counters:
    """Pass the records of a stream on to who sends them too; mark the others as deleted unless they are kept."""
    counts, after = Counters(), ""
    while rows := run_context.read(partial(next_owned, stream=stream, after=after)):
        keys, source_keys = [key for key, _ in rows], [source_key for _, source_key in rows]
        context = run_context.write_context(stream.record_type)
        counts.updated += run_context.commit(
            partial(pass_records_on, stream=stream, record_keys=keys, write_context=context)
        )
        if not is_kept:
            counts.deleted += run_context.commit(
                partial(mark_deleted, stream=stream, source_keys=source_keys, write_context=context)
            )
        after = keys[-1]
    return counts


def _stream(name: str, record_type: str) -> Stream:
    return Stream(connection=name, record_type=record_type, agency="")


def _require_gone(config: Config, name: str) -> None:
    if name in config.connections:
        raise UsageMistake("connection.still_configured", name=name)


@contextmanager
def _run(config: Config, database: SharedDatabase, environment: RunEnvironment | None) -> Generator[_Run]:
    """Yield a run that holds the lease."""
    environment = environment or RunEnvironment()
    clock = environment.clock
    with Lease(database, clock, timedelta(seconds=config.run.lease_s)) as lease:
        context = RunContext(
            run_id=environment.new_run_id(),
            database=database,
            clock=clock,
            token=lease.token,
            owners=config.ownership,
            senders=senders_of(config, database),
            sleep=environment.sleep,
        )
        yield _Run(context=context, started_at=clock.now(), began_s=clock.monotonic())


def _numbers(stored: StoredConnection) -> Mapping[str, int]:
    return {
        "records": stored.owned,
        "claims": stored.claims,
        "listings": stored.listings,
        "quarantined": stored.quarantined,
    }


def _lines(kind: str, name: str, counted: Mapping[str, Counters], message: Message) -> list[ReportLine]:
    """Return a line for each record type; the first one says what was done to the connection as a whole."""
    lines = [
        ReportLine(kind=kind, name=name, record_type=record_type, counts=counts)
        for record_type, counts in sorted(counted.items())
    ] or [ReportLine(kind=kind, name=name, record_type="")]
    lines[0].reason = message
    return lines
