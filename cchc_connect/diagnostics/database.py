"""Health of the shared database: versions, free disk space, and settings that make commits durable."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from cchc_connect.database.direct.layout import SCHEMA_VERSION
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.diagnostics.finding import Finding
from cchc_connect.privacy.private_files import GROUP_OR_OTHERS

MIB = 1024 * 1024
"""Bytes."""

MIN_FREE_MIB = 1024
"""Free disk space in MiB below which a check warns.

A first load of a province's parcels takes a few hundred, a schema upgrade up to the size of the database.
"""

DATABASE = "database"
"""Subject of findings about the shared database."""


@dataclass(frozen=True, kw_only=True)
class DatabaseCondition:
    """State that the database reports."""

    kind: str
    """`SQLite` or `PostgreSQL`."""
    version: str
    """Version of the database software."""
    journal_mode: str
    """SQLite's journal mode; "wal" for PostgreSQL."""
    unsafe_settings: tuple[str, ...]
    """Settings under which a power cut may lose committed data."""
    size_bytes: int


def database_findings(database: SharedDatabase) -> Iterator[Finding]:
    """Yield the findings on a database that can be opened; change nothing in it.

    Raises:
        DatabaseUnusable: it cannot be queried.
    """
    with database.reading() as connection:
        condition = (
            _sqlite_condition(connection) if connection.dialect.name == "sqlite" else _postgres_condition(connection)
        )
    versions = {"kind": condition.kind, "version": condition.version, "schema_version": SCHEMA_VERSION}
    yield Finding.good(DATABASE, "database_state.version", versions)
    yield _durability_finding(condition)
    if condition.kind == "SQLite":
        yield from _permission_findings(Path(database.location))
        yield free_space_finding(Path(database.location).parent, condition.size_bytes)
    else:
        yield Finding.good(DATABASE, "database_state.size", {"size_mib": -(-condition.size_bytes // MIB)})


def free_space_finding(folder: Path, size_bytes: int = 0) -> Finding:
    """Return the finding on a folder's free disk space; it must hold another database of `size_bytes`."""
    free_mib = shutil.disk_usage(folder).free // MIB
    details = {"folder": folder, "free_mib": free_mib, "size_mib": -(-size_bytes // MIB)}
    if free_mib < max(MIN_FREE_MIB, size_bytes // MIB):
        return Finding.warning(DATABASE, "database_state.disk_space_low", details)
    return Finding.good(DATABASE, "database_state.disk_space", details)


def _permission_findings(path: Path) -> Iterator[Finding]:
    """Yield a finding if other users of the machine may read or write the file; new files are private."""
    mode = path.stat().st_mode
    if mode & GROUP_OR_OTHERS:
        details = {"path": path, "mode": f"{mode & 0o777:o}"}
        yield Finding.warning(DATABASE, "database_state.open_to_others", details)


def _durability_finding(condition: DatabaseCondition) -> Finding:
    if condition.unsafe_settings:
        return Finding.warning(
            DATABASE, "database_state.not_durable", {"settings": ", ".join(condition.unsafe_settings)}
        )
    if condition.journal_mode != "wal":
        return Finding.warning(DATABASE, "database_state.no_wal", {"journal": condition.journal_mode})
    return Finding.good(DATABASE, "database_state.durable", {"journal": condition.journal_mode})


def _sqlite_condition(connection: Connection) -> DatabaseCondition:
    def pragma_value(pragma: str) -> str:
        return str(connection.exec_driver_sql(f"PRAGMA {pragma}").scalar())

    return DatabaseCondition(
        kind="SQLite",
        version=str(connection.exec_driver_sql("SELECT sqlite_version()").scalar()),
        journal_mode=pragma_value("journal_mode"),
        unsafe_settings=() if pragma_value("synchronous") == "2" else ("synchronous",),
        size_bytes=int(pragma_value("page_count")) * int(pragma_value("page_size")),
    )


def _postgres_condition(connection: Connection) -> DatabaseCondition:
    def current(setting: str) -> str:
        return str(connection.exec_driver_sql("SELECT current_setting(%s)", (setting,)).scalar())

    settings = ("fsync", "full_page_writes", "synchronous_commit")
    return DatabaseCondition(
        kind="PostgreSQL",
        version=current("server_version").partition(" ")[0],
        journal_mode="wal",
        unsafe_settings=tuple(name for name in settings if current(name) == "off"),
        size_bytes=int(connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one()),
    )
