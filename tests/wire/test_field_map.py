"""Field maps read record fields out of wire items; a map in TOML needs no code."""

import tomllib
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from cchc_connect import Unreadable
from cchc_connect.wire.field_map import at, each, translated, value_at
from cchc_connect.wire.field_rules import FieldRule, field_map, rules_of
from cchc_connect.wire.named_codecs import READERS, Codec
from cchc_connect.wire.times import NOTHING
from cchc_schemas import PartialDate

ITEM: dict[str, Any] = {
    "name": " Phú Lợi ",
    "place": {"commune": 97, "parts": [{"code": "a"}, {"code": "b"}]},
    "lone": {"code": "c"},
    "empty": "",
    "rows": [{"n": "1"}, {"n": "x", "valid": "False"}, "?"],
}


def read(rule: str) -> object:
    rules = rules_of(tomllib.loads(rule))
    return translated(ITEM, field_map(rules, ","))["field"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("name", "Phú Lợi"),
        ("place.parts.1.code", "b"),
        ("place.parts.7.code", None),
        ("lone.0.code", "c"),
        ("nowhere.at.all", None),
        ("empty", None),
        ("name.commune", Unreadable("text_expected")),
    ],
)
def test_a_property_path_leads_through_objects_and_lists(path: str, value: object) -> None:
    assert at(path)(ITEM) == value


def test_a_path_through_a_value_that_is_no_object_is_unreadable() -> None:
    assert value_at(ITEM, ("name", "commune")) == Unreadable("object_expected")


def test_the_first_of_several_paths_with_a_value_is_read() -> None:
    assert at("nowhere", "empty", "name", "lone")(ITEM) == "Phú Lợi"


def test_parts_flagged_invalid_are_left_out() -> None:
    assert each({"n": at("n")}, "valid")(ITEM["rows"]) == [{"n": "1"}, Unreadable("object_expected")]


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ('field = { property = "name" }', "Phú Lợi"),
        ('field = { property = "place.commune", codec = "commune_code" }', "00097"),
        ('field = { property = "rows.0.n", codec = "number" }', Decimal(1)),
        ('field = { property = "rows.0.n", codec = "whole_number" }', 1),
        ('field = { property = "lone.code", words = { c = "community" } }', "community"),
        ('field = { property = "lone.code", words = { d = "x" } }', Unreadable("word_unknown")),
        ('field = { property = "lone.code", words = { d = "x" }, others = "*" }', "c"),
        ('field = { property = "lone.code", words = { d = "x" }, others = "other" }', "other"),
        ('field = { property = "empty", words = { d = "x" }, others = "other" }', None),
        ('field = { property = "lone", each = { code = { property = "code" } } }', [{"code": "c"}]),
        ('field = { property = ["empty", "lone.code"] }', "c"),
    ],
)
def test_a_rule_in_toml_reads_a_value(rule: str, value: object) -> None:
    assert read(rule) == value


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("papers.[kind=b].number", "3"),
        ("papers.[kind=c].number", None),
        ("papers.[kind=b]", Unreadable("text_expected")),
        ("lone.[code=c].code", "c"),
        ("forms.*.0.value", "1"),
        ("forms.*.1.*", "second"),
    ],
)
def test_a_path_may_choose_a_member_or_go_through_all(path: str, value: object) -> None:
    """Of several members that fit the last counts; a member of an object has its name under "*"."""
    papers = [{"kind": "a", "number": 1}, {"kind": "b", "number": 2}, "?", {"kind": "b", "number": 3}]
    forms = {"first": {"value": 1}, "text": "x", "second": {"value": 2}}

    assert at(path)({"papers": papers, "lone": ITEM["lone"], "forms": forms}) == value


