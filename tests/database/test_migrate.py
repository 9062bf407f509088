"""The schema of a shared database: created, upgraded in place, and refused where it belongs to another program."""

import hashlib
import os
import re
import runpy
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple, cast

import psycopg
import pytest
from psycopg.rows import dict_row
from sqlalchemy import inspect, text

from cchc_connect.cli import main
from cchc_connect.database.direct.layout import SCHEMA_VERSION
from cchc_connect.database.migrate import MIGRATIONS
from cchc_connect.database.record_tables import record_table
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.tables import METADATA
from cchc_connect.errors import DatabaseUnusable
from cchc_connect.messages import Language, render_message, sentences_by_code
from cchc_connect.monitoring.runs import run
from cchc_schemas import LandParcel
from tests.coverage_switch import without_coverage
from tests.databases import new_address
from tests.quick import few
from tests.sync.memory_systems import LandRegister, parcel_item
from tests.sync.pulled_database import PulledDatabase

FOLDER = Path(__file__).parent
"""Holds `schema_version_N.sql` and `schema_version_N_postgres.sql`: databases that programs of version N made."""

SQLITE = "sqlite:///"

TABLES = {
    "cchc_structure": "cchc_schema_version",
    "voice": "claim",
    "link": "record_link",
    "succession": "record_lineage",
    "tally": "run_counter",
    "breaker": "circuit_breaker",
    "pace": "rate_limit",
    "journal": "audit_log",
}
"""Names of tables up to schema version 3, with those of version 4."""

LATER_TABLES = {"audit_log": "audit_entry"}
"""Names of tables up to schema version 8, with today's."""

COLUMNS = {
    "cursor": {"since": "pass_since", "position": "page_token", "highest": "checkpoint", "reading": "translation_key"},
    "discrepancy": {"since": "detected_at", "settled_at": "resolved_at"},
    "succession": {"noted_at": "recorded_at"},
    "run": {"journal_entries": "last_audit_entry"},
    "breaker": {"closed_until": "retry_at"},
    "route": {"position": "last_sequence"},
    "delivery": {"next_at": "next_attempt_at", "settled_at": "finished_at", "shortened": "shortened_fields"},
}
"""Names of columns up to schema version 3, with today's."""

CODES = {
    "breaker.open": "circuit_breaker.open",
    "signature.wrong": "signature.mismatch",
    "source.position_unusable": "source.page_token_unusable",
    "transport.not_understood": "transport.response_unexpected",
    "transport.silent": "transport.no_response",
}
"""Error codes in the older databases, with today's."""

REPORT_KEYS = {"rehearsal": "dry_run", "position": "page_token"}
"""Keys of run reports up to schema version 3, with today's."""

CALL = {"connection": "ward", "method": "GET", "path": "/parcels", "attempt": 4, "request_id": "7b1d"}
UNTIL = "2026-03-02T09:00:00.000000Z"

SHOWN: Mapping[tuple[str, ...], Sequence[tuple[str, Mapping[str, object]]]] = {
    ("status",): [("transport.no_response", CALL), ("signature.mismatch", {"connection": "office"})],
    ("runs", "refused"): [
        ("source.page_token_unusable", {"connection": "hamlet", "record_type": "land_parcel"}),
        ("transport.no_response", CALL),
        ("circuit_breaker.open", {"connection": "office", "failures": 3, "until": UNTIL}),
    ],
    ("dead-letters", "list"): [("dead_letter_reason.response_unexpected", {})],
}
"""Commands, with the sentences that they show of each older database."""

KILLED = """
import os, signal, sys
from sqlalchemy import Engine, event
from cchc_connect.database.shared_database import SharedDatabase

statements = []

@event.listens_for(Engine, "before_cursor_execute")
def count(connection, cursor, statement, parameters, context, executemany):
    statements.append(statement)
    if statement.startswith(sys.argv[2]):
        print(len(statements), flush=True)
        os.kill(os.getpid(), signal.SIGKILL)

SharedDatabase(sys.argv[1], create_or_upgrade=True)
"""

Rows = Mapping[str, list[dict[str, Any]]]
"""The rows of each table, by its name."""


class Shape(NamedTuple):
    """What SQL users see of a table."""

    columns: set[str]
    indexes: set[str]
    constraints: set[str]
    """Names; of PostgreSQL only, as SQLite shows none."""
    comments: set[str | None]


def restore(address: str, version: int) -> None:
    """Make the database that a program of an older schema version left."""
    if address.startswith(SQLITE):
        with closing(sqlite3.connect(address.removeprefix(SQLITE))) as connection:
            connection.executescript((FOLDER / f"schema_version_{version}.sql").read_text(encoding="utf-8"))
            connection.execute("PRAGMA journal_mode = WAL")  # as every version of the program has left its files
        return
    with psycopg.connect(address) as server:
        server.execute((FOLDER / f"schema_version_{version}_postgres.sql").read_bytes())


