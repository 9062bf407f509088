"""A light start: what only looks loads little, and says what it is asked."""

import json
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from cchc_connect import DatabaseUnusable, SharedDatabase, __version__, status
from cchc_connect.cli.context import PROGRAM
from cchc_connect.clock import VIETNAM_TIME, SystemClock
from cchc_connect.database.direct.layout import RECORD_TYPE_NAMES, TABLE_NAMES
from cchc_connect.database.direct.opening import reading
from cchc_connect.database.direct.postgres_address import PostgresAddress
from cchc_connect.database.record_tables import all_tables
from cchc_connect.database.state.lease import Lease
from cchc_connect.errors import NotFound
from cchc_connect.monitoring.runs import run, runs
from cchc_connect.monitoring.status import read_status
from cchc_connect.sync.report import RunStatus
from cchc_schemas import RECORD_TYPES, VIETNAM
from tests.cli.conftest import Call
from tests.databases import on_every_kind

HEAVY = (
    *("sqlalchemy", "alembic", "pydantic", "cchc_schemas", "cchc_adapters", "requests", "urllib3", "httpx", "rich"),
    *("lxml", "msgspec", "jiter", "cchc_connect.adapter", "cchc_connect.config.file", "cchc_connect.database.tables"),
)
"""Packages and modules that a command which only looks at the database has no use for."""

LOADED = f"""
import sys
from cchc_connect.cli import main
code = main(sys.argv[1:])
print(code, [name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)
"""

NOW = "2026-07-01T01:00:00.000000Z"


def insert_run(database: SharedDatabase, *run_ids: str) -> None:
    with database.writing() as connection:
        for run_id in run_ids:
            connection.execute(
                text("INSERT INTO run (run_id, started_at) VALUES (:run_id, :now)"), {"run_id": run_id, "now": NOW}
            )


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["-h"], ["--version"], ["status"], ["runs"], ["status", "--json"], ["stats"]],
    ids=" ".join,
)
def test_what_only_looks_loads_neither_sqlalchemy_nor_records_nor_adapters(
    arguments: list[str], pulled: Path, tmp_path: Path
) -> None:
    for file in ("cchc.toml", "shared.db"):
        shutil.copy(pulled.with_name(file), tmp_path)

    ended = subprocess.run(
        [sys.executable, "-c", LOADED, *arguments], cwd=tmp_path, capture_output=True, text=True, check=True
    )

    expected = 64 if arguments == ["stats"] else 0
    assert ended.stderr.splitlines()[-1] == f"{expected} []"


def test_the_program_can_be_run_as_a_module() -> None:
    command = [sys.executable, "-m", "cchc_connect", "--version"]

    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == f"{PROGRAM} {__version__}\n"


def test_the_version_is_a_document_too(call: Call) -> None:
    assert call("--version", "--json").document == {"program": PROGRAM, "version": __version__}


@pytest.mark.parametrize("command", [[], ["quarantine"], ["quarantine", "show"], ["runs"]], ids=" ".join)
def test_every_command_has_its_help_under_a_short_name(call: Call, command: list[str]) -> None:
    short, long = call(*command, "-h"), call(*command, "--help")

    assert (short.code, short.out) == (0, long.out)
    assert "-h, --help" in short.out


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["statsu"], "status"),
        (["quarantine", "lst"], "list"),
        (["status", "--dbb", "x"], "--db"),
        (["status", "--jsn"], "--json"),
    ],
    ids=" ".join,
)
def test_a_misspelt_command_or_option_is_answered_with_the_one_that_was_meant(
    call: Call, arguments: list[str], meant: str
) -> None:
    english, vietnamese = call(*arguments), call("--lang", "vi", *arguments)

    assert (english.code, vietnamese.code) == (64, 64)
    assert f"Did you mean '{meant}'?" in english.err
    assert meant in vietnamese.err
    assert "Did you mean" not in vietnamese.err


def test_nothing_is_guessed_where_nothing_is_alike(call: Call) -> None:
    assert "Did you mean" not in call("xylophone").err


@on_every_kind
def test_the_beginning_of_an_id_names_a_run(call: Call, address: str) -> None:
    with SharedDatabase(address, create_or_upgrade=True) as database:
        insert_run(database, "aaaa-1", "aaab-2", "b")

        named = [run(database, run_id).run_id for run_id in ("aaab", "b", "aaaa-1")]
        with pytest.raises(NotFound) as ambiguous:
            run(database, "aaa")
        with pytest.raises(NotFound) as absent:
            run(database, "c%")

    assert named == ["aaab-2", "b", "aaaa-1"]
    assert (ambiguous.value.code, absent.value.code) == ("run.ambiguous", "run.no_entry")
    refused = call("runs", "aaa", "--db", address)
    assert refused.code == 66
    assert {"aaaa-1,", "aaab-2."} <= set(refused.err.split())
    assert call("runs", "aaab", "--db", address, "--json").document["run_id"] == "aaab-2"


def test_an_id_that_is_the_beginning_of_another_names_itself(address: str) -> None:
    with SharedDatabase(address, create_or_upgrade=True) as database:
        insert_run(database, "aa", "aab")

        assert run(database, "aa").run_id == "aa"


@on_every_kind
def test_a_run_without_an_end_was_interrupted_unless_its_lease_is_held(address: str) -> None:
    """One place decides it for the list of runs, for one run and for the status."""
    with SharedDatabase(address, create_or_upgrade=True) as database:
        insert_run(database, "killed")
        interrupted = [runs(database)[0], run(database, "killed"), status(database).unfinished_run]
        with Lease(database, SystemClock(), timedelta(minutes=2)):
            at_work = [runs(database)[0], run(database, "killed"), status(database).unfinished_run]

    assert {seen and seen.status for seen in interrupted} == {RunStatus.INTERRUPTED}
    assert {seen and seen.status for seen in at_work} == {RunStatus.AT_WORK}


