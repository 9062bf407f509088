"""`schema export` writes the records as JSON Schema and knows when they are stale; `schema diff` knows what breaks."""

import json
from pathlib import Path

import pytest

from cchc_schemas import RECORD_TYPES
from tests.cli.conftest import Call


def test_each_version_of_a_record_type_becomes_a_file(call: Call) -> None:
    written = call("schema", "export", "--folder", "out")

    assert written.code == 0
    older = {
        f"{name}.{version}" for name, record in RECORD_TYPES.items() for version in range(1, record.record_version)
    }
    assert {path.stem for path in Path("out").glob("*.json")} == {*RECORD_TYPES, *older}
    assert "out/dossier.1.json" in written.out.splitlines()


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


def test_a_version_that_only_adds_what_may_be_missing_breaks_nobody(call: Call) -> None:
    call("schema", "export", "--folder", "out")

    compared = call("schema", "diff", "out/dossier.1.json", "out/dossier.json", "--json")

    shown = json.loads(compared.out)
    assert (compared.code, shown["breaking"]) == (0, False)
    assert {"path": "payment", "change": "added", "breaking": False} in shown["changes"]
    assert (shown["old"]["version"], shown["new"]["version"]) == (1, 2)


def test_the_program_s_own_versions_are_compared_by_name(call: Call) -> None:
    assert call("schema", "diff", "dossier@1", "dossier").code == 0
    assert call("schema", "diff", "procedure@1", "procedure@1").code == 0


def test_what_an_older_version_lacks_breaks_its_users(call: Call) -> None:
    """Exit code 65: the way back takes fields away."""
    compared = call("schema", "diff", "dossier", "dossier@1")

    assert compared.code == 65
    assert "removed" in compared.out


def test_a_field_that_is_added_in_the_same_version_breaks(call: Call) -> None:
    call("schema", "export", "--folder", "out")
    schema = json.loads(Path("out/agency.json").read_text(encoding="utf-8"))
    schema["properties"]["colour"] = {"type": "string"}
    Path("other.json").write_text(json.dumps(schema), encoding="utf-8")

    compared = call("schema", "diff", "agency", "other.json", "--lang", "vi")

    assert compared.code == 65
    assert "thêm mới" in compared.out
    assert "added" not in compared.out
    assert "không tương thích" in compared.out


@pytest.mark.parametrize(
    ("content", "code"),
    [("[]", "cli.no_schema"), ("{", "cli.no_schema"), ('{"properties": {"a": {"$ref": "#/x"}}}', "cli.no_schema")],
)
def test_what_is_no_schema_is_refused(call: Call, content: str, code: str) -> None:
    """Exit code 64, and the file is named."""
    Path("other.json").write_text(content, encoding="utf-8")
    Path("old.json").write_text(content, encoding="utf-8")

    refused = call("schema", "diff", "old.json", "other.json", "--json")

    assert refused.code == 64
    assert code in refused.out


@pytest.mark.parametrize("name", ["dossier@9", "tree", "missing.json"])
def test_what_is_neither_a_file_nor_a_version_is_refused(call: Call, name: str) -> None:
    refused = call("schema", "diff", "dossier", name)

    assert refused.code == 64
    assert name.partition("@")[0] in refused.err


def test_every_kind_of_change_has_words(call: Call) -> None:
    call("schema", "export", "--folder", "out")
    schema = json.loads(Path("out/agency.json").read_text(encoding="utf-8"))
    schema["properties"]["name"] = {"type": "integer"}
    schema["properties"]["kind"]["anyOf"].pop()
    schema["$defs"]["AgencySuccessor"]["required"].append("share")
    schema["properties"].pop("legal_act")
    Path("other.json").write_text(json.dumps(schema), encoding="utf-8")

    shown = call("schema", "diff", "agency", "other.json", "--lang", "vi").out

    for words in ("type thay đổi", "các kiểu cho phép thay đổi", "trở thành bắt buộc", "bị bỏ"):
        assert words in shown
