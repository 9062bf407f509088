"""A run that is asked to end finishes what is at hand and says so."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.database.reading.change_feed import last_sequence
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.testing import Agencies
from tests.cli.conftest import DATABASE, Call

PROGRAM = Path(sys.executable).with_name("cchc-connect")
PATIENCE_S = 30.0


def test_sigterm_ends_a_run_after_the_page_at_hand_and_the_next_one_completes(call: Call, agencies: Agencies) -> None:
    """The exit code is 128 + SIGTERM, nothing is half there, and what was begun is taken up."""
    agencies.land_registry.switches.latency_s = 1.0
    run = subprocess.Popen([PROGRAM, "--json", "sync"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    deadline = time.monotonic() + PATIENCE_S
    while not DATABASE.exists() or not agencies.land_registry.request_counts:
        assert time.monotonic() < deadline
        time.sleep(0.05)

    run.send_signal(signal.SIGTERM)
    out, _ = run.communicate(timeout=PATIENCE_S)
    agencies.land_registry.switches.latency_s = 0.0

    assert run.returncode == ExitCode.TERMINATED
    assert b'"outcome": "stopped"' in out
    assert call("sync").code == ExitCode.DONE
    with SharedDatabase(f"sqlite:///{DATABASE.resolve()}"):
        pass


@pytest.mark.parametrize("ending", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.long)])
def test_a_reader_that_follows_the_feed_is_ended_without_a_word(pulled: Path, ending: signal.Signals) -> None:
    """Exit code 0: what it was told arrived as it came, and its end is no failure and no traceback."""
    command = [str(PROGRAM), "changes", "--follow", "--json", "--db", str(pulled)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as reader:
        assert reader.stdout is not None
        last = [reader.stdout.readline() for _ in range(changes_in(pulled))][-1]

        reader.send_signal(ending)
        output, errors = reader.communicate(timeout=PATIENCE_S)

    assert json.loads(last)["sequence"] == changes_in(pulled)
    assert (reader.returncode, output, errors) == (ExitCode.DONE, "", "")


def changes_in(path: Path) -> int:
    """Return how many changes the feed has."""
    with SharedDatabase(f"sqlite:///{path}") as database, database.reading() as connection:
        return last_sequence(connection)


def test_a_second_sigterm_ends_a_run_at_once(silent: Agencies) -> None:
    """The first one waits for the page at hand; whoever asks twice does not wait for a silent system."""
    run = subprocess.Popen([PROGRAM, "--json", "sync", "--only", "land-registry"], stderr=subprocess.PIPE)
    deadline = time.monotonic() + PATIENCE_S
    while not silent.land_registry.request_counts:
        assert time.monotonic() < deadline
        time.sleep(0.05)

    run.send_signal(signal.SIGTERM)
    with pytest.raises(subprocess.TimeoutExpired):
        run.wait(0.5)
    run.send_signal(signal.SIGTERM)
    _, errors = run.communicate(timeout=5)

    assert (run.returncode, errors) == (-signal.SIGTERM, b"")
