"""docs/read_the_database.md names every table and column as they are, and its queries run on both databases."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cchc_connect.cli import main
from cchc_connect.cli.demo import demo_world
from cchc_connect.cli.demo_config import demo_tables, passwords_of_doubles
from cchc_connect.database.record_tables import all_tables
from cchc_connect.testing import Agencies
from tests.cli.conftest import CONFIG, write_config
from tests.databases import prepared_address
from tests.documentation.database_page import PAGE, described_columns, description, engine_tables, with_generated_parts
from tests.documentation.pages import blocks
from tests.sharing.in_force import agreed

QUERIES = [block.text for block in blocks(PAGE, "sql")]
ON_SQLITE = [block.text for block in blocks(PAGE, "sql", "sql sqlite")]
ON_POSTGRES = [block.text for block in blocks(PAGE, "sql", "sql postgresql")]
MAY_FIND_NOTHING = "state = 'dead'"
DEMO_SEED = 7


@pytest.fixture(scope="module")
def demo_on_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give a PostgreSQL database with the demonstration's records."""
    folder = tmp_path_factory.mktemp("postgres")
    with prepared_address("postgres", folder) as address, Agencies(demo_world(DEMO_SEED, small=True)) as agencies:
        with passwords_of_doubles(agencies):
            tables = {**demo_tables(agencies, folder / "unused.db"), "database": {"url": address}}
            write_config(folder / CONFIG, agreed(tables))
            assert main(["--config", str(folder / CONFIG), "--json", "sync"]) == 0
        yield address


def rows_in(connection: Any, query: str) -> list[Any]:
    rows: list[Any] = connection.execute(query).fetchall()
    return rows


def test_the_page_is_current() -> None:
    """If this fails, run `python -m tests.documentation.database_page` and look at what changed."""
    text = PAGE.read_text(encoding="utf-8")

    assert with_generated_parts(text) == text


def test_every_column_of_an_engine_table_is_described_and_no_other() -> None:
    all_tables()
    described = described_columns()
    columns = {table.name: set(table.columns.keys()) for table in engine_tables()}

    assert all(description(table, column) for table in engine_tables() for column in table.columns)
    assert described.keys() - {"every"} <= columns.keys()
    assert {
        (name, column) for name in columns for column in described.get(name, {}) if column not in columns[name]
    } == set()


@pytest.mark.parametrize("query", ON_SQLITE)
def test_a_query_runs_on_sqlite_and_finds_something(query: str, demo_database: Path) -> None:
    with closing(sqlite3.connect(f"file:{demo_database}?mode=ro", uri=True)) as connection:
        rows = rows_in(connection, query)

    assert rows or MAY_FIND_NOTHING in query


def test_every_query_runs_on_postgresql_and_finds_something(demo_on_postgres: str) -> None:
    with psycopg.connect(demo_on_postgres) as connection:
        without_result = [query for query in ON_POSTGRES if not rows_in(connection, query)]

    assert all(MAY_FIND_NOTHING in query for query in without_result), without_result


def test_a_query_for_one_database_has_its_counterpart_for_the_other() -> None:
    assert len(ON_SQLITE) == len(ON_POSTGRES) > len(QUERIES)
