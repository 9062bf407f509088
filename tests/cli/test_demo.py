"""`demo`: what it says is so."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from cchc_connect.cli import main
from cchc_connect.messages import Language
from tests.cli.conftest import Call, Ended
from tests.quick import few

KILL, BREAK = signal.SIGKILL, signal.SIGINT


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Ended:
    """Show the small demonstration as a document, once for all tests that only read it."""
    before, written = set(os.environ.items()), StringIO()
    with redirect_stdout(written):
        code = main(["demo", "--small", "--json", "--db", str(tmp_path_factory.mktemp("demo") / "shared.db")])
    assert {name for name, _ in before ^ set(os.environ.items())} <= {"PYTEST_CURRENT_TEST"}
    return Ended(code=code, out=written.getvalue(), err="")


def count(shown: Ended, statement: str) -> int:
    with closing(sqlite3.connect(shown.document["database"])) as connection:
        number: int = connection.execute(statement).fetchone()[0]
        return number


def test_rows_and_quarantine_equal_what_the_sources_hold_and_nothing_moves_twice(shown: Ended) -> None:
    """Nothing is lost, nothing is done twice: the demonstration's own promise, counted in its database."""
    assert shown.code == 0
    for census in shown.document["census"]:
        kind = census["record_type"]
        rows = count(shown, f"SELECT count(*) FROM {kind}")  # noqa: S608  # a table of ours
        waiting = count(shown, f"SELECT count(*) FROM quarantine WHERE record_type = '{kind}' AND resolved_at IS NULL")  # noqa: S608  # a name of ours
        assert (census["rows"], census["quarantined"]) == (rows, waiting)
        assert rows + waiting == census["at_sources"]
    assert sum(census["quarantined"] for census in shown.document["census"]) > 0
    third = shown.document["third"]
    assert (third["rows_written"], third["messages_delivered"]) == (0, 0)
    second, edited = shown.document["second"], shown.document["edited"]
    assert 0 < second["rows_written"] <= sum(edited.values())
    assert shown.document["portal"]["dossiers"] > 0


def test_the_case_it_shows_has_permit_and_parcel_and_no_personal_value(shown: Ended) -> None:
    case = shown.document["case"]

    assert case["masked"]
    assert case["permits"]
    assert case["parcels"]
    assert case["dossier"]["applicant_name"] == "***"


def test_what_it_says_to_type_next_works_as_typed(shown: Ended, call: Call) -> None:
    """Every command is carried out, in the folder where the demonstration was shown."""
    for command in shown.document["next"]:
        program, *arguments = command.split()

        assert program == "cchc-connect"
        assert call(*arguments).code == 0


@pytest.mark.long
@pytest.mark.parametrize("language", Language)
def test_it_is_told_in_both_languages(call: Call, language: Language) -> None:
    shown = call("demo", "--small", "--lang", language)

    assert shown.code == 0
    assert len(re.findall(r"^\d+\. ", shown.out, re.MULTILINE)) == 10
    assert not re.search(r"\b(?:demo(?!\.db)|case_view|quarantine_view|sync_view|count|fault)\.[a-z_]+", shown.out)
    assert "\x1b" not in shown.out + shown.err


def test_an_existing_file_is_left_as_it_is(call: Call) -> None:
    """Exit code 73."""
    Path("demo.db").write_text("mine", encoding="utf-8")

    refused = call("demo")

    assert refused.code == 73
    assert Path("demo.db").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("path", ["nowhere/demo.db", "."])
def test_a_place_that_cannot_hold_the_database_is_refused(call: Call, path: str) -> None:
    """Exit code 73; the sentence names the option that the demonstration has."""
    refused = call("demo", "--db", path)

    assert refused.code == 73
    assert "--db" in refused.err
    assert "[database]" not in refused.err
    assert "emove" not in refused.err


@pytest.mark.parametrize(
    ("section", "signalled"),
    few([("7.", BREAK), ("2.", KILL), ("2.", BREAK), ("4.", KILL), ("4.", BREAK), ("7.", KILL)], 1),
)
def test_an_interrupted_demonstration_can_be_run_again(call: Call, section: str, signalled: signal.Signals) -> None:
    """What the interrupted one left is no obstacle; a demonstration that has ended is not overwritten."""
    hears = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    program = f"{hears}; from cchc_connect.cli import main; raise SystemExit(main())"
    command = [sys.executable, "-c", program, "demo", "--small"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        while not running.stdout.readline().startswith(section):
            assert running.poll() is None
        running.send_signal(signalled)
        _, last = running.communicate(timeout=30)
    assert running.returncode != 0
    assert signalled == signal.SIGKILL or last.endswith("cchc-connect: Interrupted. The command can be typed again.\n")
    assert not Path("demo.db").exists()

    assert call("demo", "--small").code == 0
    assert sorted(path.name for path in Path().iterdir()) == ["demo.db"]
    assert call("demo", "--small").code == 73
