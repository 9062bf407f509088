"""On a system without POSIX the program refuses to start, with one sentence and before it touches anything."""

import subprocess
import sys
from pathlib import Path

import pytest

# Windows has no fcntl, and says its name in sys.platform; everything else here is the program itself.
ON_WINDOWS = """
import sys
sys.modules["fcntl"] = None
from cchc_connect import Config, Fatal, SharedDatabase, Synchronizer
from cchc_connect.cli import main
sys.platform = "win32"
"""

COMMAND = "sys.exit(main(sys.argv[1:]))"

OPENING = """
try:
    SharedDatabase("shared.db", create_or_upgrade=True)
except Fatal as error:
    sys.exit(str(error))
"""


def run(program: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", ON_WINDOWS + program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize(("language", "words"), [("en", "does not run on Windows"), ("vi", "không chạy trên Windows")])
def test_the_command_line_refuses_windows_with_a_sentence(language: str, words: str) -> None:
    refused = run(COMMAND, "demo", "--lang", language)

    assert (refused.returncode, refused.stdout) == (69, "")
    assert words in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
    assert list(Path.cwd().iterdir()) == []


def test_the_library_refuses_windows_when_the_database_is_opened() -> None:
    refused = run(OPENING)

    assert "does not run on Windows" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert list(Path.cwd().iterdir()) == []
