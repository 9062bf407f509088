"""A dry run counts what the run itself would bring, and leaves no trace."""

import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from cchc_connect.cli.demo_config import demo_tables, passwords_of_doubles
from cchc_connect.database.record_tables import all_tables
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.testing import Agencies, World
from tests.cli.conftest import CONFIG, DATABASE, Call, running_province, write_config
from tests.databases import on_every_kind
from tests.sharing.in_force import agreed

MEASURED = frozenset({"seconds", "requests", "bytes_received", "cursor_before", "cursor_after"})
"""Keys of a report's line that are measured; a watermark is earlier by the seconds that the pass took."""

OF_SENDING = frozenset({"delivered", "refused", "waiting", "shortened"})
"""Keys that are compared by their sum, `sent_or_due`."""


@pytest.fixture
def province(address: str, tmp_path: Path) -> Iterator[Agencies]:
    """Give a running province that is connected to an empty database."""
    world = World(seed=5, dossiers=24, parcels=40, works=20, defect_share=0.1)
    with Agencies(world) as agencies, passwords_of_doubles(agencies):
        tables = demo_tables(agencies, tmp_path / DATABASE)
        tables["database"] = {"url": address}
        for name in ("land-registry", "construction", "one-stop"):
            tables["connections"][name]["options"]["page_size"] = 7
        write_config(CONFIG, agreed(tables))
        yield agencies


def lines(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the lines of a report that a dry run must foretell."""
    return [
        {key: value for key, value in line.items() if key not in MEASURED | OF_SENDING}
        | {"sent_or_due": line["delivered"] + line["refused"] + line["waiting"]}
        for line in document["lines"]
    ]


@pytest.mark.usefixtures("agencies")
def test_the_headings_of_a_dry_run_say_that_nothing_was_done(call: Call) -> None:
    foretold, done = (call("sync", *options, "--lang", "vi").out for options in (["--dry-run"], []))

    assert "\nSẽ lấy về\n" in foretold
    assert "\nSẽ gửi đi\n" in foretold
    assert "\nĐã lấy về\n" in done
    assert "\nĐã gửi đi\n" in done


@on_every_kind
def test_a_dry_run_counts_what_the_run_itself_brings(call: Call, province: Agencies) -> None:
    """Every counter, reason and number of messages: of a first run, of one after changes, of one of everything."""
    for day, options in enumerate(((), (), ("--full", "one-stop", "--full", "land-registry"))):
        if day:
            province.edit(seed=day, share=0.2)

        foretold, done = call("sync", *options, "--dry-run", "--json"), call("sync", *options, "--json")

        assert foretold.document["dry_run"]
        assert lines(foretold.document) == lines(done.document)
        assert foretold.document["rows_written"] == done.document["rows_written"] > 0
        assert done.document["messages_delivered"] > 0


@on_every_kind
def test_a_dry_run_of_a_part_counts_what_the_pull_itself_brings(call: Call, province: Agencies) -> None:
    call("sync")
    province.edit(seed=3, share=0.3)

    foretold, done = (call("pull", "one-stop", *dry, "--json") for dry in (["--dry-run"], []))

    assert lines(foretold.document) == lines(done.document)
    assert done.document["rows_written"] > 0


@on_every_kind
def test_a_dry_run_changes_no_row_of_the_database(call: Call, province: Agencies, address: str) -> None:
    call("sync")
    province.edit(seed=3, share=0.3)
    before = all_rows(address)

    assert call("sync", "--dry-run").code == 0

    assert all_rows(address) == before


def test_a_dry_run_leaves_no_file(
    call: Call, agencies: Agencies, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No database, no write-ahead log, no session, nothing among the temporary files."""
    for variable, name in (("XDG_RUNTIME_DIR", "runtime"), ("TMPDIR", "temporary")):
        (tmp_path / name).mkdir()
        monkeypatch.setenv(variable, str(tmp_path / name))
    monkeypatch.setattr(tempfile, "tempdir", None)
    before = sorted(tmp_path.rglob("*"))

    assert call("sync", "--dry-run").code == call("pull", "one-stop", "--dry-run").code == 0

    assert agencies.one_stop.request_counts
    assert sorted(tmp_path.rglob("*")) == before


def test_a_dry_run_leaves_the_database_file_as_it_is(call: Call, agencies: Agencies, tmp_path: Path) -> None:
    call("sync")
    agencies.edit(seed=3, share=0.3)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}

    assert call("sync", "--dry-run").code == 0

    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.usefixtures("agencies")
def test_a_dry_run_does_not_upgrade_an_older_database(call: Call) -> None:
    """Exit code 74, and the sentence says how it is upgraded."""
    call("sync")
    with closing(sqlite3.connect(DATABASE)) as connection:
        connection.execute("PRAGMA user_version = 3")
    before = DATABASE.read_bytes()

    refused = call("sync", "--dry-run")

    assert refused.code == 74
    assert "cchc-connect sync" in refused.err
    assert DATABASE.read_bytes() == before


@pytest.mark.usefixtures("agencies")
def test_a_dry_run_without_a_place_for_its_copy_says_so(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 74, with the folder and the variable that names another."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "absent"))

    refused = call("sync", "--dry-run")

    assert refused.code == 74
    assert str(tmp_path / "absent") in refused.err
    assert "TMPDIR" in refused.err


def test_another_program_writes_while_a_dry_run_is_in_progress(call: Call, tmp_path: Path) -> None:
    """The copy is made at the start; from then on the database is not touched."""
    written = list[str]()

    def write(_: float) -> None:
        with closing(sqlite3.connect(DATABASE, timeout=0)) as connection, connection:
            connection.execute("UPDATE cursor SET watermark = watermark")
        written.append("done")

    with running_province(tmp_path, sleep=write) as agencies:
        call("sync")
        agencies.land_registry.switches.latency_s = 1

        assert call("sync", "--dry-run", "--only", "land-registry").code == 0

    assert written


def all_rows(address: str) -> Mapping[str, list[Any]]:
    """Return all rows of the database."""
    with SharedDatabase(address, create_or_upgrade=False) as database, database.reading() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(table.select()).all()))
            for table in all_tables().sorted_tables
        }
