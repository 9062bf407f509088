"""Opening a shared database by a path or an address: what is only read is never created, and paths are never parsed."""

import os
import sqlite3
import tempfile
import threading
import uuid
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from cchc_connect import Config, DatabaseUnusable, SharedDatabase, UsageMistake, records
from cchc_connect.database.direct.location import parse_location
from cchc_connect.database.direct.opening import reading
from cchc_connect.database.direct.postgres_address import PostgresAddress
from cchc_connect.messages import Message
from cchc_schemas import LandParcel
from tests.databases import postgres_server
from tests.sync.memory_systems import LandRegister, parcel_item
from tests.sync.pulled_database import PulledDatabase

ODD_NAMES = ("a?b", "a#b", "%41", ":memory:", "file:x", "thửa đất", "a?mode=memory&b=%20")
"""Names that have a meaning in an address and none in a path."""

NOBODY = 65534
"""User id of an account without rights."""


def spelt_as(spelling: str, path: Path) -> str | Path:
    if spelling == "path":
        return path
    return str(path) if spelling == "text" else f"sqlite:///{path}"


@pytest.mark.parametrize("name", ODD_NAMES)
@pytest.mark.parametrize("spelling", ["path", "text", "address"])
def test_a_path_is_taken_as_it_is(tmp_path: Path, name: str, spelling: str) -> None:
    """In the name of the folder and in that of the file; nothing else is created."""
    folder = tmp_path / name
    folder.mkdir()
    location = spelt_as(spelling, folder / name)
    with SharedDatabase(location, create_or_upgrade=True) as database:
        PulledDatabase(database).pull("a", LandRegister([parcel_item(1)]))

    with SharedDatabase(location) as database:
        assert len(list(records(database, LandParcel))) == 1
    assert [path.relative_to(tmp_path) for path in tmp_path.rglob("*")] == [Path(name), Path(name, name)]


def test_a_relative_path_is_below_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also after the program has changed it."""
    monkeypatch.chdir(tmp_path)
    with SharedDatabase(":memory:", create_or_upgrade=True) as database:
        monkeypatch.chdir("/")
        PulledDatabase(database).pull("a", LandRegister([parcel_item(1)]))

        assert len(list(records(database, LandParcel))) == 1
    assert [path.name for path in tmp_path.iterdir()] == [":memory:"]


@pytest.mark.parametrize("spelling", ["path", "text", "address"])
def test_a_database_that_is_only_read_is_not_created(tmp_path: Path, spelling: str) -> None:
    with pytest.raises(DatabaseUnusable) as refused:
        SharedDatabase(spelt_as(spelling, tmp_path / "typo.db"))

    assert refused.value.code == "database.absent"
    assert list(tmp_path.iterdir()) == []


def test_reading_leaves_the_folder_and_the_file_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "shared.db"
    with SharedDatabase(path, create_or_upgrade=True) as database:
        PulledDatabase(database).pull("a", LandRegister([parcel_item(1)]))
    before = (path.read_bytes(), path.stat().st_mtime_ns)

    with SharedDatabase(path) as database:
        list(records(database, LandParcel))

    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert [child.name for child in tmp_path.iterdir()] == ["shared.db"]


def test_a_database_that_is_removed_while_it_is_open_is_not_created_again(tmp_path: Path) -> None:
    path = tmp_path / "shared.db"
    SharedDatabase(path, create_or_upgrade=True).close()
    with SharedDatabase(path) as database:
        database.close()
        path.unlink()

        with pytest.raises(DatabaseUnusable):
            list(records(database, LandParcel))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("location", ["mysql://h/d", "sqlite://shared.db", "postgres://h/d", "HTTPS://h", ""])
def test_an_address_of_another_database_is_refused_by_name(
    location: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(UsageMistake) as refused:
        SharedDatabase(location, create_or_upgrade=True)

    assert f"{location.partition('://')[0]}" in str(refused.value)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def unwritable_folder() -> Iterator[Path]:
    """Give a folder with a database, which the account without rights may read and not write."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        SharedDatabase(folder / "shared.db", create_or_upgrade=True).close()
        (folder / "shared.db").chmod(0o644)  # its owner lets others read it
        folder.chmod(0o555)
        yield folder
        folder.chmod(0o755)


