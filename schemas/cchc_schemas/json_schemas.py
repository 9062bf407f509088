"""The records as JSON Schema (draft 2020-12), for agencies that do not use Python.

A schema describes the documents that `to_document` writes. The generated files are committed with the source,
so that a change of a record is visible as a change of its schema.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeGuard

from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

from cchc_schemas.dates import WRITTEN_DATE, WRITTEN_INSTANT
from cchc_schemas.record_types import RECORD_TYPES
from cchc_schemas.records import Record
from cchc_schemas.text import TEXT_LENGTH, WRITTEN_TEXT

DIALECT = "https://json-schema.org/draft/2020-12/schema"

ANNOTATIONS = ("version", "x-code-list", "x-enum-names", "x-personal")
"""The keywords of these schemas that the dialect does not have; they describe and refuse nothing."""

_NAMED: Mapping[str, tuple[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "Text": (
            "Text in NFC without white space around it and without control characters but line break and tab.",
            {"type": "string", "pattern": WRITTEN_TEXT, "minLength": 1, "maxLength": TEXT_LENGTH},
        ),
        "Instant": (
            "Instant (thời điểm) in UTC: 2026-03-02T01:15:00Z, with a fraction of a second if it has one.",
            {"type": "string", "format": "date-time", "pattern": WRITTEN_INSTANT},
        ),
        "PartialDate": (
            "Date of which only the year, or the year and the month, may be known: 1987, 1987-03, 1987-03-02.",
            {"type": "string", "pattern": WRITTEN_DATE},
        ),
    }
)
"""Schemas that occur in many fields: each is written once in `$defs`, with what it describes."""


class _RecordSchema(GenerateJsonSchema):
    """Adds the names of enumeration members to their values, which may be plain numbers; omits field titles."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002  # the base class calls it by keyword
        return False

    def enum_schema(self, schema: core_schema.EnumSchema) -> dict[str, Any]:
        names = [member.name.lower() for member in schema["members"]]
        return {**super().enum_schema(schema), "x-enum-names": names}


def json_schema(record_type: type[Record]) -> dict[str, Any]:
    """Return the JSON Schema of a record; personal fields have "x-personal" with their class."""
    body = record_type.model_json_schema(mode="serialization", schema_generator=_RecordSchema)
    return {
        "$schema": DIALECT,
        "$id": f"urn:cchc:record:{record_type.record_type}:{record_type.record_version}",
        "version": record_type.record_version,
        **_named_once(body),
    }


def _named_once(body: dict[str, Any]) -> dict[str, Any]:
    """Return `body` with a reference for each schema of `_NAMED`, and the definitions that it then needs."""
    used: set[str] = set()
    referencing = _with_references(body, used)
    definitions = {
        name: {"title": name, "description": description, **shape}
        for name, (description, shape) in _NAMED.items()
        if name in used
    }
    return {**referencing, "$defs": {**referencing.get("$defs", {}), **definitions}}


def _with_references(node: Any, used: set[str]) -> Any:
    if _is_array(node):
        return [_with_references(entry, used) for entry in node]
    if not _is_object(node):
        return node
    for name, (_, shape) in _NAMED.items():
        if shape.items() <= node.items():
            used.add(name)
            return {"$ref": f"#/$defs/{name}"} | {key: node[key] for key in node if key not in shape}
    return {key: _with_references(value, used) for key, value in node.items()}


def _is_array(node: object) -> TypeGuard[list[Any]]:
    return isinstance(node, list)


def _is_object(node: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(node, dict)


def write_all(folder: Path) -> None:
    """Write the schema of every record type to `folder`, one file each, and remove other JSON files there."""
    folder.mkdir(parents=True, exist_ok=True)
    expected = _files()
    for name, content in expected.items():
        (folder / name).write_text(content, encoding="utf-8", newline="\n")
    for surplus in {path.name for path in folder.glob("*.json")} - set(expected):
        (folder / surplus).unlink()


def stale(folder: Path) -> list[str]:
    """Return the names of files in `folder` that are missing, surplus or different from what `write_all` writes."""
    present = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.json")}
    expected = _files()
    return sorted(name for name in present.keys() | expected.keys() if present.get(name) != expected.get(name))


def _files() -> Mapping[str, str]:
    return {f"{name}.json": _as_file(json_schema(record)) for name, record in RECORD_TYPES.items()}


def _as_file(schema: Mapping[str, Any]) -> str:
    return json.dumps(schema, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
