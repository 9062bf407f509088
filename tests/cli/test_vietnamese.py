"""Nothing is English under `--lang vi`: help, results and error messages of every command, but for identifiers.

A word counts as English if the English catalogue uses it and the Vietnamese one does not. Identifiers stay as they are:
names of commands, connections and record types, keys of cchc.toml, and the item as a source sent it.
"""

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from cchc_connect.cli.console import Console
from cchc_connect.messages import Language, sentences_by_code
from cchc_connect.record_fields import field_name, field_value
from cchc_connect.spreadsheets import is_spreadsheet
from cchc_schemas import RECORD_TYPES, LandParcel
from cchc_schemas.personal import models_in
from tests.cli.conftest import CONFIG, Call
from tests.cli.test_command_line import every_command

if TYPE_CHECKING:
    from pydantic import BaseModel

WORD = re.compile(r"(?<![\w./:@-])[A-Za-z]{2,}(?![\w/:@-])")
"""A word of ASCII letters alone; what is joined to signs is an identifier, an option or a path."""

HINT = re.compile(r"cchc-connect .*|pip install .*|keyring set .*|\{[^}]*\}|\[\w+\]")
"""What is typed, placeholders, and tables of cchc.toml."""

ITEM = re.compile(r"""^\s*(?:[\]}[{"]|-?[0-9.]+,?$|null|\.\.\.)""")
"""A line of an item as a source sent it."""

PYTHON = re.compile(r"\b(?:True|False|None)\b|\['|\{'|[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}")
"""What Python writes for values, and instants in ISO form."""

IDENTIFIERS = frozenset(
    {
        *RECORD_TYPES,
        *(word for command in every_command() for word in command.split()),
        *("construction", "desk", "district", "reported", "dismissed", "vi", "en", "cchc", "releasing", "done"),
        *("polygon", "opencps", "connect", "folder"),
        *("an", "can", "long", "to"),
    }
)
"""Names of record types, commands, connections and adapters, values of options, a source's own statuses; and syllables
of Vietnamese names without diacritics."""


def words(text: str) -> set[str]:
    return {word.lower() for word in WORD.findall(HINT.sub(" ", text))}


ENGLISH = {word for sentence in sentences_by_code(Language.ENGLISH).values() for word in words(sentence)}
VIETNAMESE = {word for sentence in sentences_by_code(Language.VIETNAMESE).values() for word in words(sentence)}


def leftovers(text: str) -> list[str]:
    """Return the lines that contain an English word or a value as Python or ISO 8601 writes it."""
    lines = [line for line in text.splitlines() if not ITEM.match(line)]
    english = ENGLISH - VIETNAMESE - IDENTIFIERS
    return [f"{sorted(words(line) & english)} {line}" for line in lines if words(line) & english or PYTHON.search(line)]


def test_the_rule_finds_english() -> None:
    assert leftovers("Show this help and exit.")
    assert leftovers("diện tích: True")
    assert leftovers("Tạm ngừng đến 2026-05-25T00:04:50.000000Z")
    assert not leftovers("Tùy chọn chung cũng dùng được: --config TỆP, --lang vi|en, --json, --debug.")


@pytest.mark.parametrize("command", ["", *every_command()])
def test_help(call: Call, command: str) -> None:
    explained = call("--lang", "vi", *command.split(), "--help")

    assert leftovers(explained.out) == []
    assert "Usage" not in explained.out


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["stat"],
        ["status", "--nope"],
        ["status", "status"],
        ["status", "--json=1"],
        ["case"],
        ["changes", "--since"],
        ["changes", "--since", "x"],
        ["quarantine", "show", "twelve"],
        ["quarantine", "replay"],
        ["quarantine", "export", "loi.txt"],
        ["history", "nothing_such", "1"],
        ["history", "land_parcel", "1", "--at", "x"],
        ["pull", "land", "--since", "2026-02-01", "--until", "2026-01-01"],
        ["discrepancies", "resolve", "1", "--as", "settled", "--note", "x"],
        ["dead-letters", "replay", "to-portal"],
        ["status"],
        ["status", "--db", "none.db"],
        ["demo", "--db", "none/demo.db"],
        ["init", "--config", "none/cchc.toml"],
    ],
)
def test_errors_of_a_command_line(call: Call, arguments: list[str]) -> None:
    refused = call("--lang", "vi", *arguments)

    assert refused.code != 0
    examples = refused.err.replace("2026-07-01T08:15", "").replace("2026-07-01T01:15:00Z", "")
    assert leftovers(examples) == []


