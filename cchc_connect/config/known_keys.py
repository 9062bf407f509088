"""The keys that a table of `cchc.toml` may have, for the suggestion beside an unknown one."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from cchc_connect.messages import Message
from cchc_connect.messages.suggestions import closest

FORMER_KEYS: Mapping[str, str] = MappingProxyType(
    {
        "digest": "password_digest",
        "envelope": "token_envelope",
        "hours": "opening_hours",
        "most_quarantined": "max_quarantined_share",
        "origins": "other_origins",
        "parallel": "max_parallel_connections",
        "parameters": "token_parameters",
        "processes": "worker_processes",
        "sessions": "session_folder",
        "signed": "signed_parts",
        "signed_by": "response_signature",
        "time_header": "timestamp_header",
        "timestamp": "timestamp_format",
    }
)
"""Former name of a key -> its name now."""


def unknown_key_problem(model: type[BaseModel], path: Sequence[str]) -> Message:
    """Return what to say of the unknown key at `path`, seen from the table of `model`: the name that was meant, if any.

    A key of an adapter's options is looked up in the adapter's own model.
    """
    *table, key = path
    keys = {key for at_path in _tables_at(model, table) for key, _ in _fields(at_path)}
    former = FORMER_KEYS.get(key)
    if former in keys:
        return Message("config_rule.key_renamed", {"meant": former})
    meant = closest(key, sorted(keys))
    return Message("config_rule.extra_forbidden" if meant is None else "config_rule.key_unknown", {"meant": meant})


def field_at(model: type[BaseModel], path: Sequence[str]) -> FieldInfo | None:
    """Return the field of the key at `path`, seen from the table of `model`; None if none or several have it."""
    *table, key = path or ("",)
    fields = [field for at_path in _tables_at(model, table) for name, field in _fields(at_path) if name == key]
    return fields[0] if len(fields) == 1 else None


def _fields(table: type[BaseModel]) -> Iterator[tuple[str, FieldInfo]]:
    """Yield the keys of a table with their fields."""
    return ((field.alias or name, field) for name, field in table.model_fields.items())


def _tables_at(model: type[BaseModel], path: Sequence[str]) -> Sequence[type[BaseModel]]:
    """Return the models that may describe the table at `path`; a name that is no key selects by its kind, or nothing.

    `connections.NAME` is such a name, and so is the kind of an account.
    """
    tables: Sequence[type[BaseModel]] = [model]
    for step in path:
        fields = [
            field for table in tables for name, field in table.model_fields.items() if (field.alias or name) == step
        ]
        if fields:
            tables = [table for field in fields for table in _tables_of(field.annotation)]
        else:
            tables = [table for table in tables if step in _kinds(table)] or tables
    return tables


def _tables_of(annotation: object) -> Iterator[type[BaseModel]]:
    """Yield the models in a type: under unions, `Annotated`, mappings and lists."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _tables_of(argument)


def _kinds(table: type[BaseModel]) -> tuple[Any, ...]:
    kind = table.model_fields.get("kind")
    return get_args(kind.annotation) if kind is not None and get_origin(kind.annotation) is Literal else ()
