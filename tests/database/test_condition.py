"""What `check` tells of the shared database: version, room, and whether what is committed stays."""

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import text

from cchc_connect import SharedDatabase
from cchc_connect.database.condition import MIB, database_findings, room
from cchc_connect.database.tables import STRUCTURE_VERSION
from cchc_connect.finding import Finding
from tests.databases import on_one_kind


class Usage(NamedTuple):
    """What the system tells of a disk."""

    total: int
    used: int
    free: int


def disk_with(free_mib: int) -> Callable[[Path], Usage]:
    """Return what the system would tell of a disk."""

    def usage(_: Path) -> Usage:
        return Usage(0, 0, free_mib * MIB)

    return usage


def found(address: str) -> dict[str, Finding]:
    with SharedDatabase(address) as database:
        return {finding.said.code: finding for finding in database_findings(database)}


def test_kind_version_and_structure_are_told(address: str) -> None:
    told = found(address)["database_state.version"].said.context

    assert told["kind"] in {"SQLite", "PostgreSQL"}
    assert str(told["version"])[0].isdecimal()
    assert told["structure"] == STRUCTURE_VERSION


@on_one_kind
def test_a_file_tells_its_room_and_its_journal(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", disk_with(5000))

    told = found(address)

    assert told["database_state.durable"].said.context == {"journal": "wal"}
    assert told["database_state.disk_space"].said.context["size_mib"] == 1
    assert {finding.level for finding in told.values()} == {"good"}


@on_one_kind
def test_a_file_that_cannot_be_read_while_it_is_written_is_a_warning(address: str) -> None:
    with sqlite3.connect(address.removeprefix("sqlite:///")) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    connection.close()

    warned = found(address)["database_state.no_wal"]

    assert (warned.level, warned.said.context) == ("warning", {"journal": "delete"})


@pytest.mark.parametrize(
    ("free_mib", "size_mib", "code"),
    [
        (900, 1, "database_state.disk_space_low"),
        (1100, 1, "database_state.disk_space"),
        (1100, 2000, "database_state.disk_space_low"),
        (2100, 2000, "database_state.disk_space"),
    ],
)
def test_little_room_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, free_mib: int, size_mib: int, code: str
) -> None:
    """An update of the structure may need as much as there is."""
    monkeypatch.setattr(shutil, "disk_usage", disk_with(free_mib))

    finding = room(tmp_path, size_mib * MIB)

    assert finding.said.code == code
    assert finding.error is None


@pytest.mark.parametrize("address", ["postgres"], indirect=True)
def test_a_server_that_may_lose_what_was_committed_is_a_warning(address: str) -> None:
    """The tests' own server is one: it is thrown away."""
    with SharedDatabase(address) as database, database.reading() as connection:
        settings = ("fsync", "full_page_writes", "synchronous_commit")
        off = [one for one in settings if connection.execute(text(f"SHOW {one}")).scalar() == "off"]

    told = found(address)

    assert ("database_state.not_durable" in told) == bool(off)
    if off:
        assert told["database_state.not_durable"].said.context == {"settings": ", ".join(off)}
    assert int(str(told["database_state.size"].said.context["size_mib"])) > 0
