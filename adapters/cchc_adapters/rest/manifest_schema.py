"""The JSON Schema of manifests, with which editors complete and check them; `schemas/manifest.json` is made here.

`python -m cchc_adapters.rest.manifest_schema schemas/manifest.json` writes the file.
"""

import json
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

from cchc_adapters.rest.manifest import RestManifest
from cchc_schemas import RECORD_TYPES


def manifest_schema() -> dict[str, Any]:
    """Return the schema; the sources and targets have the names and fields of the records."""
    schema = RestManifest.model_json_schema()
    definitions: dict[str, Any] = schema["$defs"]
    sources, targets = schema["properties"]["sources"], schema["properties"]["targets"]
    source = definitions.pop("RestTable")
    for name, record in RECORD_TYPES.items():
        table = deepcopy(source)
        rule = table["properties"]["fields"].pop("additionalProperties")
        names = "|".join(record.model_fields)
        table["properties"]["fields"] |= {
            "properties": dict.fromkeys(record.model_fields, rule | {}),
            "patternProperties": {rf"^({names})\\.": rule},
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


def schema_text() -> str:
    """Return the text of the published file."""
    return json.dumps(manifest_schema(), ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(schema_text(), encoding="utf-8")
