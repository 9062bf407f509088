"""`sync --every` as a process of its own: a report for each round, and an end on request."""

import json
import signal
import subprocess
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.clock import SystemClock
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.state.lease import Lease
from cchc_connect.testing import Agencies
from tests.cli.conftest import CONFIG, Call, Connect
from tests.cli.test_stopping import PATIENCE_S, PROGRAM

ONE = ("sync", "--every", "10s", "--only", "construction")
"""Rounds of one connection; the period is the shortest one."""


def start(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen([PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize(
    ("ending", "code", "error_code"),
    [
        (signal.SIGTERM, ExitCode.TERMINATED, None),
        pytest.param(signal.SIGINT, ExitCode.INTERRUPTED, "cli.interrupted", marks=pytest.mark.long),
    ],
)
@pytest.mark.usefixtures("agencies")
def test_a_signal_ends_the_wait_for_the_next_round(
    ending: signal.Signals, code: ExitCode, error_code: str | None
) -> None:
    """Each round has written one line of JSON by then."""
    with start("--json", *ONE) as resident:
        assert resident.stdout is not None
        first: dict[str, Any] = json.loads(resident.stdout.readline())
        began_s = time.monotonic()
        resident.send_signal(ending)
        rest, errors = resident.communicate(timeout=PATIENCE_S)

    assert (resident.returncode, errors) == (code, "")
    assert (json.loads(rest)["error"]["code"] if rest else None) == error_code
    assert time.monotonic() - began_s < 5
    assert (first["outcome"], [line["name"] for line in first["lines"]]) == ("done", ["construction"] * 2)


def test_sigterm_ends_a_round_after_the_current_page(agencies: Agencies) -> None:
    """What was committed stays; the report says that the run was stopped."""
    agencies.land_registry.switches.latency_s = 0.5
    with start("--json", "sync", "--every", "1h") as resident:
        deadline_s = time.monotonic() + PATIENCE_S
        while not agencies.land_registry.request_counts:
            assert time.monotonic() < deadline_s
            time.sleep(0.05)
        resident.send_signal(signal.SIGTERM)
        output, _ = resident.communicate(timeout=PATIENCE_S)

    assert resident.returncode == ExitCode.TERMINATED
    assert json.loads(output)["outcome"] == "stopped"


@pytest.mark.long
def test_a_second_resident_waits_for_its_turn(agencies: Agencies, tmp_path: Path) -> None:
    """Another run has the lease in its first round; that is one line, and the process goes on."""
    del agencies
    with (
        SharedDatabase(tmp_path / "shared.db", create_or_upgrade=True) as database,
        start("--json", *ONE) as resident,
    ):
        assert resident.stdout is not None
        with Lease(database, SystemClock(), timedelta(seconds=60)):
            refused = json.loads(resident.stdout.readline())
        second = json.loads(resident.stdout.readline())
        resident.send_signal(signal.SIGTERM)
        resident.communicate(timeout=PATIENCE_S)

    assert refused["error"]["code"] == "lease.held"
    assert second["outcome"] == "done"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--every", "5"], "schedule.period_invalid"),
        (["--every", "1s"], "schedule.period_invalid"),
        (["--every", "10m", "--dry-run"], "schedule.option_for_one_run"),
        (["--every", "10m", "--full", "district"], "schedule.option_for_one_run"),
    ],
)
def test_what_makes_no_schedule_is_refused(call: Call, connect: Connect, arguments: list[str], code: str) -> None:
    del connect

    refused = call("--json", "sync", *arguments)

    assert (refused.code, refused.document["error"]["code"]) == (ExitCode.USAGE, code)


def test_a_faulty_configuration_ends_the_start(call: Call, connect: Connect) -> None:
    del connect
    assert call("--json", "sync", "--every", "config").document["error"]["code"] == "schedule.no_period"
    CONFIG.write_text("[run]\nevery = '3 hours'\n", encoding="utf-8")

    refused = call("sync", "--every", "10m")

    assert refused.code == ExitCode.CONFIGURATION
    assert "must be a period" in refused.err
