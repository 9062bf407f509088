"""The commands of the README run as they stand, and each of its promises has a test."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """Return the fenced blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def commands() -> list[str]:
    """Return every shell command of the README, in order."""
    return [line for block in blocks("sh") for line in block.splitlines() if line]


@pytest.mark.long
def test_the_library_commands_work_as_typed_one_after_the_other(tmp_path: Path) -> None:
    """A newcomer types them in the README's order, in one folder."""
    program = str(Path(sys.executable).with_name("cchc-connect"))
    shown = [line.removeprefix(".venv/bin/") for line in commands() if "cchc-connect" in line and "pip" not in line]
    assert len(shown) >= 8

    with ExitStack() as until_the_end:
        for line in shown:
            command = [program, *shlex.split(line)[1:]]
            if "--serve" in line:
                until_the_end.enter_context(second_terminal(command, tmp_path))
                continue
            done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{line}: {done.stdout} {done.stderr}"
            assert "Traceback" not in done.stderr


@contextmanager
def second_terminal(command: list[str], folder: Path) -> Generator[None, None, None]:
    """Run a command until the block ends; the block begins when it says what to type in the first terminal."""
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        output_lines = list[str]()
        while not any("cchc-connect check" in line for line in output_lines):
            output_lines.append(running.stdout.readline())
            assert output_lines[-1], output_lines
        yield
        running.terminate()
        running.communicate(timeout=30)
    assert running.returncode == 0


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
