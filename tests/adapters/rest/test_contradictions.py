"""A manifest that contradicts itself, or says what has no effect, is refused when it is read."""

from typing import Any, Literal

import pytest
from pydantic import ValidationError

from cchc_adapters.declared.parameters import with_values
from cchc_adapters.rest.manifest import RestManifest
from cchc_adapters.rest.requests import RequestTable
from cchc_connect import DeliveryStatus
from cchc_connect.testing.doubles.server import json_response
from cchc_connect.wire.field_rules import FieldRule
from tests.adapters.rest.paged_system import PagedSystem
from tests.adapters.rest.test_targets import DOSSIER, delivered

FIELDS = {"code": "so", "procedure_code": "thu_tuc", "status": {"constant": "received"}}
PAGES = {"kind": "page", "parameter": "page"}


@pytest.mark.parametrize(
    ("paging", "more", "fault"),
    [
        ({"kind": "cursor", "parameter": "c"}, {}, "cursor stands"),
        ({"kind": "cursor", "parameter": "c", "property": "n", "header": "h"}, {}, "cursor stands"),
        (PAGES, {"request": {"parameters": "body"}}, "GET has no body"),
        (PAGES, {"request": {"body": {"a": 1}}}, "GET has no body"),
        (PAGES, {"since": {"parameter": "page"}, "changed_at": "sua"}, "two meanings"),
        ({**PAGES, "size_parameter": "page"}, {}, "two meanings"),
        ({"kind": "windows", "from": "page", "to": "b", "start": "2026-01-01", "inside": PAGES}, {}, "two meanings"),
    ],
)
def test_a_listing_that_contradicts_itself_is_refused(paging: object, more: dict[str, Any], fault: str) -> None:
    table = {"path": "/ho-so", "key": "id", "paging": paging, "fields": FIELDS, **more}

    with pytest.raises(ValidationError, match=fault):
        RestManifest.model_validate({"sources": {"dossier": table}})


@pytest.mark.parametrize(
    "rule",
    [
        {"property": "a", "others": "received"},
        {"property": "a", "keeps": ["x"]},
        {"property": "a", "in_any_case": True},
        {"property": "a", "where": "x"},
        {"constant": "a", "codec": "day"},
        {"constant": "x", "codes": {"a": "b"}},
        {"first": [{"property": "a"}], "codes": {"a": "b"}},
        {"property": "p", "x": "a"},
        {"property": []},
    ],
)
def test_a_key_of_a_rule_without_effect_is_refused(rule: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=r"without effect|needs a property"):
        FieldRule.model_validate(rule)


@pytest.mark.parametrize(
    "member",
    [
        *("holders.0.nmae", "holders.name", "uses.0.codee", "geometry.coordinatez", "map_sheets"),
        {"field": "map_sheet.x"},
    ],
)
def test_a_member_of_a_body_leads_to_a_part_of_the_record(member: object) -> None:
    target = {"request": {"path": "/x"}, "body": {"a": member}}

    with pytest.raises(ValidationError, match="no such field"):
        RestManifest.model_validate({"targets": {"land_parcel": target}})
    for right in ("holders.0.name", "key", "geometry", "map_sheet"):
        RestManifest.model_validate({"targets": {"land_parcel": {**target, "body": {"a": right}}}})


def test_a_code_of_a_body_is_one_of_the_record() -> None:
    for code, is_known in (("in_process", True), ("4", True), ("in_proces", False)):
        target = {"request": {"path": "/x"}, "body": {"a": {"field": "status", "codes": {code: "1"}}}}
        if is_known:
            RestManifest.model_validate({"targets": {"dossier": target}})
        else:
            with pytest.raises(ValidationError, match="no such code"):
                RestManifest.model_validate({"targets": {"dossier": target}})


def test_the_key_of_a_record_can_be_sent() -> None:
    with PagedSystem() as system:
        system.fixed_response = json_response({"code": 0})
        assert delivered(system, {"body": {"a": "key"}}).status is DeliveryStatus.DELIVERED
        assert system.questions[0] == {"a": DOSSIER.key}


def test_a_dot_of_a_name_stays_one_at_every_step() -> None:
    assert with_values({}, {r"a.b\.c": 1}) == {"a": {"b.c": 1}}


@pytest.mark.parametrize(
    ("paging", "allowed"),
    [
        ({**PAGES, "end": "no_link"}, "repeats_last"),
        ({"kind": "offset", "parameter": "o", "end": "no_link"}, "repeats_last"),
        ({"kind": "cursor", "parameter": "c", "property": "n", "end": "repeats_last"}, "no_link"),
        ({"kind": "link", "end": "repeat_last"}, "no_link"),
        ({"kind": "none", "end": "no_link"}, "not permitted"),
    ],
)
def test_an_end_that_a_kind_of_paging_does_not_have_is_refused_with_those_that_it_has(
    paging: object, allowed: str
) -> None:
    table = {"path": "/ho-so", "key": "id", "paging": paging, "fields": FIELDS}

    with pytest.raises(ValidationError, match=allowed):
        RestManifest.model_validate({"sources": {"dossier": table}})


def test_all_keys_of_a_rule_without_effect_are_told_at_once() -> None:
    rule = {"property": "a", "others": "received", "keeps": ["x"], "where": "y"}

    with pytest.raises(ValidationError) as refused:
        FieldRule.model_validate(rule)

    assert [fault["ctx"]["key"] for fault in refused.value.errors() if "ctx" in fault] == ["others", "keeps", "where"]


@pytest.mark.parametrize("nested", [{"tu": 1}, [1]])
def test_a_form_with_nested_values_is_refused(nested: object) -> None:
    request = {"method": "POST", "body_as": "form", "body": {"loc": nested}}
    table = {"path": "/ho-so", "key": "id", "paging": PAGES, "fields": FIELDS, "request": request}

    with pytest.raises(ValidationError, match="nested"):
        RestManifest.model_validate({"sources": {"dossier": table}})


def test_a_dot_is_part_of_a_name_in_a_form_and_a_way_in_json() -> None:
    def body(body_as: Literal["json", "form"]) -> object:
        table = RequestTable(method="POST", body_as=body_as, body={"a": 1}, parameters="body")
        request = table.request("/ho-so", {"loc.tu": "2026"})
        return request.form if body_as == "form" else request.json

    assert body("form") == {"a": "1", "loc.tu": "2026"}
    assert body("json") == {"a": 1, "loc": {"tu": "2026"}}
