"""The records as JSON Schema (draft 2020-12), for agencies that do not use Python.

A schema describes the documents that `to_document` writes. The generated files are committed with the source,
so that a change of a record is visible as a change of its schema.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeGuard

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

from cchc_schemas.dates import WRITTEN_DATE, WRITTEN_INSTANT
from cchc_schemas.record_types import RECORD_TYPES
from cchc_schemas.records import Record
from cchc_schemas.text import TEXT_LENGTH, WRITTEN_TEXT
from cchc_schemas.versions import added_after, models_of, require_version

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


def json_schema(record_type: type[Record], version: int | None = None) -> dict[str, Any]:
    """Return the JSON Schema of a record; personal fields have "x-personal" with their class.

    Args:
        record_type: the record.
        version: an older version, as `to_version` writes its documents; None: the newest.

    Raises:
        VersionUnknown: the record has no such version.
    """
    version = record_type.record_version if version is None else version
    require_version(record_type, version)
    body = record_type.model_json_schema(mode="serialization", schema_generator=_RecordSchema)
    if version < record_type.record_version:
        body = _as_of(record_type, body, version)
    return {
        "$schema": DIALECT,
        "$id": f"urn:cchc:record:{record_type.record_type}:{version}",
        "version": version,
        **_named_once(body),
    }


def _as_of(record_type: type[Record], body: dict[str, Any], version: int) -> dict[str, Any]:
    """Return the schema of an older version: without the fields that were added later, and what only they need."""
    models = {model.__name__: model for model in models_of(record_type)}
    definitions = body.get("$defs", {})

    def older(shape: dict[str, Any], model: type[BaseModel]) -> dict[str, Any]:
        newer = added_after(model, version)
        fields = {name: field for name, field in shape["properties"].items() if name not in newer}
        return {**shape, "properties": fields}

    shapes = {name: older(shape, models[name]) if name in models else shape for name, shape in definitions.items()}
    root = older({name: value for name, value in body.items() if name != "$defs"}, record_type)
    used = _referenced(root, shapes)
    return {**root, **({"$defs": {name: shapes[name] for name in shapes if name in used}} if used else {})}


def _referenced(node: Any, shapes: Mapping[str, Any]) -> set[str]:
    """Return the definitions that a schema needs, also those within others."""
    if _is_array(node):
        return {name for entry in node for name in _referenced(entry, shapes)}
    if not _is_object(node):
        return set()
    named = {str(node["$ref"]).rpartition("/")[2]} if "$ref" in node else set[str]()
    within = {name for entry in node.values() for name in _referenced(entry, shapes)}
    return {*named, *within, *(deeper for name in named for deeper in _referenced(shapes[name], shapes))}


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
    """Write the schema of every record type to `folder`, one file for each version, and remove other JSON files there.

    The file of the newest version has the name of the record type, one of an older version its number too:
    "dossier.json", "dossier.1.json".
    """
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


def schema_files() -> Mapping[str, tuple[type[Record], int]]:
    """Return the record and version of each file that `write_all` writes, by its name."""
    newest = {f"{name}.json": (record, record.record_version) for name, record in RECORD_TYPES.items()}
    older = {
        f"{name}.{version}.json": (record, version)
        for name, record in RECORD_TYPES.items()
        for version in range(1, record.record_version)
    }
    return newest | older


def _files() -> Mapping[str, str]:
    return {name: _as_file(json_schema(record, version)) for name, (record, version) in schema_files().items()}


def _as_file(schema: Mapping[str, Any]) -> str:
    return json.dumps(schema, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
