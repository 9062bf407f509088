"""`purge`, `backup` and `restored`: what they show, and what they refuse."""

import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.clock import SystemClock
from cchc_connect.database.maintenance import RESTORE_GAP, Mark, MarkName, read_mark, write_mark
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.state.lease import Lease
from cchc_connect.database.tables import run
from tests.cli.conftest import CONFIG, Call, Connect
from tests.cli.district import District
from tests.databases import on_every_kind

BACKUP = Path("shared.backup")

KEPT = {"runs": 0, "deliveries": 0, "quarantine": 0, "discrepancies": 0, "corrections": 0, "history": 0}


def add_table(**retention: str) -> None:
    """Add the table `[retention]` to the configuration."""
    ages = ", ".join(f'{name} = "{age}"' for name, age in retention.items())
    CONFIG.write_text(f"{CONFIG.read_text(encoding='utf-8')}retention = {{ {ages} }}\n", encoding="utf-8")


def store_old_run(address: str) -> None:
    """Store a run of the year 2020 beside those that are there."""
    with SharedDatabase(address) as database, database.writing() as connection:
        connection.execute(insert(run).values(run_id=str(uuid.uuid4()), started_at="2020-01-01T00:00:00.000000Z"))


@on_every_kind
def test_purge_shows_what_it_deletes_and_a_dry_run_what_it_would(call: Call, connect: Connect, address: str) -> None:
    connect()
    store_old_run(address)

    counted, deleted, again = (call("--json", "purge", *dry) for dry in (["--dry-run"], [], []))

    assert counted.code == deleted.code == ExitCode.DONE
    assert counted.document["rows"] == deleted.document["rows"] == {**KEPT, "runs": 1}
    assert deleted.document["ages"]["runs"] == "400d"
    assert deleted.document["ages"]["history"] == "never"
    assert again.document["rows"] == KEPT


def test_purge_names_the_ages_in_words(call: Call, connect: Connect) -> None:
    connect()

    english, vietnamese = (call("purge", "--dry-run", "--lang", language).out for language in ("en", "vi"))

    assert [age in english for age in ("400 days", "never deleted", "400d")] == [True, True, False]
    assert [age in vietnamese for age in ("400 ngày", "không xóa", "400d")] == [True, True, False]


def test_purge_says_that_the_file_does_not_shrink(call: Call, connect: Connect) -> None:
    connect()

    shown = call("purge")

    assert "the file does not shrink" in shown.out
    assert "never" in shown.out


def test_a_run_purges_once_a_day_where_the_configuration_says_how_much(
    call: Call, connect: Connect, address: str
) -> None:
    connect()
    store_old_run(address)
    assert call("sync").code == ExitCode.DONE
    assert runs(call) == 2

    add_table(runs="30d")
    assert call("sync").code == ExitCode.DONE
    assert runs(call) == 2
    store_old_run(address)
    assert call("sync").code == ExitCode.DONE
    assert runs(call) == 4
    assert call("purge").code == ExitCode.DONE
    assert runs(call) == 3


def runs(call: Call) -> int:
    return len(call("--json", "runs").document["runs"])


@pytest.mark.parametrize(("age", "words"), [("12h", "one day or more"), ("ever", "one day or more"), ("0d", "one day")])
def test_an_age_below_a_day_is_refused(call: Call, connect: Connect, age: str, words: str) -> None:
    connect()
    add_table(runs=age)

    refused = call("purge")

    assert refused.code == ExitCode.CONFIGURATION
    assert words in refused.err


@pytest.mark.parametrize("command", [["purge"], ["restored"]])
def test_none_of_them_changes_a_database_beside_a_run(
    call: Call, connect: Connect, address: str, command: list[str]
) -> None:
    connect()
    with SharedDatabase(address) as database, Lease(database, SystemClock(), timedelta(seconds=60)):
        assert call(*command).code == ExitCode.LEASE_HELD


def test_a_backup_is_written_and_not_overwritten(call: Call, connect: Connect, district: District) -> None:
    connect()
    district.parcels.append({"id": "1", "sheet": "12", "number": "1", "area": "100"})
    call("sync")

    written, refused, replaced = (call("--json", "backup", BACKUP, *force) for force in ([], [], ["--force"]))

    assert (written.code, refused.code, replaced.code) == (ExitCode.DONE, ExitCode.CANNOT_CREATE, ExitCode.DONE)
    assert written.document == {"file": str(BACKUP), "kind": "sqlite", "size_bytes": BACKUP.stat().st_size}
    assert call("--json", "status", "--db", BACKUP).document["streams"]


def test_a_backup_into_a_folder_that_is_not_there_is_refused(call: Call, connect: Connect) -> None:
    connect()

    assert call("backup", "nowhere/shared.backup").code == ExitCode.CANNOT_CREATE


def test_a_restored_database_goes_on_far_behind_its_end(call: Call, connect: Connect, address: str) -> None:
    connect()

    restored = call("--json", "restored").document

    assert restored == {"next_sequence": RESTORE_GAP + 1, "suspended": []}
    with SharedDatabase(address) as database, database.reading() as connection:
        assert read_mark(connection, MarkName.RESTORE) is not None


def test_history_at_a_purged_instant_is_refused(call: Call, address: str) -> None:
    """Not answered as if the record had not existed then."""
    with SharedDatabase(address) as database, database.writing() as connection:
        write_mark(
            connection, MarkName.HISTORY, Mark(done_at="2026", sequence=7, instant="2026-06-01T00:00:00.000000Z")
        )
    location = address.removeprefix("sqlite:///")

    refused = call("--json", "history", "dossier", "K", "--at", "2026-05-01", "--db", location)

    assert (refused.code, refused.document["error"]["code"]) == (ExitCode.NO_INPUT, "maintenance.history_purged")


def test_a_reader_of_a_purged_feed_is_told_and_may_accept_what_is_left(call: Call, address: str) -> None:
    with SharedDatabase(address) as database, database.writing() as connection:
        write_mark(connection, MarkName.HISTORY, Mark(done_at="2026", sequence=7, instant="2026"))
    location = address.removeprefix("sqlite:///")

    refused = call("--json", "changes", "--since", "3", "--db", location)

    assert (refused.code, refused.document["error"]["code"]) == (ExitCode.NO_INPUT, "maintenance.feed_purged")
    assert call("changes", "--since", "3", "--accept-purged", "--db", location).code == ExitCode.DONE
    assert call("changes", "--since", "7", "--db", location).code == ExitCode.DONE
