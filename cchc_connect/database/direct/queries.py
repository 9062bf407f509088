"""Every query of the direct reader: what runs, streams, routes and the audit log have stored."""

from collections.abc import Mapping

from cchc_connect.database.direct.connection import DirectConnection, StoredRow
from cchc_connect.database.direct.layout import RECORD_TYPE_NAMES, RUN_LEASE

StreamName = tuple[str, str, str]
"""Connection, record type and partition."""

_RUN_COLUMNS = "run_id, started_at, finished_at, outcome, report"
_NEWEST_FIRST = "ORDER BY started_at DESC, run_id"


def latest_runs(connection: DirectConnection, limit: int) -> list[StoredRow]:
    """Return the latest runs, the newest first."""
    return connection.rows(f"SELECT {_RUN_COLUMNS} FROM run {_NEWEST_FIRST} LIMIT :number", number=limit)  # noqa: S608  # our own texts


def latest_finished_run(connection: DirectConnection) -> StoredRow | None:
    """Return the latest run that has a report."""
    return connection.first(f"SELECT {_RUN_COLUMNS} FROM run WHERE report IS NOT NULL {_NEWEST_FIRST} LIMIT 1")  # noqa: S608  # as above


def runs_by_prefix(connection: DirectConnection, prefix: str, limit: int) -> list[StoredRow]:
    """Return the latest runs whose id begins with `prefix`, the newest first."""
    return connection.rows(
        f"SELECT {_RUN_COLUMNS} FROM run WHERE substr(run_id, 1, :length) = :prefix {_NEWEST_FIRST} LIMIT :number",  # noqa: S608  # as above
        length=len(prefix),
        prefix=prefix,
        number=limit,
    )


def run_by_id(connection: DirectConnection, run_id: str) -> StoredRow | None:
    """Return the run with this id."""
    return connection.first(f"SELECT {_RUN_COLUMNS} FROM run WHERE run_id = :run_id", run_id=run_id)  # noqa: S608  # as above


def run_counters(connection: DirectConnection, run_id: str) -> list[StoredRow]:
    """Return the counters of a run, one row for each source, partition and route."""
    return connection.rows(
        "SELECT kind, name, record_type, counts FROM run_counter WHERE run_id = :run_id "
        'ORDER BY kind, name, record_type, "partition"',
        run_id=run_id,
    )


def run_lease(connection: DirectConnection) -> StoredRow | None:
    """Return the lease of the runs; None if there was no run yet."""
    return connection.first(
        "SELECT holder, token, expires_at, clock, expires_s, first_look FROM lease WHERE name = :name", name=RUN_LEASE
    )


def server_clock_s(connection: DirectConnection) -> float | None:
    """Return the seconds of the server's clock; None for a file, which has no server."""
    if connection.is_file:
        return None
    row = connection.first("SELECT extract(epoch FROM clock_timestamp()) AS seconds")
    return None if row is None else float(row["seconds"])


def streams(connection: DirectConnection) -> Mapping[StreamName, StoredRow]:
    """Return every stream that was ever requested."""
    rows = connection.rows(
        'SELECT connection, record_type, "partition", watermark, page_token, held_code, held_context, held_since, '
        'completed_at, incomplete_code, incomplete_context, incomplete_since FROM "cursor"'
    )
    return {(row["connection"], row["record_type"], row["partition"]): row for row in rows}


def freshness_intervals(connection: DirectConnection) -> list[StoredRow]:
    """Return the intervals of freshness of all streams, by stream and beginning."""
    return connection.rows(
        'SELECT connection, record_type, "partition", state, since, until, fresh_until, within_until, breach_from '
        'FROM freshness ORDER BY connection, record_type, "partition", state, since'
    )


def absence_counts(connection: DirectConnection) -> Mapping[StreamName, int]:
    """Return the number of items that the last complete listing lacked and the next one must confirm, by stream."""
    return _counts(
        connection.rows(
            'SELECT connection, record_type, "partition", count(*) AS records FROM absence '
            'GROUP BY connection, record_type, "partition"'
        )
    )


