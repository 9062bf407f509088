"""`init` writes a file to start from, and never over another."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from cchc_connect.config.file import Config
from cchc_connect.messages import Language
from tests.cli.conftest import Call


@pytest.mark.parametrize("language", Language)
def test_the_written_file_loads_in_both_languages(call: Call, language: Language) -> None:
    """What a newcomer gets has no fault and connects nothing yet."""
    written = call("init", "--lang", language)

    assert written.code == 0
    assert Config.load(Path("cchc.toml")).connections == {}


@pytest.mark.parametrize("language", Language)
def test_every_example_in_the_file_loads_once_its_comment_sign_is_taken_away(language: Language, call: Call) -> None:
    """The examples are no prose: all of them together are a configuration without fault."""
    call("init", "--lang", language)
    path = Path("cchc.toml")
    uncommented = "\n".join(
        line.removeprefix("#") if line.startswith("#") and not line.startswith("# ") else line
        for line in path.read_text(encoding="utf-8").splitlines()
    )
    path.write_text(uncommented, encoding="utf-8")

    config = Config.load(path)

    assert {table.adapter for table in config.connections.values()} == {
        "binh_duong_permits",
        "folder",
        "national_portal",
        "ogc_features",
        "opencps",
        "program",
        "rest",
        "sql",
    }
    assert config.routes


def test_both_languages_show_the_same_tables(call: Call) -> None:
    """Only comments are told in the reader's language."""
    texts = list[dict[str, Any]]()
    for language in Language:
        call("init", "--lang", language, "--config", f"{language}.toml")
        lines = Path(f"{language}.toml").read_text(encoding="utf-8").splitlines()
        shown = tomllib.loads("\n".join(line.removeprefix("#") for line in lines if not line.startswith("# ")))
        texts.append(shown)

    assert texts[0] == texts[1]


def test_an_existing_file_is_left_as_it_is(call: Call) -> None:
    """Exit code 73."""
    Path("cchc.toml").write_text("# mine\n", encoding="utf-8")

    refused = call("init")

    assert refused.code == 73
    assert "--force" in refused.err
    assert Path("cchc.toml").read_text(encoding="utf-8") == "# mine\n"


def test_force_overwrites(call: Call) -> None:
    Path("cchc.toml").write_text("# mine\n", encoding="utf-8")

    written = call("init", "--force", "--json")

    assert json.loads(written.out) == {"file": "cchc.toml"}
    assert "# mine" not in Path("cchc.toml").read_text(encoding="utf-8")


def test_a_folder_that_is_not_there_is_refused(call: Call) -> None:
    refused = call("init", "--config", "nowhere/cchc.toml")

    assert refused.code == 73
