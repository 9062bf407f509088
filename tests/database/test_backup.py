"""A backup holds one committed state, is private and checked, and after a restore nothing is lost or taken for old."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import make_url

from cchc_connect.database.backup import back_up
from cchc_connect.database.maintenance import RESTORE_GAP, advance_feed
from cchc_connect.database.reading.change_feed import change_rows, follow
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.errors import ConfigurationError, DatabaseUnusable
from tests.coverage_switch import without_coverage
from tests.database.restoring import postgres_programs, restore
from tests.databases import on_sqlite_only, prepared_address
from tests.sync.memory_systems import LandRegister, dossier_codes, dossier_fields, parcel_item
from tests.sync.pulled_database import PulledDatabase
from tests.sync.test_push import Office

SQLITE = "sqlite:///"

__all__ = ["postgres_programs"]

pytestmark = pytest.mark.usefixtures("postgres_programs")

PAGE_BYTES = 4096
"""Size of a page of an SQLite file."""


@pytest.fixture
def books(address: str) -> Iterator[PulledDatabase]:
    with SharedDatabase(address) as database:
        yield PulledDatabase(database)


def test_a_backup_is_restored_row_by_row(address: str, tmp_path: Path) -> None:
    with SharedDatabase(address) as database:
        books = PulledDatabase(database)
        books.pull("village", LandRegister([parcel_item(1), parcel_item(2, area="?")]))
        before = books.everything()
        backup = tmp_path / "backup"
        back_up(database, backup)
        books.pull("village", LandRegister([parcel_item(1), parcel_item(3)]))

    restore(backup, address)

    with SharedDatabase(address, create_or_upgrade=False) as database:
        assert PulledDatabase(database).everything() == before


def test_a_backup_is_private_and_nothing_else_is_left(books: PulledDatabase, tmp_path: Path) -> None:
    """Whatever the umask says; it holds personal data."""
    folder = tmp_path / "backups"
    folder.mkdir()
    previous = os.umask(0o022)
    try:
        done = back_up(books.database, folder / "shared.backup")
    finally:
        os.umask(previous)

    assert [path.name for path in folder.iterdir()] == ["shared.backup"]
    assert done.path.stat().st_mode & 0o777 == 0o600
    assert done.size_bytes == done.path.stat().st_size > 0


@on_sqlite_only
def test_a_restored_file_lets_readers_read_beside_a_writer(books: PulledDatabase, tmp_path: Path) -> None:
    """As a new database does; `VACUUM INTO` alone makes a file that does not."""
    back_up(books.database, tmp_path / "copy.db")

    with SharedDatabase(f"{SQLITE}{tmp_path / 'copy.db'}") as copy, copy.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


def test_a_backup_waits_for_no_writer_and_holds_nothing_of_its_transaction(
    books: PulledDatabase, tmp_path: Path
) -> None:
    books.pull("village", LandRegister([parcel_item(1)]))
    with books.database.writing() as connection:
        advance_feed(connection, "2026")

        back_up(books.database, tmp_path / "backup")

    committed = books.everything()
    address = str(books.database.url)
    books.database.close()
    restore(tmp_path / "backup", address)
    with SharedDatabase(address) as database:
        restored = PulledDatabase(database).everything()
    assert restored["maintenance"] == []
    assert {name for name in committed if committed[name] != restored[name]} == {"maintenance"}


def test_an_existing_file_is_kept_unless_it_is_to_be_replaced(books: PulledDatabase, tmp_path: Path) -> None:
    path = tmp_path / "shared.backup"
    path.write_bytes(b"former")

    with pytest.raises(FileExistsError):
        back_up(books.database, path)

    assert path.read_bytes() == b"former"
    back_up(books.database, path, replace=True)
    assert path.read_bytes() != b"former"


def spoil(path: Path) -> None:
    """Overwrite every page of a database file that holds documents of parcels."""
    content = path.read_bytes()
    pages = [content[start : start + PAGE_BYTES] for start in range(0, len(content), PAGE_BYTES)]
    path.write_bytes(b"".join(b"\xa5" * PAGE_BYTES if b'"map_sheet"' in page else page for page in pages))


@on_sqlite_only
def test_a_backup_of_a_damaged_database_leaves_the_former_one(books: PulledDatabase, tmp_path: Path) -> None:
    books.pull("village", LandRegister([parcel_item(number) for number in range(300)]))
    path = tmp_path / "shared.backup"
    back_up(books.database, path)
    former = path.read_bytes()
    database = Path(books.database.location)
    books.database.close()
    spoil(database)

    with SharedDatabase(f"{SQLITE}{database}") as damaged, pytest.raises(DatabaseUnusable):
        back_up(damaged, path, replace=True)

    assert path.read_bytes() == former
    assert [file.name for file in tmp_path.iterdir() if file.name.startswith(".")] == []


PULL_ALL = """
import sys
from cchc_connect.database.shared_database import SharedDatabase
from tests.sync.memory_systems import LandRegister, parcel_item
from tests.sync.pulled_database import PulledDatabase