def live_counts(connection: DirectConnection) -> Mapping[StreamName, int]:
    """Return the number of records that are not deleted, by stream."""
    counted = (
        f"SELECT connection, '{name}' AS record_type, \"partition\", count(*) AS records "  # noqa: S608  # the names are our own tables'
        f'FROM {name} WHERE deleted_at IS NULL GROUP BY connection, "partition"'
        for name in RECORD_TYPE_NAMES
    )
    return _counts(connection.rows(" UNION ALL ".join(counted)))


def quarantine_counts(connection: DirectConnection) -> Mapping[StreamName, int]:
    """Return the number of open quarantine entries, by stream."""
    return _counts(
        connection.rows(
            'SELECT connection, record_type, "partition", count(*) AS records FROM quarantine '
            'WHERE resolved_at IS NULL GROUP BY connection, record_type, "partition"'
        )
    )


def read_properties(connection: DirectConnection) -> list[StoredRow]:
    """Return the properties of sources, with whether a rule reads them and how often they were there."""
    return connection.rows(
        "SELECT connection, record_type, property, items, present, is_read FROM source_property "
        "ORDER BY connection, record_type, property"
    )


def routes(connection: DirectConnection) -> list[StoredRow]:
    """Return every route, by name."""
    return connection.rows("SELECT name, last_sequence, held_code, held_context FROM route ORDER BY name")


def agreement_versions(connection: DirectConnection, agreement_id: str) -> tuple[tuple[int, str], ...]:
    """Return version and state of each stored version of an agreement, the earliest first."""
    rows = connection.rows("SELECT version, state FROM agreement WHERE id = :id ORDER BY version", id=agreement_id)
    return tuple((row["version"], row["state"]) for row in rows)


def delivery_counts(connection: DirectConnection) -> Mapping[tuple[str, str], int]:
    """Return the number of messages by route and state; what is not granted or not taken counts as the latest alone."""
    rows = connection.rows(
        "SELECT route, state, count(*) AS messages FROM delivery AS sent"
        " WHERE state NOT IN ('not_granted', 'not_taken') OR NOT EXISTS"
        " (SELECT 1 FROM change WHERE change.record_type = sent.record_type AND change.record_key = sent.record_key"
        " AND change.sequence > sent.sequence) GROUP BY route, state"
    )
    return {(row["route"], row["state"]): row["messages"] for row in rows}


def open_discrepancies(connection: DirectConnection) -> int:
    """Return the number of discrepancies that have not ended."""
    return connection.number("SELECT count(*) FROM discrepancy WHERE state <> 'ended'")


def overdue_discrepancies(connection: DirectConnection, day: str) -> int:
    """Return the number of discrepancies that nobody handled although their last day is before a Vietnamese day."""
    return connection.number(
        "SELECT count(*) FROM discrepancy WHERE state IN ('open', 'reported') AND due_on < :day", day=day
    )


def correction_counts(connection: DirectConnection, day: str) -> Mapping[str, int]:
    """Return the numbers of open correction requests: unanswered, overdue on a Vietnamese day, answered."""
    row = connection.first(
        "SELECT count(CASE WHEN state IN ('open', 'more_time') THEN 1 END) AS waiting, "
        "count(CASE WHEN state IN ('open', 'more_time') AND due_on < :day THEN 1 END) AS overdue, "
        "count(CASE WHEN state NOT IN ('open', 'more_time') THEN 1 END) AS answered "
        "FROM correction_request WHERE closed_at IS NULL",
        day=day,
    )
    return {name: int(row[name]) if row else 0 for name in ("waiting", "overdue", "answered")}


def last_audit_entry_seen(connection: DirectConnection) -> int:
    """Return the largest number of an audit log entry that a run stored at its end, 0 if there is none."""
    return connection.number("SELECT max(last_audit_entry) FROM run")


def _counts(rows: list[StoredRow]) -> Mapping[StreamName, int]:
    return {(row["connection"], row["record_type"], row["partition"]): row["records"] for row in rows}
