"""A list that a source does not have is unknown for a field that may be null, and is read alike by both ways."""

from typing import Any

import pytest

from cchc_connect.wire.compiled_models import WireModels
from cchc_connect.wire.field_map import translated
from cchc_connect.wire.field_rules import field_map, rules_of
from cchc_connect.wire.flat_parts import flat_rules
from cchc_connect.wire.rule_shapes import rule_problems, with_member_values
from cchc_schemas import Dossier, LandParcel, Record, to_document

HEAD = {"code": "ma", "procedure_code": "thuTuc", "status": "trangThai"}
FEES = {"fees": {"property": "lePhi", "each": {"code": "maPhi", "amount_vnd": {"property": "gia", "codec": "number"}}}}
FILTERED = {"fees": {**FEES["fees"], "where": "conHieuLuc"}}
FLAT = {"fees.0.code": "maPhi1", "fees.1.code": "maPhi2"}
ITEM = {"ma": "H09-250801-0007", "thuTuc": "1.013225", "trangThai": 4}
PARCEL = {
    "scheme": {"constant": "gso-2025-07"},
    "commune_code": "xa",
    "map_sheet": "to",
    "parcel_number": "thua",
    "uses": {"property": "mucDich", "each": {"code": "ma"}},
}


def read(record: type[Record], rules: dict[str, Any], item: dict[str, Any]) -> Any:
    """Return the record of an item, after asserting that the compiled model makes the same one."""
    table: Any = flat_rules(rules)
    mapped = translated(item, field_map(with_member_values(rules_of(table), record), ","))
    in_two_steps = record.read(dict(mapped)).record
    in_one_step = WireModels(record).read(mapped)
    assert in_one_step is not None
    assert to_document(in_one_step) == to_document(in_two_steps)
    return in_two_steps


@pytest.mark.parametrize("rules", [FEES, FILTERED], ids=["list", "filtered list"])
@pytest.mark.parametrize("lacking", [{}, {"lePhi": None}], ids=["missing", "null"])
def test_a_list_that_is_not_there_is_unknown(rules: dict[str, Any], lacking: dict[str, Any]) -> None:
    assert read(Dossier, {**HEAD, **rules}, ITEM | lacking).fees is None


@pytest.mark.parametrize("rules", [FEES, FILTERED], ids=["list", "filtered list"])
def test_an_empty_list_says_that_there_is_none(rules: dict[str, Any]) -> None:
    assert read(Dossier, {**HEAD, **rules}, ITEM | {"lePhi": []}).fees == ()


def test_parts_in_flat_properties_without_values_are_unknown() -> None:
    assert read(Dossier, {**HEAD, **FLAT}, ITEM | {"maPhi1": ""}).fees is None
    (fee,) = read(Dossier, {**HEAD, **FLAT}, ITEM | {"maPhi2": "P02"}).fees
    assert fee.code == "P02"


def test_the_parts_of_a_list_that_may_be_null_are_read() -> None:
    listed = [{"maPhi": "P01", "gia": "75.000"}, {"maPhi": "P02", "conHieuLuc": False}]

    assert [fee.code for fee in read(Dossier, {**HEAD, **FEES}, ITEM | {"lePhi": listed}).fees] == ["P01", "P02"]
    assert [fee.code for fee in read(Dossier, {**HEAD, **FILTERED}, ITEM | {"lePhi": listed}).fees] == ["P01"]


def test_a_list_that_cannot_be_null_stays_empty() -> None:
    assert read(LandParcel, PARCEL, {"xa": "25747", "to": "12", "thua": "1"}).uses == ()


@pytest.mark.parametrize("rules", [FEES, FILTERED, FLAT])
def test_rules_for_a_list_that_may_be_null_are_no_problem(rules: dict[str, Any]) -> None:
    table: Any = flat_rules({**HEAD, **rules})

    assert list(rule_problems(rules_of(table), Dossier)) == []
