"""The audit log entries of a pull: one for each source of a connection in a run, with its counts and changes.

An entry does not repeat the keys: it has the range of the run's changes in the change table, their number, and a digest
of their sequences, keys, operations and versions.
"""

import hashlib
from collections.abc import Mapping, Sequence
from functools import partial

from sqlalchemy import Connection, select

from cchc_connect.database.audit.chain import RUNS_CHAIN
from cchc_connect.database.audit.entries import AuditEntry, AuditKind, append
from cchc_connect.database.tables import change
from cchc_connect.sync.report import ReportLine, RunStatus
from cchc_connect.sync.run_context import RunContext

ROWS_AT_A_TIME = 2000

COUNTED = (
    *("pages", "requests", "bytes_received", "fetched", "unchanged", "inserted", "updated", "deleted"),
    *("quarantined", "foreign", "resolved"),
)
"""Counters that an entry has; those of several partitions are added."""


def record_pull(run_context: RunContext, agency: str, lines: Sequence[ReportLine], after: int) -> None:
    """Add an entry for each source of one connection that was asked.

    Args:
        run_context: context of the run.
        agency: code of the agency that is responsible for the system.
        lines: the connection's lines of the report, one for each partition of a source.
        after: sequence of the latest change before the run.
    """
    by_source: dict[str, list[ReportLine]] = {}
    for line in lines:
        if line.counts.pages or line.counts.requests:
            by_source.setdefault(line.record_type, []).append(line)
    if not by_source:
        return
    name = lines[0].name
    changes = run_context.read(partial(_changes, name=name, run_id=run_context.run_id, after=after))
    now = run_context.clock.now()

    def store(connection: Connection) -> None:
        for record_type, of_source in by_source.items():
            counts = {counter: sum(getattr(line.counts, counter) for line in of_source) for counter in COUNTED}
            entry = AuditEntry(
                at=now,
                kind=AuditKind.PULL,
                run_id=run_context.run_id,
                provider=agency,
                connection=name,
                record_type=record_type,
                count=counts["fetched"],
                outcome=_gravest(of_source).value,
                details={
                    "counts": {counter: number for counter, number in counts.items() if number},
                    "changes": changes[record_type].document() if record_type in changes else {"count": 0},
                },
            )
            append(connection, entry, chain=RUNS_CHAIN)

    run_context.commit(store)


class _Changes:
    """The changes of one source in one run."""

    def __init__(self, first: int) -> None:
        self._first = self._last = first
        self._count = 0
        self._digest = hashlib.sha256()

    def add(self, sequence: int, record_key: str, operation: str, version: int) -> None:
        self._last, self._count = sequence, self._count + 1
        self._digest.update(f"{sequence} {operation} {version} {record_key}\n".encode())

    def document(self) -> Mapping[str, object]:
        members = {"first": self._first, "last": self._last, "count": self._count}
        return {**members, "sha256": self._digest.hexdigest()}


def _changes(connection: Connection, name: str, run_id: str, after: int) -> dict[str, _Changes]:
    """Return the changes that a run wrote from a connection, by record type; rows are read one after the other."""
    columns = (change.c.sequence, change.c.record_type, change.c.record_key, change.c.operation, change.c.version)
    of_run = (change.c.sequence > after) & (change.c.run_id == run_id) & (change.c.connection == name)
    ordered = select(*columns).where(of_run).order_by(change.c.sequence).execution_options(yield_per=ROWS_AT_A_TIME)
    changes: dict[str, _Changes] = {}
    with connection.execute(ordered) as rows:
        for sequence, record_type, record_key, operation, version in rows:
            of_type = changes.get(record_type) or changes.setdefault(record_type, _Changes(sequence))
            of_type.add(sequence, record_key, operation, version)
    return changes


def _gravest(lines: Sequence[ReportLine]) -> RunStatus:
    """Return the outcome of a source with partitions: that of the first that is not done."""
    return next((line.outcome for line in lines if line.outcome is not RunStatus.DONE), RunStatus.DONE)