@pytest.mark.parametrize("problem", ["[database", "[run]\nparallel = 'x'\nnone = 1", "[routes.a]\nto = 1"])
def test_faults_of_the_configuration(call: Call, problem: str) -> None:
    CONFIG.write_text(problem, encoding="utf-8")

    assert leftovers(call("--lang", "vi", "sync").err) == []


def test_commands_that_show_the_database(call: Call, pulled: Path) -> None:
    with closing(sqlite3.connect(pulled)) as connection:
        keys = connection.execute("SELECT record_type, min(record_key) FROM change GROUP BY record_type").fetchall()
        numbers = [number for (number,) in connection.execute("SELECT id FROM quarantine")]
        (dossier,) = connection.execute("SELECT code FROM dossier ORDER BY code LIMIT 1").fetchone()
        (run_id,) = connection.execute("SELECT run_id FROM run LIMIT 1").fetchone()
    commands = [
        ["status"],
        ["runs"],
        ["runs", run_id],
        ["quarantine", "list"],
        *(["quarantine", "show", number] for number in numbers),
        ["quarantine", "export", "loi.csv"],
        ["case", dossier],
        *(["history", record_type, key] for record_type, key in keys),
        ["changes", "--limit", "50"],
        ["discrepancies", "list", "--all"],
        ["dead-letters", "list"],
    ]

    for command in commands:
        ended = call(*command, "--db", pulled, "--lang", "vi")
        assert (ended.code, leftovers(ended.out)) == (0, []), command
    export = Path("loi.csv").read_text(encoding="utf-8-sig")
    rules = {
        rule for rule in re.findall(r",([a-z_]+),", export) if f"fault.{rule}" in sentences_by_code(Language.VIETNAMESE)
    }
    assert is_spreadsheet(Path("loi.csv"))
    assert rules  # the identifiers of the rules have a column of their own
    assert leftovers(re.sub(r",[a-z_]+,", ",", export)) == []


@pytest.mark.usefixtures("agencies")
def test_commands_that_run(call: Call) -> None:
    commands = (["check"], ["sync", "--dry-run"], ["sync"], ["pull", "one-stop"], ["reconcile", "construction"])
    for command in commands:
        ended = call(*command, "--lang", "vi")
        assert (ended.code, leftovers(ended.out + ended.err)) == (0, []), command


@pytest.mark.usefixtures("agencies")
def test_other_commands(call: Call) -> None:
    listed = call("adapter", "list", "--lang", "vi")

    assert listed.code == 0
    assert leftovers(listed.out) == []
    assert leftovers(call("init", "--force", "--lang", "vi").out) == []
    assert leftovers(call("schema", "export", "--check", "--lang", "vi").out) == []


@pytest.mark.parametrize("record_type", RECORD_TYPES)
def test_every_field_has_a_vietnamese_term(record_type: str) -> None:
    screen = Console(Language.VIETNAMESE, as_json=False)
    models = [cast("type[BaseModel]", RECORD_TYPES[record_type])]
    for model in models:  # grows: parts of records have fields too
        for name, field in model.model_fields.items():
            models += [part for part in models_in(field.annotation) if part not in models]
            assert field_name(model, name, screen) != name


def test_a_field_of_a_part_is_named_with_its_position() -> None:
    screen = Console(Language.VIETNAMESE, as_json=False)

    assert field_name(LandParcel, "uses.0.area_m2", screen) == "mục đích sử dụng đất 1 – diện tích"


def test_names_of_fields_that_contain_commas_are_told_apart() -> None:
    holders = [{"kind": "household", "name": "***"}, {"kind": "individual", "name": "***"}]

    vietnamese, english = (
        field_value(LandParcel, "holders", holders, Console(language, as_json=False))
        for language in (Language.VIETNAMESE, Language.ENGLISH)
    )

    assert vietnamese == (
        "loại người sử dụng đất: hộ gia đình; họ tên, tên tổ chức: *** | "
        "loại người sử dụng đất: cá nhân; họ tên, tên tổ chức: ***"
    )
    assert english.count("; ") == 1
