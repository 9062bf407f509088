"""A code means what the domain of the feature's subtype says, where the subtype has one for that field."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cchc_connect.testing.doubles.arcgis import LayerSubtype
from tests.adapters.layer_server import LayerServer, works_feature
from tests.adapters.test_arcgis import LAYER, listed, works
from tests.adapters.wire import all_items, transport_to

HOUSES, BRIDGES, UNKNOWN = 1, 2, 9
OF_ANY = {"type": "codedValue", "codedValues": [{"code": 1, "name": "Đang xây dựng"}]}
OF_BRIDGES = {"type": "codedValue", "codedValues": [{"code": 1, "name": "Đang đóng cọc"}]}
INHERITED = {"type": "inherited"}
RANGE = {"type": "range", "range": [0, 10]}


def described(bridges: object, *, field: str = "LOAI", lists: str = "types") -> dict[str, Any]:
    """Return the description of a layer whose bridges have the domain `bridges` for their status."""
    field_member, code = ("typeIdField", "id") if lists == "types" else ("subtypeField", "code")
    subtypes = [
        {code: HOUSES, "name": "Nhà ở", "domains": {"TINHTRANG": INHERITED}},
        {code: BRIDGES, "name": "Cầu", "domains": {} if bridges is None else {"TINHTRANG": bridges}},
    ]
    fields = [{"name": "TINHTRANG", "domain": OF_ANY}, {"name": "LOAI", "domain": None}]
    return {**LAYER, "fields": fields, field_member: field, lists: subtypes}


def statuses(description: dict[str, Any], *subtypes: object, code: object = 1) -> list[object]:
    """Return the status of a feature of each subtype, all with the same code."""
    features = [{"attributes": {"LOAI": subtype, "TINHTRANG": code}} for subtype in subtypes]
    items = listed(works(named_codes=["TINHTRANG"]), *features, description=description)
    return [item["attributes"]["TINHTRANG"] for item in items]


@pytest.mark.parametrize("lists", ["types", "subtypes"])
@pytest.mark.parametrize("field", ["LOAI", "loai", "GIS.CONGTRINH.LOAI"])
def test_a_code_is_read_by_the_domain_of_the_feature_s_subtype(field: str, lists: str) -> None:
    description = described(OF_BRIDGES, lists=lists) | {"fields": [{"name": "TINHTRANG", "domain": OF_ANY}]}
    description["typeIdField" if lists == "types" else "subtypeField"] = field
    features = [{"attributes": {field.upper(): subtype, "TINHTRANG": 1}} for subtype in (HOUSES, BRIDGES, "2", 2.0)]

    items = listed(works(named_codes=["TINHTRANG"]), *features, description=description)

    assert [item["attributes"]["TINHTRANG"] for item in items] == ["Đang xây dựng", *["Đang đóng cọc"] * 3]


@pytest.mark.parametrize("domain", [None, INHERITED])
def test_a_subtype_without_a_domain_of_its_own_has_that_of_the_field(domain: object) -> None:
    assert statuses(described(domain), HOUSES, BRIDGES) == ["Đang xây dựng"] * 2


def test_a_subtype_that_is_not_described_has_the_domain_of_the_field() -> None:
    assert statuses(described(OF_BRIDGES), UNKNOWN, None) == ["Đang xây dựng"] * 2


@pytest.mark.parametrize(("domain", "code"), [(RANGE, 1), (OF_BRIDGES, 7)])
def test_a_code_that_the_subtype_s_own_domain_does_not_name_stays(domain: object, code: int) -> None:
    assert statuses(described(domain), BRIDGES, code=code) == [code]


def test_without_a_field_of_subtypes_their_domains_mean_nothing() -> None:
    assert statuses(described(OF_BRIDGES, field=""), BRIDGES) == ["Đang xây dựng"]


def test_the_code_of_the_subtype_means_its_name() -> None:
    adapter = works(named_codes=["loai", "TINHTRANG"])
    features = [{"attributes": {"LOAI": code, "TINHTRANG": 1}} for code in (HOUSES, BRIDGES, UNKNOWN)]

    items = listed(adapter, *features, description=described(OF_BRIDGES))

    assert [(item["attributes"]["loai"], item["attributes"]["TINHTRANG"]) for item in items] == [
        ("Nhà ở", "Đang xây dựng"),
        ("Cầu", "Đang đóng cọc"),
        (UNKNOWN, "Đang xây dựng"),
    ]


@pytest.fixture(scope="module")
def server() -> Iterator[LayerServer]:
    with LayerServer() as running:
        yield running


@pytest.mark.parametrize("spell", [str, str.upper, "GIS.CONGTRINH.{}".format])
def test_every_page_is_read_by_subtypes_however_the_server_spells_names(
    server: LayerServer, spell: Callable[[str], str]
) -> None:
    server.reset()
    server.layer.spelling = spell
    server.layer.domains = {"maTinhTrang": {"DXD": "Đang xây dựng"}}
    server.layer.subtype_field = "loaiCongTrinh"
    server.layer.subtypes = [
        LayerSubtype(code=HOUSES, name="Nhà ở", domains={"maTinhTrang": None}),
        LayerSubtype(code=BRIDGES, name="Cầu", domains={"maTinhTrang": {"DXD": "Đang đóng cọc"}}),
    ]
    server.show(works_feature(number, loaiCongTrinh=subtype) for number, subtype in enumerate((2, 1, 2)))
    adapter = works(named_codes=["maTinhTrang", "loaiCongTrinh"], page_size=1)

    with transport_to(adapter, server) as transport:
        items = all_items(adapter.sources[0], transport)

    attributes = [item["attributes"] for item in items]
    assert [(of["loaiCongTrinh"], of["maTinhTrang"]) for of in attributes] == [
        ("Cầu", "Đang đóng cọc"),
        ("Nhà ở", "Đang xây dựng"),
        ("Cầu", "Đang đóng cọc"),
    ]