@pytest.mark.parametrize(
    ("codec", "wire_value", "expected"),
    [
        (Codec.ISO_DAY, "2021-09-26T17:00:00Z", PartialDate(2021, 9, 27)),
        (Codec.ISO_DAY, "0001-01-01T00:00:00Z", NOTHING),
        (Codec.EPOCH_DAY, 1632675600000, PartialDate(2021, 9, 27)),
        (Codec.EPOCH_DAY, "1632675600000", PartialDate(2021, 9, 27)),
        (Codec.EPOCH_DAY, -86_400_000, PartialDate(1969, 12, 31)),
        (Codec.EPOCH_DAY, "-86400000", PartialDate(1969, 12, 31)),
        (Codec.EPOCH_DAY, "2021-09-27", PartialDate(2021, 9, 27)),
        (Codec.EPOCH_DAY, "2021-09-26T17:00:00Z", PartialDate(2021, 9, 27)),
        (Codec.EPOCH_DAY, "20210927", PartialDate(2021, 9, 27)),
        (Codec.EPOCH_DAY, "2021", PartialDate(2021)),
        (Codec.DATE, "27/09/2021", PartialDate(2021, 9, 27)),
        (Codec.ISO_DATE, "2021-09", PartialDate(2021, 9)),
        (Codec.FLAG, "Y", True),
    ],
)
def test_a_codec_reads_its_format(codec: Codec, wire_value: object, expected: object) -> None:
    assert READERS[codec](wire_value) == expected


def test_every_codec_has_a_reader() -> None:
    more: dict[Codec, dict[str, Any]] = {
        Codec.SHAPE: {"crs": "EPSG:9210"},
        Codec.PARCEL_LIST: {"sheet": "y"},
        Codec.MEASURES: {"each": {"name": "n", "value": "v"}},
    }
    rules = {codec.value: FieldRule(property="x", codec=codec, **more.get(codec, {})) for codec in Codec}
    lists: dict[str, list[object]] = {"measures": [], "parcel_list": []}

    assert translated({}, field_map(rules, ",")) == dict.fromkeys(rules) | lists


@pytest.mark.parametrize("codec", [Codec.ISO_INSTANT, Codec.LOCAL_INSTANT, Codec.LOCAL_ISO, Codec.DOTNET_INSTANT])
def test_an_instant_in_another_form_is_unreadable(codec: Codec) -> None:
    assert READERS[codec]("27.09.2021") == Unreadable("instant_unreadable")


@pytest.mark.parametrize(
    "rule",
    [
        'field = { property = "a", codec = "guess" }',
        'field = { property = "a", colour = "red" }',
        'field = { property = "a", codec = "flag", words = { a = "b" } }',
        'field = { property = "a", words = { a = "b" }, each = { b = { property = "b" } } }',
        'field = { codec = "flag" }',
    ],
)
def test_an_invalid_rule_is_refused(rule: str) -> None:
    with pytest.raises(ValidationError):
        read(rule)


@pytest.mark.parametrize(
    ("codec", "value", "expected"),
    [
        ("tcvn3", "®Êt ë", "đất ở"),
        ("vni", "Ñaát ôû", "Đất ở"),
        ("tcvn3", "Thủ Dầu Một", "Thủ Dầu Một"),  # a row that is in Unicode already
        ("vni", "Thủ Dầu Một", "Thủ Dầu Một"),
        ("tcvn3", None, None),
        ("vni", "  ", None),
        ("tcvn3", True, Unreadable("text_expected")),
    ],
)
def test_a_declared_old_encoding_is_decoded(codec: str, value: object, expected: object) -> None:
    rule = FieldRule.model_validate({"property": "diaChi", "codec": codec})

    assert field_map({"address": rule}, ",")["address"]({"diaChi": value}) == expected


@pytest.mark.parametrize(
    "kind",
    [
        {"constant": "household"},
        [{"property": "loai", "codes": {"1": "individual"}}, {"constant": "household"}],
        {"constant": "household", "when": "xa"},
        [{"first": [{"property": "loai"}, {"constant": "household"}]}],
    ],
)
def test_a_part_of_constants_alone_is_none_however_the_constant_is_written(kind: object) -> None:
    read = field_map(rules_of({"holders.0.name": "ten", "holders.0.kind": kind}), ",")["holders"]

    assert read({"xa": "1"}) == []
    assert read({"xa": "1", "ten": "A"}) == [{"name": "A", "kind": "household"}]
