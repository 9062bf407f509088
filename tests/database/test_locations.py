"""Opening a shared database by a path or an address: what is only read is never created, and paths are never parsed."""

import os
import sqlite3
import tempfile
import threading
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from cchc_connect import Config, DatabaseUnusable, SharedDatabase, UsageMistake, records
from cchc_schemas import LandParcel
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
