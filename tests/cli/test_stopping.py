"""A run that is asked to end finishes what is at hand and says so."""

import signal
import subprocess
import sys
import time
from pathlib import Path

from cchc_connect.cli.exits import ExitCode
from cchc_connect.database.shared import SharedDatabase
from cchc_connect.testing import Agencies
from tests.cli.conftest import DATABASE, Call

PROGRAM = Path(sys.executable).with_name("cchc-connect")
PATIENCE_S = 30.0


def test_sigterm_ends_a_run_after_the_page_at_hand_and_the_next_one_completes(call: Call, agencies: Agencies) -> None:
    """The exit code is 128 + SIGTERM, nothing is half there, and what was begun is taken up."""
    for double in agencies.doubles:
        double.switches.latency_s = 0.3
    run = subprocess.Popen([PROGRAM, "--json", "sync"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    deadline = time.monotonic() + PATIENCE_S
    while not DATABASE.exists() or not agencies.land_registry.requests_seen:
        assert time.monotonic() < deadline
        time.sleep(0.05)

    run.send_signal(signal.SIGTERM)
    out, _ = run.communicate(timeout=PATIENCE_S)
    for double in agencies.doubles:
        double.switches.latency_s = 0.0

    assert run.returncode == ExitCode.TERMINATED
    assert b'"outcome": "stopped"' in out
    assert call("sync").code == ExitCode.DONE
    with SharedDatabase(f"sqlite:///{DATABASE.resolve()}", prepare=False):
        pass
