"""The generated JSON Schemas are current and say what the records say."""

import json
from pathlib import Path

import pytest

from cchc_schemas import RECORD_TYPES, Record, json_schema, personal_fields, stale, write_all

FOLDER = Path(__file__).parents[2] / "schemas" / "json"


def test_the_schemas_in_the_repository_are_current() -> None:
    """If this fails, write them anew as schemas/README.md says, and look at what changed."""
    assert stale(FOLDER) == []


def test_what_was_written_is_not_stale(tmp_path: Path) -> None:
    write_all(tmp_path)

    assert stale(tmp_path) == []
    assert len(list(tmp_path.iterdir())) == len(RECORD_TYPES)


def test_a_missing_a_changed_and_a_surplus_file_are_stale_until_written_again(tmp_path: Path) -> None:
    write_all(tmp_path)
    (tmp_path / "dossier.json").unlink()
    (tmp_path / "procedure.json").write_text("{}", encoding="utf-8")
    (tmp_path / "tax_notice.json").write_text("{}", encoding="utf-8")

    assert stale(tmp_path) == ["dossier.json", "procedure.json", "tax_notice.json"]
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
