"""The table of an adapter for `cchc.toml`, as `adapter show` prints it and the conformance kit checks it."""

import json
import re
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, cast

from pydantic import TypeAdapter
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from cchc_connect.adapter import AdapterFactory
from cchc_connect.local_sources.contract import uses_http

SAMPLE_AGENCY = "000.00.00.H09"
SAMPLE_ADDRESS = "https://system.example"
SAMPLE_VALUES = ("...", 1, True)
"""Values for a required option in the sample: the first that its type accepts."""
SAMPLE_HEADING_PARTS = 6
"""Parts of a heading in the sample: that of a source's field map has the most."""

_MAX_HEADING_PARTS = 3

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
"""Keys that TOML reads without quotes."""


def sample_lines(name: str, factory: AdapterFactory, about_agency: str) -> Iterator[str]:
    """Yield the lines of the sample: required options with a value, the others commented out with their defaults.

    Args:
        name: name of the adapter.
        factory: what it registered.
        about_agency: comment on the agency's code.
    """
    connection = name.replace("_", "-")
    yield f"[connections.{connection}]"
    yield f'adapter = "{name}"'
    yield f"# {about_agency}"
    yield f'agency = "{SAMPLE_AGENCY}"'
    if uses_http(factory):
        yield f'base_url = "{SAMPLE_ADDRESS}"'
    yield ""
    yield f"[connections.{connection}.options]"
    samples = sample_options(factory)
    declared = {key: value for key, value in samples.items() if _is_declaration(value)}
    for key, field in factory.Options.model_fields.items():
        if key in declared:
            continue
        if key in samples:
            yield f"{key} = {toml_value(samples[key])}"
        else:
            default = to_jsonable_python(field.get_default(call_default_factory=True, validated_data={}), fallback=str)
            yield f"#{key} = {'...' if default is None else toml_value(default)}"
    for key, value in declared.items():
        yield from toml_lines(("connections", connection, "options", key), value, SAMPLE_HEADING_PARTS)


def sample_options(factory: AdapterFactory) -> Mapping[str, Any]:
    """Return the options of the sample: those that are required, and those that have an example."""
    fields = factory.Options.model_fields.items()
    return {key: _sample_value(field) for key, field in fields if field.is_required() or field.examples}


def _is_declaration(value: object) -> bool:
    """Whether a value has tables within tables, as the sources of a declared system, which stand under headings."""
    tables = list(cast("Mapping[str, object]", value).values()) if isinstance(value, Mapping) else []
    parts = [cast("Mapping[str, object]", table).values() for table in tables if isinstance(table, Mapping)]
    return any(isinstance(part, Mapping) for inner in parts for part in inner)


def _sample_value(field: FieldInfo) -> object:
    """Return a value for a required option: its example, the first allowed one, or the first sample that fits."""
    if field.examples:
        return field.examples[0]
    annotation: Any = field.annotation
    checked = TypeAdapter[Any](annotation)
    listed = [member.value for member in annotation] if _is_enum(annotation) else []
    for sample in (*listed, *SAMPLE_VALUES):
        try:
            checked.validate_python(sample)
        except ValueError:
            continue
        return sample
    return SAMPLE_VALUES[0]


def _is_enum(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Enum)


def toml_lines(
    path: tuple[str, ...], table: Mapping[str, object], max_heading_parts: int = _MAX_HEADING_PARTS
) -> Iterator[str]:
    """Yield the lines of the table at `path`; a table whose heading would have more parts stands in one line."""
    nested = {
        key: cast("Mapping[str, object]", value)
        for key, value in table.items()
        if isinstance(value, dict) and len(path) < max_heading_parts
    }
    values = {key: value for key, value in table.items() if key not in nested}
    if values:
        yield f"\n[{'.'.join(map(_toml_key, path))}]"
    yield from (f"{key} = {toml_value(value)}" for key, value in values.items())
    for key, inner in nested.items():
        yield from toml_lines((*path, key), inner, max_heading_parts)


def toml_value(value: object) -> str:
    """Return a JSON-ready value as TOML, in one line; what is null is left out of a table.

    >>> toml_value({"file": "secrets/one-stop"})
    '{ file = "secrets/one-stop" }'
    """
    match value:
        case Mapping():
            pairs = {key: part for key, part in cast("Mapping[str, object]", value).items() if part is not None}
            if not pairs:
                return "{}"
            return "{ " + ", ".join(f"{_toml_key(key)} = {toml_value(part)}" for key, part in pairs.items()) + " }"
        case _:
            return json.dumps(value, ensure_ascii=False)


def _toml_key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else json.dumps(key, ensure_ascii=False)
