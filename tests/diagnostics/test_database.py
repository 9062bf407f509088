"""What `check` reports on the shared database: versions, free disk space, and whether commits are durable."""

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import text

from cchc_connect import SharedDatabase
from cchc_connect.database.tables import SCHEMA_VERSION
from cchc_connect.diagnostics.database import MIB, database_findings, free_space_finding
from cchc_connect.diagnostics.finding import Finding
from tests.databases import on_sqlite_only


class Usage(NamedTuple):
    """What `shutil.disk_usage` returns."""

    total: int
    used: int
    free: int


def disk_with(free_mib: int) -> Callable[[Path], Usage]:
    """Return a stand-in for `shutil.disk_usage`."""

    def usage(_: Path) -> Usage:
        return Usage(0, 0, free_mib * MIB)

    return usage


def findings_by_code(address: str) -> dict[str, Finding]:
    with SharedDatabase(address, create_or_upgrade=True) as database:
        return {finding.message.code: finding for finding in database_findings(database)}


def test_kind_version_and_schema_version_are_reported(address: str) -> None:
    context = findings_by_code(address)["database_state.version"].message.context

    assert context["kind"] in {"SQLite", "PostgreSQL"}
    assert str(context["version"])[0].isdecimal()
    assert context["schema_version"] == SCHEMA_VERSION


@on_sqlite_only
def test_free_space_and_journal_mode_of_a_file_are_reported(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", disk_with(5000))

    findings = findings_by_code(address)

    assert findings["database_state.durable"].message.context == {"journal": "wal"}
    assert findings["database_state.disk_space"].message.context["size_mib"] == 1
    assert {finding.level for finding in findings.values()} == {"good"}


@on_sqlite_only
def test_a_file_that_cannot_be_read_while_it_is_written_is_a_warning(address: str) -> None:
    with sqlite3.connect(address.removeprefix("sqlite:///")) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    connection.close()

    warning = findings_by_code(address)["database_state.no_wal"]

    assert (warning.level, warning.message.context) == ("warning", {"journal": "delete"})


@pytest.mark.parametrize(
    ("free_mib", "size_mib", "code"),
    [
        (900, 1, "database_state.disk_space_low"),
        (1100, 1, "database_state.disk_space"),
        (1100, 2000, "database_state.disk_space_low"),
        (2100, 2000, "database_state.disk_space"),
    ],
)
def test_little_free_space_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, free_mib: int, size_mib: int, code: str
) -> None:
    """A schema upgrade may need as much space as the database has."""
    monkeypatch.setattr(shutil, "disk_usage", disk_with(free_mib))

    finding = free_space_finding(tmp_path, size_mib * MIB)

    assert finding.message.code == code
    assert finding.error is None


@pytest.mark.parametrize("address", ["postgres"], indirect=True)
def test_a_server_that_may_lose_commits_is_a_warning(address: str) -> None:
    """The tests' own server is such a server, as its data are deleted afterwards."""
    with SharedDatabase(address, create_or_upgrade=True) as database, database.reading() as connection:
        settings = ("fsync", "full_page_writes", "synchronous_commit")
        off = [name for name in settings if connection.execute(text(f"SHOW {name}")).scalar() == "off"]

    findings = findings_by_code(address)

    assert ("database_state.not_durable" in findings) == bool(off)
    if off:
        assert findings["database_state.not_durable"].message.context == {"settings": ", ".join(off)}
    assert int(str(findings["database_state.size"].message.context["size_mib"])) > 0
