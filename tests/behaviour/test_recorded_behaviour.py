"""Nothing changes unseen in what the program does: same requests, same rows, same exit codes as recorded.

The scenario of `scenario.py` is played in this process and compared with `recorded.json`. Names of the program are no
part of the record: what is renamed gets a line in `RENAMED`. After a change of behaviour that is wanted, record anew
and look at the difference:

    .venv/bin/python -m tests.behaviour --record
    .venv/bin/python -m tests.behaviour --whole FILE    # every value, to be compared with that of another checkout
"""

import copy
import json
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from cchc_connect.cli import main
from tests.behaviour.recording import Record, differences, short_record, whole_record
from tests.behaviour.scenario import DEAD_LETTERS, play
from tests.databases import KINDS

pytestmark = pytest.mark.repeats

RENAMED = {
    ("voice",): "claim",
    ("tally",): "run_counter",
    ("pace",): "rate_limit",
    ("breaker",): "circuit_breaker",
    ("journal",): "audit_log",
    ("link",): "record_link",
    ("succession",): "record_lineage",
    ("cchc_structure",): "cchc_schema_version",
    ("cursor", "highest"): "checkpoint",
    ("cursor", "position"): "page_token",
    ("cursor", "reading"): "translation_key",
    ("cursor", "since"): "pass_since",
    ("discrepancy", "since"): "detected_at",
    ("discrepancy", "settled_at"): "resolved_at",
}
"""Table, or table of the record and column -> name in the record; a name of the record itself is understood too."""

RECORDED = Path(__file__).with_name("recorded.json")


def observed_record(folder: Path, database: str) -> Record:
    """Play the scenario over an empty database; return the whole record."""
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        is_new_name = main([DEAD_LETTERS, "--help"]) == 0
    return whole_record(play(folder, database, DEAD_LETTERS if is_new_name else "letters"), RENAMED)


@pytest.fixture(scope="module")
def recorded() -> Record:
    record: Record = json.loads(RECORDED.read_text(encoding="utf-8"))
    return record


@pytest.fixture(scope="module")
def whole() -> Record:
    """Give a small record with every value."""
    command = {"line": "sync", "code": 0, "output": "[1]"}
    request = {"line": "1 GET /parcels", "headers": '{"accept": "application/json"}', "body": ""}
    table = {
        "key": ["key"],
        "columns": {"key": '["a", "b"]', "checkpoint": "[null, null]"},
        "rows": {"a": "1", "b": "2"},
    }
    commands, requests = [command, dict(command)], {"desk": [request, dict(request)]}
    return {"commands": commands, "requests": requests, "tables": {"cursor": table}}


@pytest.mark.parametrize("address", [KINDS[0], pytest.param(KINDS[1], marks=pytest.mark.long)], indirect=True)
def test_the_program_does_what_is_recorded(recorded: Record, address: str, tmp_path: Path) -> None:
    """On every database: the record is the same."""
    different = differences(recorded, observed_record(tmp_path, address))

    assert not different, "\n".join(["not as recorded:", *different])


def another_code(whole: Record) -> str:
    whole["commands"][1]["code"] = 3
    return "command 2 `sync`: exit code recorded 0, now 3"


def another_output(whole: Record) -> str:
    whole["commands"][0]["output"] = "[2]"
    return "command 1 `sync`: other values in its output, now [2]"


def another_header(whole: Record) -> str:
    whole["requests"]["desk"][1]["headers"] = "{}"
    return 'desk: request 2 recorded 1 GET /parcels {"accept": "application/json"}, now 1 GET /parcels {}, body '


def another_body(whole: Record) -> str:
    whole["requests"]["desk"][0]["body"] = "new"
    return "body new"


def a_request_less(whole: Record) -> str:
    whole["requests"]["desk"].pop()
    return "desk: recorded 2 requests, now 1"


def another_value(whole: Record) -> str:
    whole["tables"]["cursor"]["rows"]["b"] = "3"
    return "table cursor: row b differs, now 3"


def a_row_less(whole: Record) -> str:
    del whole["tables"]["cursor"]["rows"]["b"]
    return "table cursor: row b is gone"


def a_row_more(whole: Record) -> str:
    whole["tables"]["cursor"]["rows"]["c"] = "3"
    return "table cursor: row c is not in the record, now 3"


def another_column(whole: Record) -> str:
    columns = whole["tables"]["cursor"]["columns"]
    columns["bookmark"] = columns.pop("checkpoint")
    return "columns gone ['checkpoint'], not in the record ['bookmark']"


def another_table(whole: Record) -> str:
    whole["tables"]["place"] = whole["tables"].pop("cursor")
    return "table place: not in the record"


CHANGES = (
    another_code,
    another_output,
    another_header,
    another_body,
    a_request_less,
    another_value,
    a_row_less,
    a_row_more,
    another_column,
    another_table,
)


@pytest.mark.parametrize("change", CHANGES)
def test_a_difference_is_named(whole: Record, change: Callable[[Record], str]) -> None:
    recorded, changed = short_record(whole), copy.deepcopy(whole)

    expected = change(changed)

    assert differences(recorded, copy.deepcopy(whole)) == []
    assert any(expected in difference for difference in differences(recorded, changed))
