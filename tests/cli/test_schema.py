"""`schema export` writes the records as JSON Schema and knows when they are stale."""

import json
from pathlib import Path

from cchc_schemas import RECORD_TYPES
from tests.cli.conftest import Call


def test_each_record_type_becomes_a_file(call: Call) -> None:
    written = call("schema", "export", "--folder", "out")

    assert written.code == 0
    assert {path.stem for path in Path("out").glob("*.json")} == set(RECORD_TYPES)


def test_what_was_just_written_is_not_stale(call: Call) -> None:
    call("schema", "export", "--folder", "out")

    checked = call("schema", "export", "--folder", "out", "--check", "--json")

    assert checked.code == 0
    assert json.loads(checked.out)["stale"] == []


def test_a_schema_that_is_not_the_records_is_stale(call: Call) -> None:
    """Exit code 65, and nothing is written."""
    call("schema", "export", "--folder", "out")
    changed = Path("out/dossier.json")
    changed.write_text("{}", encoding="utf-8")

    checked = call("schema", "export", "--folder", "out", "--check")

    assert checked.code == 65
    assert "dossier.json" in checked.out
    assert changed.read_text(encoding="utf-8") == "{}"


def test_a_folder_with_other_json_files_is_left_as_it_is(call: Call) -> None:
    """Exit code 73: exporting removes what is surplus, and must not remove what is not ours."""
    Path("package.json").write_text("{}", encoding="utf-8")

    refused = call("schema", "export", "--folder", ".")

    assert refused.code == 73
    assert "package.json" in refused.err
    assert [path.name for path in Path().glob("*.json")] == ["package.json"]


def test_the_schema_of_a_record_type_that_is_no_more_is_removed(call: Call) -> None:
    call("schema", "export", "--folder", "out")
    gone = Path("out/old_record.json")
    gone.write_text('{"$id": "urn:cchc:record:old_record:1"}', encoding="utf-8")

    written = call("schema", "export", "--folder", "out")

    assert written.code == 0
    assert not gone.exists()


def test_a_folder_that_cannot_be_made_is_refused(call: Call) -> None:
    Path("taken").write_text("", encoding="utf-8")

    refused = call("schema", "export", "--folder", "taken/schemas")

    assert refused.code == 73
