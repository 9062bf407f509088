"""What a terminal gets, and what a pipe must not get."""

import os
import pty
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from cchc_connect.testing import Agencies

ROOT = Path(__file__).parents[2]
PROGRAM = "from cchc_connect.cli import main; raise SystemExit(main())"
PYTHONPATH = os.pathsep.join(map(str, (ROOT, *sys.path)))


def on_a_terminal(*arguments: str, **environment: str) -> str:
    """Return what a command writes to a terminal of its own, output and progress together."""
    controller, terminal = pty.openpty()
    plain = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    command = [sys.executable, "-c", PROGRAM, *arguments]
    seen = {**plain, "TERM": "xterm-256color", "PYTHONPATH": PYTHONPATH, **environment}
    with subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal, env=seen):
        os.close(terminal)
        written = b""
        with suppress(OSError):  # the end of a terminal is an error on Linux and an empty read elsewhere
            while part := os.read(controller, 65536):
                written += part
    os.close(controller)
    return written.decode()


@pytest.mark.usefixtures("agencies")
def test_a_terminal_gets_tables_that_are_drawn_and_progress_that_lives() -> None:
    written = on_a_terminal("sync", "--only", "one-stop", COLUMNS="160")

    assert "\x1b[1mPulled" in written
    assert "\x1b[?25l" in written  # the cursor is hidden while progress lives
    assert "───" in written


@pytest.mark.long
@pytest.mark.parametrize("wish", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_a_terminal_stays_plain_where_that_is_wished(agencies: Agencies, wish: dict[str, str]) -> None:
    written = on_a_terminal("sync", "--only", "one-stop", **wish)

    assert "Pulled" in written
    assert "\x1b" not in written
    assert agencies.one_stop.request_counts
