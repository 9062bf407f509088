"""The commands of the README run as they stand, and each of its promises has a test."""

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.documentation.pages import Reader

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """Return the fenced blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def commands() -> list[str]:
    """Return every shell command of the README, in order."""
    return [line for block in blocks("sh") for line in block.splitlines() if line]


@pytest.mark.long
def test_the_library_commands_work_as_typed_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A newcomer types them in the README's order, in one folder."""
    shown = [line.removeprefix(".venv/bin/") for line in commands() if "cchc-connect" in line and "pip" not in line]
    assert len(shown) >= 8
    monkeypatch.chdir(tmp_path)
    reader = Reader(tmp_path)

    try:
        for line in shown:
            reader.type(line)
    finally:
        reader.stop()


def test_the_setup_commands_are_those_that_make_runs() -> None:
    """The pip commands in the README equal those of the Makefile; continuous integration runs the Makefile's."""
    environment = {**os.environ, "MAKEFLAGS": ""}
    made = subprocess.run(
        ["make", "--always-make", "--dry-run", "demo"],  # noqa: S607  # make is where the shell finds it
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for line in commands():
        if "-m venv" in line or "pip install" in line or (line.endswith("demo.db") and ".venv" in line):
            parts = [part for part in shlex.split(line) if not part.startswith("python")]
            assert all(part in made for part in parts), line


@pytest.mark.parametrize("line", [line for line in commands() if line.startswith("make")])
def test_each_make_command_is_run_by_continuous_integration(line: str) -> None:
    """So what the README promises about make is tested with every change."""
    assert line in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("path", re.findall(r"`(tests/promises/\w+\.py)`", README))
def test_each_promise_has_its_test_and_the_test_its_sentence(path: str) -> None:
    """The first line of the file named beside a promise is that promise."""
    opening = (ROOT / path).read_text(encoding="utf-8").splitlines()[0].removeprefix('"""')

    assert f"**{opening}**" in README


def test_all_six_promises_are_there() -> None:
    assert len(re.findall(r"`tests/promises/\w+\.py`", README)) == 6