RENAMED_SINCE = [("sqlite", 1), ("sqlite", 2), ("sqlite", 3), ("postgres", 2), ("postgres", 3)]
"""Kind and schema version of the databases whose tables had other names; version 1 never existed in PostgreSQL."""

OLD = [*RENAMED_SINCE, *((kind, version) for version in (4, 5, 6, 8) for kind in ("sqlite", "postgres"))]


def old_id(old: object) -> str:
    return "-".join(map(str, cast("tuple[object, ...]", old))) if isinstance(old, tuple) else str(old)


IN_EACH_RUN = (("sqlite", 1), ("postgres", 2), ("sqlite", 3), ("postgres", 4), ("sqlite", 6), ("postgres", 8))
"""Each run of the tests upgrades these, `make test-long` all of them."""


@pytest.fixture(
    params=[old if old in IN_EACH_RUN else pytest.param(old, marks=pytest.mark.long) for old in OLD], ids=old_id
)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Provide a database of each older schema version."""
    kind, version = request.param
    with new_address(kind, tmp_path) as address:
        restore(address, version)
        yield address


@pytest.fixture
def old_file(tmp_path: Path) -> Path:
    path = tmp_path / "old.db"
    restore(f"{SQLITE}{path}", 1)
    return path


def rows(address: str) -> Rows:
    """Return the rows of every table, by the driver alone."""
    if address.startswith(SQLITE):
        with closing(sqlite3.connect(address.removeprefix(SQLITE))) as connection:
            connection.row_factory = sqlite3.Row
            names = [row["name"] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            return {name: [dict(row) for row in connection.execute(f"SELECT * FROM {name}")] for name in names}  # noqa: S608  # our own names
    with psycopg.connect(address) as server, server.cursor(row_factory=dict_row) as reader:
        tables = reader.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()").fetchall()
        names = [str(table["tablename"]) for table in tables]
        return {name: reader.execute(f"SELECT * FROM {name}".encode()).fetchall() for name in names}  # noqa: S608  # as above


def today(column: str, value: Any) -> Any:
    """Return a value of an older schema version as it is stored today."""
    if column in {"held_code", "reason"}:
        return CODES.get(value, value)
    if column == "report" and value is not None:
        for former, present in {**REPORT_KEYS, **CODES}.items():
            value = value.replace(f'"{former}"', f'"{present}"')
    return value


def under_new_names(before: Rows) -> Rows:
    """Return rows of an older schema version under today's names."""
    return {
        LATER_TABLES.get(name := TABLES.get(table, table), name): [
            {COLUMNS.get(table, {}).get(name, name): today(name, value) for name, value in row.items()}
            for row in content
        ]
        for table, content in before.items()
    }


def shape(database: SharedDatabase) -> Mapping[str, Shape]:
    """Return what each table looks like."""
    with database.reading() as connection:
        inspected = inspect(connection)
        constraints = {name: set[str]() for name in inspected.get_table_names()}
        comments = {name: set[str | None]() for name in inspected.get_table_names()}
        if connection.dialect.name == "postgresql":
            named = "SELECT relname, conname FROM pg_constraint JOIN pg_class ON conrelid = pg_class.oid"
            of_schema = f"{named} WHERE relnamespace = current_schema()::regnamespace"
            for table, name in connection.execute(text(of_schema)):
                constraints[table].add(name)
            for table, texts in comments.items():
                texts |= {inspected.get_table_comment(table)["text"]}
                texts |= {column.get("comment") for column in inspected.get_columns(table)}
        return {
            name: Shape(
                columns={column["name"] for column in inspected.get_columns(name)},
                indexes={str(index["name"]) for index in inspected.get_indexes(name)},
                constraints=constraints[name],
                comments=comments[name],
            )
            for name in inspected.get_table_names()
        }


def test_an_older_database_is_upgraded_in_place(old: str, tmp_path: Path) -> None:
    """Afterwards its tables, columns, indexes, constraints and comments are those of a new database."""
    folder = tmp_path / "new"
    folder.mkdir()
    kind = "sqlite" if old.startswith(SQLITE) else "postgres"
    with (
        new_address(kind, folder) as address,
        SharedDatabase(address, create_or_upgrade=True) as new,
        SharedDatabase(old, create_or_upgrade=True) as upgraded,
    ):
        assert shape(upgraded) == shape(new)