@on_every_kind
def test_a_direct_reader_sees_the_committed_state_while_a_writer_is_active(address: str) -> None:
    """As SQLAlchemy's reader does; what is committed later it does not see either until it begins anew."""
    with SharedDatabase(address, create_or_upgrade=True) as database:
        insert_run(database, "first")
        with reading(address) as direct:
            assert [row["run_id"] for row in direct.rows("SELECT run_id FROM run")] == ["first"]
            with database.writing() as connection:
                connection.execute(text("INSERT INTO run (run_id, started_at) VALUES ('second', 't')"))
                with reading(address) as second_reader:
                    assert second_reader.number("SELECT count(*) FROM run") == 1
            assert direct.number("SELECT count(*) FROM run") == 1
        with reading(address) as direct, database.reading() as connection:
            counted = connection.execute(text("SELECT count(*) FROM run")).scalar()
            assert direct.number("SELECT count(*) FROM run") == counted == 2


@on_every_kind
def test_a_direct_reader_can_write_nothing(address: str) -> None:
    SharedDatabase(address, create_or_upgrade=True).close()

    with pytest.raises(DatabaseUnusable), reading(address) as direct:
        direct.rows("DELETE FROM run")


def test_looking_leaves_every_byte_and_every_file_as_it_was(call: Call, pulled: Path, tmp_path: Path) -> None:
    """Also beside a write-ahead log that a killed program left."""
    with SharedDatabase(shutil.copy(pulled, tmp_path / "used.db")) as database:
        insert_run(database, "killed")
        for file in ("used.db", "used.db-wal"):
            shutil.copy(tmp_path / file, tmp_path / file.replace("used", "left"))
    shutil.copy(pulled, tmp_path / "closed.db")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    seen = [
        call(command, "--db", name, "--json") for command in ("status", "runs") for name in ("left.db", "closed.db")
    ]

    after = {path.name: path.read_bytes() for path in tmp_path.iterdir() if not path.name.endswith("-shm")}
    assert [ended.code for ended in seen] == [0, 0, 0, 0]
    assert "killed" in [stored["run_id"] for stored in seen[2].document["runs"]]
    assert after == before


def test_a_fault_that_does_not_concern_the_database_hides_nothing(call: Call, pulled: Path, tmp_path: Path) -> None:
    shutil.copy(pulled, tmp_path / "shared.db")
    (tmp_path / "cchc.toml").write_text(
        '[connections.lost]\nadapter = "not_installed"\nagency = "H09"\nbase_url = "http://land.example"\n'
        'plain_http_because = "Own network"\n'
    )

    seen = call("status", "--json")

    exceptions = [{"connection": "lost", "without": "plain_http", "reason": "Own network"}]
    assert (seen.code, seen.document["exceptions"]) == (0, exceptions)
    assert call("runs").code == 0
    assert call("check").code == 78


@pytest.mark.parametrize(
    "table",
    ["url = 7", 'url = "mysql://x/y"', 'url = "postgresql://u:pass-phrase@h/n"', 'place = "x"', 'password = "secret"'],
)
def test_a_fault_of_the_databases_table_is_told_as_a_check_tells_it(call: Call, tmp_path: Path, table: str) -> None:
    (tmp_path / "cchc.toml").write_text(f"[database]\n{table}\n")

    refused = [call(command, "--json") for command in ("status", "runs", "check")]

    assert [ended.code for ended in refused] == [78, 78, 78]
    assert len({json.dumps(ended.document["error"]) for ended in refused[:2]}) == 1
    assert refused[0].document["error"]["code"] == "config.faults"
    assert "pass-phrase" not in refused[0].out


def test_the_status_is_the_same_for_a_program_and_for_the_command_line(call: Call, pulled: Path) -> None:
    with SharedDatabase(pulled) as database:
        by_library = status(database)
    with reading(pulled) as direct:
        by_driver = read_status(direct)
    document = call("status", "--db", pulled, "--json").document

    assert by_library == by_driver
    assert [stream.live for stream in by_library.streams] == [stream["live"] for stream in document["streams"]]
    assert sum(stream.live for stream in by_library.streams) > 0
    assert by_library.quarantined == sum(stream["quarantined"] for stream in document["streams"]) > 0


def test_names_without_their_classes_are_those_of_the_classes() -> None:
    assert set(RECORD_TYPE_NAMES) == set(RECORD_TYPES)
    assert set(all_tables().tables) == TABLE_NAMES
    assert VIETNAM_TIME == VIETNAM


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://cchc:p%40ss@db.example:5433/shared?sslmode=require&sslpassword=abcd",
        "postgresql://cchc@db/shared",
        "postgresql:///shared?host=/run/postgresql",
        "postgresql://[::1]:5432/shared",
        "postgresql://db",
    ],
)
def test_an_address_means_what_it_means_to_sqlalchemy(address: str) -> None:
    parsed, reference = PostgresAddress.parse(address), make_url(address)

    assert (parsed.user, parsed.password, parsed.host) == (reference.username, reference.password, reference.host)
    assert (parsed.name, dict(parsed.parameters)) == (reference.database, dict(reference.query))
    assert int(parsed.port or 0) == (reference.port or 0)
    assert parsed.location == reference.difference_update_query(["sslpassword"]).render_as_string(hide_password=True)
