"""Breaking changes of a schema are found; compatible ones are not reported."""

from collections.abc import Callable
from copy import deepcopy
from itertools import pairwise
from typing import Any, TypeAlias

import pytest

from cchc_schemas import (
    RECORD_TYPES,
    LandParcel,
    Record,
    SchemaChange,
    breaking_changes,
    changes_between,
    json_schema,
    unannounced,
)

Change: TypeAlias = Callable[[Any, Any, Any], object]
"""Changes a schema, its fields and its parts in place."""

OLD = json_schema(LandParcel)

BREAKING: list[tuple[Change, str]] = [
    (lambda _, fields, __: fields.pop("address"), "address: removed"),
    (lambda _, fields, __: fields.update(colour={"type": "string"}), "colour: added"),
    (lambda schema, _, __: schema["required"].append("address"), "address: required"),
    (lambda _, fields, __: fields["map_sheet"].update(type="integer"), "map_sheet: type changed"),
    (lambda _, fields, __: fields["address"]["anyOf"].pop(), "address: alternatives changed"),
    (lambda _, __, parts: parts["HolderKind"]["enum"].append("fund"), "holders.kind: values changed"),
    (lambda _, __, parts: parts["LandUse"]["properties"].pop("term"), "uses.term: removed"),
    (
        lambda _, fields, __: fields["previous_keys"]["items"].update(maxLength=9),
        "previous_keys: maxLength changed",
    ),
]

HARMLESS: list[Change] = [
    lambda _, fields, __: fields["address"].update(description="Nơi có thửa đất (địa chỉ)."),
    lambda _, fields, __: fields["address"].update({"x-personal": "basic"}),
    lambda schema, _, __: schema["required"].remove("map_sheet"),
    lambda _, __, parts: parts["HolderKind"]["enum"].reverse(),
]


def changed(change: Change) -> dict[str, Any]:
    schema = deepcopy(OLD)
    change(schema, schema["properties"], schema["$defs"])
    return schema


@pytest.mark.parametrize("record", RECORD_TYPES.values(), ids=list(RECORD_TYPES))
def test_a_record_does_not_break_itself(record: type[Record]) -> None:
    assert breaking_changes(json_schema(record), json_schema(record)) == []


@pytest.mark.parametrize(("change", "reported"), BREAKING)
def test_a_change_that_breaks_is_found_at_its_path(change: Change, reported: str) -> None:
    assert breaking_changes(OLD, changed(change)) == [reported]


@pytest.mark.parametrize("change", HARMLESS)
def test_a_change_that_breaks_nothing_is_let_through(change: Change) -> None:
    assert breaking_changes(OLD, changed(change)) == []


def test_a_higher_version_announces_what_breaks() -> None:
    silent = changed(lambda _, fields, __: fields.pop("address"))
    announced = {**silent, "version": OLD["version"] + 1}

    assert unannounced(OLD, silent) == ["address: removed"]
    assert unannounced(OLD, announced) == []
    assert breaking_changes(OLD, announced) == ["address: removed"]


def added(*, version: int, required: bool = False) -> dict[str, Any]:
    """Return the schema with a field more, in a version of its own."""
    schema = changed(lambda _, fields, __: fields.update(colour={"type": "string"}))
    schema["required"] += ["colour"] if required else []
    return {**schema, "version": version}


def test_a_higher_version_may_add_an_optional_field() -> None:
    assert changes_between(OLD, added(version=2)) == [SchemaChange("colour", "added", is_breaking=False)]
    assert breaking_changes(OLD, added(version=2)) == []


def test_the_same_version_may_not_and_no_version_may_require_it() -> None:
    assert breaking_changes(OLD, added(version=1)) == ["colour: added"]
    assert breaking_changes(OLD, added(version=2, required=True)) == ["colour: added"]


@pytest.mark.parametrize("record", RECORD_TYPES.values(), ids=list(RECORD_TYPES))
def test_every_version_of_a_record_lives_beside_the_one_before(record: type[Record]) -> None:
    """It only adds optional fields, so that the converter serves both sides."""
    versions = [json_schema(record, version) for version in range(1, record.record_version + 1)]

    assert [breaking_changes(old, new) for old, new in pairwise(versions)] == [[]] * (len(versions) - 1)
    assert all(changes_between(old, new) for old, new in pairwise(versions))
