"""A field map finds a property by its whole name, in any spelling of its accents, and in other case at last."""

import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, strategies as st

from cchc_connect.wire import codecs
from cchc_connect.wire.compiled_models import WireModels
from cchc_connect.wire.field_map import FieldMap, at, each, translated, value_at
from cchc_connect.wire.property_names import MAX_INDEXED_NAMES, found_name, path_text, property_path
from cchc_schemas import LandParcel, to_document

NAMES = st.text("aăâđeêAĂÂ.b\\ ữ", min_size=1, max_size=6)


@pytest.mark.parametrize(
    ("path", "item", "value"),
    [
        ("SHAPE.STArea()", {"SHAPE.STArea()": 1078.93}, "1078.93"),
        ("SHAPE.STArea()", {"SHAPE.STArea()": None, "SHAPE": {"STArea()": 5}}, None),
        ("thua.SHAPE.STArea()", {"thua": {"SHAPE.STArea()": 7}}, "7"),
        ("thua.0.SHAPE.STArea()", {"thua": [{"SHAPE.STArea()": 7}]}, "7"),
        ("a.b.c", {"a.b": {"c": "longest"}, "a": {"b.c": "shorter", "b": {"c": "way"}}}, "longest"),
        ("a.b.c", {"a": {"b.c": "shorter", "b": {"c": "way"}}}, "shorter"),
        ("chu.0.ten", {"chu.0.ten": "flat", "chu": [{"ten": "nested"}]}, "flat"),
        (r"thua.SHAPE\.STArea()", {"thua": {"SHAPE.STArea()": 7, "SHAPE": {"STArea()": 8}}}, "7"),
        (r"SHAPE\.STArea()", {"SHAPE": {"STArea()": 8}}, None),
        ("0", {"0": "by name"}, "by name"),
    ],
)
def test_the_whole_name_goes_before_the_way(path: str, item: dict[str, Any], value: object) -> None:
    assert at(path)(item) == value


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("other_form", ["NFC", "NFD"])
def test_names_compare_in_nfc(form: Any, other_form: Any) -> None:
    name, sent = unicodedata.normalize(form, "Diện tích"), unicodedata.normalize(other_form, "Diện tích")

    assert at(name)({sent: "5"}) == "5"
    assert at(f"thửa.{name}")({unicodedata.normalize(other_form, "thửa"): {sent: "5"}}) == "5"


def test_another_case_is_read_where_it_is_unambiguous() -> None:
    assert at("DienTich")({"dientich": "5"}) == "5"
    assert at("DienTich")({"dientich": "5", "DIENTICH": "6"}) is None
    assert at("DienTich")({"dientich": "5", "DienTich": None}) is None


def test_a_name_of_an_object_with_very_many_properties_compares_in_both_forms() -> None:
    many = {f"p{number}": number for number in range(MAX_INDEXED_NAMES + 1)}
    sent = unicodedata.normalize("NFD", "Diện tích")

    assert found_name({**many, sent: 1}, "Diện tích") == sent
    assert found_name({**many, sent: 1}, "diện tích") is None
    assert at("Diện tích")({**many, sent: 1}) == "1"
    assert at("Diện tích.thửa")({**many, sent: {"thửa": 1}}) == "1"
    assert at("diện tích")({**many, sent: 1}) is None


@given(st.lists(NAMES.filter(lambda name: not name.endswith("\\")), min_size=1, max_size=3))
def test_every_way_through_objects_can_be_written_and_is_followed(names: list[str]) -> None:
    item: Any = "x"
    for name in reversed(names):
        item = {name: item}

    written = ".".join(name.replace(".", "\\.") for name in names)

    assert property_path(written) == tuple(names)
    assert value_at(item, property_path(written)) == "x"
    assert property_path(path_text(tuple(names))) == tuple(names) or len(names) == 1


PARCEL: FieldMap = {
    "commune_code": at("mã xã"),
    "map_sheet": at("tờ"),
    "parcel_number": at("SHAPE.STThua()"),
    "address": at("địa chỉ"),
    "holders": at("chủ", read=each({"name": at("họ tên"), "kind": at("loại")})),
}
SENT: dict[str, Any] = {
    "mã xã": "25747",
    "tờ": "1",
    "SHAPE.STThua()": "2",
    "địa chỉ": "Liên Chiểu",
    "chủ": [{"họ tên": "Nguyễn Văn Mẫu", "loại": "individual"}, {"họ tên": "Lê Thị Mẫu", "loại": "individual"}],
}


def decomposed(name: str) -> str:
    return unicodedata.normalize("NFD", name)


def respelled(value: Any, spell: Callable[[str], str]) -> Any:
    members: Any = codecs.as_object(value)
    if members is not None:
        return {spell(name): respelled(member, spell) for name, member in members.items()}
    if not isinstance(value, list):
        return value
    parts: list[Any] = codecs.as_list(value)  # pyright: ignore[reportUnknownArgumentType]  # of any type
    return [respelled(part, spell) for part in parts]


@pytest.mark.parametrize("spell", [str, str.upper, decomposed])
def test_the_compiled_model_finds_the_same_names(spell: Callable[[str], str]) -> None:
    mapped = translated(respelled(SENT, spell), PARCEL) | {"scheme": "gso-2025-01"}

    record = WireModels(LandParcel).read(mapped)

    assert record is not None
    assert to_document(record) == to_document(LandParcel.read(mapped.read()).record)
    assert isinstance(record, LandParcel)
    assert (record.address, record.parcel_number) == ("Liên Chiểu", "2")
    assert [holder.name for holder in record.holders] == ["Nguyễn Văn Mẫu", "Lê Thị Mẫu"]
