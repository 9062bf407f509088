"""The JSON Schema of manifests, with which editors complete and check them; `schemas/manifest.json` is made here.

`python -m cchc_adapters.rest.manifest_schema schemas/manifest.json` writes the file.
"""

import json
import sys
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from cchc_adapters.rest.manifest import RestManifest
from cchc_schemas import RECORD_TYPES
from cchc_schemas.personal import models_in


def manifest_schema() -> dict[str, Any]:
    """Return the schema; the sources and targets have the names and fields of the records."""
    schema = RestManifest.model_json_schema()
    definitions: dict[str, Any] = schema["$defs"]
    sources, targets = schema["properties"]["sources"], schema["properties"]["targets"]
    source = definitions.pop("RestTable")
    for name, record in RECORD_TYPES.items():
        table = deepcopy(source)
        rule = table["properties"]["fields"].pop("additionalProperties")
        parts = sorted({part for annotation in _annotations(record) for part in _part_names(annotation)})
        ways = {"$ref": f"#/$defs/parts_{name}"}
        rule_or_ways = {"anyOf": [rule, ways]} if parts else rule
        table["properties"]["fields"] |= {
            "properties": {
                field: {"anyOf": [rule, ways]} if any(_part_names(described.annotation)) else rule
                for field, described in record.model_fields.items()
            },
            "patternProperties": {rf"^({'|'.join(record.model_fields)})\.": rule_or_ways},
            "additionalProperties": False,
        }
        if parts:
            definitions[f"parts_{name}"] = {
                "title": f"Rules for parts of {name}",
                "type": "object",
                "minProperties": 1,
                "patternProperties": {rf"^([0-9]+|{'|'.join(parts)})(\.|$)": rule_or_ways},
                "additionalProperties": False,
            }
        definitions[f"source_{name}"] = table | {"title": f"Source of {name}"}
        sources.setdefault("properties", {})[name] = {"$ref": f"#/$defs/source_{name}"}
        targets.setdefault("properties", {})[name] = targets["additionalProperties"]
    sources["additionalProperties"] = targets["additionalProperties"] = False
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Manifest of a REST system for cchc-connect",
        **{name: value for name, value in schema.items() if name != "title"},
    }


def _annotations(model: type[BaseModel]) -> Iterator[Any]:
    """Yield the types of the fields of a model."""
    yield from (described.annotation for described in model.model_fields.values())


def _part_names(annotation: Any) -> Iterator[str]:
    """Yield the names of the fields of the parts that a type has, at any depth."""
    for part in models_in(annotation):
        yield from part.model_fields
        for inner in _annotations(part):
            yield from _part_names(inner)


def schema_text() -> str:
    """Return the text of the published file."""
    return json.dumps(manifest_schema(), ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(schema_text(), encoding="utf-8")
