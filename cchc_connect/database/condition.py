"""In which condition the shared database is: its version, its room, and whether what is committed stays."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from cchc_connect.database.shared import SharedDatabase
from cchc_connect.database.tables import STRUCTURE_VERSION
from cchc_connect.finding import Finding

MIB = 1024 * 1024

LEAST_FREE_MIB = 1024
"""MiB; a first load of a province's parcels takes some hundred, an update of the structure as much as there is."""

DATABASE = "database"


@dataclass(frozen=True, kw_only=True)
class Condition:
    """What a database says of itself."""

    kind: str
    version: str
    journal: str
    """How it keeps what is committed: SQLite's journal mode; "wal" for PostgreSQL."""
    unsafe: tuple[str, ...]
    """Settings under which a power cut may take what was committed."""
    size_bytes: int


def database_findings(database: SharedDatabase) -> Iterator[Finding]:
    """Yield what a person should know of a database that can be opened; nothing is changed in it.

    Raises:
        DatabaseUnusable: it cannot be asked.
    """
    with database.reading() as connection:
        found = _sqlite(connection) if connection.dialect.name == "sqlite" else _postgres(connection)
    told = {"kind": found.kind, "version": found.version, "structure": STRUCTURE_VERSION}
    yield Finding.good(DATABASE, "database_state.version", told)
    yield _kept(found)
    if found.kind == "SQLite":
        yield room(Path(database.place).parent, found.size_bytes)
    else:
        yield Finding.good(DATABASE, "database_state.size", {"size_mib": -(-found.size_bytes // MIB)})


def room(folder: Path, size_bytes: int = 0) -> Finding:
    """Return how much room a folder's file system has, for a database of so many bytes."""
    free_mib = shutil.disk_usage(folder).free // MIB
    told = {"folder": folder, "free_mib": free_mib, "size_mib": -(-size_bytes // MIB)}
    if free_mib < max(LEAST_FREE_MIB, size_bytes // MIB):
        return Finding.warning(DATABASE, "database_state.disk_space_low", told)
    return Finding.good(DATABASE, "database_state.disk_space", told)


def _kept(found: Condition) -> Finding:
    if found.unsafe:
        return Finding.warning(DATABASE, "database_state.not_durable", {"settings": ", ".join(found.unsafe)})
    if found.journal != "wal":
        return Finding.warning(DATABASE, "database_state.no_wal", {"journal": found.journal})
    return Finding.good(DATABASE, "database_state.durable", {"journal": found.journal})


def _sqlite(connection: Connection) -> Condition:
    def told(pragma: str) -> str:
        return str(connection.exec_driver_sql(f"PRAGMA {pragma}").scalar())

    return Condition(
        kind="SQLite",
        version=str(connection.exec_driver_sql("SELECT sqlite_version()").scalar()),
        journal=told("journal_mode"),
        unsafe=() if told("synchronous") == "2" else ("synchronous",),
        size_bytes=int(told("page_count")) * int(told("page_size")),
    )


def _postgres(connection: Connection) -> Condition:
    def told(setting: str) -> str:
        return str(connection.exec_driver_sql("SELECT current_setting(%s)", (setting,)).scalar())

    settings = ("fsync", "full_page_writes", "synchronous_commit")
    return Condition(
        kind="PostgreSQL",
        version=told("server_version").partition(" ")[0],
        journal="wal",
        unsafe=tuple(name for name in settings if told(name) == "off"),
        size_bytes=int(connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one()),
    )
