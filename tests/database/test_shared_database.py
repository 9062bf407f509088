"""Guarantees of the shared database apart from the write path."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from cchc_connect.database.direct.layout import APPLICATION_ID, SCHEMA_VERSION
from cchc_connect.database.record_tables import PROVENANCE_COLUMNS, record_table
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.errors import DatabaseUnusable
from cchc_schemas import RECORD_TYPES


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "shared.db"


@pytest.fixture
def database(path: Path) -> Iterator[SharedDatabase]:
    with SharedDatabase(f"sqlite:///{path}", create_or_upgrade=True) as opened:
        yield opened


@pytest.mark.parametrize("record_type", RECORD_TYPES)
def test_each_record_type_has_a_typed_table_any_tool_can_read(
    database: SharedDatabase, path: Path, record_type: str
) -> None:
    """A table has the record type's name, its columns have the names of the record's fields."""
    del database
    connection = sqlite3.connect(path)
    columns = {row[1] for row in connection.execute(f"PRAGMA table_info({record_type})")}
    connection.close()

    fields = set(RECORD_TYPES[record_type].model_fields)
    provenance = {name for name, *_ in PROVENANCE_COLUMNS}
    assert columns == {"record_key"} | fields | provenance
    assert not fields & provenance


def test_numbers_are_numbers_and_nested_parts_are_json(database: SharedDatabase) -> None:
    """SQL can compute with an area and read a nested part."""
    del database
    kinds = {column.name: str(column.type) for column in record_table("land_parcel").columns}

    assert (kinds["area_m2"], kinds["is_encroached"], kinds["uses"]) == ("NUMERIC", "BOOLEAN", "TEXT")


def test_a_failed_transaction_leaves_nothing(database: SharedDatabase) -> None:
    """A write transaction is atomic."""
    with pytest.raises(KeyError), database.writing() as connection:
        connection.execute(text("INSERT INTO run (run_id, started_at) VALUES ('r', 't')"))
        raise KeyError

    with database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM run")).scalar() == 0


def test_a_dry_run_transaction_leaves_nothing(database: SharedDatabase) -> None:
    """It is rolled back at its end."""
    with database.writing(dry_run=True) as connection:
        connection.execute(text("INSERT INTO run (run_id, started_at) VALUES ('r', 't')"))

    with database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM run")).scalar() == 0


def test_writers_of_many_threads_take_turns(database: SharedDatabase) -> None:
    """Eight threads that write at once lose nothing and never fail."""

    def write(number: int) -> None:
        for turn in range(10):
            with database.writing() as connection:
                connection.execute(
                    text("INSERT INTO run (run_id, started_at) VALUES (:r, 't')"), {"r": f"{number}.{turn}"}
                )

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM run")).scalar() == 80


def test_a_database_of_a_newer_program_is_refused(path: Path) -> None:
    """A newer schema version is left untouched."""
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()

    with pytest.raises(DatabaseUnusable) as refused:
        SharedDatabase(f"sqlite:///{path}", create_or_upgrade=True)

    assert refused.value.code == "database.newer"


def test_another_programs_database_is_refused_and_kept(path: Path) -> None:
    """No tables are created in another program's file."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE letters (number INTEGER)")

    with pytest.raises(DatabaseUnusable) as refused:
        SharedDatabase(f"sqlite:///{path}", create_or_upgrade=True)

    with closing(sqlite3.connect(path)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master").fetchall()
    assert (refused.value.code, tables) == ("database.foreign", [("letters",)])


@pytest.mark.parametrize("content", [b"this is no database at all, it is a letter to the office" * 10])
def test_a_file_that_is_no_database_is_refused_and_kept(path: Path, content: bytes) -> None:
    """A file of another program is not overwritten."""
    path.write_bytes(content)

    with pytest.raises(DatabaseUnusable) as refused:
        SharedDatabase(f"sqlite:///{path}", create_or_upgrade=True)

    assert refused.value.code == "database.no_database"
    assert path.read_bytes() == content


def test_a_database_that_cannot_be_created_is_one_error(tmp_path: Path) -> None:
    """The error for a folder that does not exist has the path in it."""
    with pytest.raises(DatabaseUnusable) as refused:
        SharedDatabase(f"sqlite:///{tmp_path / 'nowhere' / 'shared.db'}", create_or_upgrade=True)

    assert "nowhere" in str(refused.value)


def test_the_drivers_error_does_not_carry_values(database: SharedDatabase) -> None:
    """Values of a failing statement, which may be personal data, are in no message and no cause."""
    secret = "074000000001"
    with pytest.raises(DatabaseUnusable) as failed, database.writing() as connection:
        for _ in range(2):
            connection.execute(text("INSERT INTO run (run_id, started_at) VALUES (:id, 't')"), {"id": secret})

    assert failed.value.__cause__ is None
    assert secret not in str(failed.value)