def test_no_row_is_lost_on_the_way(old: str) -> None:
    """Every table holds the rows that it held, value by value, under today's names."""
    before = under_new_names(rows(old))

    SharedDatabase(old, create_or_upgrade=True).close()

    after = rows(old)
    for table, expected in before.items():
        if table != "cchc_schema_version":
            names = expected[0] if expected else {}
            upgraded = [{name: row[name] for name in names} for row in after[table]]
            assert sorted(map(repr, upgraded)) == sorted(map(repr, expected)), table
    assert [row["version_num"] for row in after["cchc_schema_version"]] == [f"{SCHEMA_VERSION:04}"]


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("suffix", ["", "_postgres"])
def test_each_renamed_table_had_a_row(version: int, suffix: str) -> None:
    """Otherwise the test above would prove nothing."""
    script = (FOLDER / f"schema_version_{version}{suffix}.sql").read_text(encoding="utf-8")

    empty = [name for name in {*TABLES, *COLUMNS} if f'INSERT INTO "{name}"' not in script]

    assert empty == (["pace"] if version == 2 else [])


def test_a_further_pull_continues_where_the_old_program_stopped(old: str) -> None:
    """The stored parcel is recognised by its content, whatever its hash was computed from."""
    with SharedDatabase(old, create_or_upgrade=True) as upgraded:
        books = PulledDatabase(upgraded)

        done = books.pull("village", LandRegister([parcel_item(1), parcel_item(2)]))

        assert (done.counts.inserted, done.counts.unchanged) == (1, 1)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_report_of_an_older_program_can_be_read(kind: str, tmp_path: Path) -> None:
    """The page token of its cursors had another name."""
    with new_address(kind, tmp_path) as address:
        restore(address, 3)
        with SharedDatabase(address, create_or_upgrade=True) as upgraded:
            report = run(upgraded, "run").report

    assert report is not None
    (line,) = report.lines

    assert line.after is not None
    assert line.after.page_token == "3"


