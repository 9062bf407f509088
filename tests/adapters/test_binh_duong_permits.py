"""Construction department: permit files and works, and each caveat replayed."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from cchc_adapters.binh_duong_permits import BinhDuongPermits, BinhDuongPermitsOptions
from cchc_adapters.building_blocks.options import package_table
from cchc_connect import (
    AuthenticationFailed,
    DeleteDetection,
    Item,
    Maintenance,
    PageRequest,
    SourceHeld,
    StartOver,
    Verdict,
)
from cchc_connect.testing import Agencies, ConstructionDepartmentDouble, World
from cchc_connect.wire.measures import measure_fields
from cchc_schemas import ConstructionPermit, ConstructionWorks, PartialDate, PermitStatus, WorksGrade, code_list
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

SQUARE = [[600000.0, 1214000.0], [600010.0, 1214000.0], [600010.0, 1214010.0], [600000.0, 1214000.0]]
PERMIT: dict[str, Any] = {
    "maCTCPXD": "CPXD-2024-000001",
    "maCTXD": "CT-2024-000001",
    "maHoSo": "000.00.05.H09-240927-0001",
    "tenCongTrinh": "Nhà ở riêng lẻ",
    "soTo": "3",
    "soThua": "12, 13",
    "diaChi": {"maTinhTP": "74", "maQuanHuyen": "718", "maPhuongXa": "25747", "chiTiet": "Đường Mẫu 1"},
    "maTienDo": "CPXD",
    "maChuDauTu": "074000000001",
    "noiDungDeNghi": {
        "maLoaiCongTrinhCPXD": 5,
        "nhaORiengLe": {
            "dienTichXayDung": {"dinhDanh": "dienTichXayDung", "giaTri": "120,5", "donVi": "m2", "noiDung": ""},
            "soTang": {"dinhDanh": "soTang", "giaTri": "02 tầng + mái", "donVi": "tầng", "noiDung": None},
            "cotXayDung": {"dinhDanh": "", "giaTri": 0.45, "donVi": "m", "noiDung": "+ 0,45 m"},
            "ghiChu": "không phải thông số",
        },
    },
    "donVis": [{"vaiTro": "CDT", "tenDonVi": "Nguyễn Thị Mẫu", "maDonVi": "074000000001"}],
    "vanBans": [
        {"maLoaiVanBan": "GCN", "soVanBan": "MS 000123", "ngayBanHanh": None},
        {"maLoaiVanBan": "GPXD", "soVanBan": "1/GPXD", "ngayBanHanh": "2024-10-01T17:00:00.000Z", "coQuanBanHanh": "A"},
        {"maLoaiVanBan": "GPXD", "soVanBan": "2/GPXD", "ngayBanHanh": "2024-11-01T17:00:00.000Z", "coQuanBanHanh": "B"},
    ],
    "tgHetHan": "2025-11-01T17:00:00.000Z",
    "tinhTrangTraHoSo": {"isTraHoSo": False, "lyDo": None},
    "shape": {"type": "Polygon", "coordinates": [SQUARE]},
    "thoiDiemCapNhat": "2024-11-02T01:00:00.000Z",
}
WORKS: dict[str, Any] = {
    "attributes": {
        "OBJECTID": 7,
        "maCTXD": "HT-000007",
        "tenCongTrinh": "Công trình hiện trạng 7",
        "maTinhTrang": "HC",
        "capCongTrinh": "Cấp III",
        "loaiCongTrinh": "Dân dụng",
        "soTo": "3",
        "soThua": "12",
        "maTinhTP": "79",
        "maQuanHuyen": None,
        "maPhuongXa": "25747",
        "diaChi": "Đường Mẫu 2",
        "dienTichXayDung": 120.5,
        "tongDienTichSan": 0,
        "soTang": "02 tầng + mái",
        "ngayKhoiCong": 1_700_000_000_000 // 86_400_000 * 86_400_000 - 7 * 3_600_000,
        "ngayHoanThanh": None,
    },
    "geometry": {"rings": [list(reversed(SQUARE))]},
}


FLOORS = {"01 tầng": Decimal(1), "03 tầng": Decimal(3)}
"""Texts of the department that are one number with a unit."""


def department(**options: object) -> BinhDuongPermits:
    return BinhDuongPermits(BinhDuongPermitsOptions.model_validate(options))


def permit_fields(item: Item = PERMIT, **options: object) -> Mapping[str, object]:
    return department(**options).sources[0].translate(item)


def permit(**changed: object) -> ConstructionPermit:
    return ConstructionPermit.read(permit_fields(PERMIT | changed)).record


def works_fields(**changed: object) -> Mapping[str, object]:
    return department().sources[1].translate(WORKS | {"attributes": WORKS["attributes"] | changed})


def test_a_permit_file_is_read_with_all_its_parts() -> None:
    record = permit()

    assert (record.permit_code, record.works_code) == ("CPXD-2024-000001", "CT-2024-000001")
    assert record.dossier_code == "000.00.05.H09-240927-0001"
    assert (record.kind, record.step, record.status) == ("5", "CPXD", PermitStatus.ISSUED)
    assert (record.investor_name, record.investor_code) == ("Nguyễn Thị Mẫu", "074000000001")
    assert [ref.parcel_key for ref in record.parcel_refs] == ["gso-2025-01:25747:3:12", "gso-2025-01:25747:3:13"]
    assert record.land_document is not None
    assert (record.land_document.kind, record.land_document.number) == ("GCN", "MS 000123")
    assert record.geometry is not None
    assert record.geometry.crs == "EPSG:9210"


def test_of_several_permits_in_a_file_the_last_counts() -> None:
    record = permit()

    assert (record.permit_number, record.authority, record.issued_on) == ("2/GPXD", "B", PartialDate(2024, 11, 2))


def test_a_day_is_the_vietnamese_one_and_not_that_of_its_utc_text() -> None:
    assert permit().expires_on == PartialDate(2025, 11, 2)


def test_a_measure_is_a_number_or_the_sources_own_words() -> None:
    measures = [(measure.name, measure.value, measure.unit, measure.raw) for measure in permit().measures]

    assert measures == [
        ("dienTichXayDung", Decimal("120.5"), "m2", None),
        ("soTang", None, "tầng", "02 tầng + mái"),
        ("cotXayDung", Decimal("0.45"), "m", "+ 0,45 m"),
    ]


def test_every_step_stands_for_a_status() -> None:
    steps = code_list("permit_steps").entries

    assert {permit(maTienDo=step).status for step in steps} == {
        PermitStatus.REQUESTED,
        PermitStatus.IN_REVIEW,
        PermitStatus.ISSUED,
    }
    assert set(steps) == set(package_table("binh_duong_permits")["statuses"])


def test_a_file_at_an_unknown_step_is_kept_with_its_step() -> None:
    record = permit(maTienDo="XYZ")

    assert (record.step, record.status) == ("XYZ", PermitStatus.UNKNOWN)
    assert permit(maTienDo=None).status is PermitStatus.UNKNOWN


@pytest.mark.parametrize("yes", [True, "True", 1])
def test_a_file_that_was_given_back_is_refused(yes: object) -> None:
    assert permit(tinhTrangTraHoSo={"isTraHoSo": yes, "lyDo": "x"}).status is PermitStatus.REFUSED


def test_codes_of_papers_and_parties_are_options() -> None:
    codes = {"permit": "GP", "land": "SO", "investor": "CHU"}
    item = PERMIT | {
        "vanBans": [{"maLoaiVanBan": "GP", "soVanBan": "9/GP"}, {"maLoaiVanBan": "SO", "soVanBan": "MS 9"}],
        "donVis": {"vaiTro": "CHU", "tenDonVi": "Trần Văn Mẫu"},
    }

    fields = permit_fields(item, papers=codes)

    assert (fields["permit_number"], fields["investor_name"]) == ("9/GP", "Trần Văn Mẫu")
    assert fields["land_document"] == {"kind": "SO", "number": "MS 9"}


def test_papers_that_are_no_list_are_a_fault() -> None:
    assert faults(ConstructionPermit, permit_fields(PERMIT | {"vanBans": ["1/GPXD"]})) == {
        ("permit_number", "list_expected")
    }


def test_a_file_may_have_no_papers_parties_measures_or_shape() -> None:
    nothing = dict.fromkeys(("vanBans", "donVis", "tgHetHan", "tinhTrangTraHoSo", "shape"))
    record = permit(**nothing, noiDungDeNghi={"maLoaiCongTrinhCPXD": 1})

    assert (record.permit_number, record.investor_name, record.land_document) == (None, None, None)
    assert (record.measures, record.geometry, record.expires_on) == ((), None, None)


def test_every_fault_of_a_file_is_found_at_once() -> None:
    address = {"maTinhTP": "01", "maPhuongXa": "2574", "chiTiet": None}
    item = PERMIT | {"tenCongTrinh": "", "diaChi": address, "tgHetHan": "mai", "noiDungDeNghi": None, "shape": "?"}

    fault_set = faults(ConstructionPermit, permit_fields(item))

    assert {
        ("name", "missing"),
        ("scheme", "province_without_scheme"),
        ("expires_on", "date_unreadable"),
        ("kind", "missing"),
        ("geometry", "geometry_unreadable"),
    } <= fault_set


def test_pages_of_files_are_ordered_by_the_key() -> None:
    source = department(page_size=2).sources[0]
    first, second = (
        json_response({"data": files, "count": len(files), "total": 3, "page": number, "pageCount": 2})
        for number, files in ((1, [PERMIT, PERMIT | {"maCTCPXD": "CP-2"}]), (2, [PERMIT | {"maCTCPXD": "CP-3"}]))
    )

    requests, page = run_conversation(source.fetch(FIRST_PAGE), first)
    later, last = run_conversation(source.fetch(PageRequest(since=None, page_token=page.next_page_token)), second)

    assert requests[0].path == "/rest/ctxd/cong-trinh-cpxd"
    assert requests[0].params == {"page": "1", "limit": "2", "sort": "maCTCPXD,ASC"}
    assert later[0].params["page"] == "2"
    assert (page.total, last.next_page_token) == (3, None)


def test_a_page_of_another_size_is_not_continued_from() -> None:
    """Page 3 of two files each is not page 3 of five: the listing is read from its beginning."""
    reply = json_response({"data": [PERMIT], "total": 3, "pageCount": 2})
    _, page = run_conversation(department(page_size=2).sources[0].fetch(FIRST_PAGE), reply)
    page_request = PageRequest(since=None, page_token=page.next_page_token)

    with pytest.raises(StartOver):
        run_conversation(department(page_size=5).sources[0].fetch(page_request), reply)


def test_a_column_of_change_is_used_only_where_it_is_named() -> None:
    since = datetime(2026, 3, 2, 1, 2, 3, 999, tzinfo=UTC)
    plain, by_column = department().sources[0], department(changed_column="thoiDiemCapNhat").sources[0]
    reply = json_response({"data": [], "total": 0, "pageCount": 0})

    unfiltered, _ = run_conversation(plain.fetch(PageRequest(since=since, page_token=None)), reply)
    filtered, _ = run_conversation(by_column.fetch(PageRequest(since=since, page_token=None)), reply)

    assert "filter" not in unfiltered[0].params
    assert filtered[0].params["filter"] == "thoiDiemCapNhat||$gte||2026-03-02T01:02:03.000Z"
    assert plain.changed_at(PERMIT) is None
    assert by_column.changed_at(PERMIT) == datetime(2024, 11, 2, 1, tzinfo=UTC)
    assert (plain.profile.changed_since, by_column.profile.changed_since) == (False, True)


def test_what_is_not_listed_is_gone_only_where_the_options_say_so() -> None:
    assert [source.profile.deletes for source in department().sources] == [DeleteDetection.NEVER] * 2
    complete = department(complete_listings=True, changed_column="thoiDiemCapNhat").sources
    assert [source.profile.deletes for source in complete] == [DeleteDetection.NEVER, DeleteDetection.ABSENCE]


@pytest.mark.parametrize(
    "document", [[PERMIT], {}, {"data": [], "total": 1}, {"data": "x", "total": 1, "pageCount": 1}]
)
def test_what_is_no_page_of_files_holds_the_source(document: object) -> None:
    with pytest.raises(SourceHeld) as held:
        run_conversation(department().sources[0].fetch(FIRST_PAGE), json_response(document))

    assert held.value.code == "binh_duong_permits.no_listing"


def test_works_are_read_with_all_their_parts() -> None:
    record = ConstructionWorks.read(works_fields()).record

    assert (record.works_code, record.status, record.grade) == ("HT-000007", "HC", WorksGrade.III)
    assert record.kind == "Dân dụng"
    assert [ref.parcel_key for ref in record.parcel_refs] == ["gso-2025-07:25747:3:12"]
    assert record.started_on == PartialDate(2023, 11, 14)
    assert record.completed_on is None
    assert [(measure.name, measure.value, measure.unit, measure.raw) for measure in record.measures] == [
        ("dienTichXayDung", Decimal("120.5"), "m2", None),
        ("tongDienTichSan", Decimal(0), "m2", None),
        ("soTang", None, "tầng", "02 tầng + mái"),
    ]
    assert record.geometry is not None
    assert record.geometry.type == "Polygon"


def test_the_key_of_works_is_never_the_object_id() -> None:
    source = department().sources[1]
    renumbered = WORKS | {"attributes": WORKS["attributes"] | {"OBJECTID": 99}}

    assert source.key(WORKS) == source.key(renumbered) == "HT-000007"
    assert source.translate(WORKS) == source.translate(renumbered)


@pytest.mark.parametrize(
    ("written", "grade"), [("CẤP  đặc biệt", "special"), ("IV", "IV"), ("Cấp i", "I"), ("", None), (None, None)]
)
def test_a_grade_is_read_in_whatever_case(written: str | None, grade: str | None) -> None:
    assert works_fields(capCongTrinh=written)["grade"] == grade


def test_a_grade_that_is_not_listed_is_a_fault() -> None:
    assert faults(ConstructionWorks, works_fields(capCongTrinh="Cấp 5")) == {("grade", "works_grade_unknown")}


LAYER: dict[str, Any] = {
    "maxRecordCount": 2,
    "objectIdField": "FID",
    "advancedQueryCapabilities": {"supportsPagination": True},
}


def test_the_layer_is_described_before_it_is_asked() -> None:
    source = department(page_size=100, works_layer="/gis/0").sources[1]
    more = json_response({"features": [WORKS], "exceededTransferLimit": True})

    requests, page = run_conversation(source.fetch(FIRST_PAGE), json_response(LAYER), json_response({"count": 2}), more)
    later, last = run_conversation(
        source.fetch(PageRequest(since=None, page_token=page.next_page_token)), json_response({"features": [WORKS]})
    )

    assert [request.path for request in requests] == ["/gis/0", "/gis/0/query", "/gis/0/query"]
    assert requests[2].params == {
        "f": "json",
        "where": "1=1",
        "outFields": "*",
        "returnGeometry": "true",
        "outSR": "9210",
        "orderByFields": "FID",
        "resultOffset": "0",
        "resultRecordCount": "2",
    }
    assert (later[0].params["resultOffset"], later[0].params["orderByFields"]) == ("1", "FID")
    assert (page.total, last.next_page_token) == (2, None)


def test_a_full_page_is_followed_by_another_one_for_old_servers_never_say_that_there_is_more() -> None:
    source = department(page_size=100).sources[1]

    _, page = run_conversation(
        source.fetch(FIRST_PAGE), json_response(LAYER), json_response({}), json_response({"features": [WORKS, WORKS]})
    )

    assert page.next_page_token is not None


def test_longitude_and_latitude_are_asked_for_by_their_number() -> None:
    source = department(crs="OGC:CRS84").sources[1]

    requests, _ = run_conversation(
        source.fetch(FIRST_PAGE), json_response(LAYER), json_response({"count": 0}), json_response({"features": []})
    )

    assert requests[2].params["outSR"] == "4326"


@pytest.mark.parametrize(
    "description", [{}, [], {"name": "Services"}, LAYER | {"maxRecordCount": 0}, LAYER | {"maxRecordCount": "?"}]
)
def test_what_describes_no_layer_holds_the_source(description: object) -> None:
    with pytest.raises(SourceHeld) as held:
        run_conversation(department().sources[1].fetch(FIRST_PAGE), json_response(description))

    assert held.value.code == "arcgis.no_layer"


@pytest.mark.parametrize("capabilities", [None, {}, {"supportsPagination": False}])
def test_a_layer_that_neither_pages_nor_lists_its_ids_holds_the_source(capabilities: object) -> None:
    description = json_response(LAYER | {"advancedQueryCapabilities": capabilities})

    with pytest.raises(SourceHeld) as held:
        run_conversation(
            department().sources[1].fetch(FIRST_PAGE), description, json_response({"count": 3}), json_response({})
        )

    assert held.value.code == "arcgis.no_paging"


@pytest.mark.parametrize("document", [{}, [], {"features": [1]}, {"features": [{"geometry": None}]}])
def test_what_is_no_page_of_features_holds_the_source(document: object) -> None:
    with pytest.raises(SourceHeld) as held:
        run_conversation(
            department().sources[1].fetch(FIRST_PAGE),
            json_response(LAYER),
            json_response({"count": 1}),
            json_response(document),
        )

    assert held.value.code == "arcgis.no_features"


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        (498, Verdict.AUTH),
        (499, Verdict.AUTH),
        (400, Verdict.INVALID),
        (429, Verdict.THROTTLED),
        (500, Verdict.MAINTENANCE),
        ("?", Verdict.UNKNOWN),
        (None, Verdict.UNKNOWN),
    ],
)
def test_an_error_with_status_200_is_judged_by_its_code(code: object, verdict: Verdict) -> None:
    error = json_response({"error": {"code": code, "message": "Invalid Token", "details": []}})

    assert department().dialect.classify(error) is verdict


def test_the_codes_of_a_missing_token_are_an_option() -> None:
    error = json_response({"error": {"code": 403}})

    assert department(token_errors=[403]).dialect.classify(error) is Verdict.AUTH


def test_good_answers_and_pages_for_people_are_told_apart() -> None:
    classify = department().dialect.classify

    assert classify(json_response({"features": []})) is Verdict.OK
    assert classify(json_response({"error": "x"})) is Verdict.UNKNOWN
    assert classify(html_response()) is Verdict.UNKNOWN
    assert classify(json_response({"statusCode": 404}, status=404)) is Verdict.NOT_FOUND


@pytest.mark.parametrize(
    "wrong", [{"crs": "VN-2000"}, {"schemes": {"74": "x"}}, {"page_size": 0}, {"papers": {"x": "y"}}]
)
def test_options_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        department(**wrong)


@pytest.fixture
def office(agencies: Agencies) -> ConstructionDepartmentDouble:
    return agencies.construction_department


def day_of(day: date | None) -> PartialDate | None:
    return PartialDate.of(day) if day else None


def test_permits_are_what_the_department_knows_and_only_faulty_ones_are_set_aside(
    office: ConstructionDepartmentDouble, world: World
) -> None:
    adapter = department(page_size=20)
    source = adapter.sources[0]

    with transport_to(adapter, office) as transport:
        items = all_items(source, transport)

    assert len(items) == len(world.permits)
    assert faulty_keys(source, items) == set(world.listing_defects["construction_permit"].faulty_ids())
    for key, record in records(source, items).items():
        fact = world.permits[key]
        assert isinstance(record, ConstructionPermit)
        assert (record.dossier_code, record.works_code) == (fact.dossier_code, fact.works_code)
        assert (record.permit_number, record.authority is None) == (fact.number or None, not fact.number)
        assert [(ref.commune_code, ref.map_sheet, ref.parcel_number) for ref in record.parcel_refs] == [
            (parcel.commune, parcel.sheet, parcel.number) for parcel in fact.site.parcels
        ]
        assert (record.issued_on, record.expires_on) == (day_of(fact.issued_on), day_of(fact.expires_on))
        assert (record.status is PermitStatus.REFUSED) == bool(fact.refusal)
        stated = [FLOORS.get(measure.text or "", measure.value) for measure in fact.measures]
        assert [measure.value for measure in record.measures] == stated


def test_works_are_what_the_department_knows_and_only_faulty_ones_are_set_aside(
    office: ConstructionDepartmentDouble, world: World
) -> None:
    office.layer.max_record_count = 25
    adapter = department(page_size=1000)
    source = adapter.sources[1]

    with transport_to(adapter, office) as transport:
        items = all_items(source, transport)

    assert len(items) == len(world.works)
    assert faulty_keys(source, items) == set(world.listing_defects["construction_works"].faulty_ids())
    for key, record in records(source, items).items():
        fact = world.works[key]
        assert isinstance(record, ConstructionWorks)
        assert (record.name, record.status, record.kind) == (fact.name, fact.status, fact.kind)
        assert record.started_on == day_of(fact.started_on)
        *areas, floors = record.measures
        assert [measure.value for measure in areas] == [fact.built_area, fact.floor_area]
        assert (floors.value, floors.unit) == (FLOORS.get(floors.raw or ""), "tầng")


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        ("+ 0,45 m", None, ("0.45", "m")),
        ("+ 0,45 m", "m", ("0.45", "m")),
        ("228 m2", "m²", ("228", "m²")),
        ("02 tầng", "tầng", ("2", "tầng")),
        ("- 1,5", "m", ("-1.5", "m")),
        ("+ 0,45 m", "cm", (None, "cm")),  # two units contradict each other
        ("02 tầng + mái", "tầng", (None, "tầng")),
    ],
)
def test_a_measure_in_words_keeps_its_text_beside_number_and_unit(
    value: str, unit: str | None, expected: tuple[str | None, str | None]
) -> None:
    fields = measure_fields("cao", value, unit, ",")

    number = None if expected[0] is None else Decimal(expected[0])
    assert (fields["value"], fields["unit"], fields["raw"]) == (number, expected[1], value)
    assert measure_fields("cao", None, unit, ",", prose=value) == fields


def test_only_changed_files_come_where_the_column_is_named(office: ConstructionDepartmentDouble, world: World) -> None:
    adapter = department(changed_column="thoiDiemCapNhat")
    since = sorted(fact.changed_at for fact in world.permits)[-3].astimezone(UTC)

    with transport_to(adapter, office) as transport:
        items = all_items(adapter.sources[0], transport, PageRequest(since=since, page_token=None))

    assert {adapter.sources[0].key(item) for item in items} == {
        fact.source_id for fact in world.permits if fact.changed_at >= since.replace(microsecond=0)
    }


def test_an_error_with_status_200_is_asked_again(office: ConstructionDepartmentDouble) -> None:
    adapter = department()
    office.switches.error_in_200 = True

    with transport_to(adapter, office) as transport, pytest.raises(Maintenance):
        all_items(adapter.sources[1], transport)


def test_a_missing_token_with_status_200_is_told_as_refused_credentials(office: ConstructionDepartmentDouble) -> None:
    adapter = department(token_errors=[500])
    office.switches.error_in_200 = True

    with transport_to(adapter, office) as transport, pytest.raises(AuthenticationFailed):
        all_items(adapter.sources[1], transport)
