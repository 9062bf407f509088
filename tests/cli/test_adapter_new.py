"""`adapter new` writes a project that is installed and green unchanged, with the commands that it names itself."""

import os
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import pytest

from cchc_connect.cli.adapter_commands import AdapterKind
from cchc_connect.cli.exit_codes import ExitCode
from tests.checkout import ROOT
from tests.cli.conftest import Call
from tests.coverage_switch import without_coverage
from tests.quick import few

NAME = "harbour_master"
MAX_SECONDS = 30.0
"""Of machine time for all commands of one kind together; ten on a machine that does nothing else."""

MAX_TYPED_LINES = 25

OFFLINE = {"PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
"""What an installation needs is in the environment of the tests already."""


def run(*command: str, folder: Path, environment: dict[str, str]) -> str:
    """Run a command; its output becomes the failure message."""
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def environment_of(folder: Path) -> tuple[str, dict[str, str]]:
    """Return the interpreter of a new virtual environment that has what this one has, and its variables."""
    run(sys.executable, "-m", "venv", "--without-pip", str(folder), folder=folder.parent, environment=dict(os.environ))
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    roots = [str(ROOT), str(ROOT / "schemas"), str(ROOT / "adapters"), sysconfig.get_path("purelib")]
    folder.joinpath("lib", version, "site-packages", "ours.pth").write_text("\n".join(roots) + "\n", encoding="utf-8")
    variables = {**without_coverage(os.environ), **OFFLINE, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return str(folder / "bin" / "python"), variables


@pytest.mark.parametrize("kind", few(AdapterKind, 1))
def test_a_new_adapter_is_green_with_the_commands_that_are_documented(kind: AdapterKind, tmp_path: Path) -> None:
    python, variables = environment_of(tmp_path / "environment")
    began = time.process_time() + sum(os.times()[2:4])

    run(python, "-m", "cchc_connect", "adapter", "new", NAME, "--kind", kind, folder=tmp_path, environment=variables)
    project = tmp_path / "harbour-master-adapter"
    pip = [sys.executable, "-m", "pip", "--python", python]
    run(*pip, "install", "--editable", ".", folder=project, environment=variables)
    tested = run(python, "-m", "pytest", "-q", "-m", "not long", folder=project, environment=variables)

    seconds = time.process_time() + sum(os.times()[2:4]) - began
    print(f"\n{kind}: {seconds:.1f} s of machine time; {tested.splitlines()[-1]}")
    assert " passed" in tested
    assert "failed" not in tested
    assert seconds < MAX_SECONDS


@pytest.mark.parametrize("name", ["Harbour", "har-bour", "_harbour", "class", "9harbour", "har__bour"])
def test_a_name_that_is_none_is_refused(name: str, tmp_path: Path, call: Call) -> None:
    refused = call("adapter", "new", name)

    assert refused.code == ExitCode.USAGE
    assert name in refused.err
    assert list(tmp_path.iterdir()) == []


def test_the_name_of_an_installed_adapter_is_refused(tmp_path: Path, call: Call) -> None:
    refused = call("adapter", "new", "opencps")

    assert (refused.code, list(tmp_path.iterdir())) == (ExitCode.USAGE, [])


def test_nothing_is_overwritten(tmp_path: Path, call: Call) -> None:
    existing = tmp_path / "harbour-master-adapter" / "README.md"
    existing.parent.mkdir()
    existing.write_text("mine", encoding="utf-8")

    refused = call("adapter", "new", NAME)

    assert refused.code == ExitCode.CANNOT_CREATE
    assert "another folder with --to" in refused.err
    assert "--force" not in refused.err
    assert existing.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("kind", [kind for kind in AdapterKind if kind is not AdapterKind.PYTHON])
def test_what_a_person_types_for_a_system_is_short_and_no_code(kind: AdapterKind, tmp_path: Path, call: Call) -> None:
    """The tables of the project, and the connection that its README shows."""
    call("adapter", "new", NAME, "--kind", kind)
    (tables,) = tmp_path.glob("harbour-master-adapter/src/*/*.toml")
    readme = tmp_path.joinpath("harbour-master-adapter", "README.md").read_text(encoding="utf-8")
    connection = readme.partition("```toml\n")[2].partition("```")[0]

    lines = [line for text in (tables.read_text(encoding="utf-8"), connection) for line in text.splitlines()]
    typed = [line for line in lines if line and not line.startswith("#")]

    print(f"\n{kind}: {len(typed)} lines")
    assert len(typed) <= MAX_TYPED_LINES
