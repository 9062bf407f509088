"""What every command promises: help, documented exit codes, one JSON document, no traceback, no escape code."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from unicodedata import category

import pytest
import typer
from typer.core import TyperGroup
from typer.main import get_command

from cchc_connect.cli import main
from cchc_connect.cli.app import app
from cchc_connect.cli.console import Console
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.messages import Language, sentences_by_code
from tests.cli.conftest import Call

ROOT = Path(__file__).parents[2]
COMMANDS_PAGE = (ROOT / "docs/commands.md").read_text(encoding="utf-8")


def every_command(group: TyperGroup | None = None, path: str = "") -> Iterator[str]:
    """Yield the words of every command, groups first."""
    root = group or get_command(app)
    assert isinstance(root, TyperGroup)
    for name, command in root.commands.items():
        yield f"{path}{name}"
        if isinstance(command, TyperGroup):
            yield from every_command(command, f"{path}{name} ")


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("command", ["", *every_command()])
def test_every_command_has_help_in_both_languages(call: Call, command: str, language: Language) -> None:
    """Each command, option and argument is explained; no code of the catalogue is left unspoken."""
    explained = call("--lang", language, *command.split(), "--help")

    assert explained.code == 0
    assert not re.search(r"\bhelp\.\w+", explained.out)
    for line in re.findall(r"^  (?:--?\w|\S+ +\S).*$", explained.out, re.MULTILINE):
        assert len(line.split()) > 1, line


@pytest.mark.parametrize("command", list(every_command()))
def test_every_command_is_documented(command: str) -> None:
    assert f"`cchc-connect {command}" in COMMANDS_PAGE


@pytest.mark.parametrize("code", ExitCode)
def test_every_exit_code_is_documented(code: ExitCode) -> None:
    assert f"| {code.value} | {code.name} |" in COMMANDS_PAGE


def test_every_sentence_of_the_command_line_stands_in_both_catalogues() -> None:
    """A code written in the program is a code of the catalogue, in each language with the same values."""
    written = set[str]()
    for module in (ROOT / "cchc_connect").glob("c[lh]*/**/*.py"):
        written |= set(
            re.findall(
                r'"((?:cli|usage|help|init|check|[a-z]+_view|status|demo)\.(?!db|toml)[a-z_]+)"', module.read_text()
            )
        )

    for language in Language:
        assert not written - set(sentences_by_code(language))
    for code in written:
        values = [sorted(re.findall(r"\{(\w+)", sentences_by_code(language)[code])) for language in Language]
        assert values[0] == values[1], code


def test_every_rule_by_which_an_item_is_refused_has_words() -> None:
    """Whoever corrects an item at its source reads a sentence, not an identifier."""
    named = re.compile(
        r'(?:Unreadable\(|\brule=|PydanticCustomError\(\s*|custom_error_type=|one_of\([^"\n]*(?:"\w+"[^"\n]*)?)"([a-z_]+)"\)'
    )
    sources = [
        *ROOT.glob("schemas/cchc_schemas/*.py"),
        *ROOT.glob("adapters/cchc_adapters/*.py"),
        ROOT / "cchc_connect/wire/codecs.py",
    ]
    rules = {rule for source in sources for rule in named.findall(source.read_text(encoding="utf-8"))}

    for language in Language:
        assert {"text_expected", "status_unknown", "area_not_positive"} & rules
        assert not {rule for rule in rules if f"fault.{rule}" not in sentences_by_code(language)}


def test_every_rule_of_the_records_has_words() -> None:
    """The table of rules in the records' own page is the list."""
    page = (ROOT / "schemas/README.md").read_text(encoding="utf-8").partition("## Rules")[2]
    cells = re.findall(r"^\| (`[^|]+) \|", page, re.MULTILINE)
    rules = {rule for cell in cells for rule in re.findall(r"`([a-z_]+)`", cell)}

    assert "dates_out_of_order" in rules
    for language in Language:
        assert not {rule for rule in rules if f"fault.{rule}" not in sentences_by_code(language)}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["stat"], "usage.no_such_command"),
        (["status", "--nope"], "usage.no_such_option"),
        (["case"], "case.one_of"),
        (["history"], "usage.missing"),
        (["quarantine", "show", "twelve"], "usage.value_invalid"),
        (["quarantine", "show", "0"], "usage.value_invalid"),
        (["quarantine", "show", str(2**63)], "usage.value_invalid"),
        (["quarantine", "replay"], "cli.replay_selection"),
        (["case", "h\udcff"], "cli.argument_not_text"),
        (["quarantine"], "usage.no_command"),
        (["status", "--db", "mysql://office/shared"], "database_location.scheme_unknown"),
        (["changes", "--db", "sqlite://shared.db"], "database_location.scheme_unknown"),
        (["case", "1", "--db", ""], "database_location.empty"),
        (["history", "land_parsel", "1"], "names.record_type_unknown"),
    ],
)
def test_a_command_line_that_asks_for_nothing_known_is_a_misuse(call: Call, arguments: list[str], code: str) -> None:
    """Exit code 64, one sentence on standard error, nothing on standard output."""
    refused, as_json = call(*arguments), call(*arguments, "--json")

    assert (refused.code, refused.out) == (64, "")
    assert refused.err.strip()
    assert (as_json.code, as_json.err) == (64, "")
    assert json.loads(as_json.out)["error"]["code"] == code