@pytest.mark.parametrize("language", few(Language, 1))
def test_a_stored_code_of_an_older_program_is_shown_as_a_sentence(
    old: str, language: Language, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a stream and a route on hold, a run and a dead letter."""
    SharedDatabase(old, create_or_upgrade=True).close()

    missing: list[str] = []
    for command, expected in SHOWN.items():
        assert main([*command, "--db", old.removeprefix(SQLITE), "--lang", language]) == 0
        shown = capsys.readouterr().out
        sentences = [render_message(code, language, context) for code, context in expected]
        missing += [sentence for sentence in sentences if sentence not in shown]
        words = re.sub(r"\[[a-z_.]+\]", "", shown)  # `dead-letters` adds the code behind the sentence
        assert [code for code in (*CODES, *CODES.values()) if code in words] == []

    assert missing == []


def test_every_code_that_the_upgrade_writes_has_a_sentence() -> None:
    """And no code that it replaces has one."""
    migration = runpy.run_path(str(MIGRATIONS / "versions" / "0004_standard_table_names.py"))
    renamed: Mapping[str, str] = migration["CODES"]
    catalogue = sentences_by_code(Language.ENGLISH).keys()

    assert set(CODES.items()) <= set(renamed.items())
    assert set(renamed.values()) - catalogue == set()
    assert set(renamed) & catalogue == set()


LAST_STATEMENT = {"sqlite": "PRAGMA user_version = ", "postgresql": "COMMENT ON"}


STEPS = [(old, step) for old in RENAMED_SINCE for step in ("ALTER TABLE", "UPDATE run")]
"""Old databases, and how a statement of their upgrade begins: the first one, and one after it."""
MIDDLE = [(old, "\nCREATE TABLE" if old[1] != 5 else "ALTER TABLE") for old in OLD]


@pytest.mark.parametrize(
    ("old", "step"),
    few([*STEPS, *MIDDLE, *((old, "") for old in OLD)], 4),
    indirect=["old"],
    ids=old_id,
)
def test_an_upgrade_that_is_killed_changes_nothing(old: str, step: str) -> None:
    """At its first step, in the middle or at its last; the next program upgrades the database from the beginning."""
    statement = step or LAST_STATEMENT[old.partition(":")[0]]
    before = rows(old)
    environment = {**without_coverage(os.environ), "PYTHONPATH": os.pathsep.join(sys.path)}

    command = [sys.executable, "-c", KILLED, old, statement]
    killed = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)

    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert int(killed.stdout) > 1
    assert rows(old) == before
    SharedDatabase(old, create_or_upgrade=True).close()
    assert "claim" in rows(old)


def test_of_many_programs_one_upgrades(old: str) -> None:
    """The others wait for it and find the new schema."""

    def versions(_: int) -> Any:
        with SharedDatabase(old, create_or_upgrade=True) as database, database.reading() as connection:
            return connection.execute(text("SELECT version_num FROM cchc_schema_version")).scalar()

    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(versions, range(4))) == {f"{SCHEMA_VERSION:04}"}


def test_a_message_that_may_have_been_sent_keeps_its_key(old: str) -> None:
    """It is the key that the older programs computed: a target that has the message recognises it."""
    SharedDatabase(old, create_or_upgrade=True).close()

    sent = {row["route"]: row["idempotency_key"] for row in rows(old)["delivery"]}

    expected = {
        route: hashlib.sha256(f"{route}/land_parcel/gso-2025-07:25747:12:1/1".encode()).hexdigest()[:32]
        for route in sent
        if route != "portal"
    }
    assert sent == {"portal": None, **expected}


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_an_agencys_own_view_goes_on_working(kind: str, tmp_path: Path) -> None:
    """The databases let it follow the tables and columns that it reads."""
    with new_address(kind, tmp_path) as address:
        restore(address, 3)
        create = "CREATE VIEW disputes AS SELECT voice.agency, since FROM discrepancy JOIN voice USING (record_key)"
        if kind == "sqlite":
            with closing(sqlite3.connect(address.removeprefix(SQLITE))) as connection:
                connection.execute(create)
        else:
            with psycopg.connect(address) as server:
                server.execute(create.encode())

        with SharedDatabase(address, create_or_upgrade=True) as upgraded, upgraded.reading() as reading:
            seen = reading.execute(text("SELECT * FROM disputes")).all()

    assert [tuple(row) for row in seen] == [("H09.1", "2026-03-02T08:00:00.000000Z")]


def version_an_older_program_finds(address: str) -> int:
    """Return the schema version where programs up to version 3 look for it."""
    if address.startswith(SQLITE):
        with closing(sqlite3.connect(address.removeprefix(SQLITE))) as connection:
            return int(connection.execute("PRAGMA user_version").fetchone()[0])
    with psycopg.connect(address) as server:
        row = server.execute("SELECT version_num FROM cchc_structure").fetchone()
        return 0 if row is None else int(row[0])


def test_an_older_program_finds_that_an_upgraded_database_is_newer(old: str) -> None:
    """It refuses the database with the sentence that says so, and does not take it for another program's."""
    SharedDatabase(old, create_or_upgrade=True).close()

    assert version_an_older_program_finds(old) == SCHEMA_VERSION


def test_an_older_program_finds_that_a_new_database_is_newer(empty_address: str) -> None:
    SharedDatabase(empty_address, create_or_upgrade=True).close()

    assert version_an_older_program_finds(empty_address) == SCHEMA_VERSION


def test_a_database_of_a_newer_program_is_refused_by_its_own_table(empty_address: str) -> None:
    """A schema version that this program does not know is left alone."""
    with SharedDatabase(empty_address, create_or_upgrade=True) as database, database.writing() as connection:
        connection.execute(text("UPDATE cchc_schema_version SET version_num = '9999'"))
        if empty_address.startswith("sqlite"):
            connection.execute(text("PRAGMA user_version = 9999"))

    with pytest.raises(DatabaseUnusable) as refused:
        SharedDatabase(empty_address, create_or_upgrade=True)

    assert refused.value.code == "database.newer"


def test_another_programs_tables_of_our_names_are_refused(tmp_path: Path) -> None:
    """A schema in which another program has a table `run` is not ours to write into."""
    with new_address("postgres", tmp_path) as address:
        with psycopg.connect(address) as connection:
            connection.execute("CREATE TABLE run (distance integer)")

        with pytest.raises(DatabaseUnusable) as refused:
            SharedDatabase(address, create_or_upgrade=True)

    assert refused.value.code == "database.foreign"


def test_postgresql_has_a_comment_for_each_table_and_field(tmp_path: Path) -> None:
    """Comments have the descriptions of the records' fields, for SQL users."""
    with (
        new_address("postgres", tmp_path) as address,
        SharedDatabase(address, create_or_upgrade=True) as database,
        database.reading() as connection,
    ):
        inspected = inspect(connection)
        columns = {column["name"]: column.get("comment") for column in inspected.get_columns("land_parcel")}
        table = inspected.get_table_comment("land_parcel")["text"]

    assert table == "Land parcel (thửa đất)."
    assert columns["area_m2"] == LandParcel.model_fields["area_m2"].description
    assert all(columns.values())


def test_every_table_has_a_comment() -> None:
    record_table("land_parcel")

    assert [table.name for table in METADATA.sorted_tables if not table.comment] == []


def test_looking_changes_no_byte(old_file: Path) -> None:
    """Without `prepare` an older database is left unchanged."""
    before = hashlib.sha256(old_file.read_bytes()).hexdigest()

    with pytest.raises(DatabaseUnusable) as refused:
        SharedDatabase(f"{SQLITE}{old_file}")

    assert refused.value.code == "database.older"
    assert hashlib.sha256(old_file.read_bytes()).hexdigest() == before


def test_looking_makes_no_database(empty_address: str) -> None:
    """Without `prepare` no database is created."""
    with pytest.raises(DatabaseUnusable) as refused:
        SharedDatabase(empty_address)

    assert refused.value.code == "database.absent"
    assert SCHEMA_VERSION > 1
