"""What a terminal gets, and what a pipe must not get."""

import json
import os
import pty
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from cchc_connect.cli.wrapping import wrapped
from cchc_connect.testing import Agencies

ROOT = Path(__file__).parents[2]
PROGRAM = "from cchc_connect.cli import main; raise SystemExit(main())"
PYTHONPATH = os.pathsep.join(map(str, (ROOT, *sys.path)))


HEADINGS_BELOW_A_TABLE = """
from cchc_connect.cli.console import Console, OutputTable
from cchc_connect.messages import Language

screen = Console(Language.ENGLISH, as_json=False)
screen.table(OutputTable(headings=["schema_view.value"], rows=[["1"]]))
screen.heading("sync_view.pulled")
screen.heading("sync_view.pushed")
"""


def on_a_terminal(*arguments: str, program: str = PROGRAM, **environment: str) -> str:
    """Return what a command writes to a terminal of its own, output and progress together."""
    controller, terminal = pty.openpty()
    plain = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    command = [sys.executable, "-c", program, *arguments]
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


@pytest.mark.usefixtures("agencies")
def test_a_terminal_gets_no_line_that_is_cut_within_a_word() -> None:
    written = on_a_terminal("check", "--lang", "vi", COLUMNS="50").replace("\r\n", "\n")

    too_long = [line for line in written.split("\n") if len(line) > 50]
    words = [line.strip() for line in too_long if not line.startswith("    cchc-connect ")]  # a command stays whole
    assert [line for line in words if " " in line] == []  # a path is one word
    assert "\n    " in written  # what follows of a finding stands below its first word


def test_a_suggested_command_is_not_broken() -> None:
    command = "cchc-connect case 000.00.05.H09-260401-0001 --lang en"

    assert wrapped(f"What is known of the dossier, with its steps: {command}", 40).split("\n") == [
        "What is known of the dossier, with its",
        "steps:",
        command,
    ]


def test_json_for_people_is_not_broken() -> None:
    written = on_a_terminal("schema", "show", "procedure", "--json", COLUMNS="50").replace("\r\n", "\n")

    assert json.loads(written)["record_type"] == "procedure"


@pytest.mark.usefixtures("agencies")
def test_a_terminal_gets_one_empty_line_below_a_table() -> None:
    written = on_a_terminal("sync", "--only", "national-portal", COLUMNS="160").replace("\r\n", "\n")
    shown = written.rpartition("\x1b[?25h")[2]  # behind the progress

    assert "Result: done" in shown
    assert "\n\n\n" not in shown


def test_two_headings_are_apart_also_below_a_table() -> None:
    written = on_a_terminal(program=HEADINGS_BELOW_A_TABLE, COLUMNS="80").replace("\r\n", "\n")

    assert "1    \n\n\x1b[1mPulled\x1b[0m\n\n\x1b[1mPushed" in written