def test_without_a_command_help_is_shown(call: Call) -> None:
    shown = call()

    assert shown.code == 64
    assert "quarantine" in shown.err


@pytest.mark.parametrize(
    "arguments", [["--json", "status"], ["status", "--json"], ["--config", "x.toml", "status", "--json"]]
)
def test_a_refusal_is_one_json_document_where_one_was_asked_for(call: Call, arguments: list[str]) -> None:
    """A script reads the reason from standard output; standard error stays empty."""
    refused = call(*arguments)

    error = json.loads(refused.out)["error"]
    assert (refused.code, refused.err) == (78, "")
    assert error["code"] == "config.file_missing"
    assert error["context"]["file"].endswith(".toml")
    assert error["message"]


def test_words_behind_two_dashes_are_not_taken_for_global_options(call: Call) -> None:
    """A dossier may be called anything."""
    refused = call("case", "--db", "none.db", "--", "--json")

    assert (refused.code, refused.out) == (66, "")


def test_the_program_starts_without_the_engine() -> None:
    """Help needs no database, no HTTP library and no record: whoever asks for it waits for nothing."""
    heavy = "{'sqlalchemy', 'pydantic', 'requests', 'httpx', 'rich', 'cchc_schemas'}"
    seen = f"import sys; from cchc_connect.cli import main; main(['--help']); print({heavy} & set(sys.modules))"

    shown = subprocess.run([sys.executable, "-c", seen], capture_output=True, text=True, check=True, cwd=ROOT)

    assert shown.stdout.splitlines()[-1] == "set()"


def test_a_reader_that_leaves_is_met_in_silence() -> None:
    """`cchc-connect schema export | true` ends with exit code 74 and says nothing of pipes."""
    reader, writer = os.pipe()
    os.close(reader)

    ended = subprocess.run(
        [sys.executable, "-c", "from cchc_connect.cli import main; raise SystemExit(main())", "schema", "export"],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    os.close(writer)

    assert (ended.returncode, ended.stderr) == (74, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no device that is always full")
@pytest.mark.parametrize("arguments", [["adapter", "list", "--json"], ["--help"]])
def test_a_full_disk_behind_the_output_is_one_sentence(arguments: list[str]) -> None:
    """Exit code 74, no traceback, not at the end of the program either."""
    program = "from cchc_connect.cli import main; raise SystemExit(main())"
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        ended = subprocess.run(
            [sys.executable, "-c", program, *arguments],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )

    assert ended.returncode == 74
    assert len(ended.stderr.splitlines()) == 1
    assert "cannot be written" in ended.stderr


def test_a_locale_that_cannot_write_vietnamese_ends_no_command() -> None:
    """Letters are spelt out; JSON stays JSON."""
    english = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", "from cchc_connect.cli import main; raise SystemExit(main())", "--lang", "vi"]

    command += ["init", "--config", "nowhere/cchc.toml"]

    plain = subprocess.run(command, capture_output=True, text=True, check=False, env=english)
    as_json = subprocess.run([*command, "--json"], capture_output=True, text=True, check=False, env=english)

    assert (plain.returncode, as_json.returncode) == (73, 73)
    assert "\\u" in plain.stderr
    assert "Không ghi được" in json.loads(as_json.stdout)["error"]["message"]


def test_a_document_steers_no_terminal_and_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """What JSON leaves as it is, control and direction characters beyond ASCII, is spelt out too; nothing is lost."""
    document = {"name": "thửa\x1b[2J \x9b2J \u202e\u2028\x85\U000e0041 đất"}

    Console(Language.ENGLISH, as_json=True).document(document)

    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line) == document
    assert "thửa" in line
    assert not [sign for sign in line if category(sign) in {"Cc", "Cf", "Zl", "Zp"}]


def test_no_traceback_with_locals_is_set_up_by_anybody() -> None:
    """Typer would draw one; its own way of showing exceptions is off, and Python's hook stays as it was."""
    before = sys.excepthook

    main(["--help"])

    assert not app.pretty_exceptions_enable
    assert sys.excepthook is before


def test_main_is_what_the_console_script_calls(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert "cchc-connect" in capsys.readouterr().out
    assert isinstance(app, typer.Typer)


@pytest.mark.parametrize(
    ("arguments", "english", "vietnamese"),
    [
        (["quarantine", "show", "twelve"], "a number of 1 or more", "số từ"),
        (["discrepancies", "resolve", "1", "--as", "repoted", "--note", "x"], "Did you mean 'reported'?", "reported"),
        (["status", "--lang", "fr"], "one of: en, vi", "en, vi"),
    ],
)
def test_a_refused_value_is_told_which_values_are_accepted(
    call: Call, arguments: list[str], english: str, vietnamese: str
) -> None:
    assert english in call(*arguments).err
    if "--lang" not in arguments:
        assert vietnamese in call(*arguments, "--lang", "vi").err
