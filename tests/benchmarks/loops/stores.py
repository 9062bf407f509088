"""Storage of the hand-written loops: one table in SQLite or PostgreSQL, written in the fastest way of each database.

A page is one transaction that includes the watermark, and everything is durable when the process ends. An unchanged
row is not written.
"""

import json
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Protocol

from tests.benchmarks.loops.parcels import COLUMNS, Row, table_columns

_NAMES = ", ".join(COLUMNS)
_VALUE_COLUMNS = COLUMNS[1:]
_ASSIGNED = ", ".join(f"{name} = excluded.{name}" for name in _VALUE_COLUMNS)
_OLD = ", ".join(f"parcel.{name}" for name in _VALUE_COLUMNS)
_NEW = ", ".join(f"excluded.{name}" for name in _VALUE_COLUMNS)


class Store(Protocol):
    """One loop's table."""

    def watermark(self) -> str | None:
        """Return the latest stored time of change, None if nothing is stored."""
        ...

    def hashes(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Return the stored hash of each of these keys that is stored."""
        ...

    def write(self, page: Sequence[Row], watermark: str) -> None:
        """Store a page and its watermark in one transaction; it is durable at the latest when the store is closed."""
        ...

    def close(self) -> None:
        """Make everything durable."""
        ...


class SqliteStore:
    """A table in an SQLite file in the fastest safe mode: WAL, synced at the checkpoint."""

    _UPSERT = (
        f"INSERT INTO parcel ({_NAMES}) VALUES ({', '.join('?' * len(COLUMNS))}) "  # noqa: S608  # names are ours
        f"ON CONFLICT (id) DO UPDATE SET {_ASSIGNED} WHERE ({_OLD}) IS NOT ({_NEW})"
    )

    def __init__(self, url: str) -> None:
        # Other threads may use the connection, one at a time.
        self._connection = sqlite3.connect(
            url.removeprefix("sqlite:///"), timeout=60, isolation_level=None, check_same_thread=False
        )
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "busy_timeout = 60000"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.execute(f"CREATE TABLE IF NOT EXISTS parcel ({table_columns('BLOB')})")
        self._connection.execute("CREATE TABLE IF NOT EXISTS progress (id INTEGER PRIMARY KEY, watermark TEXT)")

    def watermark(self) -> str | None:
        """Return the latest change that is stored."""
        latest: str | None = self._connection.execute("SELECT max(watermark) FROM progress").fetchone()[0]
        return latest

    def hashes(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Return the hash of each item that is stored under one of these keys."""
        query = "SELECT id, item_hash FROM parcel WHERE id IN (SELECT value FROM json_each(?))"
        return dict(self._connection.execute(query, (json.dumps(keys),)).fetchall())

    def write(self, page: Sequence[Row], watermark: str) -> None:
        """Store a page in one transaction."""
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany(self._UPSERT, page)
        self._connection.execute(
            "INSERT INTO progress VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET watermark = excluded.watermark "
            "WHERE excluded.watermark > watermark",
            (watermark,),
        )
        self._connection.execute("COMMIT")

    def close(self) -> None:
        """Checkpoint the log, which syncs it; if another process still writes, that process will do it."""
        with suppress(sqlite3.OperationalError):
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._connection.close()


class PostgresStore:
    """A table in PostgreSQL: a page is copied into a temporary table and merged, without writing unchanged rows."""

    _MERGE = (
        f"INSERT INTO parcel ({_NAMES}) SELECT incoming.* FROM incoming LEFT JOIN parcel ON parcel.id = incoming.id "  # noqa: S608  # names are ours
        f"WHERE parcel.id IS NULL OR (parcel.*) IS DISTINCT FROM (incoming.*) "
        f"ON CONFLICT (id) DO UPDATE SET {_ASSIGNED}"
    )

    def __init__(self, url: str) -> None:
        import psycopg  # noqa: PLC0415  # the loops on SQLite do without it, and starting up is measured

        self._connection: psycopg.Connection[Any] = psycopg.connect(url)
        with self._connection.transaction():
            self._connection.execute(f"CREATE TABLE IF NOT EXISTS parcel ({table_columns('BYTEA')})".encode())
            self._connection.execute("CREATE TABLE IF NOT EXISTS progress (id INTEGER PRIMARY KEY, watermark TEXT)")
        self._connection.commit()
        self._connection.execute("CREATE TEMPORARY TABLE incoming (LIKE parcel) ON COMMIT DELETE ROWS")
        self._connection.commit()

    def watermark(self) -> str | None:
        """Return the latest change that is stored."""
        row = self._connection.execute("SELECT max(watermark) FROM progress").fetchone()
        self._connection.commit()
        return None if row is None else row[0]

    def hashes(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Return the stored hash of each of these keys that is stored; leaves a transaction open."""
        with self._connection.cursor(binary=True) as cursor:
            return dict(cursor.execute("SELECT id, item_hash FROM parcel WHERE id = ANY(%s)", (keys,)).fetchall())

    def write(self, page: Sequence[Row], watermark: str) -> None:
        """Store a page in one transaction."""
        with self._connection.cursor() as cursor:
            if page:
                with cursor.copy("COPY incoming FROM STDIN") as copy:
                    for row in page:
                        copy.write_row(row)
                cursor.execute(self._MERGE.encode())
            cursor.execute(
                "INSERT INTO progress VALUES (1, %s) ON CONFLICT (id) DO UPDATE "
                "SET watermark = excluded.watermark WHERE excluded.watermark > progress.watermark",
                (watermark,),
            )
        self._connection.commit()

    def close(self) -> None:
        """Close the connection; every commit was durable."""
        self._connection.close()


def opened(url: str) -> Store:
    """Open the store at `url` and create its table if necessary."""
    return SqliteStore(url) if url.startswith("sqlite") else PostgresStore(url)