@contextmanager
def without_rights() -> Generator[None, None, None]:
    """Act as an account without rights; one that is no superuser has none in a folder that it may not write."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(before)


def test_a_folder_that_cannot_be_written_is_named_as_the_reason(unwritable_folder: Path) -> None:
    """SQLite keeps the index of its write-ahead log in a file beside the database, also to read."""
    with without_rights(), pytest.raises(DatabaseUnusable) as refused:
        SharedDatabase(unwritable_folder / "shared.db")

    assert refused.value.code == "database.folder_not_writable"
    assert str(unwritable_folder) in str(refused.value)


def test_a_database_in_a_folder_that_cannot_be_written_is_read_while_a_program_writes_it(
    unwritable_folder: Path,
) -> None:
    """Then the two files are there."""
    path = unwritable_folder / "shared.db"
    unwritable_folder.chmod(0o755)
    with SharedDatabase(path) as writer, writer.reading():
        unwritable_folder.chmod(0o555)

        with without_rights(), SharedDatabase(path) as database:
            assert list(records(database, LandParcel)) == []


def test_a_new_file_that_another_program_has_locked_is_waited_for(tmp_path: Path) -> None:
    """Several programs may open it at once; the switch to the write-ahead log does not wait by itself."""
    path = tmp_path / "shared.db"
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        unlocking = threading.Timer(0.2, holder.rollback)
        unlocking.start()

        SharedDatabase(path, create_or_upgrade=True).close()
        unlocking.join()
    SharedDatabase(path).close()


def test_a_configuration_opens_its_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It creates it, unless it is told not to."""
    monkeypatch.chdir(tmp_path)
    config = Config.load('[database]\nurl = "sqlite:///a?b.db"\n')
    with pytest.raises(DatabaseUnusable):
        config.open_database(create_or_upgrade=False)

    with config.open_database() as database:
        assert database.location == str(tmp_path / "a?b.db")
    assert (tmp_path / "a?b.db").is_file()


@pytest.mark.parametrize(
    ("address", "part"),
    [
        ("postgresql://u@[::1/x", "host"),
        ("postgresql://u@[x]/x", "host"),
        ("postgresql://u@h..h/x", "host"),
        (f"postgresql://u@{'a' * 64}/x", "host"),
        ("postgresql://u@%zz/x", "host"),
        ("postgresql://u@h h/x", "host"),
        ("postgresql://u:hunter2@b@h/x", "host"),
        ("postgresql://u@/x?host=h..h", "host"),
        ("postgresql://u@h:abc/x", "port"),
        ("postgresql://u@h:0/x", "port"),
        ("postgresql://u@h:99999999/x", "port"),
        ("postgresql://u@h:1:2/x", "port"),
        ("postgresql://u@h/x?port=1e9", "port"),
        ("postgresql://u@h/%00", "form"),
        ("postgresql://u@h/x?a=\n", "form"),
    ],
)
@pytest.mark.parametrize("open_it", [SharedDatabase, reading])
def test_an_address_with_which_no_connection_can_be_made_is_refused_naming_the_part(
    address: str, part: str, open_it: Callable[[str], object]
) -> None:
    """Before a driver or a resolver sees it; what was written is not repeated, because it may hold a password."""
    with pytest.raises(UsageMistake) as refused:
        open_it(address)

    assert refused.value.code == "database_location.address_unreadable"
    assert refused.value.context["part"] == Message(f"database_location_part.{part}")
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    "address",
    ["postgresql://[::1]:5432/x", "postgresql://u%40x@db_1.example.:5432/x", "postgresql:///x?host=/run&port=5432"],
)
def test_other_addresses_are_taken_as_they_are(address: str) -> None:
    assert parse_location(address) == address


def test_a_path_that_no_file_can_have_is_refused(tmp_path: Path) -> None:
    """A NUL would end the name for SQLite: another file would be opened."""
    with pytest.raises(UsageMistake):
        SharedDatabase(f"sqlite:///{tmp_path}/a\0b", create_or_upgrade=True)
    with pytest.raises(DatabaseUnusable):
        SharedDatabase(tmp_path / ("a" * 300), create_or_upgrade=True)
    with pytest.raises(DatabaseUnusable):
        SharedDatabase(tmp_path / ("a" * 300))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_database_that_cannot_store_vietnamese_is_refused_before_anything_is_created(encoding: str) -> None:
    name = f"encoded_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_server(), autocommit=True) as server:
        options = sql.SQL("ENCODING {} LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0").format(sql.Literal(encoding))
        server.execute(sql.SQL("CREATE DATABASE {} {}").format(sql.Identifier(name), options))
        address = PostgresAddress.parse(postgres_server())
        encoded = replace(address, name=name).location
        try:
            for create in (True, False):
                with pytest.raises(DatabaseUnusable) as refused:
                    SharedDatabase(encoded, create_or_upgrade=create)
                assert refused.value.code == "database.encoding"
            with psycopg.connect(encoded) as connection:
                assert not connection.execute("SELECT 1 FROM pg_tables WHERE schemaname = 'public'").fetchall()
        finally:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def test_the_encoding_of_the_environment_changes_nothing(monkeypatch: pytest.MonkeyPatch, empty_address: str) -> None:
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    with SharedDatabase(empty_address, create_or_upgrade=True) as database, database.reading() as connection:
        assert connection.exec_driver_sql("SELECT 'hồ sơ'").scalar_one() == "hồ sơ"
