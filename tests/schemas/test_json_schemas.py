"""The generated JSON Schemas are current and say what the records say."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from cchc_schemas import RECORD_TYPES, Record, json_schema, personal_fields, stale, write_all
from cchc_schemas.json_schemas import ANNOTATIONS, DIALECT
from tests.schemas.test_json_schema_rules import is_array, is_object

FOLDER = Path(__file__).parents[2] / "schemas" / "json"
README = FOLDER.with_name("README.md").read_text(encoding="utf-8")


def test_the_schemas_in_the_repository_are_current() -> None:
    """If this fails, write them anew as schemas/README.md says, and look at what changed."""
    assert stale(FOLDER) == []


def test_what_was_written_is_not_stale(tmp_path: Path) -> None:
    write_all(tmp_path)

    assert stale(tmp_path) == []
    assert len(list(tmp_path.iterdir())) == sum(record.record_version for record in RECORD_TYPES.values())


def test_a_missing_a_changed_and_a_surplus_file_are_stale_until_written_again(tmp_path: Path) -> None:
    write_all(tmp_path)
    (tmp_path / "dossier.json").unlink()
    (tmp_path / "procedure.json").write_text("{}", encoding="utf-8")
    (tmp_path / "weather.json").write_text("{}", encoding="utf-8")

    assert stale(tmp_path) == ["dossier.json", "procedure.json", "weather.json"]
    write_all(tmp_path)
    assert stale(tmp_path) == []


@pytest.mark.parametrize("record", RECORD_TYPES.values(), ids=list(RECORD_TYPES))
def test_a_schema_says_which_record_and_version_it_is(record: type[Record]) -> None:
    schema = json_schema(record)

    assert schema["$id"] == f"urn:cchc:record:{record.record_type}:{record.record_version}"
    assert (schema["title"], schema["version"]) == (record.__name__, record.record_version)
    assert schema["description"].startswith((record.__doc__ or "-").partition("\n")[0])


@pytest.mark.parametrize("record", RECORD_TYPES.values(), ids=list(RECORD_TYPES))
def test_every_field_is_described_in_both_languages(record: type[Record]) -> None:
    schema = json_schema(record)
    shapes = [schema, *schema["$defs"].values()] if "$defs" in schema else [schema]

    undescribed = [
        (shape["title"], name)
        for shape in shapes
        for name, field in shape.get("properties", {}).items()
        if "(" not in field.get("description", "")
    ]
    assert undescribed == []


@pytest.mark.parametrize("record", RECORD_TYPES.values(), ids=list(RECORD_TYPES))
def test_every_personal_field_is_marked(record: type[Record]) -> None:
    text = json.dumps(json_schema(record))

    assert text.count('"x-personal"') == len(personal_fields(record))


def test_the_files_are_readable_for_people() -> None:
    text = (FOLDER / "land_parcel.json").read_text(encoding="utf-8")

    assert "thửa đất" in text
    assert text.endswith("}\n")
    assert list(json.loads(text)) == sorted(json.loads(text))


def keywords(schema: Any, *, names_here: bool = False) -> Iterator[str]:
    """Yield every keyword of a schema; the names in `properties` and `$defs` are none."""
    if is_array(schema):
        for part in schema:
            yield from keywords(part)
    elif is_object(schema):
        if not names_here:
            yield from schema
        for name, part in schema.items():
            yield from keywords(part, names_here=not names_here and name in {"properties", "$defs"})


@pytest.mark.parametrize("record", RECORD_TYPES.values(), ids=list(RECORD_TYPES))
def test_a_schema_is_one_by_its_dialect(record: type[Record]) -> None:
    Draft202012Validator.check_schema(json_schema(record))


def test_the_vocabulary_names_every_keyword_that_the_dialect_does_not_have() -> None:
    dialect = {"$defs", "$id", "$ref", "$schema", "additionalProperties", "allOf", "anyOf", "const", "default"}
    dialect |= {
        "description",
        "enum",
        "exclusiveMaximum",
        "format",
        "if",
        "items",
        "maxItems",
        "maxLength",
        "maximum",
        "minItems",
    }
    dialect |= {"minLength", "minimum", "pattern", "properties", "required", "then", "title", "type"}
    used = {keyword for record in RECORD_TYPES.values() for keyword in keywords(json_schema(record))}

    assert Draft202012Validator.META_SCHEMA["$id"] == DIALECT
    assert used - dialect == set(ANNOTATIONS)
    assert json.loads(FOLDER.with_name("vocabulary.json").read_text(encoding="utf-8")) == list(ANNOTATIONS)
    assert all(f"| `{keyword}` |" in README for keyword in ANNOTATIONS)


def test_the_readme_s_python_finds_the_fault(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (code,) = [block for block in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if "jsonschema" in block]
    monkeypatch.chdir(FOLDER.parents[1])

    exec(code, {})  # noqa: S102  # it is our own guide

    assert capsys.readouterr().out == "$.area_m2 anyOf\n"
