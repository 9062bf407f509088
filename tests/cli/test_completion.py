"""A shell completes commands, options and values; it asks the program as typer's scripts do."""

import json
import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cchc_connect import SharedDatabase, runs
from cchc_connect.cli.completion import COMPLETION_VARIABLE, Shell
from cchc_connect.cli.context import PROGRAM
from cchc_connect.database.direct.layout import RECORD_TYPE_NAMES
from cchc_connect.exports.formats import ExportFormat
from cchc_connect.extras import installed_adapters
from tests.cli.conftest import Call
from tests.cli.test_light_start import LOADED

Completed = Callable[..., list[str]]

TWO_CONNECTIONS = """
[connections.land]
adapter = "ogc_features"
[connections.portal]
adapter = "national_portal"
[routes.daily]
to = "portal"
"""

ADAPTERS = [*installed_adapters()]


@pytest.fixture
def completed(call: Call, monkeypatch: pytest.MonkeyPatch) -> Completed:
    """Give what bash is offered for the last of the words."""

    def completing(*words: str) -> list[str]:
        monkeypatch.setenv(COMPLETION_VARIABLE, "complete_bash")
        monkeypatch.setenv("COMP_WORDS", "\n".join([PROGRAM, *words]))
        monkeypatch.setenv("COMP_CWORD", str(len(words)))
        ended = call()
        assert (ended.code, ended.err) == (0, "")
        return [line for line in ended.out.splitlines() if line]

    return completing


@pytest.fixture
def in_bash(tmp_path: Path) -> dict[str, str]:
    """Give the environment of an interactive bash of a person who has installed the completion."""
    environment = {
        "HOME": str(tmp_path),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PS1": "",
        "TERM": "dumb",
    }
    subprocess.run([PROGRAM, "--install-completion", "bash"], env=environment, capture_output=True, check=True)
    return environment


def typed_on_a_terminal(keys: str, environment: dict[str, str], folder: Path) -> str:
    """Return what a bash on a terminal of its own writes while `keys` are typed."""
    terminal, other_end = pty.openpty()
    with subprocess.Popen(
        ["/bin/bash", "-i"],
        env=environment,
        cwd=folder,
        stdin=other_end,
        stdout=other_end,
        stderr=other_end,
    ) as bash:
        os.close(other_end)
        os.write(terminal, keys.encode())
        written = b""
        try:
            while piece := os.read(terminal, 4096):
                written += piece
        except OSError:  # bash has ended and closed the terminal
            pass
        assert bash.wait() == 0
    os.close(terminal)
    return written.decode()


def test_the_tab_key_completes_commands_and_names_in_bash(in_bash: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "cchc.toml").write_text(TWO_CONNECTIONS)

    written = typed_on_a_terminal(
        "cchc-connect adap\tli\t--js\t>adapters.json\n"
        "cchc-connect reconcile por\t--lang vi --rec\tland_p\t--no\n"
        "exit 0\n",
        in_bash,
        tmp_path,
    )

    assert f"{PROGRAM} adapter list --json >adapters.json" in written
    assert [row["name"] for row in json.loads((tmp_path / "adapters.json").read_text())["adapters"]] == ADAPTERS
    assert f"{PROGRAM} reconcile portal --lang vi --record-type land_parcel --no" in written


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["ru"], ["runs"]),
        (["quarantine", "sh"], ["show"]),
        (["--ver"], ["--version"]),
        (["--lang", ""], ["en", "vi"]),
        (["runs", "--"], ["--limit", "--db", "--help", "--config", "--lang", "--json", "--debug"]),
        (["runs", "--json", "--js"], []),
        (["runs", "--lang", ""], ["en", "vi"]),
        (["pull", ""], ["land", "portal"]),
        (["reconcile", "po"], ["portal"]),
        (["sync", "--json", "--only", ""], ["land", "portal"]),
        (["quarantine", "list", "--connection", "l"], ["land"]),
        (["dead-letters", "replay", ""], ["daily"]),
        (["dead-letters", "list", "--route", ""], ["daily"]),
        (["schema", "show", ""], list(RECORD_TYPE_NAMES)),
        (["history", "land_"], ["land_change", "land_parcel"]),
        (["pull", "land", "--record-type", "land_p"], ["land_parcel"]),
        (["adapter", "show", ""], ADAPTERS),
        (["export", "land_parcel", "--format", ""], list(ExportFormat)),
        (["--install-completion", ""], list(Shell)),
        (["--version", "sta"], ["status"]),
        (["--show-completion", "bash", "sta"], ["status"]),
        (["status", "--db", ""], []),
        (["export", "land_parcel", "--to", "x"], []),
    ],
    ids=" ".join,
)
def test_what_may_stand_next_is_offered(
    words: list[str], offered: list[str], completed: Completed, tmp_path: Path
) -> None:
    (tmp_path / "cchc.toml").write_text(TWO_CONNECTIONS)

    assert completed(*words) == offered


