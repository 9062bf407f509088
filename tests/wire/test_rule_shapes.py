"""A rule of the wrong shape is refused with what to write; parts of a record can be made of flat properties."""

import tomllib
from typing import Any, cast

import pytest

from cchc_connect.wire.compiled_models import WireModels
from cchc_connect.wire.field_map import translated
from cchc_connect.wire.field_rules import FieldRule, field_map, rules_of
from cchc_connect.wire.flat_parts import flat_rules
from cchc_connect.wire.rule_shapes import rules_fit, with_member_values
from cchc_schemas import ConstructionPermit, LandParcel, Record, to_document

HOLDER = """
"holders.0.name" = { property = "TenChu" }
"holders.0.kind" = { constant = "individual" }
"""


def rules(text: str) -> dict[str, FieldRule]:
    return dict(rules_of(cast("dict[str, Any]", flat_rules(tomllib.loads(text)))))


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ('holders = { property = "TenChu" }', '"holders.0.name" = { property = "TenChu" } and "holders.0.kind" = '),
        ('certificates = { property = "SoGCN" }', '"certificates.0.serial" = { property = "SoGCN" }'),
        ('holders = { property = "x", each = { name = { property = "n" } } }', "no rule for holders.each.kind"),
        ('holders = { property = "x", each = { nam = { property = "n" } } }', "no such field: holders.each.nam"),
        ('address = { property = "x", each = { name = { property = "n" } } }', "address is no list of parts"),
        ('address = { property = "x", codec = "flag" }', "address does not take what the codec flag reads"),
        ('area_m2 = { property = "x", codec = "day" }', "area_m2 does not take what the codec day reads"),
        ('in_dispute = { property = "x", codec = "number" }', "in_dispute does not take"),
        ('"holders.name" = { property = "x" }', 'write "holders.0.name"'),
        ('"holders.0.name" = { property = "x" }', "no rule for holders.0.kind"),
        ('"holders.0.nam" = { property = "x" }', "no such field: holders.0.nam"),
        ('"address.0" = { property = "x" }', "address has no parts"),
        ('previous_keys = { property = "x" }', '"previous_keys.0" = { property = "x" }'),
        ('"holders.0.name" = { property = "x" }\n"holders.0.kind" = { constant = "person" }', "'person' (one of"),
        ('colour = { property = "x" }', "no such field: colour"),
        ('holders = { property = "a", each = { name = { property = "n" } } }' + HOLDER, "and rules for its parts"),
    ],
)
def test_a_rule_of_the_wrong_shape_is_refused_with_what_to_write(text: str, advice: str) -> None:
    with pytest.raises(ValueError, match=r"write|no |and rules|not take") as refusal:
        rules_fit(rules(text), LandParcel)

    assert advice in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "record_type"),
    [
        (HOLDER, LandParcel),
        ('"previous_keys.0" = { property = "KhoaCu" }', LandParcel),
        ('holders.0.name = { property = "TenChu" }\nholders.0.kind = { constant = "couple" }', LandParcel),
        ('land_document.kind.property = "LoaiGiay"\nland_document.number.property = "SoGiay"', ConstructionPermit),
        ('area_m2 = { property = "x", codec = "number" }\naddress = { property = "y" }', LandParcel),
        ("commune_code.constant = 25747\narea_m2.constant = 5", LandParcel),
        ('kind = { property = "loai", codes = { nha = 5 } }', ConstructionPermit),
        (
            '"certificates.0.issued_on" = { property = "x", codec = "day" }\ncertificates.0.serial.property = "y"',
            LandParcel,
        ),
    ],
)
def test_a_rule_that_fits_is_taken(text: str, record_type: type[Record]) -> None:
    rules_fit(rules(text), record_type)


def test_one_part_of_a_list_is_made_of_flat_properties() -> None:
    own = 'commune_code.property = "MaXa"\nmap_sheet.property = "To"\nparcel_number.property = "Thua"\n'
    second = '"holders.1.name" = { property = "ChuHai" }\n"holders.1.kind" = { constant = "individual" }\n'
    item: dict[str, Any] = {"MaXa": "25747", "To": "1", "Thua": "2", "TenChu": "Nguyễn Văn Mẫu", "ChuHai": " "}
    fields = field_map(rules(own + HOLDER + second), ",")

    for sent, names in ((item, ["Nguyễn Văn Mẫu"]), ({**item, "ChuHai": "B"}, ["Nguyễn Văn Mẫu", "B"])):
        mapped = translated(sent, fields) | {"scheme": "gso-2025-01"}
        record = LandParcel.read(mapped.read()).record
        assert [holder.name for holder in record.holders] == names
        compiled = WireModels(LandParcel).read(mapped)
        assert compiled is not None
        assert to_document(compiled) == to_document(record)


def test_a_part_without_any_value_is_left_out() -> None:
    assert translated({"TenChu": None}, field_map(rules(HOLDER), ","))["holders"] == []


def test_a_rule_needs_a_property_or_a_constant() -> None:
    for text in ("x = {}", 'x = { property = "a", constant = "b" }'):
        with pytest.raises(ValueError, match="needs a property, or a constant"):
            rules(text)


def test_our_name_of_a_code_is_as_good_as_its_value() -> None:
    """Also in the parts of a list, and in a rule that is the first of several."""
    text = """
    status = [{ property = "tt", codes = { "1" = "issued", "2" = "permit_refused" } }, { constant = "unknown" }]
    "parcel_refs.0.raw" = { property = "thua" }
    """

    resolved = with_member_values(rules(text), ConstructionPermit)

    read = field_map(resolved, ",")["status"]
    assert [read({"tt": word}) for word in ("1", 2, None)] == ["permit_issued", "permit_refused", "unknown"]


def test_a_whole_number_for_a_text_is_its_digits() -> None:
    """As it is for the words of a source; a field of numbers takes the number."""
    written = rules("commune_code.constant = 25747\narea_m2.constant = 5")

    constants = {name: rule.constant for name, rule in with_member_values(written, LandParcel).items()}
    assert constants == {"commune_code": "25747", "area_m2": 5}
