"""`on_failure` tells somebody of a run that is not done, gets no secret, and changes no result."""

import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cchc_connect.cli import on_failure
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.clock import SystemClock
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.state.lease import Lease
from cchc_connect.database.tables import SCHEMA_VERSION
from tests.cli.conftest import Call, Connect
from tests.cli.district import District

TOLD = Path("told.json")

TELL = """
import json, os, sys
told = {"document": json.load(sys.stdin), "environment": dict(os.environ), "arguments": sys.argv[1:]}
open("told.json", "a", encoding="utf-8").write(json.dumps(told) + "\\n")
"""

COMMAND = [sys.executable, "-c", TELL, "nobody $HOME; true"]


def told() -> list[dict[str, Any]]:
    """Return what each call of the command got."""
    return [json.loads(line) for line in TOLD.read_text(encoding="utf-8").splitlines()] if TOLD.exists() else []


def test_a_run_that_is_not_done_is_told_with_its_report(call: Call, connect: Connect, district: District) -> None:
    connect({"on_failure": COMMAND})
    district.broken = {""}

    ended = call("--json", "sync")

    (call_of_command,) = told()
    assert ended.code == ExitCode.FAILED
    assert call_of_command["document"] == ended.document
    assert call_of_command["environment"]["CCHC_OUTCOME"] == "failed"
    assert call_of_command["environment"]["CCHC_EXIT_CODE"] == "69"
    assert call_of_command["arguments"] == ["nobody $HOME; true"]


def test_each_failure_is_told_and_no_success(call: Call, connect: Connect, district: District) -> None:
    """Somebody who wants to hear of changes only compares with the last call."""
    connect({"on_failure": COMMAND})

    assert call("sync").code == ExitCode.DONE
    assert told() == []
    district.broken = {""}
    call("sync")
    call("sync")
    assert len(told()) == 2


def test_a_start_that_fails_is_told_where_the_configuration_can_be_read(
    call: Call, connect: Connect, books: object
) -> None:
    del books
    missing = {"kind": "bearer", "token": {"env": "NOT_SET"}, "username": "sync"}
    connect({"on_failure": COMMAND}, keys={"account": missing})

    ended = call("sync")

    assert ended.code == ExitCode.CONFIGURATION
    assert [entry["document"]["error"]["code"] for entry in told()] == ["config.secret_env_missing"]
    assert told()[0]["environment"]["CCHC_EXIT_CODE"] == "78"


def test_a_database_that_cannot_be_used_is_told(call: Call, connect: Connect, address: str) -> None:
    connect({"on_failure": COMMAND})
    with SharedDatabase(address) as database, database.writing() as connection:
        connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")

    assert call("sync").code == ExitCode.DATABASE
    assert [entry["document"]["error"]["code"] for entry in told()] == ["database.newer"]


def test_another_run_and_a_dry_run_are_not_told(call: Call, connect: Connect, district: District, address: str) -> None:
    """Nobody need do anything then."""
    connect({"on_failure": COMMAND})
    with SharedDatabase(address) as database, Lease(database, SystemClock(), timedelta(seconds=60)):
        assert call("sync").code == ExitCode.LEASE_HELD
    district.broken = {""}

    assert call("sync", "--dry-run").code == ExitCode.FAILED
    assert told() == []


def test_the_command_gets_no_secret(
    call: Call, connect: Connect, district: District, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISTRICT_TOKEN", "DISTRICT", "LC_PASSWORD"):
        monkeypatch.setenv(name, "s3cret")
    account = {"kind": "bearer", "token": {"env": "DISTRICT"}, "username": "sync"}
    connect({"on_failure": COMMAND}, keys={"account": account})
    district.broken = {""}

    call("sync")

    assert "PATH" in told()[0]["environment"]
    assert "s3cret" not in TOLD.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        (["no-such-program"], "no such file"),
        ([sys.executable, "-c", "raise SystemExit(5)"], "exit code 5"),
        ([sys.executable, "-c", "import time; time.sleep(60)"], "> 1 s"),
    ],
    ids=["missing", "failing", "hanging"],
)
def test_its_own_failure_is_said_and_changes_no_exit_code(
    call: Call,
    connect: Connect,
    district: District,
    monkeypatch: pytest.MonkeyPatch,
    command: list[str],
    problem: str,
) -> None:
    monkeypatch.setattr(on_failure, "TIMEOUT_S", 1.0)
    connect({"on_failure": command})
    district.broken = {""}

    ended = call("sync")

    assert ended.code == ExitCode.FAILED
    assert problem in ended.err
    assert call("sync", "--json").document["outcome"] == "failed"