def test_names_are_those_of_the_configuration_that_the_line_names(completed: Completed, tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text(TWO_CONNECTIONS.replace("land", "field"))

    assert completed("pull", "--config", "other.toml", "") == ["field", "portal"]
    assert completed("--config", "other.toml", "pull", "") == ["field", "portal"]


def test_the_ids_of_the_latest_runs_are_offered(completed: Completed, pulled: Path, tmp_path: Path) -> None:
    shutil.copy(pulled, tmp_path / "shared.db")
    (tmp_path / "cchc.toml").write_text(TWO_CONNECTIONS)
    with SharedDatabase(pulled) as database:
        ids = [run.run_id for run in runs(database)]

    assert ids != []
    assert completed("runs", "") == completed("runs", "--db", "shared.db", "") == ids
    assert completed("runs", ids[0][:6]) == ids[:1]


@pytest.mark.parametrize(
    "text",
    ["no TOML", "connections = 7", "[database]\nurl = 7\n", "[connections]\nland = 1\n", '[connections."\\u001b"]\n'],
)
def test_a_fault_of_the_configuration_is_no_matter_for_the_middle_of_a_line(
    completed: Completed, tmp_path: Path, text: str
) -> None:
    (tmp_path / "cchc.toml").write_text(text)

    assert completed("runs", "") == []
    assert completed("pull", "") == (["land"] if "land" in text else [])
    assert completed("pull", "--config", "absent.toml", "") == []


@pytest.mark.parametrize(
    ("line", "described"),
    [
        (f"{PROGRAM} --lang vi history land_p", "land_parcel\tland_parcel (thửa đất)\n"),
        (f"{PROGRAM} history land_p", "land_parcel\n"),
        (f"{PROGRAM} pull --lang vi po", "portal\tnational_portal\n"),
        (f"{PROGRAM} --lang vi doc", "docs\tCho biết"),
        (f"{PROGRAM} doc", "docs\tSay where the documentation"),
    ],
)
def test_fish_shows_descriptions_in_the_language_of_the_line(
    call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, line: str, described: str
) -> None:
    (tmp_path / "cchc.toml").write_text(TWO_CONNECTIONS)
    monkeypatch.setenv(COMPLETION_VARIABLE, "complete_fish")
    monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", line)

    assert call().out.startswith(described)


def test_zsh_gets_names_with_descriptions(call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "cchc.toml").write_text(TWO_CONNECTIONS)
    monkeypatch.setenv(COMPLETION_VARIABLE, "complete_zsh")
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", f"{PROGRAM} dead-letters replay ")

    assert call().out == '_arguments \'*: :(("daily":"portal"))\'\n'


@pytest.mark.parametrize("words", [["runs", ""], ["pull", ""], ["history", ""], ["adapter", "show", ""], ["sta"]])
def test_a_shell_gets_its_answer_by_a_light_start(words: list[str], pulled: Path, tmp_path: Path) -> None:
    for file in ("cchc.toml", "shared.db"):
        shutil.copy(pulled.with_name(file), tmp_path)
    line = {"COMP_WORDS": "\n".join([PROGRAM, *words]), "COMP_CWORD": str(len(words))}
    environment = {**os.environ, COMPLETION_VARIABLE: "complete_bash", **line}

    ended = subprocess.run(
        [sys.executable, "-c", LOADED], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )

    assert ended.stdout.strip() != ""
    assert ended.stderr == "0 []\n"


@pytest.mark.parametrize(
    ("shell", "file", "loaded_by"),
    [
        ("bash", f".bash_completions/{PROGRAM}.sh", ".bashrc"),
        ("zsh", f".zfunc/_{PROGRAM}", ".zshrc"),
        ("fish", f".config/fish/completions/{PROGRAM}.fish", None),
    ],
)
def test_an_installed_script_is_the_one_that_is_shown(
    call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, shell: str, file: str, loaded_by: str | None
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))

    installed = call("--lang", "vi", "--install-completion", shell)
    again = call("--install-completion", shell, "--json")

    shown = call("--show-completion", shell).out
    assert (installed.code, again.code) == (0, 0)
    assert f"Đã cài đặt tính năng tự hoàn thành dòng lệnh cho {shell} tại {tmp_path / file}." in installed.out
    assert again.document == {"shell": shell, "path": str(tmp_path / file)}
    assert (tmp_path / file).read_text().strip() == shown.strip()
    assert call("--show-completion", shell, "--json").document["script"] == shown.strip()
    assert f"{COMPLETION_VARIABLE}=complete_{shell}" in shown
    if loaded_by is not None:
        lines = [line for line in (tmp_path / loaded_by).read_text().splitlines() if line]
        assert sorted(set(lines)) == sorted(lines) != []


def test_a_script_that_cannot_be_written_is_reported_as_a_file(
    call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "home").write_text("no folder")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))

    refused = call("--install-completion", "fish", "--json")

    assert (refused.code, refused.document["error"]["code"]) == (73, "cli.cannot_write")


@pytest.mark.parametrize("option", ["--install-completion", "--show-completion"])
def test_an_unknown_shell_is_answered_with_the_known_ones(call: Call, option: str) -> None:
    refused, missing = call(option, "tcsh"), call(option)

    assert (refused.code, missing.code) == (64, 64)
    assert "bash, zsh, fish" in refused.err.replace("'", "")
    assert option in missing.err
