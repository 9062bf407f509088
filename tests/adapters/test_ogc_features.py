"""OGC API Features: parcels of any server, by a table of fields; each caveat is replayed."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, strategies as st
from pydantic import ValidationError

from cchc_adapters.ogc_features import OgcFeatures, OgcFeaturesOptions
from cchc_connect import DeleteDetection, Item, ListingEnd, PageRequest, SourceHeld, Unreadable, Verdict
from cchc_connect.testing import Agencies, OgcFeaturesDouble, World
from cchc_schemas import (
    AdminScheme,
    Certificate,
    HolderKind,
    LandParcel,
    Note,
    PartialDate,
    RestrictionKind,
)
from tests.adapters.wire import (
    FIRST_PAGE,
    all_items,
    faults,
    faulty_keys,
    html_response,
    json_response,
    records,
    run_conversation,
    transport_to,
)

NUMBER_TAKEN = "parcel_number_taken"
"""Defect that only the database can detect: two parcels with the same number."""

PROPERTIES: dict[str, Any] = {
    "thuaDatId": 740001,
    "xaId": 25747,
    "soHieuToBanDo": "45",
    "soThuTuThua": "123",
    "xaIdCu": 25753,
    "soHieuToBanDoCu": 12,
    "soThuTuThuaCu": "604",
    "maThuaDat": "w3gvk1h2m8q0",
    "dienTich": "1.234,5",
    "dienTichPhapLy": 1234.5,
    "diaChi": "Đường Mẫu 1, Phường Thủ Dầu Một",
    "laDoiTuongChiemDat": 0,
    "dangTranhChap": "False",
    "ListMucDichSuDung": [
        {
            "maMucDichSuDung": "ODT",
            "dienTich": 300,
            "thoiHanSuDung": "Lâu dài",
            "ngayHetHanSuDung": None,
            "nguonGoc": [{"nguonGoc": 1, "dienTich": 300}],
        },
        {"maMucDichSuDung": "CLN", "dienTich": "934,5", "ngayHetHanSuDung": "31/12/2063"},
    ],
    "ListGiayChungNhan": {"soPhatHanh": "ms 000123", "soVaoSo": "CS00123", "ngayVaoSo": "2019", "soBienNhan": ""},
    "ListChuSuDung": [
        {"loaiDoiTuong": 1, "hoTen": "Trần Văn Mẫu", "maSoDinhDanh": "074000000001", "namSinh": 1970, "ngaySinh": None},
        {"loaiDoiTuong": 3, "tenToChuc": "Công ty TNHH Mẫu", "maSoThue": "3700000001", "diaChi": "Đường Mẫu 2"},
    ],
    "ListHanChe": [
        {"loaiHanChe": 2, "soVanBan": "1/QĐ-UBND", "ngayBanHanh": "01/02/2020", "conHieuLuc": True},
        {"loaiHanChe": 77, "conHieuLuc": None},
        {"loaiHanChe": 5, "conHieuLuc": False},
    ],
    "ModifiedDate": "2026-03-02T01:00:00Z",
}
SQUARE = [[[106.66, 10.98], [106.67, 10.98], [106.67, 10.99], [106.66, 10.98]]]
FEATURE: dict[str, Any] = {
    "type": "Feature",
    "id": 740001,
    "geometry": {"type": "Polygon", "coordinates": SQUARE, "bbox": [106.66, 10.98, 106.67, 10.99]},
    "properties": PROPERTIES,
}


def server(**options: object) -> OgcFeatures:
    return OgcFeatures(
        OgcFeaturesOptions.model_validate({"collection": "thua_dat", "scheme": "gso-2025-07", **options})
    )


def feature(**changed: object) -> Item:
    return FEATURE | {"properties": PROPERTIES | changed}


def parcel_fields(item: Item = FEATURE, **options: object) -> Mapping[str, object]:
    return server(**options).sources[0].translate(item)


def parcel(**changed: object) -> LandParcel:
    return LandParcel.read(parcel_fields(feature(**changed))).record


def uses(rows: object) -> list[tuple[str, Decimal | None]]:
    return [(use.code, use.area_m2) for use in parcel(ListMucDichSuDung=rows).uses]


def test_a_parcel_of_vbdlis_is_read_with_all_its_parts() -> None:
    record = LandParcel.read(parcel_fields()).record

    assert record.key == "gso-2025-07:25747:45:123"
    assert record.previous_keys == ("gso-2025-01:25753:12:604",)
    assert record.national_id == "w3gvk1h2m8q0"
    assert (record.area_m2, record.legal_area_m2) == (Decimal("1234.5"), Decimal("1234.5"))
    assert (record.is_encroached, record.in_dispute) == (False, False)
    assert [(use.code, use.area_m2, use.term, use.expires_on) for use in record.uses] == [
        ("ODT", Decimal(300), "Lâu dài", None),
        ("CLN", Decimal("934.5"), None, PartialDate(2063, 12, 31)),
    ]
    assert record.uses[0].origin == "Công nhận quyền sử dụng đất"
    assert record.uses[0].catalogue == "TT 08/2024/TT-BTNMT"
    assert record.certificates == (Certificate(serial="MS000123", book_number="CS00123", issued_on=PartialDate(2019)),)
    assert [(holder.kind, holder.name, holder.id_number, holder.birth) for holder in record.holders] == [
        (HolderKind.COUPLE, "Trần Văn Mẫu", "074000000001", PartialDate(1970)),
        (HolderKind.ORGANIZATION, "Công ty TNHH Mẫu", "3700000001", None),
    ]
    assert [restriction.kind for restriction in record.restrictions] == [
        RestrictionKind.CORRIDOR,
        RestrictionKind.OTHER,
    ]
    assert record.geometry is not None
    assert record.geometry.crs == "OGC:CRS84"


@pytest.mark.parametrize("commune", [25747, 25747.0, "25747", "25747.0"])
def test_a_commune_code_comes_as_number_or_text(commune: object) -> None:
    assert parcel(xaId=commune).commune_code == "25747"


def test_a_commune_code_gets_its_leading_zeros_back() -> None:
    fields = parcel_fields(feature(xaId=4))

    assert fields["commune_code"] == "00004"


def test_joined_codes_become_uses_without_areas() -> None:
    assert uses([{"maMucDichSuDung": "ODT+CLN", "dienTich": 500}]) == [("ODT", None), ("CLN", None)]


def test_areas_beside_joined_codes_are_kept() -> None:
    assert uses([{"maMucDichSuDung": "ont 120; CLN 300,5 m2"}]) == [("ONT", Decimal(120)), ("CLN", Decimal("300.5"))]


def test_a_flattened_layer_has_its_uses_in_one_text() -> None:
    fields = {"uses": {"property": "KyHieuMucDichSuDung"}}

    item = feature(KyHieuMucDichSuDung="ONT+CLN")
    record = LandParcel.read(parcel_fields(item, fields=fields)).record

    assert [use.code for use in record.uses] == ["ONT", "CLN"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ODT+CLN", [("ODT", None), ("CLN", None)]),
        ("ONT 120; CLN 300", [("ONT", 120), ("CLN", 300)]),
        ("ONT: 120,5 m2; CLN: 300 m²", [("ONT", "120.5"), ("CLN", 300)]),
        ("ONT (120 m2), CLN (1.300,5)", [("ONT", 120), ("CLN", "1300.5")]),
        ("ont/cln", [("ONT", None), ("CLN", None)]),
        ("ONT 0,012 ha", [("ONT", 120)]),
        ("K\u0110D & LUC", [("KĐD", None), ("LUC", None)]),
        ("K\u00d0D", [("KĐD", None)]),
        ("ODT", [("ODT", None)]),
        (["ODT", "CLN"], [("ODT", None), ("CLN", None)]),
        ("  ", []),
        ("", []),
        ([], []),
        (None, []),
    ],
)
def test_the_shipped_map_reads_uses_that_are_joined_in_one_text(
    text: object, expected: list[tuple[str, object]]
) -> None:
    assert uses(text) == [(code, None if area is None else Decimal(str(area))) for code, area in expected]


@given(st.lists(st.tuples(st.sampled_from(["ODT", "CLN", "LUC", "SKC"]), st.none() | st.integers(1, 9999)), max_size=4))
def test_uses_are_read_as_they_were_joined(rows: list[tuple[str, int | None]]) -> None:
    text = "; ".join(code if area is None else f"{code} {area}" for code, area in rows)

    assert uses(text) == [(code, None if area is None else Decimal(area)) for code, area in rows]


@pytest.mark.parametrize(
    ("value", "area", "rule"),
    [
        ("228 m2", "228", None),
        ("1.234,5 m²", "1234.5", None),
        ("0,05 ha", "500", "unit_converted"),
        (228.4, "228.4", None),
    ],
)
def test_an_area_may_state_its_unit(value: object, area: str, rule: str | None) -> None:
    reading = LandParcel.read(parcel_fields(feature(dienTich=value, dienTichPhapLy=None, ListMucDichSuDung=[])))

    assert reading.record.area_m2 == Decimal(area)
    assert [note.rule for note in reading.notes if note.path == "area_m2"] == ([] if rule is None else [rule])


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("/Date(1775091600000)/", datetime(2026, 4, 2, 1, tzinfo=UTC)),
        ("2026-04-02T08:00:00", datetime(2026, 4, 2, 1, tzinfo=UTC)),  # without a zone: Vietnamese time
        ("2026-04-02 08:00:00.123", datetime(2026, 4, 2, 1, 0, 0, 123_000, tzinfo=UTC)),
        ("2026-04-02T08:00:00+07:00", datetime(2026, 4, 2, 1, tzinfo=UTC)),
        ("/Date(-62135596800000)/", None),
    ],
)
def test_the_shipped_map_reads_times_of_change_as_net_writes_them(written: str, instant: datetime | None) -> None:
    assert server().sources[0].changed_at(feature(ModifiedDate=written)) == instant


@pytest.mark.parametrize(
    ("written", "birth"),
    [
        ("/Date(537642000000)/", PartialDate(1987, 1, 15)),
        ("1987-01-15T00:00:00", PartialDate(1987, 1, 15)),
        ("15/01/1987", PartialDate(1987, 1, 15)),
        ("1987", PartialDate(1987)),
        (1987, PartialDate(1987)),
        ("0001-01-01T00:00:00", PartialDate(1987)),
        ("/Date(-62135596800000)/", PartialDate(1987)),
        ("01/01/1900", PartialDate(1987)),
    ],
)
def test_the_shipped_map_reads_births_as_net_writes_them(written: object, birth: PartialDate) -> None:
    holder = {"loaiDoiTuong": 0, "hoTen": "Trần Văn Mẫu", "ngaySinh": written, "namSinh": 1987}

    assert parcel(ListChuSuDung=[holder]).holders[0].birth == birth


def test_a_use_without_a_code_is_a_fault_of_that_use() -> None:
    fault_set = faults(LandParcel, parcel_fields(feature(ListMucDichSuDung=[{"maMucDichSuDung": ""}, "ODT", 7])))

    assert fault_set == {("uses.0.code", "missing"), ("uses.1", "object_expected"), ("uses.2", "object_expected")}


def test_an_unknown_origin_keeps_its_own_word() -> None:
    row = {"maMucDichSuDung": "ODT", "nguonGoc": [{"nguonGoc": 99}]}

    assert parcel(ListMucDichSuDung=[row]).uses[0].origin == "99"


@pytest.mark.parametrize("missing", ["xaIdCu", "soHieuToBanDoCu", "soThuTuThuaCu"])
def test_a_former_key_needs_commune_sheet_and_number(missing: str) -> None:
    assert parcel(**{missing: ""}).previous_keys == ()


def test_an_unreadable_former_number_is_a_fault() -> None:
    assert faults(LandParcel, parcel_fields(feature(soHieuToBanDoCu=["12"]))) == {("previous_keys.0", "text_expected")}


def test_every_fault_of_a_parcel_is_found_at_once() -> None:
    item = feature(soThuTuThua="", dienTich=-5, laDoiTuongChiemDat="?", xaId=99999, ModifiedDate="?")

    assert faults(LandParcel, parcel_fields(item)) == {
        ("parcel_number", "missing"),
        ("area_m2", "area_not_positive"),
        ("is_encroached", "flag_unreadable"),
        ("commune_code", "commune_code_unknown"),
    }


def test_a_feature_may_have_no_geometry_but_no_other_form_of_one() -> None:
    assert faults(LandParcel, parcel_fields(FEATURE | {"geometry": None})) == set()
    assert faults(LandParcel, parcel_fields(FEATURE | {"geometry": "POINT(1 2)"})) == {
        ("geometry", "geometry_unreadable")
    }


def test_a_feature_without_properties_lacks_what_a_parcel_needs() -> None:
    assert faults(LandParcel, parcel_fields({"id": 1, "geometry": None})) == {
        ("commune_code", "missing"),
        ("map_sheet", "missing"),
        ("parcel_number", "missing"),
    }


def test_own_rules_go_before_the_ready_map_and_may_take_fields_out() -> None:
    fields = {
        "address": {"property": ["diaChi.chiTiet", "noiThuaDat"]},
        "area_m2": {"property": "dienTich", "codec": "number"},
        "in_dispute": {"property": ""},
    }
    item = feature(
        diaChi={"chiTiet": " "}, noiThuaDat="Đường Mẫu 3", dienTich="1234.5", dangTranhChap="?", ListMucDichSuDung=[]
    )

    record = LandParcel.read(parcel_fields(item, fields=fields, decimal_sign=".")).record

    assert (record.address, record.area_m2, record.in_dispute) == ("Đường Mẫu 3", Decimal("1234.5"), None)


def test_a_map_may_be_all_ones_own() -> None:
    fields = {
        "commune_code": {"property": "ma_xa", "codec": "commune_code"},
        "map_sheet": {"property": "so_to"},
        "parcel_number": {"property": "so_thua"},
        "holders": {
            "property": "chu",
            "each": {"name": {"property": "ten"}, "kind": {"property": "loai", "words": {"CN": "individual"}}},
        },
    }
    item = {
        "id": "a",
        "properties": {"ma_xa": 25747, "so_to": 4, "so_thua": "12a", "chu": {"ten": "Mẫu", "loai": "CN"}},
    }

    record = LandParcel.read(parcel_fields(item, field_map=None, fields=fields)).record

    assert record.key == "gso-2025-07:25747:4:12a"
    assert record.holders[0].kind is HolderKind.INDIVIDUAL


@pytest.mark.parametrize(
    "wrong",
    [
        {"scheme": "gso-2030"},
        {"fields": {"colour": {"property": "mau"}}},
        {"fields": {"map_sheet": {"property": ""}}},
        {"fields": {"address": {"property": "a", "codec": "guess"}}},
        {"fields": {"address": {"property": "a", "codec": "flag", "words": {"a": "b"}}}},
        {"field_map": None},
        {"changed_since": True, "fields": {"changed_at": {"property": ""}}},
        {"fields": {"changed_at": {"property": "ModifiedDate"}}},
        {"changed_since": True, "complete_listing": True},
        {"crs": "VN-2000"},
        {"crs": "local grid"},
        {"page_size": 0},
        {"limit": 5},
    ],
)
def test_options_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        server(**wrong)


def test_the_key_is_the_feature_id_or_the_property_that_is_named() -> None:
    assert server().sources[0].key(FEATURE) == "740001"
    assert server(key="properties.maThuaDat").sources[0].key(FEATURE) == "w3gvk1h2m8q0"
    assert server(key="properties.nothing").sources[0].key(FEATURE) == ""


def test_changed_at_is_the_property_that_the_map_names() -> None:
    source = server().sources[0]

    assert source.changed_at(FEATURE) == datetime(2026, 3, 2, 1, tzinfo=UTC)
    assert source.changed_at(feature(ModifiedDate="?")) == Unreadable("instant_unreadable")
    assert server(fields={"changed_at": {"property": ""}}).sources[0].changed_at(FEATURE) is None


def test_the_profile_says_what_the_options_say() -> None:
    plain, by_date, complete = (
        server(**options).sources[0].profile for options in ({}, {"changed_since": True}, {"complete_listing": True})
    )

    assert (plain.changed_since, plain.deletes) == (False, DeleteDetection.NEVER)
    assert (by_date.changed_since, by_date.deletes) == (True, DeleteDetection.NEVER)
    assert (complete.changed_since, complete.deletes) == (False, DeleteDetection.ABSENCE)


EMPTY: dict[str, Any] = {"type": "FeatureCollection", "features": [], "links": []}


def test_json_is_asked_for_by_header_because_next_links_lose_the_parameter() -> None:
    source = server(page_size=500).sources[0]
    following = "http://land.example/collections/thua_dat/items?offset=12&limit=500"
    links = [{"rel": "self", "href": "x"}, {"rel": "next", "href": following}]

    first, page = run_conversation(
        source.fetch(FIRST_PAGE), json_response({**EMPTY, "features": [FEATURE], "links": links})
    )
    second, last = run_conversation(
        source.fetch(PageRequest(since=None, page_token=page.next_page_token)), json_response(EMPTY)
    )

    assert (first[0].path, first[0].params) == ("/collections/thua_dat/items", {"limit": "500"})
    assert (second[0].path, second[0].params) == (following, {})
    assert first[0].headers == second[0].headers == {"Accept": "application/geo+json, application/json"}
    assert last.next_page_token is None


@pytest.mark.parametrize(("links", "end"), [(True, ListingEnd.PROVEN), (False, ListingEnd.UNPROVEN)])
def test_a_full_first_page_is_the_last_one_of_a_server_that_links_more(links: bool, end: ListingEnd) -> None:  # noqa: FBT001  # a column of the table above
    """Without count and link nothing shows it, so a page of one is asked for: a server links the next one, or not."""
    full_page, page_of_one = {**EMPTY, "features": [FEATURE, FEATURE]}, {**EMPTY, "features": [FEATURE]}
    following = [{"rel": "next", "href": "http://land.example/collections/thua_dat/items?offset=1&limit=1"}]

    requests, page = run_conversation(
        server(page_size=2).sources[0].fetch(FIRST_PAGE),
        json_response(full_page),
        json_response({**page_of_one, "links": following} if links else page_of_one),
    )

    assert [request.params["limit"] for request in requests] == ["2", "1"]
    assert (page.next_page_token, page.end, len(page.items)) == (None, end, 2)


def test_what_changed_is_asked_for_from_the_second_on() -> None:
    since = datetime(2026, 3, 2, 1, 2, 3, 999, tzinfo=UTC)

    requests, _ = run_conversation(
        server(changed_since=True).sources[0].fetch(PageRequest(since=since, page_token=None)), json_response(EMPTY)
    )

    assert requests[0].params["datetime"] == "2026-03-02T01:02:03Z/.."


def test_the_collections_name_is_quoted() -> None:
    requests, _ = run_conversation(server(collection="thửa/đất").sources[0].fetch(FIRST_PAGE), json_response(EMPTY))

    assert requests[0].path == "/collections/th%E1%BB%ADa%2F%C4%91%E1%BA%A5t/items"


@pytest.mark.parametrize(("announced", "total"), [(17, 17), ("17", 17), (None, None), ("nhiều", None)])
def test_a_total_is_told_where_there_is_one_and_not_missed_where_there_is_none(
    announced: object, total: int | None
) -> None:
    _, page = run_conversation(
        server().sources[0].fetch(FIRST_PAGE), json_response({**EMPTY, "numberMatched": announced})
    )

    assert (page.total, page.lacks) == (total, ())


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"code": "NoApplicableCode", "type": "x", "description": "query error"},
        {"features": None, "links": []},
        {"features": [1], "links": []},
    ],
)
def test_what_is_no_feature_collection_holds_the_source(document: object) -> None:
    with pytest.raises(SourceHeld) as held:
        run_conversation(server().sources[0].fetch(FIRST_PAGE), json_response(document))

    assert held.value.code == "ogc_features.no_collection"


GRID = "http://www.opengis.net/def/crs/EPSG/0/9210"
LONLAT = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"


@pytest.mark.parametrize(
    ("crs", "content_crs", "good"),
    [
        ("OGC:CRS84", "", True),
        ("OGC:CRS84", f"<{LONLAT}>", True),
        ("OGC:CRS84", f"<{GRID}>", False),
        ("EPSG:9210", f"<{GRID}>", True),
        ("EPSG:9210", "", False),
        ("EPSG:9210", f"<{LONLAT}>", False),
    ],
)
def test_coordinates_in_another_system_than_asked_for_hold_the_source(crs: str, content_crs: str, good: bool) -> None:  # noqa: FBT001  # a column of the table above
    exchange = server(crs=crs).sources[0].fetch(FIRST_PAGE)
    reply = json_response(EMPTY, content_crs=content_crs)

    if good:
        requests, _ = run_conversation(exchange, reply)

        assert requests[0].params.get("crs") == (None if crs == "OGC:CRS84" else GRID)
    else:
        with pytest.raises(SourceHeld) as held:
            run_conversation(exchange, reply)

        assert held.value.code == "ogc_features.other_crs"


def named_crs(name: str) -> dict[str, Any]:
    return {"type": "name", "properties": {"name": name}}


@pytest.mark.parametrize(
    ("crs", "statements", "good"),
    [
        ("EPSG:9210", {"crs": named_crs("urn:ogc:def:crs:EPSG::9210")}, True),
        ("EPSG:9210", {"crs": named_crs(LONLAT)}, False),
        ("EPSG:9210", {"crs": {"type": "link", "properties": {"href": "https://epsg.io/9210"}}}, True),
        ("EPSG:9210", {"storageCrs": "https://www.opengis.net/def/crs/EPSG/0/9210"}, True),
        ("EPSG:9210", {"storageCrs": LONLAT}, False),
        ("OGC:CRS84", {"crs": named_crs("urn:ogc:def:crs:EPSG::9210")}, False),
        ("OGC:CRS84", {"crs": named_crs("local grid")}, False),
        ("OGC:CRS84", {"crs": named_crs("urn:ogc:def:crs:OGC:1.3:CRS84")}, True),
        ("OGC:CRS84", {"crs": named_crs("EPSG:4326")}, True),
        ("OGC:CRS84", {"crs": None}, True),
        ("OGC:CRS84", {"storageCrs": GRID}, True),
    ],
)
def test_every_statement_of_a_page_about_its_system_counts(crs: str, statements: dict[str, Any], good: bool) -> None:  # noqa: FBT001  # a column of the table above
    exchange = server(crs=crs).sources[0].fetch(FIRST_PAGE)
    reply = json_response(EMPTY | statements)

    if good:
        run_conversation(exchange, reply)
    else:
        with pytest.raises(SourceHeld) as held:
            run_conversation(exchange, reply)

        assert held.value.code == "ogc_features.other_crs"


@pytest.mark.parametrize("spelling", [GRID, f"<{GRID.replace('http:', 'https:')}>", "urn:ogc:def:crs:EPSG::9210"])
def test_another_spelling_of_the_requested_system_is_no_other_system(spelling: str) -> None:
    reply = json_response(EMPTY | {"crs": named_crs("EPSG:9210")}, content_crs=spelling)

    run_conversation(server(crs="EPSG:9210").sources[0].fetch(FIRST_PAGE), reply)


def test_the_header_does_not_outvote_the_member() -> None:
    reply = json_response(EMPTY | {"crs": named_crs("EPSG:9211")}, content_crs=f"<{GRID}>")

    with pytest.raises(SourceHeld):
        run_conversation(server(crs="EPSG:9210").sources[0].fetch(FIRST_PAGE), reply)


@pytest.mark.parametrize("position", ["feature", "geometry"])
def test_a_feature_that_names_another_system_is_quarantined(position: str) -> None:
    statement = {"crs": named_crs("EPSG:9210")}
    item = FEATURE | (statement if position == "feature" else {"geometry": FEATURE["geometry"] | statement})

    assert parcel_fields(item)["geometry"] == Unreadable("crs_contradicted")


def test_a_page_for_people_with_status_200_is_no_answer() -> None:
    assert server().dialect.classify(html_response()) is Verdict.UNKNOWN


def test_a_corrected_field_map_makes_parcels_be_read_anew() -> None:
    overriding = {"address": {"property": "noiThuaDat"}}

    assert server().sources[0].mapping_version == server().sources[0].mapping_version
    assert server().sources[0].mapping_version != server(fields=overriding).sources[0].mapping_version


@pytest.fixture
def registry(agencies: Agencies) -> OgcFeaturesDouble:
    return agencies.land_registry


def test_parcels_are_what_the_registry_knows_and_only_faulty_ones_are_set_aside(
    registry: OgcFeaturesDouble, world: World
) -> None:
    adapter = server(page_size=1000)
    source = adapter.sources[0]

    with transport_to(adapter, registry) as transport:
        items = all_items(source, transport)

    defects = world.listing_defects["land_parcel"]
    assert faulty_keys(source, items) == {
        faulty_id for faulty_id in defects.faulty_ids() if defects.defect_name(faulty_id) != NUMBER_TAKEN
    }
    for key, record in records(source, items).items():
        assert isinstance(record, LandParcel)
        if defects.defect_name(key) == NUMBER_TAKEN:
            continue
        fact = world.parcels[key]
        number, former = fact.numbering, fact.previous
        assert record.key == f"gso-2025-07:{number.commune}:{number.sheet}:{number.number}"
        assert record.previous_keys == (
            (f"gso-2025-01:{former.commune}:{former.sheet}:{former.number}",) if former else ()
        )
        area = None if defects.defect_name(key) == "area_not_measured" else fact.area
        assert (record.area_m2, record.address, record.national_id) == (area, fact.address, fact.national_id)
        assert len(record.holders) == len(fact.holders)
        if defects.defect_name(key) != "uses_joined":
            assert [(use.code, use.area_m2) for use in record.uses] == [(use.code, use.area) for use in fact.uses]


def test_a_server_that_cuts_pages_without_a_word_is_read_whole(registry: OgcFeaturesDouble, world: World) -> None:
    adapter = server(page_size=1000)

    with transport_to(adapter, registry) as transport:
        items = all_items(adapter.sources[0], transport)

    assert len(items) == len(world.parcels)
    assert registry.request_counts.total() == 2


def test_only_what_changed_comes_where_the_server_obeys(registry: OgcFeaturesDouble, world: World) -> None:
    adapter = server(changed_since=True)
    since = sorted(fact.changed_at for fact in world.parcels)[-5].astimezone(UTC)

    with transport_to(adapter, registry) as transport:
        items = all_items(adapter.sources[0], transport, PageRequest(since=since, page_token=None))

    assert {adapter.sources[0].key(item) for item in items} == {
        fact.source_id for fact in world.parcels if fact.changed_at >= since.replace(microsecond=0)
    }


def test_an_ignored_filter_shows_in_the_dates_of_change(registry: OgcFeaturesDouble, world: World) -> None:
    adapter = server(changed_since=True)
    source = adapter.sources[0]
    since = max(fact.changed_at for fact in world.parcels).astimezone(UTC)
    registry.switches.ignore_filters = True

    with transport_to(adapter, registry) as transport:
        items = all_items(source, transport, PageRequest(since=since, page_token=None))

    assert len(items) == len(world.parcels)
    assert min(changed for item in items if isinstance(changed := source.changed_at(item), datetime)) < since


def test_an_error_with_status_200_holds_the_source(registry: OgcFeaturesDouble) -> None:
    adapter = server()
    registry.switches.error_in_200 = True

    with transport_to(adapter, registry) as transport, pytest.raises(SourceHeld) as held:
        all_items(adapter.sources[0], transport)

    assert held.value.code == "ogc_features.no_collection"


def test_former_communes_are_of_the_scheme_that_the_options_say() -> None:
    fields = parcel_fields(previous_scheme=AdminScheme.GSO_2025_07)

    assert fields["previous_keys"] == ["gso-2025-07:25753:12:604"]


@pytest.mark.parametrize(
    ("number", "papers", "expected"),
    [
        ("074000000001", [{"soGiayTo": "280000001"}], "074000000001"),
        (None, [{"soGiayTo": "280000001"}, {"soGiayTo": "074087000001", "laThongTinChinh": True}], "074087000001"),
        ("000000001", [{"soGiayTo": "280000001"}, {"soGiayTo": "281000001", "laThongTinChinh": "0"}], "280000001"),
        ("", {"soGiayTo": "280000001"}, "280000001"),
        (None, [{"soGiayTo": "000000001"}, {"soGiayTo": "074087000001"}], "074087000001"),
        (None, [{"soGiayTo": None}], None),
        (None, [], None),
        (None, None, None),
    ],
)
def test_a_holder_s_number_is_read_from_the_papers_where_there_is_no_other(
    number: object, papers: object, expected: str | None
) -> None:
    holder = {"loaiDoiTuong": 0, "hoTen": "Trần Văn Mẫu", "maSoDinhDanh": number, "ListGiayToTuyThan": papers}

    assert parcel(ListChuSuDung=[holder]).holders[0].id_number == expected


def test_a_holder_with_placeholders_alone_has_no_number_and_a_note() -> None:
    holder = {"loaiDoiTuong": 0, "hoTen": "Mẫu", "maSoDinhDanh": "000000001", "ListGiayToTuyThan": [{"soGiayTo": "0"}]}

    reading = LandParcel.read(parcel_fields(feature(ListChuSuDung=[holder])))

    assert reading.record.holders[0].id_number is None
    assert Note("holders.0.id_number", "identity_placeholder") in reading.notes
