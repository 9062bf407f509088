"""Looking back and putting right by command: history, changes, discrepancies, letters, runs, parts, both sides."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from cchc_connect.cli.demo_config import PROVINCE
from cchc_connect.testing import Agencies
from tests.cli.conftest import DATABASE, Call, official_options

SINCE = "2026-07-01T01:15:00.000000Z"
DISPUTED = (
    *("dossier", "k", "applicant_name", "city"),
    *('"Trần Văn Mẫu"', '"Nguyễn Thị Mẫu"'),
    *("one-stop", SINCE, "open"),
)


@pytest.fixture
def own(pulled: Path, tmp_path: Path) -> Path:
    """Give a copy of the pulled database."""
    return Path(shutil.copy(pulled, tmp_path / "own.db"))


def first(own: Path, query: str, *values: object) -> str:
    with closing(sqlite3.connect(own)) as connection:
        (value,) = connection.execute(query, values).fetchone()
    return str(value)


def test_history_shows_every_version_masked(call: Call, own: Path) -> None:
    """A person's name is shown by express wish only."""
    key = first(own, "SELECT record_key FROM dossier WHERE applicant_name IS NOT NULL")
    name = first(own, "SELECT applicant_name FROM dossier WHERE record_key = ?", key)

    masked, shown = (
        call("history", "dossier", key, "--db", own),
        call("history", "dossier", key, "--unmasked", "--db", own, *official_options(PROVINCE)),
    )

    assert "Version 1" in masked.out
    assert name not in masked.out
    assert name in shown.out


def test_history_of_a_key_that_never_was_is_refused(call: Call, own: Path) -> None:
    """A misspelt key is no empty history."""
    assert call("history", "dossier", "nowhere", "--db", own).code == 66
    assert call("history", "nothing", "nowhere", "--db", own).code == 64


def test_changes_go_on_from_a_sequence_one_document_a_line(call: Call, own: Path) -> None:
    """A reader keeps its place by itself."""
    shown = call("changes", "--since", "5", "--limit", "3", "--json", "--db", own)

    documents = [json.loads(line) for line in shown.out.splitlines()]
    assert [change["sequence"] for change in documents] == [6, 7, 8]


def test_changes_of_one_record_type_are_of_that_type(call: Call, own: Path) -> None:
    """Others are passed over, and what is none is refused."""
    shown = call("changes", "--record-type", "procedure", "--json", "--db", own)

    assert {json.loads(line)["record_type"] for line in shown.out.splitlines()} == {"procedure"}
    assert call("changes", "--record-type", "nothing", "--db", own).code == 64


def test_a_discrepancy_is_settled_with_a_note(call: Call, own: Path) -> None:
    """What a person did about it stands beside it; the values of personal fields are masked."""
    with closing(sqlite3.connect(own)) as connection, connection:
        connection.execute(
            "INSERT INTO discrepancy"
            " (record_type, record_key, field, connection, value, owner_value, owner, detected_at, state)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            DISPUTED,
        )
    listed = call("discrepancies", "list", "--db", own)

    settled = call("discrepancies", "resolve", "1", "--as", "reported", "--note", "đã báo", "--db", own)

    after = call("discrepancies", "list", "--json", "--db", own).document["discrepancies"]
    assert "Mẫu" not in listed.out
    assert (settled.code, after[0]["state"], after[0]["note"]) == (0, "reported", "đã báo")
    assert call("discrepancies", "resolve", "99", "--as", "reported", "--note", "x", "--db", own).code == 66


def test_runs_are_listed_and_one_is_shown_with_its_report(call: Call, own: Path) -> None:
    """What was and was not done stays in the database."""
    listed = call("runs", "--json", "--db", own).document["runs"]

    shown = call("runs", listed[0]["run_id"], "--json", "--db", own).document

    lines = shown["report"]["lines"]
    assert {"requests", "bytes_received", "seconds", "cursor_before", "cursor_after", "held"} <= lines[0].keys()
    assert call("runs", "no-such-run", "--db", own).code == 66


def test_a_killed_run_is_told_from_what_it_committed(call: Call, own: Path) -> None:
    """Counters are committed with each page, so that they outlive the run."""
    with closing(sqlite3.connect(own)) as connection, connection:
        connection.execute("UPDATE run SET finished_at = NULL, outcome = NULL, report = NULL")
    run_id = first(own, "SELECT run_id FROM run")

    shown = call("runs", run_id, "--json", "--db", own).document

    assert shown["state"] == "interrupted"
    assert any(counters["inserted"] for counters in shown["counters"])


def test_a_connection_is_pulled_again_by_itself(call: Call, agencies: Agencies) -> None:
    """Nothing else is asked, nothing is pushed."""
    call("sync")
    before = dict(agencies.one_stop.request_counts)

    report = call("pull", "land-registry", "--since", "2020-01-01", "--json").document

    assert {line["name"] for line in report["lines"]} == {"land-registry"}
    assert dict(agencies.one_stop.request_counts) == before
    assert call("pull", "nobody").code == 64


def test_both_sides_are_compared_and_put_right(call: Call, agencies: Agencies) -> None:
    """Without --repair nothing is written; with it the rows that were lost here are back."""
    del agencies
    call("sync")
    assert call("reconcile", "land-registry").code == 0
    with closing(sqlite3.connect(DATABASE)) as connection, connection:
        connection.execute(
            "UPDATE land_parcel SET deleted_at = '2026-07-01' WHERE record_key IN"
            " (SELECT record_key FROM land_parcel LIMIT 2)"
        )

    compared = call("reconcile", "land-registry", "--json")
    counted = first(DATABASE, "SELECT count(*) FROM land_parcel WHERE deleted_at IS NULL")
    repaired = call("reconcile", "land-registry", "--repair")

    assert (compared.code, compared.document["sources"][0]["missing_here"]["number"]) == (3, 2)
    assert repaired.code == 0
    assert int(first(DATABASE, "SELECT count(*) FROM land_parcel WHERE deleted_at IS NULL")) == int(counted) + 2


def test_a_feed_without_a_further_change_says_so_beside_its_output(call: Call, own: Path) -> None:
    """A sequence with a digit too many would else look like a command that did not work."""
    shown, document = (call("changes", "--since", "9999999", *options, "--db", own) for options in ([], ["--json"]))

    assert (shown.code, shown.out) == (0, "")
    assert shown.err == "There is no change after sequence 9999999.\n"
    assert (document.code, document.out, document.err) == (0, "", "")