with SharedDatabase(sys.argv[1]) as database:
    print("open", flush=True)
    PulledDatabase(database).pull("village", LandRegister([parcel_item(number) for number in range(600)]))
"""


def records_of(address: str) -> list[tuple[Any, ...]]:
    """Return the parcels without their sequences, which a restore moves ahead."""
    with SharedDatabase(address) as database:
        books = PulledDatabase(database)
        return [(number, books.row(key).area_m2) for number, key in _keys(books)]


def _keys(books: PulledDatabase) -> list[tuple[str, str]]:
    with books.database.reading() as connection:
        latest = {row["record_key"]: row for row in change_rows(connection, limit=10_000)}
    return sorted((json.loads(row["document"])["parcel_number"], key) for key, row in latest.items())


def test_a_backup_during_a_run_is_restored_and_the_next_run_brings_the_rest(address: str, tmp_path: Path) -> None:
    """Another process writes meanwhile; afterwards the database has the same rows as without the loss."""
    environment = {**without_coverage(os.environ), "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", PULL_ALL, address]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as run:
        assert run.stdout is not None
        run.stdout.readline()
        with SharedDatabase(address) as database:
            while not PulledDatabase(database).live_parcels():
                assert run.poll() is None
            back_up(database, tmp_path / "backup")
    expected = records_of(address)

    restore(tmp_path / "backup", address)

    at_backup = records_of(address)
    with SharedDatabase(address) as database:
        with database.writing() as connection:
            advance_feed(connection, "2026")
        PulledDatabase(database).pull("village", LandRegister([parcel_item(number) for number in range(600)]))
    assert run.returncode == 0
    assert 0 < len(at_backup) < len(expected) == 600
    assert records_of(address) == expected


def test_a_restored_feed_uses_no_sequence_and_no_idempotency_key_again(address: str, tmp_path: Path) -> None:
    """The target and the readers know the changes that the lost database had; a new one must not look like those."""
    (code,) = dossier_codes(1)
    with SharedDatabase(address) as database:
        office = Office(database)
        office.holds([dossier_fields(code, status=1)])
        office.push()
        back_up(database, tmp_path / "backup")
        office.holds([dossier_fields(code, status=2)])
        office.push()
        reader = max(read(database, 0))
    keys = [outgoing.idempotency_key for (outgoing,) in office.dossiers.received]

    restore(tmp_path / "backup", address)

    with SharedDatabase(address) as database:
        with database.writing() as connection:
            advance_feed(connection, "2026")
        office = Office(database)
        office.holds([dossier_fields(code, status=9)])
        office.push()
        assert read(database, reader) == [RESTORE_GAP + 2]
    ((outgoing,),) = office.dossiers.received
    assert outgoing.idempotency_key not in keys
    assert outgoing.previously_delivered


def read(database: SharedDatabase, after: int) -> list[int]:
    ended: list[bool] = []
    rows = follow(database, after, is_stopping=lambda: bool(ended), sleep=lambda _: ended.append(True))
    return [change.sequence for change in rows]


def program(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    (folder / name).chmod(0o755)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SharedDatabase]:
    """Give a shared database in PostgreSQL whose address has a password."""
    with prepared_address("postgres", tmp_path) as address:
        url = make_url(address).set(username=make_url(address).username or "postgres", password="s3cret-of-ours")
        with SharedDatabase(url.render_as_string(hide_password=False)) as database:
            yield database


def test_the_password_is_in_no_command_line(
    server: SharedDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every user of the machine can list the arguments of all processes."""
    seen, real = tmp_path / "seen", shutil.which("pg_dump")
    program(tmp_path / "bin", "pg_dump", f'echo "$@" >> {seen}\nenv >> {seen}\nexec {real} "$@"')
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("OTHER_PASSWORD", "s3cret-of-another")

    back_up(server, tmp_path / "backup")

    shown = seen.read_text(encoding="utf-8")
    assert "--format=custom" in shown
    assert "s3cret" not in shown


@pytest.mark.parametrize(
    ("script", "code"),
    [(None, "maintenance.pg_dump_missing"), ("echo 'pg_dump (PostgreSQL) 9.6.1'", "maintenance.pg_dump_older")],
)
def test_a_missing_or_older_pg_dump_is_named(
    server: SharedDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str | None, code: str
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    if script is not None:
        program(tmp_path / "bin", "pg_dump", script)

    with pytest.raises(ConfigurationError) as refused:
        back_up(server, tmp_path / "backup")

    assert refused.value.code == code
    assert not (tmp_path / "backup").exists()


def test_a_backup_that_fails_says_why(server: SharedDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fails = "case $1 in --version) echo 'pg_dump (PostgreSQL) 99.1';; *) echo 'error: disk is full' >&2; exit 1;; esac"
    program(tmp_path / "bin", "pg_dump", fails)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")

    with pytest.raises(DatabaseUnusable, match="disk is full"):
        back_up(server, tmp_path / "backup")

    assert sorted(path.name for path in tmp_path.iterdir()) == ["bin"]
