"""The structure of a shared database: made, brought up to date in place, refused where it is another's."""

import hashlib
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import inspect, text

from cchc_connect.database.record_tables import record_table
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.tables import METADATA, STRUCTURE_VERSION
from cchc_connect.errors import DatabaseUnusable
from cchc_schemas import LandParcel
from tests.databases import new_address
from tests.sync.memory_systems import LandRegister, parcel_item
from tests.sync.pulled_database import Books

OLD = Path(__file__).with_name("structure_1.sql")
"""A database as the first structure had it: a parcel, a dossier, a discrepancy, a message, a quarantined item."""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(OLD.read_text(encoding="utf-8"))
    return path


def shape(database: SharedDatabase) -> Mapping[str, tuple[set[str], set[str]]]:
    """Return the columns and indexes of each table."""
    with database.reading() as connection:
        looked = inspect(connection)
        return {
            name: (
                {column["name"] for column in looked.get_columns(name)},
                {str(index["name"]) for index in looked.get_indexes(name)},
            )
            for name in looked.get_table_names()
        }


def test_an_older_database_is_brought_up_to_date_in_place(old: Path, tmp_path: Path) -> None:
    """Its tables are those of a new one afterwards."""
    with SharedDatabase(f"sqlite:///{old}") as upgraded, SharedDatabase(f"sqlite:///{tmp_path / 'new.db'}") as new:
        assert shape(upgraded) == shape(new)


def test_no_row_is_lost_on_the_way(old: Path) -> None:
    """Every table holds as many rows as before."""
    counted = "SELECT count(*) FROM {}"
    with closing(sqlite3.connect(old)) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        before = {name: connection.execute(counted.format(name)).fetchone()[0] for name in names}

    with SharedDatabase(f"sqlite:///{old}") as upgraded, upgraded.reading() as connection:
        after = {name: connection.execute(text(counted.format(name))).scalar() for name in names}

    assert before == after
    assert sum(before.values()) > 5


def test_a_further_pull_goes_on_where_the_old_program_was(old: Path) -> None:
    """The parcel that was there is recognised by its content, whatever its hash was made of."""
    with SharedDatabase(f"sqlite:///{old}") as upgraded:
        books = Books(upgraded)

        done = books.pull("village", LandRegister([parcel_item(1), parcel_item(2)]))

        assert (done.counts.inserted, done.counts.unchanged) == (1, 1)


def test_a_database_of_a_newer_program_is_refused_by_its_own_table(empty_address: str) -> None:
    """What this program does not know it leaves alone."""
    with SharedDatabase(empty_address) as database, database.writing() as connection:
        connection.execute(text("UPDATE cchc_structure SET version_num = '9999'"))
        if empty_address.startswith("sqlite"):
            connection.execute(text("PRAGMA user_version = 9999"))

    with pytest.raises(DatabaseUnusable) as refused:
        SharedDatabase(empty_address)

    assert refused.value.code == "database.newer"


def test_another_programs_tables_of_our_names_are_refused(tmp_path: Path) -> None:
    """A schema in which somebody else has a table `run` is not ours to write into."""
    with new_address("postgres", tmp_path) as address:
        with psycopg.connect(address) as connection:
            connection.execute("CREATE TABLE run (distance integer)")

        with pytest.raises(DatabaseUnusable) as refused:
            SharedDatabase(address)

    assert refused.value.code == "database.foreign"


def test_postgresql_says_what_each_table_and_field_is(tmp_path: Path) -> None:
    """Comments carry the descriptions of the records' fields, for whoever reads with SQL."""
    with (
        new_address("postgres", tmp_path) as address,
        SharedDatabase(address) as database,
        database.reading() as connection,
    ):
        looked = inspect(connection)
        columns = {column["name"]: column.get("comment") for column in looked.get_columns("land_parcel")}
        table = looked.get_table_comment("land_parcel")["text"]

    assert table == "Land parcel (thửa đất)."
    assert columns["area_m2"] == LandParcel.model_fields["area_m2"].description
    assert all(columns.values())


def test_every_table_says_what_it_is() -> None:
    """No table is without a comment."""
    record_table("land_parcel")

    assert [table.name for table in METADATA.sorted_tables if not table.comment] == []


def test_looking_changes_no_byte(old: Path) -> None:
    """Without leave to prepare it an older database is left as it is."""
    before = hashlib.sha256(old.read_bytes()).hexdigest()

    with pytest.raises(DatabaseUnusable) as refused:
        SharedDatabase(f"sqlite:///{old}", prepare=False)

    assert refused.value.code == "database.older"
    assert hashlib.sha256(old.read_bytes()).hexdigest() == before


def test_looking_makes_no_database(empty_address: str) -> None:
    """Without leave to prepare it nothing is made where nothing is."""
    with pytest.raises(DatabaseUnusable) as refused:
        SharedDatabase(empty_address, prepare=False)

    assert refused.value.code == "database.absent"
    assert STRUCTURE_VERSION > 1
