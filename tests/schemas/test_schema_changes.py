"""Breaking changes of a schema are found; compatible ones are not reported."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any, TypeAlias

import pytest

from cchc_schemas import RECORD_TYPES, LandParcel, Record, breaking_changes, json_schema, unannounced

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
